/* SPDX-License-Identifier: MIT */
/* pae.c: a guest in PAE paging moves to another vCPU between two writes: both must find the page of the PDPTEs that the
 * processor held, whatever the table in memory says since. */
#include "hv/guest_mem.h"
#include "lib/log.h"
#include "tests/machine/machine.h"

/* The guest's state on a vCPU that knows nothing of it, as at another host. */
static void move(struct machine_test *t)
{
	static uint8_t image[VM_STATE_BYTES];
	const struct mig_guest_ops *ops = t->guest->ops;
	struct vcpu *v = &t->vm->vcpu[0];
	const struct vcpu_limits limits = v->limits;
	struct why why = { "" };
	size_t length;

	ops->stop(t->guest);
	if (ops->state_save(t->guest, image, sizeof(image), &length, &why) != ERR_OK)
		panic("the state can't be saved: %s", why.text);
	vcpu_destroy(v);
	if (vcpu_create(v, &t->vm->ept, &limits, &why) != ERR_OK || ops->state_check(t->guest, image, length, &why) != ERR_OK)
		panic("the state can't be loaded: %s", why.text);
	ops->state_load(t->guest, image, length);
	ops->resume(t->guest);
}

static void log_page(struct machine_test *t, const char *name, uint64_t at)
{
	uint32_t word[2];

	if (guest_read(t->vm, gpa(at), word, sizeof(word)) != ERR_OK)
		panic("the guest's memory can't be read");
	log_info("machine", "pae: %s page has %u %u", name, word[0], word[1]);
}

void pae_run(struct machine_test *t, const char *words)
{
	uint64_t first = t->first_page << PAGE_SHIFT;

	(void)words;
	machine_order(t, (struct mailbox){ .order = ORDER_PAE, .first = first });
	machine_finish(t);
	move(t);
	t->vm->vcpu[0].halted = false;
	machine_finish(t);
	log_page(t, "first", PAE_PAGE(first, 0));
	log_page(t, "other", PAE_PAGE(first, 1));
}
