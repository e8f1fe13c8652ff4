/* SPDX-License-Identifier: MIT */
/* vcpu_local.h: what the files that make up vcpu.h share. */
#pragma once
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vcpu.h"
#include "arch/x86_64/vmx/vmcs_fields.h"

/* CR0 bits that the guest sees from the shadow: NE is fixed by VMX, caching is the host's. */
#define VCPU_CR0_OWNED	(CR0_NE | CR0_CD | CR0_NW)

/* And of CR4: without MCE a machine check is a shutdown, whoever runs. */
#define VCPU_CR4_OWNED	(CR4_VMXE | CR4_MCE)

#define INTERRUPTION_VALID	(1u << 31)
#define INTERRUPTION_ERROR	(1u << 11)
#define INTERRUPTION_TYPE(i)	((i) >> 8 & 7)
enum { EVENT_EXTERNAL = 0, EVENT_NMI = 2, EVENT_EXCEPTION = 3, EVENT_SOFTWARE = 4, EVENT_PRIVILEGED = 5, EVENT_SOFTWARE_EXCEPTION = 6 };
#define BLOCKING_STI		(1u << 0)
#define BLOCKING_MOV_SS		(1u << 1)
#define BLOCKING_NMI		(1u << 3)

enum { VECTOR_DB = 1, VECTOR_NMI = 2, VECTOR_DF = 8, VECTOR_PF = 14, VECTOR_AC = 17, VECTOR_MC = 18 };

/* What a second event becomes when it arises while the first, hardware exceptions both, is delivered: SDM Vol. 3, Interrupt 8,
 * "Conditions for Generating a Double Fault". Both in the format of VM-entry interruption information. */
enum vcpu_nested { VCPU_NESTED_SECOND, VCPU_NESTED_DOUBLE, VCPU_NESTED_SHUTDOWN };
enum vcpu_nested vcpu_event_nested(uint32_t first, uint32_t second);
/* A #DB of the trap kind is due, its @causes as in the field of pending debug exceptions. */
void vcpu_debug_trap(struct vcpu *v, uint64_t causes);

#define PENDING_BREAKPOINT	(1ull << 12)
#define PENDING_BS		(1ull << 14)

#define EFER_ALLOWED		(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define RFLAGS_TF		(1ull << 8)
#define RFLAGS_IF		(1ull << 9)
#define RFLAGS_RF		(1ull << 16)

#define SEGMENT_FIELD(first, i)	((enum vmcs_field)(VMCS_GUEST_ES_##first + 2 * (i)))

#define PDPTES			4u
#define PDPTE_RESERVED		0x1e6ull	/* and what is beyond MAXPHYADDR */
#define PDPTE_FIELD(i)		((enum vmcs_field)(VMCS_GUEST_PDPTE0 + 2 * (i)))

/* With EPT such a guest's PDPTEs are registers: loaded by MOV to CR, and whatever memory says since. */
static inline bool vcpu_pae_paging(const struct vcpu_state *s)
{
	return (s->cr0 & CR0_PG) && (s->cr4 & CR4_PAE) && !(s->efer & EFER_LMA);
}

/* State fields that are VMCS fields one to one. */
#define SAME_FIELDS(X) \
	X(rip, GUEST_RIP) X(rflags, GUEST_RFLAGS) X(cr3, GUEST_CR3) X(dr7, GUEST_DR7) X(gdtr_base, GUEST_GDTR_BASE) \
	X(idtr_base, GUEST_IDTR_BASE) X(gdtr_limit, GUEST_GDTR_LIMIT) X(idtr_limit, GUEST_IDTR_LIMIT) X(pat, GUEST_PAT) \
	X(sysenter_cs, GUEST_SYSENTER_CS) X(sysenter_esp, GUEST_SYSENTER_ESP) X(sysenter_eip, GUEST_SYSENTER_EIP) \
	X(pending_debug, GUEST_PENDING_DEBUG_EXCEPTIONS) X(interruptibility, GUEST_INTERRUPTIBILITY_STATE)

/* Tells of a VM entry that failed, with its audit; ERR_INVALID. VMX_SUCCEED: it ended in an exit that says so. */
enum err vmx_entry_failed(struct vcpu *v, enum vmx_status status);
/* The VMCS of @v becomes current on this CPU. */
void vcpu_make_current(struct vcpu *v);
/* Sets CR0 as the guest shall read it, the IA-32e control and LMA with it, unchecked. */
void vcpu_put_cr0(uint64_t value);
void vcpu_put_cr4(uint64_t value);
bool vcpu_xcr0_valid(const struct vcpu *v, uint64_t value);
