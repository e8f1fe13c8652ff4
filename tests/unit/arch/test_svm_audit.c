/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/audit.h"
#include <criterion/criterion.h>

static const struct svm_raw cpu = { .cpuid_svm = true, .asids = 16, .physical_bits = 40 };
static struct vmcb b;

/* A guest in 64-bit mode. */
static void good(void)
{
	static const struct { uint32_t field; uint64_t value; } row[] = {
		{ VMCB_INTERCEPT_2, INTERCEPT_VMRUN },
		{ VMCB_GUEST_ASID, 1 },
		{ VMCB_IOPM_BASE_PA, 0x1000 },
		{ VMCB_MSRPM_BASE_PA, 0x4000 },
		{ VMCB_G_PAT, 0x0007040600070406 },
		{ VMCB_EFER, 0x1d01 },
		{ VMCB_CR0, 0x80050033 },
		{ VMCB_CR4, 0x20 },
		{ VMCB_CR3, 0x1000 },
		{ VMCB_CS_ATTRIB, 0xa9b },
		{ VMCB_DR6, 0xffff0ff0 },
		{ VMCB_DR7, 0x400 },
	};

	memset(&b, 0, sizeof(b));
	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		vmcb_write(&b, (enum vmcb_field)row[i].field, row[i].value);
}

TestSuite(svm_audit, .init = good);

Test(svm_audit, a_good_guest_has_nothing_wrong)
{
	cr_expect_eq(svm_audit(&cpu, &b, NULL), 0);
	vmcb_write(&b, VMCB_EVENTINJ, 0x80000b0e);
	cr_expect_eq(svm_audit(&cpu, &b, NULL), 0);
}

Test(svm_audit, each_rule_broken_alone_is_told_with_its_field)
{
	static const struct { uint32_t field; uint64_t value; const char *words; } broken[] = {
		{ VMCB_INTERCEPT_2, 0, "VMRUN" },
		{ VMCB_GUEST_ASID, 0, "must not be 0" },
		{ VMCB_GUEST_ASID, 16, "fewer ASIDs" },
		{ VMCB_IOPM_BASE_PA, 0xffffffe000, "beyond physical memory" },
		{ VMCB_MSRPM_BASE_PA, 1ull << 40, "beyond physical memory" },
		{ VMCB_G_PAT, 2, "memory type" },
		{ VMCB_EFER, 0xd01, "SVME" },
		{ VMCB_EFER, 0x101d01, "reserved" },
		{ VMCB_CR0, 0xa0050033, "NW" },
		{ VMCB_CR0, 0x180050033, "bits 63:32" },
		{ VMCB_CR0, 0x80050032, "PE" },
		{ VMCB_CR4, 0, "PAE" },
		{ VMCB_CS_ATTRIB, 0xe9b, "exclude each other" },
		{ VMCB_CR3, 1ull << 40, "wider" },
		{ VMCB_DR6, 1ull << 32, "bits 63:32" },
		{ VMCB_DR7, 1ull << 32, "bits 63:32" },
		{ VMCB_EVENTINJ, 0x80000100, "type" },
		{ VMCB_EVENTINJ, 0x80000500, "type" },
		{ VMCB_EVENTINJ, 0x80000302, "vector" },
		{ VMCB_EVENTINJ, 0x80000320, "vector" },
	};

	for (unsigned i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct why_list found = { 0 };
		const char *name = vmcb_field_name((enum vmcb_field)broken[i].field);

		good();
		vmcb_write(&b, (enum vmcb_field)broken[i].field, broken[i].value);
		cr_expect_eq(svm_audit(&cpu, &b, &found), 1, "%s %llx: %u", name, (unsigned long long)broken[i].value,
			     found.count);
		cr_expect(strstr(found.why[0].text, name) && strstr(found.why[0].text, broken[i].words), "%s",
			  found.why[0].text);
	}
}
