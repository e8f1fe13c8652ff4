/* SPDX-License-Identifier: MIT */
/* vcpu_reg.c: where SVM keeps the registers of a vCPU, and the end of an instruction that exited. */
#include "arch/x86_64/svm/caps.h"
#include "arch/x86_64/svm/vcpu_svm.h"

#define BLOCKING	(VCPU_BLOCKING_STI | VCPU_BLOCKING_MOV_SS)
#define ATTRIB_PRESENT	(1u << 7)

/* A machine check while CR4.MCE is clear is a shutdown, whoever runs: it stays set, and the guest reads what it
 * wrote. */
#define CR4_OWNED	CR4_MCE

static const uint16_t fields[VCPU_SELECTOR] = {
	[VCPU_TSC_OFFSET] = VMCB_TSC_OFFSET,
	[VCPU_RIP] = VMCB_RIP,
	[VCPU_RSP] = VMCB_RSP,
	[VCPU_RFLAGS] = VMCB_RFLAGS,
	[VCPU_CR0] = VMCB_CR0,
	[VCPU_CR2] = VMCB_CR2,
	[VCPU_CR3] = VMCB_CR3,
	[VCPU_DR6] = VMCB_DR6,
	[VCPU_DR7] = VMCB_DR7,
	[VCPU_GDTR_BASE] = VMCB_GDTR_BASE,
	[VCPU_GDTR_LIMIT] = VMCB_GDTR_LIMIT,
	[VCPU_IDTR_BASE] = VMCB_IDTR_BASE,
	[VCPU_IDTR_LIMIT] = VMCB_IDTR_LIMIT,
	[VCPU_PAT] = VMCB_G_PAT,
	[VCPU_STAR] = VMCB_STAR,
	[VCPU_LSTAR] = VMCB_LSTAR,
	[VCPU_CSTAR] = VMCB_CSTAR,
	[VCPU_FMASK] = VMCB_SFMASK,
	[VCPU_KERNEL_GS_BASE] = VMCB_KERNEL_GS_BASE,
	[VCPU_SYSENTER_CS] = VMCB_SYSENTER_CS,
	[VCPU_SYSENTER_ESP] = VMCB_SYSENTER_ESP,
	[VCPU_SYSENTER_EIP] = VMCB_SYSENTER_EIP,
};

/* A segment's attributes are its access rights without the hole in the middle, and the CPL counts for SS.DPL. A
 * register without a segment is one that is not present. */
static uint64_t access_of(const struct vmcb *b, enum vcpu_segment s)
{
	uint32_t attrib = (uint32_t)vmcb_read(b, VMCB_SEGMENT(ATTRIB, s));
	uint32_t access = (attrib & 0xff) | (attrib & 0xf00) << 4;

	if (s == SEG_SS)
		access = (access & ~0x60u) | (uint32_t)vmcb_read(b, VMCB_CPL) << 5;
	return attrib & ATTRIB_PRESENT ? access : access | VCPU_ACCESS_UNUSABLE;
}

static void set_access(struct vmcb *b, enum vcpu_segment s, uint64_t access)
{
	uint64_t attrib = (access & 0xff) | (access >> 4 & 0xf00);

	if (access & VCPU_ACCESS_UNUSABLE)
		attrib &= ~(uint64_t)ATTRIB_PRESENT;
	vmcb_write(b, VMCB_SEGMENT(ATTRIB, s), attrib);
	if (s == SEG_SS)
		vmcb_write(b, VMCB_CPL, VCPU_ACCESS_DPL(access));
}

/* The processor reads the PDPTEs of a guest in PAE paging from memory each time it needs them. */
static uint64_t pdpte(const struct vcpu *v, unsigned i)
{
	hpa_t at;

	if (!gpt_lookup(v->gpt, gpa((vmcb_read(v->svm.vmcb, VMCB_CR3) & 0xffffffe0) + 8 * i), &at, NULL, NULL))
		return 0;
	return *(const uint64_t *)(uintptr_t)at.v;
}

uint64_t svm_get(const struct vcpu *v, enum vcpu_reg r)
{
	const struct vmcb *b = v->svm.vmcb;

	switch (r) {
	case VCPU_CR4:
		return v->svm.cr4;
	case VCPU_EFER:
		return vmcb_read(b, VMCB_EFER) & ~EFER_SVME;
	case VCPU_INTERRUPTIBILITY:
		return (vmcb_read(b, VMCB_INTERRUPT_SHADOW) & SHADOW ? VCPU_BLOCKING_STI : 0) |
		       (v->svm.nmi_blocked ? VCPU_BLOCKING_NMI : 0);
	case VCPU_PENDING_DEBUG:
		return 0;	/* it is delivered before the exit, or comes anew */
	case VCPU_SELECTOR ... VCPU_SELECTOR_END:
		return vmcb_read(b, VMCB_SEGMENT(SELECTOR, r - VCPU_SELECTOR));
	case VCPU_BASE ... VCPU_BASE_END:
		return vmcb_read(b, VMCB_SEGMENT(BASE, r - VCPU_BASE));
	case VCPU_LIMIT ... VCPU_LIMIT_END:
		return vmcb_read(b, VMCB_SEGMENT(LIMIT, r - VCPU_LIMIT));
	case VCPU_ACCESS ... VCPU_ACCESS_END:
		return access_of(b, (enum vcpu_segment)(r - VCPU_ACCESS));
	case VCPU_PDPTE ... VCPU_PDPTE_END:
		return pdpte(v, r - VCPU_PDPTE);
	default:
		return vmcb_read(b, (enum vmcb_field)fields[r]);
	}
}

void svm_set(struct vcpu *v, enum vcpu_reg r, uint64_t value)
{
	struct vmcb *b = v->svm.vmcb;

	switch (r) {
	case VCPU_CR4:
		v->svm.cr4 = value;
		vmcb_write(b, VMCB_CR4, value | CR4_OWNED);
		break;
	case VCPU_EFER:
		vmcb_write(b, VMCB_EFER, value | EFER_SVME);
		break;
	case VCPU_INTERRUPTIBILITY:
		vmcb_write(b, VMCB_INTERRUPT_SHADOW, value & BLOCKING ? SHADOW : 0);
		svm_block_nmis(v, value & VCPU_BLOCKING_NMI);
		break;
	case VCPU_PENDING_DEBUG:
	case VCPU_PDPTE ... VCPU_PDPTE_END:
		break;
	case VCPU_SELECTOR ... VCPU_SELECTOR_END:
		vmcb_write(b, VMCB_SEGMENT(SELECTOR, r - VCPU_SELECTOR), value);
		break;
	case VCPU_BASE ... VCPU_BASE_END:
		vmcb_write(b, VMCB_SEGMENT(BASE, r - VCPU_BASE), value);
		break;
	case VCPU_LIMIT ... VCPU_LIMIT_END:
		vmcb_write(b, VMCB_SEGMENT(LIMIT, r - VCPU_LIMIT), value);
		break;
	case VCPU_ACCESS ... VCPU_ACCESS_END:
		set_access(b, (enum vcpu_segment)(r - VCPU_ACCESS), value);
		break;
	default:
		vmcb_write(b, (enum vmcb_field)fields[r], value);
	}
}

void svm_skip(struct vcpu *v)
{
	struct vmcb *b = v->svm.vmcb;
	uint64_t blocking = svm_get(v, VCPU_INTERRUPTIBILITY), flags = vmcb_read(b, VMCB_RFLAGS);
	uint64_t rip = vmcb_read(b, VMCB_RIP), next = rip + v->exit.length;
	bool is_64bit = (vmcb_read(b, VMCB_EFER) & EFER_LMA) && (access_of(b, SEG_CS) & VCPU_ACCESS_L);

	vmcb_write(b, VMCB_RIP, is_64bit ? next : (uint32_t)next);
	if ((blocking & BLOCKING) || (flags & (RFLAGS_TF | RFLAGS_RF)))
		vcpu_end_instruction(v, blocking, flags);
}
