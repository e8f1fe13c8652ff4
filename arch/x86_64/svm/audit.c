/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/audit.h"
#include <stdbool.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vcpu_state.h"

#define EFER_DEFINED	(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE | EFER_SVME)
#define ATTRIB_L	(1u << 9)
#define ATTRIB_D	(1u << 10)
#define MSRPM_BYTES	0x2000u
#define IOPM_BYTES	0x3000u
#define EXCEPTIONS	32u
#define VECTOR_NMI	2u

struct audit {
	const struct svm_raw *caps;
	const struct vmcb *b;
	struct why_list *found;
	unsigned count;
};

static void rule(struct audit *a, bool holds, enum vmcb_field field, const char *text)
{
	if (holds)
		return;
	a->count++;
	why_add(a->found, "%s = %llx: %s", vmcb_field_name(field), (unsigned long long)vmcb_read(a->b, field), text);
}

static void controls(struct audit *a)
{
	uint64_t end = 1ull << a->caps->physical_bits;

	rule(a, vmcb_read(a->b, VMCB_INTERCEPT_2) & INTERCEPT_VMRUN, VMCB_INTERCEPT_2,
	     "the intercept of VMRUN (bit 0) must be set");
	rule(a, vmcb_read(a->b, VMCB_GUEST_ASID), VMCB_GUEST_ASID, "must not be 0, the host's");
	rule(a, vmcb_read(a->b, VMCB_GUEST_ASID) < a->caps->asids, VMCB_GUEST_ASID,
	     "the CPU has fewer ASIDs (Fn8000_000A_EBX)");
	rule(a, vmcb_read(a->b, VMCB_MSRPM_BASE_PA) <= end - MSRPM_BYTES, VMCB_MSRPM_BASE_PA,
	     "the map ends beyond physical memory");
	rule(a, vmcb_read(a->b, VMCB_IOPM_BASE_PA) <= end - IOPM_BYTES, VMCB_IOPM_BASE_PA,
	     "the map ends beyond physical memory");
	rule(a, msr_pat_valid(vmcb_read(a->b, VMCB_G_PAT)), VMCB_G_PAT,
	     "each byte must be a memory type: 0, 1, 4, 5, 6 or 7");
}

static void injection(struct audit *a)
{
	uint64_t event = vmcb_read(a->b, VMCB_EVENTINJ), type = VCPU_EVENT_TYPE(event), vector = event & 0xff;

	if (!(event & VCPU_EVENT_VALID))
		return;
	rule(a, type == VCPU_EVENT_INTERRUPT || (type >= VCPU_EVENT_NMI && type <= VCPU_EVENT_INT_N), VMCB_EVENTINJ,
	     "the type (bits 10:8) must be 0, 2, 3 or 4");
	rule(a, type != VCPU_EVENT_EXCEPTION || (vector < EXCEPTIONS && vector != VECTOR_NMI), VMCB_EVENTINJ,
	     "an exception's vector must be below 32, and not 2");
}

static void registers(struct audit *a)
{
	uint64_t cr0 = vmcb_read(a->b, VMCB_CR0), cr4 = vmcb_read(a->b, VMCB_CR4), efer = vmcb_read(a->b, VMCB_EFER);
	uint64_t attrib = vmcb_read(a->b, VMCB_CS_ATTRIB);
	bool pages = (efer & EFER_LME) && (cr0 & CR0_PG);

	rule(a, efer & EFER_SVME, VMCB_EFER, "SVME (bit 12) must be set");
	rule(a, !(efer & ~EFER_DEFINED), VMCB_EFER, "reserved bits must be 0");
	rule(a, (cr0 & CR0_CD) || !(cr0 & CR0_NW), VMCB_CR0, "NW (bit 29) needs CD (bit 30)");
	rule(a, !(cr0 >> 32), VMCB_CR0, "bits 63:32 must be 0");
	rule(a, !pages || (cr4 & CR4_PAE), VMCB_CR4, "EFER.LME and CR0.PG need PAE (bit 5)");
	rule(a, !pages || (cr0 & CR0_PE), VMCB_CR0, "EFER.LME and PG (bit 31) need PE (bit 0)");
	rule(a, !pages || (attrib & (ATTRIB_L | ATTRIB_D)) != (ATTRIB_L | ATTRIB_D), VMCB_CS_ATTRIB,
	     "in long mode L (bit 9) and D (bit 10) exclude each other");
	rule(a, !(efer & EFER_LMA) || !(vmcb_read(a->b, VMCB_CR3) >> a->caps->physical_bits), VMCB_CR3,
	     "the address is wider than the CPU's");
	rule(a, !(vmcb_read(a->b, VMCB_DR6) >> 32), VMCB_DR6, "bits 63:32 must be 0");
	rule(a, !(vmcb_read(a->b, VMCB_DR7) >> 32), VMCB_DR7, "bits 63:32 must be 0");
}

unsigned svm_audit(const struct svm_raw *caps, const struct vmcb *b, struct why_list *found)
{
	struct audit a = { .caps = caps, .b = b, .found = found };

	controls(&a);
	injection(&a);
	registers(&a);
	return a.count;
}
