/* SPDX-License-Identifier: MIT */
/* exit_event.c: NMIs and machine checks of the host while a guest ran. */
#include "arch/x86_64/mce.h"
#include "arch/x86_64/nmi.h"
#include "hv/exit.h"
#include "lib/log.h"

/* Lost memory of a guest is that guest's loss; what ran loses too if it was about to use it. */
static void memory_lost(struct vm *vm, const struct mce_report *r, bool needed)
{
	struct vm *owner = vm_memory_owner(r->address);

	if (owner && !vm_life_allows(owner, VM_EVENT_CRASH))
		owner = NULL;	/* it stands, in the hands of a migration */
	if (owner) {
		vm_crash(owner, "machine check: host memory at %llx, the guest's, is lost (bank %u, status %llx)",
			 (unsigned long long)r->address, r->bank, (unsigned long long)r->status);
		vm_memory_retire(owner, r->address);
	} else if (needed) {
		panic("machine check while %s ran: memory at %llx, no running guest's, is lost (bank %u, status %llx)",
		      vm->name, (unsigned long long)r->address, r->bank, (unsigned long long)r->status);
	} else {
		log_error("cpu", "machine check: memory at %llx is lost and not yet needed (bank %u, status %llx)",
			  (unsigned long long)r->address, r->bank, (unsigned long long)r->status);
	}
	if (needed && owner != vm)
		vm_crash(vm, "machine check: it needed memory at %llx, which is lost", (unsigned long long)r->address);
}

enum exit_action exit_machine_check(struct vm *vm, struct vcpu *v, unsigned index)
{
	struct mce_report r;
	enum mce_verdict verdict = mce_take(&r);

	(void)v, (void)index;
	switch (verdict) {
	case MCE_NOTHING:
		log_warn("cpu", "machine check while %s ran: nothing uncorrected in this CPU's banks", vm->name);
		break;
	case MCE_LATER:
	case MCE_MEMORY:
		memory_lost(vm, &r, verdict == MCE_MEMORY);
		break;
	case MCE_WHAT_RAN:
		vm_crash(vm, "machine check of the host's CPU that names no memory (bank %u, status %llx)", r.bank,
			 (unsigned long long)r.status);
		break;
	case MCE_FATAL:
		panic("machine check while %s ran: bank %u, status %llx, address %llx", vm->name, r.bank,
		      (unsigned long long)r.status, (unsigned long long)r.address);
	}
	return vm->state == VM_RUNNING ? EXIT_CONTINUE : EXIT_LEAVE;
}

enum exit_action exit_nmi(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)v, (void)index;
	nmi_after_exit();
	return EXIT_CONTINUE;
}
