/* SPDX-License-Identifier: MIT */
#include "hv/exit.h"
#include "lib/log.h"

#define RFLAGS_IF		(1ull << 9)

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

static enum exit_action unknown(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)index;
	vm_crash(vm, "exit reason %u (%s) at RIP %llx is not handled, qualification %llx", v->exit.unknown.reason,
		 v->exit.unknown.name, (unsigned long long)vcpu_rip(v), (unsigned long long)v->exit.unknown.detail);
	return EXIT_LEAVE;
}

/* For long there was no instruction boundary, at which the slice's end or an interrupt would have come through. */
static enum exit_action stuck(struct vm *vm, struct vcpu *v, unsigned index)
{
	if (!v->exit.stuck.state_lost)
		return EXIT_CONTINUE;
	vm_crash(vm, "vCPU %u came to no end of an instruction at RIP %llx", index, (unsigned long long)vcpu_rip(v));
	return EXIT_LEAVE;
}

/* #DB or #AC, whose delivery can raise itself for ever: each round must come by here. */
static enum exit_action exception(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)vm, (void)index;
	vcpu_reflect_exception(v);
	return EXIT_CONTINUE;
}

/* The CPU shuts down, and a PC's chipset answers that with a reset (SDM Vol. 3 "Interrupt 8-Double Fault
 * Exception"). */
static enum exit_action triple_fault(struct vm *vm, struct vcpu *v, unsigned index)
{
	(void)v;
	log_warn("vm", "%s: triple fault of vCPU %u at RIP %llx, CR3 %llx", vm->name, index,
		 (unsigned long long)vcpu_rip(v), (unsigned long long)vcpu_cr3(v));
	machine_request(&vm->machine, MACHINE_RESET, "triple fault");
	return EXIT_LEAVE;
}

static enum exit_action cpuid_instruction(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint32_t out[4], leaf = (uint32_t)v->gpr[GPR_RAX];
	uint64_t cr4 = leaf == 1 ? vcpu_cr4(v) : 0;	/* only leaf 1 says something of it, and it is slow to read */

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
	v->deaf = !(vcpu_rflags(v) & RFLAGS_IF);
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

static handler undecoded;

static handler *const table[VCPU_EXIT_KINDS] = {
	[VCPU_EXIT_UNKNOWN] = unknown,
	[VCPU_EXIT_INTERRUPT] = host_interrupt,
	[VCPU_EXIT_NMI] = exit_nmi,
	[VCPU_EXIT_MACHINE_CHECK] = exit_machine_check,
	[VCPU_EXIT_EXCEPTION] = exception,
	[VCPU_EXIT_TRIPLE_FAULT] = triple_fault,
	[VCPU_EXIT_INTERRUPT_WINDOW] = look_again,
	[VCPU_EXIT_NMI_WINDOW] = look_again,
	[VCPU_EXIT_TIMER] = look_again,
	[VCPU_EXIT_STUCK] = stuck,
	[VCPU_EXIT_LOG_FULL] = look_again,	/* the log is drained on every exit */
	[VCPU_EXIT_UNDEFINED] = undefined,
	[VCPU_EXIT_CPUID] = cpuid_instruction,
	[VCPU_EXIT_HLT] = hlt,
	[VCPU_EXIT_INVD] = skip,
	[VCPU_EXIT_WBINVD] = skip,
	[VCPU_EXIT_RDPMC] = protection,
	[VCPU_EXIT_RDMSR] = exit_rdmsr,
	[VCPU_EXIT_WRMSR] = exit_wrmsr,
	[VCPU_EXIT_XSETBV] = xsetbv,
	[VCPU_EXIT_CR] = exit_control_register,
	[VCPU_EXIT_IO] = exit_io,
	[VCPU_EXIT_MEMORY] = exit_memory,
	[VCPU_EXIT_UNDECODED] = undecoded,
};

static enum exit_action undecoded(struct vm *vm, struct vcpu *v, unsigned index)
{
	if (!exit_decode(vm, v))
		return EXIT_LEAVE;
	vm->exits[v->exit.kind]++;
	return table[v->exit.kind](vm, v, index);
}

enum exit_action exit_handle(struct vm *vm, struct vcpu *v, unsigned index)
{
	vm->exits_total++;
	vm->exits[v->exit.kind]++;
	return table[v->exit.kind](vm, v, index);
}
