/* SPDX-License-Identifier: MIT */
/* vcpu_event.c: the events that go into a guest, and what becomes of one that meets another. */
#include "arch/x86_64/vmx/vcpu_local.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"

#define DR6_BREAKPOINTS	0xfull
#define DR6_BD		(1ull << 13)
#define DR6_BS		(1ull << 14)
#define DR6_ACTIVE_LOW	(1ull << 11 | 1ull << 16)	/* BLD and RTM: set in DR6 where the cause is absent */
#define DR7_GD		(1ull << 13)

bool vcpu_interruptible(const struct vcpu *v)
{
	return !v->event && (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF) &&
	       !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) & (BLOCKING_STI | BLOCKING_MOV_SS));
}

bool vcpu_nmi_possible(const struct vcpu *v)
{
	return !v->event && !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) & (BLOCKING_STI | BLOCKING_MOV_SS | BLOCKING_NMI));
}

static void want(struct vcpu *v, uint32_t control, bool on)
{
	uint32_t controls = on ? v->proc_controls | control : v->proc_controls & ~control;

	if (controls == v->proc_controls)
		return;
	v->proc_controls = controls;
	vmcs_write(VMCS_PRIMARY_CONTROLS, controls);
}

void vcpu_want_interrupt_window(struct vcpu *v, bool on)
{
	want(v, VMX_PROC_INTERRUPT_WINDOW_EXITING, on);
}

/* Not while STI blocks: a CPU may then exit at once, again and again, without getting past the instruction. */
void vcpu_want_nmi_window(struct vcpu *v, bool on)
{
	want(v, VMX_PROC_NMI_WINDOW_EXITING,
	     on && vmx_caps_has(vmx_caps(), VMX_FEATURE_VIRTUAL_NMIS) &&
	     !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) & BLOCKING_STI));
}

void vcpu_inject_interrupt(struct vcpu *v, uint8_t vector)
{
	v->event = INTERRUPTION_VALID | EVENT_EXTERNAL << 8 | vector;
}

void vcpu_inject_nmi(struct vcpu *v)
{
	v->event = INTERRUPTION_VALID | EVENT_NMI << 8 | 2;
}

/* SDM Vol. 3, Interrupt 8, "Interrupt and Exception Classes": #DE #TS #NP #SS #GP #CP, and #PF #VE. */
#define CONTRIBUTORY	(1u << 0 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 21)
#define PAGE_FAULTS	(1u << VECTOR_PF | 1u << 20)

static bool in_class(uint32_t class, unsigned vector)
{
	return vector < 32 && (class >> vector & 1);
}

enum vcpu_nested vcpu_event_nested(uint32_t first, uint32_t second)
{
	unsigned a = first & 0xff, b = second & 0xff;

	if (!(first & INTERRUPTION_VALID) || INTERRUPTION_TYPE(first) != EVENT_EXCEPTION || INTERRUPTION_TYPE(second) != EVENT_EXCEPTION)
		return VCPU_NESTED_SECOND;
	if (!in_class(CONTRIBUTORY | PAGE_FAULTS, b))
		return VCPU_NESTED_SECOND;
	if (a == VECTOR_DF)
		return VCPU_NESTED_SHUTDOWN;
	if (in_class(PAGE_FAULTS, a) || (in_class(CONTRIBUTORY, a) && in_class(CONTRIBUTORY, b)))
		return VCPU_NESTED_DOUBLE;
	return VCPU_NESTED_SECOND;
}

static void inject(struct vcpu *v, uint32_t event, uint32_t error, uint32_t length)
{
	enum vcpu_nested n = vcpu_event_nested(v->event, event);

	/* An NMI whose delivery comes to nothing has blocked the next ones all the same. */
	if ((v->event & INTERRUPTION_VALID) && INTERRUPTION_TYPE(v->event) == EVENT_NMI)
		vmcs_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) | BLOCKING_NMI);
	if (n == VCPU_NESTED_SHUTDOWN) {
		v->shutdown = true;	/* and the double fault stays, for a host that it moves to before */
		return;
	}
	v->event = n == VCPU_NESTED_SECOND ? event : INTERRUPTION_VALID | EVENT_EXCEPTION << 8 | INTERRUPTION_ERROR | VECTOR_DF;
	v->event_error = n == VCPU_NESTED_SECOND ? error : 0;
	v->event_length = n == VCPU_NESTED_SECOND ? length : 0;
}

void vcpu_inject_exception(struct vcpu *v, uint8_t vector, bool with_error, uint32_t error)
{
	inject(v, INTERRUPTION_VALID | EVENT_EXCEPTION << 8 | (with_error ? INTERRUPTION_ERROR : 0) | vector, error, 0);
}

/* What the CPU does with the debug registers when it delivers a #DB, and neither at an exit for one nor at its injection:
 * SDM Vol. 3 "Debug Status Register (DR6)", and "GD" of DR7. @causes as in the exit qualification. */
static void debug_registers(uint64_t causes)
{
	uint64_t dr6 = (dr6_read() & ~DR6_BREAKPOINTS) | DR6_ACTIVE_LOW;

	dr6_write((dr6 | (causes & (DR6_BREAKPOINTS | DR6_BD | DR6_BS))) & ~(causes & DR6_ACTIVE_LOW));
	vmcs_write(VMCS_GUEST_DR7, vmcs_read(VMCS_GUEST_DR7) & ~DR7_GD);
}

void vcpu_debug_trap(struct vcpu *v, uint64_t causes)
{
	debug_registers(causes);
	vcpu_inject_exception(v, VECTOR_DB, false, 0);
}

/* INT1 is a privileged software exception: RIP stands on it, and its delivery tells DR6 nothing. */
void vcpu_reflect_exception(struct vcpu *v)
{
	uint32_t info = (uint32_t)vmcs_read(VMCS_EXIT_INTERRUPTION_INFO);
	uint64_t state = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint32_t error = info & INTERRUPTION_ERROR ? (uint32_t)vmcs_read(VMCS_EXIT_INTERRUPTION_ERROR_CODE) : 0;

	if ((info & 0xff) == VECTOR_DB)
		debug_registers(vmcs_read(VMCS_EXIT_QUALIFICATION));
	/* A delivery ends the blocking; VM entry would else want a single step to be pending where TF is set. */
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, state & ~(uint64_t)(BLOCKING_STI | BLOCKING_MOV_SS));
	inject(v, info & (INTERRUPTION_VALID | 0xfff), error,
	       INTERRUPTION_TYPE(info) >= EVENT_SOFTWARE ? v->exit.length : 0);
}
