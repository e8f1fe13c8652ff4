/* SPDX-License-Identifier: MIT */
/* nmi.c: NMIs stay blocked until the IRET of their handler has ended, also when the tracker wants an exit in the middle of it. */
#include "hv/guest_mem.h"
#include "lib/log.h"
#include "tests/machine/machine.h"

/* Flat code and data segments that were never loaded: the first load sets "accessed", a write to the page. */
static const uint64_t gdt[4] = { 0, 0, 0x00af9a000000ffff, 0x00cf92000000ffff };

#define LOG_ENTRIES	512u
#define FULL_ROUNDS	40u

static uint64_t sent, taken, nested;

/* @count NMIs; each IRET finds a log with @fill entries, or a write-protected page. */
static void nmis(struct machine_test *t, uint64_t count, uint64_t fill)
{
	uint64_t first = t->first_page << PAGE_SHIFT;

	for (uint64_t p = 0; p < count * (1 + fill); p++)
		if (guest_write(t->vm, gpa(first + (p << PAGE_SHIFT)), gdt, sizeof(gdt)) != ERR_OK)
			panic("the guest's memory can't be written");
	for (uint64_t c = 0; c < t->pages / CHUNK_PAGES; c++) {
		uint64_t row[DIRTY_ROW_WORDS] = { 0 };

		t->guest->ops->harvest(t->guest, t->first_page / CHUNK_PAGES + c, row);
	}
	machine_order(t, (struct mailbox){ .order = ORDER_NMI, .first = first, .count = count, .stride = fill });
	machine_finish(t);
	sent += count;
	taken += t->box->writes;
	nested += t->box->nested;
}

void nmi_run(struct machine_test *t, const char *words)
{
	struct why why = { "" };

	(void)words;
	if (t->guest->ops->track_start(t->guest, &why) != ERR_OK)
		panic("writes can't be tracked: %s", why.text);
	nmis(t, t->pages, 0);
	for (unsigned i = 0; i < FULL_ROUNDS; i++)
		nmis(t, t->pages / (1 + LOG_ENTRIES), LOG_ENTRIES);
	t->guest->ops->track_stop(t->guest);
	log_info("machine", "%s: %llu NMIs sent, %llu taken, %llu nested, %llu exits by a full log", t->vm->dirty.ops->name,
		 (unsigned long long)sent, (unsigned long long)taken, (unsigned long long)nested,
		 (unsigned long long)t->vm->exits[VCPU_EXIT_LOG_FULL]);
}
