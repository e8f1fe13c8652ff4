/* SPDX-License-Identifier: MIT */
/* vcpu_control.c: what the guest's writes to control registers, EFER and XCR0 do, with the SDM's checks. */
#include "arch/x86_64/vcpu_backend.h"

#define XCR0_X87	(1ull << 0)
#define XCR0_SSE	(1ull << 1)
#define XCR0_AVX	(1ull << 2)
#define XCR0_AVX512	(7ull << 5)
/* SDM Vol. 3 "Operations that Invalidate TLBs and Paging-Structure Caches": PG and WP; PSE, PAE, PGE, PCIDE, SMEP,
 * SMAP. */
#define TLB_CR0		(CR0_PG | CR0_WP)
#define TLB_CR4		(1ull << 4 | CR4_PAE | 1ull << 7 | CR4_PCIDE | 1ull << 20 | 1ull << 21)
#define PDPTE_RESERVED	0x1e6ull	/* and what is beyond MAXPHYADDR */
#define CPUID_ADDRESS_SIZES	0x80000008u

bool vcpu_write_cr0(struct vcpu *v, uint64_t value)
{
	bool long_cs = vcpu_segment_access(v, SEG_CS) & VCPU_ACCESS_L;
	uint64_t old = vcpu_cr0(v), cr4 = vcpu_cr4(v), efer = vcpu_efer(v);
	bool lma;

	value |= CR0_ET;
	if (value >> 32 || ((value & CR0_PG) && !(value & CR0_PE)) || ((value & CR0_NW) && !(value & CR0_CD)))
		return false;
	if ((value & CR0_PG) && !(old & CR0_PG) && (efer & EFER_LME) && (!(cr4 & CR4_PAE) || long_cs))
		return false;
	if (!(value & CR0_PG) && ((long_cs && (efer & EFER_LMA)) || (cr4 & CR4_PCIDE)))
		return false;
	/* The guest's MOV would have dropped its translations; the exit kept them. */
	if ((value ^ old) & TLB_CR0)
		virt->flush_tlb(v);
	lma = (value & CR0_PG) && (efer & EFER_LME);
	vcpu_set(v, VCPU_CR0, value);
	vcpu_set(v, VCPU_EFER, lma ? efer | EFER_LMA : efer & ~EFER_LMA);
	return true;
}

bool vcpu_write_cr4(struct vcpu *v, uint64_t value)
{
	bool lma = vcpu_efer(v) & EFER_LMA;

	if ((value & ~v->limits.cr4_mask) || (lma && !(value & CR4_PAE)) || ((value & CR4_PCIDE) && !lma))
		return false;
	if ((value ^ vcpu_cr4(v)) & TLB_CR4)
		virt->flush_tlb(v);
	vcpu_set(v, VCPU_CR4, value);
	return true;
}

bool vcpu_write_efer(struct vcpu *v, uint64_t value)
{
	uint64_t old = vcpu_efer(v);

	if ((value & ~EFER_ALLOWED) || (((value ^ old) & EFER_LME) && (vcpu_cr0(v) & CR0_PG)))
		return false;
	vcpu_set(v, VCPU_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	return true;
}

/* SDM Vol. 3 "PDPTE Registers". */
bool vcpu_pdptes_valid(const uint64_t pdpte[4])
{
	uint32_t sizes[4];
	uint64_t reserved;

	cpuid(CPUID_ADDRESS_SIZES, 0, sizes);
	reserved = PDPTE_RESERVED | ~0ull << (sizes[0] & 0xff);
	for (unsigned i = 0; i < VCPU_PDPTES; i++)
		if ((pdpte[i] & 1) && (pdpte[i] & reserved))
			return false;
	return true;
}

void vcpu_set_pdptes(struct vcpu *v, const uint64_t pdpte[4])
{
	for (unsigned i = 0; i < VCPU_PDPTES; i++)
		vcpu_set(v, VCPU_PDPTE + i, pdpte[i]);
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
