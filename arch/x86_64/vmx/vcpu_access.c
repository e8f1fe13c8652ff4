/* SPDX-License-Identifier: MIT */
/* vcpu_access.c: reading and changing registers of a loaded vCPU, with the SDM's checks. */
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vcpu_local.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "arch/x86_64/vmx/vmx.h"
#include "lib/log.h"

#define XCR0_X87	(1ull << 0)
#define XCR0_SSE	(1ull << 1)
#define XCR0_AVX	(1ull << 2)
#define XCR0_AVX512	(7ull << 5)
/* SDM Vol. 3 "Operations that Invalidate TLBs and Paging-Structure Caches": PG and WP; PSE, PAE, PGE, PCIDE, SMEP, SMAP. */
#define TLB_CR0		(CR0_PG | CR0_WP)
#define TLB_CR4		(1ull << 4 | CR4_PAE | 1ull << 7 | CR4_PCIDE | 1ull << 20 | 1ull << 21)

static const uint16_t fields[VCPU_BASE] = {
	[VCPU_RIP] = VMCS_GUEST_RIP, [VCPU_RSP] = VMCS_GUEST_RSP, [VCPU_RFLAGS] = VMCS_GUEST_RFLAGS,
	[VCPU_CR0] = VMCS_GUEST_CR0, [VCPU_CR3] = VMCS_GUEST_CR3, [VCPU_CR4] = VMCS_GUEST_CR4,
	[VCPU_EFER] = VMCS_GUEST_EFER, [VCPU_PAT] = VMCS_GUEST_PAT, [VCPU_TSC_OFFSET] = VMCS_TSC_OFFSET,
};

static enum vmcs_field field_of(enum vcpu_reg r)
{
	if (r < VCPU_BASE)
		return (enum vmcs_field)fields[r];
	return r < VCPU_ACCESS ? SEGMENT_FIELD(BASE, r - VCPU_BASE) : SEGMENT_FIELD(ACCESS_RIGHTS, r - VCPU_ACCESS);
}

uint64_t vcpu_get(const struct vcpu *v, enum vcpu_reg r)
{
	uint64_t value = vmcs_read(field_of(r)), owned;

	(void)v;
	switch (r) {
	case VCPU_CR0:
		return (value & ~VCPU_CR0_OWNED) | (vmcs_read(VMCS_CR0_READ_SHADOW) & VCPU_CR0_OWNED);
	case VCPU_CR4:
		owned = vmcs_read(VMCS_CR4_GUEST_HOST_MASK);
		return (value & ~owned) | (vmcs_read(VMCS_CR4_READ_SHADOW) & owned);
	default:
		return value;
	}
}

void vcpu_set(struct vcpu *v, enum vcpu_reg r, uint64_t value)
{
	(void)v;
	vmcs_write(field_of(r), value);
}

static bool code_is_64bit(void)
{
	return (vmcs_read(VMCS_GUEST_EFER) & EFER_LMA) && (vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS) & VCPU_ACCESS_L);
}

/* What else an instruction that has ended leaves behind: no blocking, no RF, and the trap of a single step. */
static __attribute__((noinline)) void end_instruction(struct vcpu *v, uint64_t blocking, uint64_t flags)
{
	uint64_t causes = vmcs_read(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS) | (flags & RFLAGS_TF ? PENDING_BS : 0);

	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY_STATE, blocking & ~(uint64_t)(BLOCKING_STI | BLOCKING_MOV_SS));
	vmcs_write(VMCS_GUEST_RFLAGS, flags & ~RFLAGS_RF);
	/* As an event, since an interrupt that goes in at the same entry would let a pending one be lost. */
	if (causes & (PENDING_BREAKPOINT | PENDING_BS)) {
		vmcs_write(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0);
		vcpu_debug_trap(v, causes);
	}
}

void vcpu_skip(struct vcpu *v)
{
	uint64_t blocking = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY_STATE), flags = vmcs_read(VMCS_GUEST_RFLAGS);
	uint64_t rip = vmcs_read(VMCS_GUEST_RIP), next = rip + v->exit.length;

	if (__builtin_expect((rip ^ next) >> 32 != 0, 0) && !code_is_64bit())
		next = (uint32_t)next;
	vmcs_write(VMCS_GUEST_RIP, next);
	if (__builtin_expect((blocking & (BLOCKING_STI | BLOCKING_MOV_SS)) | (flags & (RFLAGS_TF | RFLAGS_RF)), 0))
		end_instruction(v, blocking, flags);
}

static void put_efer(uint64_t value)
{
	uint64_t entry = vmcs_read(VMCS_ENTRY_CONTROLS) & ~(uint64_t)VMX_ENTRYC_IA32E_MODE_GUEST;

	vmcs_write(VMCS_GUEST_EFER, value);
	vmcs_write(VMCS_ENTRY_CONTROLS, entry | (value & EFER_LMA ? VMX_ENTRYC_IA32E_MODE_GUEST : 0));
}

void vcpu_put_cr0(uint64_t value)
{
	uint64_t efer = vmcs_read(VMCS_GUEST_EFER);
	bool lma = (value & CR0_PG) && (efer & EFER_LME);

	vmcs_write(VMCS_CR0_READ_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR0, vmx_cr0_adjust(vmx_caps(), value & ~(CR0_CD | CR0_NW), true));
	put_efer(lma ? efer | EFER_LMA : efer & ~EFER_LMA);
}

void vcpu_put_cr4(uint64_t value)
{
	vmcs_write(VMCS_CR4_READ_SHADOW, value);
	vmcs_write(VMCS_GUEST_CR4, (value & ~VCPU_CR4_OWNED) | (vmcs_read(VMCS_HOST_CR4) & VCPU_CR4_OWNED));
}

/* The guest's MOV to CR0 or CR4 would have dropped its translations; the exit kept them under its VPID. */
static void flush_guest_tlb(const struct vcpu *v)
{
	if (vmx_caps_has(vmx_caps(), VMX_FEATURE_VPID) &&
	    vmx_invvpid(VMX_INVVPID_SINGLE_CONTEXT, v->vpid, 0) != VMX_SUCCEED)
		panic("INVVPID single-context failed for VPID %u", v->vpid);
}

bool vcpu_write_cr0(struct vcpu *v, uint64_t value)
{
	bool long_cs = vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS) & VCPU_ACCESS_L;

	value |= CR0_ET;
	if (value >> 32 || ((value & CR0_PG) && !(value & CR0_PE)) || ((value & CR0_NW) && !(value & CR0_CD)))
		return false;
	if ((value & CR0_PG) && !(vcpu_cr0(v) & CR0_PG) && (vcpu_efer(v) & EFER_LME) &&
	    (!(vcpu_cr4(v) & CR4_PAE) || long_cs))
		return false;
	if (!(value & CR0_PG) && ((long_cs && (vcpu_efer(v) & EFER_LMA)) || (vcpu_cr4(v) & CR4_PCIDE)))
		return false;
	if ((value ^ vcpu_cr0(v)) & TLB_CR0)
		flush_guest_tlb(v);
	vcpu_put_cr0(value);
	return true;
}

bool vcpu_write_cr4(struct vcpu *v, uint64_t value)
{
	if (value & ~v->limits.cr4_mask)
		return false;
	if ((vcpu_efer(v) & EFER_LMA) && !(value & CR4_PAE))
		return false;
	if ((value & CR4_PCIDE) && !(vcpu_efer(v) & EFER_LMA))
		return false;
	if ((value ^ vcpu_cr4(v)) & TLB_CR4)
		flush_guest_tlb(v);
	vcpu_put_cr4(value);
	return true;
}

bool vcpu_write_efer(struct vcpu *v, uint64_t value)
{
	uint64_t old = vcpu_efer(v);

	if (value & ~EFER_ALLOWED)
		return false;
	if (((value ^ old) & EFER_LME) && (vcpu_cr0(v) & CR0_PG))
		return false;
	put_efer((value & ~EFER_LMA) | (old & EFER_LMA));
	return true;
}

/* SDM Vol. 3 "PDPTE Registers". */
bool vcpu_pdptes_valid(const uint64_t pdpte[4])
{
	uint64_t reserved = PDPTE_RESERVED | ~0ull << vmx_caps()->raw.physical_bits;

	for (unsigned i = 0; i < PDPTES; i++)
		if ((pdpte[i] & 1) && (pdpte[i] & reserved))
			return false;
	return true;
}

void vcpu_set_pdptes(struct vcpu *v, const uint64_t pdpte[4])
{
	(void)v;
	for (unsigned i = 0; i < PDPTES; i++)
		vmcs_write(PDPTE_FIELD(i), pdpte[i]);
}

bool vcpu_xcr0_valid(const struct vcpu *v, uint64_t value)
{
	if (!(value & XCR0_X87) || (value & ~v->limits.xcr0_mask))
		return false;
	if ((value & XCR0_AVX) && !(value & XCR0_SSE))
		return false;
	return !(value & XCR0_AVX512) || ((value & XCR0_AVX512) == XCR0_AVX512 && (value & XCR0_AVX));
}

bool vcpu_write_xcr0(struct vcpu *v, uint64_t value)
{
	if (!vcpu_xcr0_valid(v, value))
		return false;
	v->xcr0 = value;
	xcr0_write(value);
	return true;
}

void vcpu_write_tsc_aux(struct vcpu *v, uint64_t value)
{
	v->tsc_aux = value;
	msr_write(MSR_IA32_TSC_AUX, value);
}

void vcpu_inject_page_fault(struct vcpu *v, uint64_t linear, uint32_t error)
{
	cr2_write(linear);
	vcpu_inject_exception(v, VECTOR_PF, true, error);
}
