/* SPDX-License-Identifier: MIT */
/* debug.c: a guest that debugs itself sees what a processor shows, and one whose delivery of #DB or #AC never ends hurts only
 * itself: its slices end in time, again and again. */
#include "arch/x86_64/time.h"
#include "lib/log.h"
#include "tests/machine/machine.h"

#define SLICES		20u
#define SLICE_NS	2000000u

static void cases(struct machine_test *t)
{
	machine_order(t, (struct mailbox){ .order = ORDER_DEBUG });
	machine_finish(t);
	log_info("machine", "debug: %llu cases, not as on a processor: %llx", (unsigned long long)t->box->writes,
		 (unsigned long long)t->box->nested);
	if (t->box->nested)
		log_info("machine", "debug: of the last %llu #DBs, the first with DR6 %llx, RIP %llx, RFLAGS %llx",
			 (unsigned long long)t->box->count, (unsigned long long)t->box->first,
			 (unsigned long long)t->box->stride, (unsigned long long)t->box->seed);
}

/* The guest does not come out of it by itself: it gets back what it was before. */
static void endless(struct machine_test *t, const char *name, enum mailbox_order order)
{
	static uint8_t image[VM_STATE_BYTES];
	const struct mig_guest_ops *ops = t->guest->ops;
	struct why why = { "" };
	uint64_t exits = t->vm->exits[VCPU_EXIT_EXCEPTION], begin, longest = 0;
	size_t length;

	ops->stop(t->guest);
	if (ops->state_save(t->guest, image, sizeof(image), &length, &why) != ERR_OK)
		panic("the state can't be saved: %s", why.text);
	ops->resume(t->guest);
	machine_order(t, (struct mailbox){ .order = order });
	for (unsigned i = 0; i < SLICES; i++) {
		begin = time_ns();
		machine_slice(t, SLICE_NS);
		if (time_ns() - begin > longest)
			longest = time_ns() - begin;
	}
	exits = t->vm->exits[VCPU_EXIT_EXCEPTION] - exits;
	ops->stop(t->guest);
	if (ops->state_check(t->guest, image, length, &why) != ERR_OK)
		panic("the state can't be loaded: %s", why.text);
	ops->state_load(t->guest, image, length);
	ops->resume(t->guest);
	log_info("machine", "%s for ever: %u slices of %u us, the longest of %llu us, %s exits", name, SLICES, SLICE_NS / 1000,
		 (unsigned long long)longest / 1000, exits > SLICES ? "many" : "few");
}

void debug_run(struct machine_test *t, const char *words)
{
	(void)words;
	cases(t);
	endless(t, "#DB", ORDER_DEBUG_LOOP);
	endless(t, "#AC", ORDER_MISALIGNED_LOOP);
	machine_order(t, (struct mailbox){ .order = ORDER_WRITE, .first = t->first_page << PAGE_SHIFT, .count = 1,
					   .stride = PAGE_SIZE });
	machine_finish(t);
	log_info("machine", "debug: the guest goes on");
}
