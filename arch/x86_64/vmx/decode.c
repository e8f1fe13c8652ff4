/* SPDX-License-Identifier: MIT */
/* decode.c: what the VMCS says of an exit, in the words of vcpu_exit.h; SDM Vol. 3 "VM-Exit Information Fields". */
#include "arch/x86_64/vmx/decode.h"
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"

#define NMI_UNBLOCKED	(1ull << 12)	/* of the qualifications below: by the IRET that exited */

static inline void block_nmis(bool on)
{
	uint64_t state = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE) & ~(uint64_t)VCPU_BLOCKING_NMI;

	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, state | (on ? VCPU_BLOCKING_NMI : 0));
}

/* An exit in the middle of an IRET has undone the blocking of NMIs: it is redone before the IRET is tried again. */
static void redo_nmi_blocking(const struct vcpu *v, uint64_t qualification)
{
	if (__builtin_expect((qualification & NMI_UNBLOCKED) && !v->event, 0))
		block_nmis(true);
}

/* "Exit Qualification for I/O Instructions": bits 3 to 5 are in the order of VCPU_IO_x. */
static void io(struct vcpu *v)
{
	uint64_t q = vmcs_read(VMCS_EXIT_QUALIFICATION);

	v->exit.io.port = (uint16_t)(q >> 16);
	v->exit.io.size = (q & 7) + 1;
	v->exit.io.flags = q >> 3 & 7;
}

/* "Exit Qualification for Control-Register Accesses": the types are numbered as in enum vcpu_cr_access. */
static void cr(struct vcpu *v)
{
	uint64_t q = vmcs_read(VMCS_EXIT_QUALIFICATION);

	v->exit.cr.number = q & 15;
	v->exit.cr.access = q >> 4 & 3;
	v->exit.cr.gpr = q >> 8 & 15;
	v->exit.cr.source = (uint16_t)(q >> 16);
}

/* "Exit Qualification for EPT Violations": bits 1 and 2 are in the order of VCPU_MEMORY_x. */
static void memory(struct vcpu *v)
{
	uint64_t q = vmcs_read(VMCS_EXIT_QUALIFICATION);

	v->exit.memory.at = vmcs_read(VMCS_GUEST_PHYSICAL_ADDRESS);
	v->exit.memory.flags = (q >> 1 & 3) | ((q >> 7 & 3) == 3 ? VCPU_MEMORY_OPERAND : 0);
	redo_nmi_blocking(v, q);
}

static void log_full(struct vcpu *v)
{
	redo_nmi_blocking(v, vmcs_read(VMCS_EXIT_QUALIFICATION));
}

static void stuck(struct vcpu *v)
{
	uint64_t q = vmcs_read(VMCS_EXIT_QUALIFICATION);

	v->exit.stuck.state_lost = q & 1;
	redo_nmi_blocking(v, q);
}

/* "Information for VM Exits Due to Vectored Events". */
static void exception_or_nmi(struct vcpu *v)
{
	uint32_t info = (uint32_t)vmcs_read(VMCS_EXIT_INTERRUPTION_INFO);

	if (VCPU_EVENT_TYPE(info) == VCPU_EVENT_NMI)
		v->exit.kind = VCPU_EXIT_NMI;
	else if ((info & 0xff) == VECTOR_MC)
		v->exit.kind = VCPU_EXIT_MACHINE_CHECK;
}

static void unknown(struct vcpu *v)
{
	v->exit.unknown.reason = vmcs_read(VMCS_EXIT_REASON) & VMX_EXIT_REASON_MASK;
	v->exit.unknown.name = vmx_exit_reason_name(v->exit.unknown.reason);
	v->exit.unknown.detail = vmcs_read(VMCS_EXIT_QUALIFICATION);
}

/* Where more is to be told than the kind. */
static void (*const more[VCPU_EXIT_KINDS])(struct vcpu *v) = {
	[VCPU_EXIT_UNKNOWN] = unknown,
	[VCPU_EXIT_EXCEPTION] = exception_or_nmi,
	[VCPU_EXIT_STUCK] = stuck,
	[VCPU_EXIT_LOG_FULL] = log_full,
	[VCPU_EXIT_CR] = cr,
	[VCPU_EXIT_IO] = io,
	[VCPU_EXIT_MEMORY] = memory,
};

#define KIND(number, name, kind) [number] = VCPU_EXIT_##kind,
static const uint8_t kinds[VMX_EXIT_REASON_COUNT] = { VMX_EXIT_REASONS(KIND) };

/* An event whose delivery was cut short by the exit must be delivered again. */
static void keep_interrupted_event(struct vcpu *v)
{
	uint32_t info = (uint32_t)vmcs_read(VMCS_IDT_VECTORING_INFO);

	v->event = 0;
	if (__builtin_expect(!(info & VCPU_EVENT_VALID), 1))
		return;
	v->event = info & VMX_EVENT_BITS;
	v->event_error = info & VCPU_EVENT_ERROR ? (uint32_t)vmcs_read(VMCS_IDT_VECTORING_ERROR_CODE) : 0;
	v->event_length = VCPU_EVENT_TYPE(info) >= VCPU_EVENT_INT_N ? v->exit.length : 0;
	if (VCPU_EVENT_TYPE(info) == VCPU_EVENT_NMI)
		block_nmis(false);
}

enum err vmx_decode(struct vcpu *v)
{
	uint32_t reason = (uint32_t)vmcs_read(VMCS_EXIT_REASON), basic = reason & VMX_EXIT_REASON_MASK;
	uint32_t kind = VCPU_EXIT_UNKNOWN;

	if (__builtin_expect(basic < VMX_EXIT_REASON_COUNT, 1))
		kind = kinds[basic];
	v->exit.kind = kind;
	if (__builtin_expect(reason & VMX_EXIT_ENTRY_FAILURE, 0))
		return vmx_entry_failed(v, VMX_SUCCEED);
	v->exit.length = (uint32_t)vmcs_read(VMCS_EXIT_INSTRUCTION_LENGTH);
	keep_interrupted_event(v);
	if (more[kind])
		more[kind](v);
	return ERR_OK;
}
