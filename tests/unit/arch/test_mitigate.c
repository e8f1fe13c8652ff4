/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/vmx/mitigate.h"
#include <criterion/criterion.h>
#include "arch/x86_64/msr.h"

#define M(name) (1u << MITIGATE_##name)
#define OLD (M(IBPB) | M(IBRS_AT_EXIT) | M(RSB))
#define EDX_2018 (1u << 26 | 1u << 27 | 1u << 28)

Test(mitigate, each_generation_of_cpus_gets_what_it_needs)
{
	static const struct { const char *what; struct mitigate_cpu cpu; uint32_t want; } row[] = {
		{ "an emulator", { 0, 0, 0, false }, 0 },
		{ "Skylake-SP of 2018", { 0, EDX_2018, 0, false }, OLD | M(L1D) },
		{ "with MD_CLEAR", { 0, EDX_2018 | 1u << 10, 0, false }, OLD | M(L1D) | M(VERW) },
		{ "nested, the outer one flushes", { 0, EDX_2018 | 1u << 29, 1 << 3, false }, OLD },
		{ "Cascade Lake: RDCL_NO, IBRS_ALL, MDS_NO, RTM without TAA_NO", { 1u << 11, EDX_2018 | 1u << 10 | 1u << 29, 0x2b, false },
		  M(IBPB) | M(IBRS) | M(RSB) | M(VERW) },
		{ "the same with TSX off", { 0, EDX_2018 | 1u << 10 | 1u << 29, 0x2b, false }, M(IBPB) | M(IBRS) | M(RSB) },
		{ "FB_CLEAR", { 0, EDX_2018 | 1u << 29, 0x23 | 1ull << 17, false }, M(IBPB) | M(IBRS) | M(RSB) | M(VERW) },
		{ "FB_CLEAR and all of its NOs, PBRSB_NO", { 0, EDX_2018 | 1u << 29, 0x23 | 1ull << 17 | 7ull << 13 | 1ull << 24, false },
		  M(IBPB) | M(IBRS) },
		{ "RFDS_CLEAR", { 0, EDX_2018 | 1u << 29, 0x23 | 1ull << 28 | 1ull << 24, false }, M(IBPB) | M(IBRS) | M(VERW) },
		{ "RFDS_NO", { 0, EDX_2018 | 1u << 29, 0x23 | 3ull << 27 | 1ull << 24, false }, M(IBPB) | M(IBRS) },
		{ "Intel's before IA32_ARCH_CAPABILITIES", { .intel = true }, M(SMALL_CODE) },
		{ "Cascade Lake by name", { 1u << 11, EDX_2018 | 1u << 10 | 1u << 29, 0x2b, true },
		  M(IBPB) | M(IBRS) | M(RSB) | M(VERW) | M(SMALL_CODE) },
		{ "Ice Lake: IF_PSCHANGE_MC_NO", { 0, EDX_2018 | 1u << 10 | 1u << 29, 0x6b, true }, M(IBPB) | M(IBRS) | M(RSB) },
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		cr_expect_eq(mitigate_choose(&row[i].cpu), row[i].want, "%s: %x", row[i].what, mitigate_choose(&row[i].cpu));
}

Test(mitigate, a_cpu_is_asked_only_for_what_it_has)
{
	fake_cpu = (struct fake_cpu){ 0 };
	mitigate_init();
	mitigate_cpu_on();
	cr_expect_eq(mitigate_mask, 0);
	cr_expect_eq(fake_cpu.msrs, 0, "no MSR was touched");
}

Test(mitigate, ibrs_is_set_where_there_is_ibrs)
{
	fake_cpu = (struct fake_cpu){ .cpuids = 2, .cpuid = { { .leaf = 0, .out = { 7 } }, { .leaf = 7, .out = { 0, 0, 0, EDX_2018 } } } };
	mitigate_init();
	mitigate_cpu_on();
	cr_expect_eq(msr_read(MSR_IA32_SPEC_CTRL), 1);
}

Test(mitigate, intels_code_runs_from_small_pages_unless_the_cpu_says_that_it_need_not)
{
	fake_cpu = (struct fake_cpu){ .cpuids = 2, .cpuid = { { .leaf = 0, .out = { 7, 0x756e6547, 0x6c65746e, 0x49656e69 } },
							      { .leaf = 7, .out = { 0, 0, 0, 1u << 29 } } } };
	mitigate_init();
	cr_expect(mitigate_has(MITIGATE_SMALL_CODE));
	msr_write(MSR_IA32_ARCH_CAPABILITIES, 1 << 6);
	mitigate_init();
	cr_expect_not(mitigate_has(MITIGATE_SMALL_CODE));
	fake_cpu.cpuid[0].out[1] = 0x68747541;	/* "Auth" */
	msr_write(MSR_IA32_ARCH_CAPABILITIES, 0);
	mitigate_init();
	cr_expect_not(mitigate_has(MITIGATE_SMALL_CODE));
}
