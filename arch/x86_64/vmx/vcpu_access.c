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
#define ACCESS_LONG	(1u << 13)

uint64_t vcpu_rip(void) { return vmcs_read(VMCS_GUEST_RIP); }
uint64_t vcpu_rflags(void) { return vmcs_read(VMCS_GUEST_RFLAGS); }
void vcpu_set_rflags(uint64_t value) { vmcs_write(VMCS_GUEST_RFLAGS, value); }
uint64_t vcpu_cr3(void) { return vmcs_read(VMCS_GUEST_CR3); }
uint64_t vcpu_efer(void) { return vmcs_read(VMCS_GUEST_EFER); }
void vcpu_set_pat(uint64_t value) { vmcs_write(VMCS_GUEST_PAT, value); }
uint64_t vcpu_pat(void) { return vmcs_read(VMCS_GUEST_PAT); }
void vcpu_set_tsc_offset(uint64_t offset) { vmcs_write(VMCS_TSC_OFFSET, offset); }

static bool code_is_64bit(void)
{
	return (vmcs_read(VMCS_GUEST_EFER) & EFER_LMA) && (vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS) & ACCESS_LONG);
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

uint64_t vcpu_cr0(void)
{
	return (vmcs_read(VMCS_GUEST_CR0) & ~VCPU_CR0_OWNED) | (vmcs_read(VMCS_CR0_READ_SHADOW) & VCPU_CR0_OWNED);
}

uint64_t vcpu_cr4(void)
{
	uint64_t owned = vmcs_read(VMCS_CR4_GUEST_HOST_MASK);

	return (vmcs_read(VMCS_GUEST_CR4) & ~owned) | (vmcs_read(VMCS_CR4_READ_SHADOW) & owned);
}

uint64_t vcpu_gpr(const struct vcpu *v, unsigned index)
{
	return index == GPR_RSP ? vmcs_read(VMCS_GUEST_RSP) : v->gpr[index];
}

void vcpu_set_gpr(struct vcpu *v, unsigned index, uint64_t value)
{
	if (index == GPR_RSP)
		vmcs_write(VMCS_GUEST_RSP, value);
	else
		v->gpr[index] = value;
}

uint64_t vcpu_segment_base(enum vcpu_segment s)
{
	return vmcs_read((enum vmcs_field)(VMCS_GUEST_ES_BASE + 2 * s));
}

uint32_t vcpu_segment_access(enum vcpu_segment s)
{
	return (uint32_t)vmcs_read((enum vmcs_field)(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * s));
}

unsigned vcpu_cpl(void)
{
	return vmcs_read(VMCS_GUEST_SS_ACCESS_RIGHTS) >> 5 & 3;
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
	bool long_cs = vmcs_read(VMCS_GUEST_CS_ACCESS_RIGHTS) & ACCESS_LONG;

	value |= CR0_ET;
	if (value >> 32 || ((value & CR0_PG) && !(value & CR0_PE)) || ((value & CR0_NW) && !(value & CR0_CD)))
		return false;
	if ((value & CR0_PG) && !(vcpu_cr0() & CR0_PG) && (vcpu_efer() & EFER_LME) && (!(vcpu_cr4() & CR4_PAE) || long_cs))
		return false;
	if (!(value & CR0_PG) && ((long_cs && (vcpu_efer() & EFER_LMA)) || (vcpu_cr4() & CR4_PCIDE)))
		return false;
	if ((value ^ vcpu_cr0()) & TLB_CR0)
		flush_guest_tlb(v);
	vcpu_put_cr0(value);
	return true;
}

bool vcpu_write_cr4(struct vcpu *v, uint64_t value)
{
	if (value & ~v->limits.cr4_mask)
		return false;
	if ((vcpu_efer() & EFER_LMA) && !(value & CR4_PAE))
		return false;
	if ((value & CR4_PCIDE) && !(vcpu_efer() & EFER_LMA))
		return false;
	if ((value ^ vcpu_cr4()) & TLB_CR4)
		flush_guest_tlb(v);
	vcpu_put_cr4(value);
	return true;
}

bool vcpu_write_efer(struct vcpu *v, uint64_t value)
{
	uint64_t old = vcpu_efer();

	(void)v;
	if (value & ~EFER_ALLOWED)
		return false;
	if (((value ^ old) & EFER_LME) && (vcpu_cr0() & CR0_PG))
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

void vcpu_set_pdptes(const uint64_t pdpte[4])
{
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
