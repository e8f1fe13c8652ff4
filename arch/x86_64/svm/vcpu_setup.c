/* SPDX-License-Identifier: MIT */
/* vcpu_setup.c: makes a VMCB: what exits, the permission maps, nested paging. */
#include "arch/x86_64/svm/audit.h"
#include "arch/x86_64/svm/svm.h"
#include "arch/x86_64/svm/vcpu_svm.h"
#include "lib/pages.h"

#define CR(n)		(1u << (n))
#define MSRPM_BYTES	0x2000u
#define IOPM_BYTES	0x3000u
/* Where the maps of MSRs begin: those from 0 on, from C000_0000 on. Two bits each: reads exit, writes exit. */
#define MSRPM_HIGH	0x800u
#define MSRS_A_BYTE	4u

/* The same for all guests: every port exits, every MSR but some. */
static _Alignas(PAGE_SIZE) uint8_t io_map[IOPM_BYTES], msr_map[MSRPM_BYTES];

/* What VMRUN and VMLOAD swap: no exits. */
static const uint32_t pass_through[] = {
	MSR_IA32_FS_BASE, MSR_IA32_GS_BASE, MSR_IA32_KERNEL_GS_BASE, MSR_IA32_STAR, MSR_IA32_LSTAR, MSR_IA32_CSTAR,
	MSR_IA32_FMASK, MSR_IA32_SYSENTER_CS, MSR_IA32_SYSENTER_ESP, MSR_IA32_SYSENTER_EIP,
};

static void fill_maps(void)
{
	memset(io_map, 0xff, sizeof(io_map));
	memset(msr_map, 0xff, sizeof(msr_map));
	for (unsigned i = 0; i < sizeof(pass_through) / sizeof(pass_through[0]); i++) {
		uint32_t n = pass_through[i] & 0x1fff;

		msr_map[(pass_through[i] >= 0xc0000000 ? MSRPM_HIGH : 0) + n / MSRS_A_BYTE] &=
			(uint8_t)~(3u << n % MSRS_A_BYTE * 2);
	}
}

/* CR0 and CR3 are the guest's own, as VMRUN swaps them. #DB and #AC exit, since their delivery can raise them again
 * without end. */
static void write_controls(struct vmcb *b, const struct gpt *gpt)
{
	vmcb_write(b, VMCB_INTERCEPT_CR_READ, CR(4) | CR(8));
	vmcb_write(b, VMCB_INTERCEPT_CR_WRITE, CR(4) | CR(8));
	vmcb_write(b, VMCB_INTERCEPT_EXCEPTIONS, 1u << VECTOR_DB | 1u << VECTOR_AC | 1u << VECTOR_MC);
	vmcb_write(b, VMCB_INTERCEPT_1,
		   INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_RDPMC | INTERCEPT_CPUID | INTERCEPT_INVD | INTERCEPT_HLT |
			   INTERCEPT_INVLPGA | INTERCEPT_IOIO | INTERCEPT_MSR | INTERCEPT_SHUTDOWN);
	vmcb_write(b, VMCB_INTERCEPT_2, INTERCEPT_VMRUN | INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |
		   INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT | INTERCEPT_WBINVD | INTERCEPT_MONITOR |
		   INTERCEPT_MWAIT | INTERCEPT_XSETBV);
	vmcb_write(b, VMCB_IOPM_BASE_PA, (uint64_t)(uintptr_t)io_map);
	vmcb_write(b, VMCB_MSRPM_BASE_PA, (uint64_t)(uintptr_t)msr_map);
	vmcb_write(b, VMCB_VIRTUAL_INTERRUPT, VIRTUAL_INTR_MASKING);
	vmcb_write(b, VMCB_NP_ENABLE, 1);
	vmcb_write(b, VMCB_N_CR3, gpt->root.v);
}

enum err svm_create(struct vcpu *v, struct why *why)
{
	v->svm.vmcb = page_alloc();
	if (!v->svm.vmcb) {
		why_set(why, "no memory for a virtual processor (needs 8 KiB)");
		return ERR_NOMEM;
	}
	fill_maps();
	write_controls(v->svm.vmcb, v->gpt);
	return ERR_OK;
}

void svm_destroy(struct vcpu *v)
{
	page_free(v->svm.vmcb);
}

/* A vCPU that is not there, with a VMCB in which the record lies as vcpu_restore would put it. */
void svm_check(const struct vcpu_state *in, struct why_list *found)
{
	static struct vmcb vmcb;
	static const struct gpt none;
	struct vcpu v = { .svm.vmcb = &vmcb };

	memset(&vmcb, 0, sizeof(vmcb));
	write_controls(&vmcb, &none);
	vmcb_write(&vmcb, VMCB_GUEST_ASID, 1);
	for (enum vcpu_reg r = VCPU_TSC_OFFSET + 1; r < VCPU_REGS; r++)
		svm_set(&v, r, vcpu_state_get(in, r));
	/* INT n and its like are not injected, but executed again. */
	if (VCPU_EVENT_TYPE(in->event) < VCPU_EVENT_INT_N || VCPU_EVENT_TYPE(in->event) > VCPU_EVENT_INT3_INTO)
		vmcb_write(&vmcb, VMCB_EVENTINJ, in->event);
	(void)svm_audit(svm_caps(), &vmcb, found);
}
