/* SPDX-License-Identifier: MIT */
/* vcpu_event.c: the exits at which an event can go in, and exceptions that exited. */
#include "arch/x86_64/svm/vcpu_svm.h"

#define DR7_GD		(1ull << 13)

/* A virtual interrupt that never comes: where it could, the guest exits. */
void svm_want_interrupt_window(struct vcpu *v, bool on)
{
	if (on == v->svm.window)
		return;
	v->svm.window = on;
	vmcb_change(v->svm.vmcb, VMCB_VIRTUAL_INTERRUPT, VIRTUAL_IRQ | VIRTUAL_IRQ_PRIORITY | VIRTUAL_IGNORE_TPR, on);
	vmcb_change(v->svm.vmcb, VMCB_INTERCEPT_1, INTERCEPT_VINTR, on);
}

/* The IRET of the handler exits in any case; what only a shadow keeps away goes in at the next exit. */
void svm_want_nmi_window(struct vcpu *v, bool on)
{
	(void)v, (void)on;
}

void svm_block_nmis(struct vcpu *v, bool on)
{
	v->svm.nmi_blocked = on;
	v->svm.nmi_returns = false;
	vmcb_change(v->svm.vmcb, VMCB_INTERCEPT_1, INTERCEPT_IRET, on);
}

/* DR6 is in the VMCB as a handler of #DB would read it. */
void svm_reflect_exception(struct vcpu *v)
{
	struct vmcb *b = v->svm.vmcb;
	uint32_t vector = (uint32_t)vmcb_read(b, VMCB_EXITCODE) & 31;
	uint32_t error = vector == VECTOR_AC ? VCPU_EVENT_ERROR : 0;

	if (vector == VECTOR_DB)
		vmcb_change(b, VMCB_DR7, DR7_GD, false);
	vmcb_write(b, VMCB_INTERRUPT_SHADOW, 0);
	vcpu_inject(v, VCPU_EVENT_VALID | VCPU_EVENT_EXCEPTION << 8 | error | vector,
		    error ? (uint32_t)vmcb_read(b, VMCB_EXITINFO1) : 0, 0);
}
