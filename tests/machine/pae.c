/* SPDX-License-Identifier: MIT */
/* pae.c: a guest in PAE paging moves to another vCPU between two writes: both must find the page of the PDPTEs that the
 * processor held, whatever the table in memory says since. */
#include "arch/x86_64/cpu.h"
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
	if (vcpu_create(v, &t->vm->gpt, &limits, &why) != ERR_OK || ops->state_check(t->guest, image, length, &why) != ERR_OK)
		panic("the state can't be loaded: %s", why.text);
	ops->state_load(t->guest, image, length);
	ops->resume(t->guest);
}

static void log_page(struct machine_test *t, const char *loaded, const char *name, uint64_t at)
{
	uint32_t word[2];

	if (guest_read(t->vm, gpa(at), word, sizeof(word)) != ERR_OK)
		panic("the guest's memory can't be read");
	log_info("machine", "pae, PDPTEs loaded by %s: %s page has %u %u", loaded, name, word[0], word[1]);
}

/* @cr0: what the guest sets together with PG: a bit that makes an exit has Tern load the PDPTEs, and else the CPU does. */
static void two_writes(struct machine_test *t, const char *loaded, uint64_t cr0)
{
	uint64_t first = t->first_page << PAGE_SHIFT;

	for (unsigned n = 0; n < 2; n++)
		if (guest_zero(t->vm, gpa(PAE_PAGE(first, n)), PAGE_SIZE) != ERR_OK)
			panic("the guest's memory can't be written");
	machine_order(t, (struct mailbox){ .order = ORDER_PAE, .first = first, .stride = cr0 });
	machine_finish(t);
	move(t);
	t->vm->vcpu[0].halted = false;
	machine_finish(t);
	log_page(t, loaded, "first", PAE_PAGE(first, 0));
	log_page(t, loaded, "other", PAE_PAGE(first, 1));
}

void pae_run(struct machine_test *t, const char *words)
{
	(void)words;
	/* In this order: what the CPU loads stays in the VMCS and would hide that nobody else did. */
	two_writes(t, "Tern", CR0_NE);
	two_writes(t, "the CPU", 0);
}
