/* SPDX-License-Identifier: MIT */
/* vcpu_reg.c: where VT-x keeps the registers of a vCPU, and the end of an instruction that exited. */
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"

#define BLOCKING	(VCPU_BLOCKING_STI | VCPU_BLOCKING_MOV_SS)

_Static_assert(VCPU_KERNEL_GS_BASE - VCPU_STAR == 4, "the five that vmx_load swaps by hand follow each other");

enum vmcs_field vmx_field(enum vcpu_reg r)
{
	static const uint16_t one[VCPU_SELECTOR] = {
		[VCPU_TSC_OFFSET] = VMCS_TSC_OFFSET, [VCPU_RIP] = VMCS_GUEST_RIP, [VCPU_RSP] = VMCS_GUEST_RSP,
		[VCPU_RFLAGS] = VMCS_GUEST_RFLAGS, [VCPU_CR0] = VMCS_GUEST_CR0, [VCPU_CR3] = VMCS_GUEST_CR3,
		[VCPU_CR4] = VMCS_GUEST_CR4, [VCPU_EFER] = VMCS_GUEST_EFER, [VCPU_DR7] = VMCS_GUEST_DR7,
		[VCPU_GDTR_BASE] = VMCS_GUEST_GDTR_BASE, [VCPU_GDTR_LIMIT] = VMCS_GUEST_GDTR_LIMIT,
		[VCPU_IDTR_BASE] = VMCS_GUEST_IDTR_BASE, [VCPU_IDTR_LIMIT] = VMCS_GUEST_IDTR_LIMIT,
		[VCPU_PAT] = VMCS_GUEST_PAT, [VCPU_SYSENTER_CS] = VMCS_GUEST_SYSENTER_CS,
		[VCPU_SYSENTER_ESP] = VMCS_GUEST_SYSENTER_ESP, [VCPU_SYSENTER_EIP] = VMCS_GUEST_SYSENTER_EIP,
		[VCPU_INTERRUPTIBILITY] = VMCS_GUEST_INTERRUPTIBILITY_STATE,
		[VCPU_PENDING_DEBUG] = VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS,
	};
	/* Those of which there are several lie two numbers apart. */
	static const uint16_t first[] = {
		VMCS_GUEST_ES_SELECTOR, VMCS_GUEST_ES_BASE, VMCS_GUEST_ES_LIMIT, VMCS_GUEST_ES_ACCESS_RIGHTS,
		VMCS_GUEST_PDPTE0,
	};
	unsigned n = r - VCPU_SELECTOR;

	return (enum vmcs_field)(r < VCPU_SELECTOR ? one[r] : first[n / VCPU_SEGMENTS] + 2 * (n % VCPU_SEGMENTS));
}

uint64_t vmx_get(const struct vcpu *v, enum vcpu_reg r)
{
	uint64_t owned;

	switch (r) {
	case VCPU_CR0:
		return (vmcs_read(VMCS_GUEST_CR0) & ~VMX_CR0_OWNED) | (vmcs_read(VMCS_CR0_READ_SHADOW) & VMX_CR0_OWNED);
	case VCPU_CR4:
		owned = vmcs_read(VMCS_CR4_GUEST_HOST_MASK);
		return (vmcs_read(VMCS_GUEST_CR4) & ~owned) | (vmcs_read(VMCS_CR4_READ_SHADOW) & owned);
	case VCPU_CR2:
		return v->loaded ? cr2_read() : v->vmx.cr2;
	case VCPU_DR6:
		return v->loaded ? dr6_read() : v->vmx.dr6;
	case VCPU_STAR ... VCPU_KERNEL_GS_BASE:
		return v->vmx.msr[r - VCPU_STAR];
	default:
		return vmcs_read(vmx_field(r));
	}
}

void vmx_set(struct vcpu *v, enum vcpu_reg r, uint64_t value)
{
	uint64_t entry;

	switch (r) {
	case VCPU_CR0:
		vmcs_write(VMCS_CR0_READ_SHADOW, value);
		vmcs_write(VMCS_GUEST_CR0, vmx_cr0_adjust(vmx_caps(), value & ~(CR0_CD | CR0_NW), true));
		break;
	case VCPU_CR4:
		vmcs_write(VMCS_CR4_READ_SHADOW, value);
		vmcs_write(VMCS_GUEST_CR4, (value & ~VMX_CR4_OWNED) | (vmcs_read(VMCS_HOST_CR4) & VMX_CR4_OWNED));
		break;
	case VCPU_EFER:
		entry = vmcs_read(VMCS_ENTRY_CONTROLS) & ~(uint64_t)VMX_ENTRYC_IA32E_MODE_GUEST;
		vmcs_write(VMCS_GUEST_EFER, value);
		vmcs_write(VMCS_ENTRY_CONTROLS, entry | (value & EFER_LMA ? VMX_ENTRYC_IA32E_MODE_GUEST : 0));
		break;
	case VCPU_CR2:
		if (v->loaded)
			cr2_write(value);
		else
			v->vmx.cr2 = value;
		break;
	case VCPU_DR6:
		if (v->loaded)
			dr6_write(value);
		else
			v->vmx.dr6 = value;
		break;
	case VCPU_STAR ... VCPU_KERNEL_GS_BASE:
		v->vmx.msr[r - VCPU_STAR] = value;
		break;
	default:
		vmcs_write(vmx_field(r), value);
	}
}

static bool code_is_64bit(void)
{
	return (vmcs_read(VMCS_GUEST_EFER) & EFER_LMA) && (vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS) & VCPU_ACCESS_L);
}

void vmx_skip(struct vcpu *v)
{
	uint64_t blocking = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE), flags = vmcs_read(VMCS_GUEST_RFLAGS);
	uint64_t rip = vmcs_read(VMCS_GUEST_RIP), next = rip + v->exit.length;

	if (__builtin_expect((rip ^ next) >> 32 != 0, 0) && !code_is_64bit())
		next = (uint32_t)next;
	vmcs_write(VMCS_GUEST_RIP, next);
	if (__builtin_expect((blocking & BLOCKING) | (flags & (RFLAGS_TF | RFLAGS_RF)), 0))
		vcpu_end_instruction(v, blocking, flags);
}
