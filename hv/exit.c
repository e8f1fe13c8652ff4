/* SPDX-License-Identifier: MIT */
#include "hv/exit.h"
#include "lib/log.h"

#define RFLAGS_IF		(1ull << 9)
#define TIMEOUT_INVALID		1u	/* of the exit qualification: the guest's state was not saved whole */

typedef enum exit_action handler(struct vm *vm, struct vcpu *v, unsigned index);

static enum exit_action host_interrupt(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)v, (void)index;
	return EXIT_LEAVE;
}

static enum exit_action look_again(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)v, (void)index;
	return EXIT_CONTINUE;
}

/* For long there was no instruction boundary, at which the preemption timer or an interrupt would have come through. */
static enum exit_action instruction_timeout(struct vm *vm, struct vcpu *v, unsigned index)
{
	if (!(v->exit.qualification & TIMEOUT_INVALID)) {
		vcpu_redo_nmi_blocking(v);
		return EXIT_CONTINUE;
	}
	vm_crash(vm, "vCPU %u came to no end of an instruction at RIP %llx", index, (unsigned long long)vcpu_rip());
	return EXIT_LEAVE;
}

/* The CPU shuts down, and a PC's chipset answers that with a reset (SDM Vol. 3 "Interrupt 8-Double Fault Exception"). */
static enum exit_action triple_fault(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)v;
	log_warn("vm", "%s: triple fault of vCPU %u at RIP %llx, CR3 %llx", vm->name, index, (unsigned long long)vcpu_rip(),
		 (unsigned long long)vcpu_cr3());
	machine_request(&vm->machine, MACHINE_RESET, "triple fault");
	return EXIT_LEAVE;
}

static enum exit_action cpuid_instruction(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint32_t out[4], leaf = (uint32_t)v->gpr[GPR_RAX];
	uint64_t cr4 = leaf == 1 ? vcpu_cr4() : 0;	/* only leaf 1 says something of it, and it takes long to read */

	cpuid_guest(&vm->cpuid, index, v->xcr0, cr4, leaf, (uint32_t)v->gpr[GPR_RCX], out);
	v->gpr[GPR_RAX] = out[0];
	v->gpr[GPR_RBX] = out[1];
	v->gpr[GPR_RCX] = out[2];
	v->gpr[GPR_RDX] = out[3];
	vcpu_skip(v);
	return EXIT_CONTINUE;
}

static enum exit_action hlt(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)index;
	vcpu_skip(v);
	v->halted = !v->event;	/* the trap of a single step ends it at once */
	v->deaf = !(vcpu_rflags() & RFLAGS_IF);
	return EXIT_CONTINUE;
}

/* Caches are coherent and the guest has no device that bypasses them: WBINVD and INVD have nothing to do. */
static enum exit_action skip(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)index;
	vcpu_skip(v);
	return EXIT_CONTINUE;
}

static enum exit_action undefined(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)index;
	vcpu_inject_ud(v);
	return EXIT_CONTINUE;
}

static enum exit_action protection(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)index;
	vcpu_inject_gp(v);
	return EXIT_CONTINUE;
}

static enum exit_action xsetbv(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint64_t value = v->gpr[GPR_RDX] << 32 | (uint32_t)v->gpr[GPR_RAX];

	(void)vm, (void)index;
	if ((uint32_t)v->gpr[GPR_RCX] != 0 || !vcpu_write_xcr0(v, value))
		vcpu_inject_gp(v);
	else
		vcpu_skip(v);
	return EXIT_CONTINUE;
}

static enum exit_action pml_full(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)index;	/* the log is drained on every exit */
	vcpu_redo_nmi_blocking(v);
	return EXIT_CONTINUE;
}

static handler *const table[VMX_EXIT_REASON_COUNT] = {
	[VMX_EXIT_EXCEPTION_OR_NMI] = exit_exception_or_nmi,
	[VMX_EXIT_EXTERNAL_INTERRUPT] = host_interrupt,
	[VMX_EXIT_TRIPLE_FAULT] = triple_fault,
	[VMX_EXIT_INTERRUPT_WINDOW] = look_again,
	[VMX_EXIT_NMI_WINDOW] = look_again,
	[VMX_EXIT_CPUID] = cpuid_instruction,
	[VMX_EXIT_GETSEC] = undefined,
	[VMX_EXIT_HLT] = hlt,
	[VMX_EXIT_INVD] = skip,
	[VMX_EXIT_RDPMC] = protection,
	[VMX_EXIT_VMCALL] = undefined,
	[VMX_EXIT_VMCLEAR] = undefined,
	[VMX_EXIT_VMLAUNCH] = undefined,
	[VMX_EXIT_VMPTRLD] = undefined,
	[VMX_EXIT_VMPTRST] = undefined,
	[VMX_EXIT_VMREAD] = undefined,
	[VMX_EXIT_VMRESUME] = undefined,
	[VMX_EXIT_VMWRITE] = undefined,
	[VMX_EXIT_VMXOFF] = undefined,
	[VMX_EXIT_VMXON] = undefined,
	[VMX_EXIT_CONTROL_REGISTER] = exit_control_register,
	[VMX_EXIT_IO_INSTRUCTION] = exit_io,
	[VMX_EXIT_RDMSR] = exit_rdmsr,
	[VMX_EXIT_WRMSR] = exit_wrmsr,
	[VMX_EXIT_MWAIT] = undefined,
	[VMX_EXIT_MONITOR] = undefined,
	[VMX_EXIT_EPT_VIOLATION] = exit_ept_violation,
	[VMX_EXIT_INVEPT] = undefined,
	[VMX_EXIT_PREEMPTION_TIMER] = look_again,
	[VMX_EXIT_INVVPID] = undefined,
	[VMX_EXIT_WBINVD] = skip,
	[VMX_EXIT_XSETBV] = xsetbv,
	[VMX_EXIT_VMFUNC] = undefined,
	[VMX_EXIT_ENCLS] = undefined,
	[VMX_EXIT_PAGE_MODIFICATION_LOG_FULL] = pml_full,
	[VMX_EXIT_INSTRUCTION_TIMEOUT] = instruction_timeout,
};

enum exit_action exit_handle(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint32_t reason = v->exit.reason;

	vm->exits_total++;
	if (reason < VMX_EXIT_REASON_COUNT && table[reason]) {
		vm->exits[reason]++;
		return table[reason](vm, v, index);
	}
	vm_crash(vm, "exit reason %u (%s) at RIP %llx is not handled, qualification %llx", reason,
		 vmx_exit_reason_name(reason), (unsigned long long)vcpu_rip(), (unsigned long long)v->exit.qualification);
	return EXIT_LEAVE;
}
