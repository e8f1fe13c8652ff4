/* SPDX-License-Identifier: MIT */
/* vcpu_event.c: the exits at which an event can go in, and exceptions that exited. */
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"

static void want(struct vcpu *v, uint32_t control, bool on)
{
	uint32_t controls = on ? v->vmx.proc_controls | control : v->vmx.proc_controls & ~control;

	if (controls == v->vmx.proc_controls)
		return;
	v->vmx.proc_controls = controls;
	vmcs_write(VMCS_PRIMARY_CONTROLS, controls);
}

void vmx_want_interrupt_window(struct vcpu *v, bool on)
{
	want(v, VMX_PROC_INTERRUPT_WINDOW_EXITING, on);
}

/* Not while STI blocks: a CPU may then exit at once, again and again, without getting past the instruction. */
void vmx_want_nmi_window(struct vcpu *v, bool on)
{
	want(v, VMX_PROC_NMI_WINDOW_EXITING,
	     on && vmx_caps_has(vmx_caps(), VMX_FEATURE_VIRTUAL_NMIS) &&
	     !(vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) & VCPU_BLOCKING_STI));
}

/* INT1 is a privileged software exception: RIP stands on it, and its delivery tells DR6 nothing. */
void vmx_reflect_exception(struct vcpu *v)
{
	uint32_t info = (uint32_t)vmcs_read(VMCS_EXIT_INTERRUPTION_INFO);
	uint64_t state = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint32_t error = info & VCPU_EVENT_ERROR ? (uint32_t)vmcs_read(VMCS_EXIT_INTERRUPTION_ERROR_CODE) : 0;

	if ((info & 0xff) == VECTOR_DB)
		vcpu_debug_registers(v, vmcs_read(VMCS_EXIT_QUALIFICATION));
	/* A delivery ends the blocking; VM entry would else want a single step to be pending where TF is set. */
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, state & ~(uint64_t)(VCPU_BLOCKING_STI | VCPU_BLOCKING_MOV_SS));
	vcpu_inject(v, info & VMX_EVENT_BITS, error, VCPU_EVENT_TYPE(info) >= VCPU_EVENT_INT_N ? v->exit.length : 0);
}
