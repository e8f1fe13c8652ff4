/* SPDX-License-Identifier: MIT */
/* lost.c: the guest writes counters to random pages while it is tracked, harvested and not tracked, over and over. A copy that
 * is kept up only by what the tracker says must equal its memory whenever it stands. Bochs drops all translations at a VM
 * exit, so an INVEPT that is missing does not show here; tests/unit/arch/test_dirty.c has TLBs that go stale. */
#include <string.h>
#include "hv/guest_mem.h"
#include "lib/log.h"
#include "tests/machine/machine.h"

#define PAGES		1536u	/* three chunks */
#define SLICE_MIN_NS	1000u
#define SLICE_DOUBLES	10u	/* the longest slice is so many times twice the shortest: more writes than a PML log has entries */

static uint64_t copy[PAGES][PAGE_WORDS];
static uint64_t state, taken, compared;

static unsigned chance(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)((state >> 32) % n);
}

static const uint64_t *words_of(const struct machine_test *t, uint64_t page)
{
	return t->guest->ops->page(t->guest, t->first_page + page);
}

static void guest_runs(struct machine_test *t)
{
	machine_slice(t, (SLICE_MIN_NS + chance(SLICE_MIN_NS)) << chance(SLICE_DOUBLES));
}

static void host_writes(struct machine_test *t)
{
	uint64_t page = t->first_page + chance((unsigned)t->pages), value = (uint64_t)chance(~0u) << 8 | 1;

	if (guest_write(t->vm, gpa((page << PAGE_SHIFT) + HOST_WORD * sizeof(value)), &value, sizeof(value)) != ERR_OK)
		panic("page %llx of the guest can't be written", (unsigned long long)page);
}

/* Copies what is dirty, or everything; the guest may go on between a harvest and the reading of the pages. */
static void copy_round(struct machine_test *t, bool all, bool runs)
{
	for (uint64_t c = 0; c < t->pages / CHUNK_PAGES; c++) {
		uint64_t row[DIRTY_ROW_WORDS] = { 0 };

		t->guest->ops->harvest(t->guest, t->first_page / CHUNK_PAGES + c, row);
		if (runs && chance(2))
			guest_runs(t);
		for (uint64_t p = c * CHUNK_PAGES; p < (c + 1) * CHUNK_PAGES; p++) {
			bool dirty = row[p % CHUNK_PAGES / 64] >> p % 64 & 1;

			taken += dirty;
			if (all || dirty)
				memcpy(copy[p], words_of(t, p), sizeof(copy[p]));
		}
	}
}

static void compare(struct machine_test *t, uint64_t attempt)
{
	compared++;
	for (uint64_t p = 0; p < t->pages; p++)
		if (memcmp(copy[p], words_of(t, p), sizeof(copy[p])))
			panic("attempt %llu with %s: a write to page %llx was lost", (unsigned long long)attempt,
			      t->vm->dirty.ops->name, (unsigned long long)(t->first_page + p));
}

static void same_leaves(struct machine_test *t, const struct gpt_histogram *before, uint64_t attempt)
{
	struct gpt_histogram after;

	gpt_histogram(&t->vm->gpt, &after);
	if (!gpt_same(before, &after))
		panic("attempt %llu left other leaves: %llu of 4K and %llu of 2M, before %llu and %llu", (unsigned long long)attempt,
		      (unsigned long long)after.l4k, (unsigned long long)after.l2m, (unsigned long long)before->l4k,
		      (unsigned long long)before->l2m);
}

/* One migration, or one that is given up in the middle. */
static void attempt(struct machine_test *t, uint64_t number)
{
	struct gpt_histogram before;
	struct why why = { "" };
	bool given_up = !chance(8);

	gpt_histogram(&t->vm->gpt, &before);
	if (t->guest->ops->track_start(t->guest, &why) != ERR_OK)
		panic("attempt %llu: writes can't be tracked: %s", (unsigned long long)number, why.text);
	copy_round(t, true, true);
	for (unsigned rounds = chance(3); rounds && !given_up; rounds--) {
		guest_runs(t);
		host_writes(t);
		copy_round(t, false, true);
	}
	if (!given_up) {
		copy_round(t, false, false);
		compare(t, number);
	}
	t->guest->ops->track_stop(t->guest);
	same_leaves(t, &before, number);
	guest_runs(t);
}

static uint64_t number(const char **words)
{
	uint64_t n = 0;

	while (**words == ' ')
		(*words)++;
	while (**words >= '0' && **words <= '9')
		n = n * 10 + (uint64_t)(*(*words)++ - '0');
	return n;
}

void lost_run(struct machine_test *t, const char *words)
{
	uint64_t attempts = number(&words), begin;

	state = number(&words) * 2 + 1;
	if (!attempts || t->pages < PAGES)
		panic("expected: lost ATTEMPTS SEED, and a guest of at least %u MiB", (PAGES >> 8) + 4);
	t->pages = PAGES;
	machine_order(t, (struct mailbox){ .order = ORDER_WRITE, .first = t->first_page << PAGE_SHIFT, .count = t->pages,
					   .stride = PAGE_SIZE });
	machine_finish(t);
	machine_order(t, (struct mailbox){ .order = ORDER_RANDOM, .first = t->first_page << PAGE_SHIFT, .count = t->pages,
					   .seed = state });
	log_set_level(LOG_WARN);
	begin = t->vm->exits_total;
	for (uint64_t i = 0; i < attempts; i++)
		attempt(t, i);
	t->box->stop = 1;
	machine_finish(t);
	log_set_level(LOG_INFO);
	log_info("machine", "tracker %s", t->vm->dirty.ops->name);
	log_info("machine", "%llu attempts, %llu compared, %llu writes, %llu pages harvested, %llu exits, %llu by a full log",
		 (unsigned long long)attempts, (unsigned long long)compared, (unsigned long long)t->box->writes,
		 (unsigned long long)taken, (unsigned long long)(t->vm->exits_total - begin),
		 (unsigned long long)t->vm->exits[VCPU_EXIT_LOG_FULL]);
}
