/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid */
#include "hv/cpuid.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "fake_host_cpuid.h"
#include "lib/bytes.h"

static struct cpuid_policy policy;
static struct why why;
static uint32_t r[4];
enum { A, B, C, D };

TestSuite(cpuid, .init = fake_host_cpuid_reset);
TestSuite(cpuid_policy, .init = fake_host_cpuid_reset);

static void build(const char *name, unsigned vcpus)
{
	cr_assert_eq(cpuid_policy_build(&policy, name, vcpus, 2000000, &why), ERR_OK, "%s", why.text);
}

static void ask(uint32_t leaf, uint32_t subleaf)
{
	cpuid_guest(&policy, 0, 1, 0, leaf, subleaf, r);
}

static bool bit(unsigned reg, unsigned n) { return r[reg] >> n & 1; }

Test(cpuid, host_features_that_are_not_virtualised_stay_hidden)
{
	build("host", 1);
	ask(1, 0);
	cr_expect(!bit(C, 5) && !bit(C, 6) && !bit(C, 3) && !bit(C, 15), "VMX SMX MONITOR PDCM");
	cr_expect(!bit(C, 21), "x2APIC");
	cr_expect(!bit(D, 12) && !bit(D, 7) && !bit(D, 21) && !bit(D, 28), "MTRR MCE DS HTT");
	ask(7, 0);
	cr_expect(!bit(B, 2) && !bit(B, 4) && !bit(B, 11) && !bit(B, 14) && !bit(B, 25), "SGX HLE RTM MPX PT");
	cr_expect(!bit(C, 3) && !bit(C, 4) && !bit(C, 7) && !bit(C, 16) && !bit(C, 30), "PKU OSPKE CET LA57 SGX_LC");
	cr_expect(!bit(D, 26) && !bit(D, 29), "SPEC_CTRL and ARCH_CAPABILITIES want their MSRs");
	ask(0xd, 1);
	cr_expect(!bit(A, 3), "XSAVES");
	for (uint32_t leaf = 0; leaf <= 0x20; leaf++) {
		ask(leaf, 0);
		cr_expect(r[A] != 0xeeeeeeee && r[B] != 0xeeeeeeee, "leaf %x is the host's", leaf);
	}
	ask(0xa, 0);
	cr_expect_eq(r[A] | r[B] | r[C] | r[D], 0, "no PMU");
}

/* Family, model and stepping choose workarounds in a guest, which keeps them when it moves. */
Test(cpuid, a_baseline_has_its_own_family_model_and_stepping)
{
	static const struct { const char *name; uint32_t signature; } row[] = { { "x86-64-v2", 0x106a5 }, { "x86-64-v3", 0x306c3 } };

	for (unsigned i = 0; i < 2; i++)
		for (uint32_t host = 0x50654; host <= 0x906ed; host += 0x906ed - 0x50654) {
			fake_host_cpuid.signature = host;
			build(row[i].name, 1);
			ask(1, 0);
			cr_expect_eq(r[A], row[i].signature, "%s: %x", row[i].name, r[A]);
		}
	build("host", 1);
	ask(1, 0);
	cr_expect_eq(r[A], 0x906ed);
}

Test(cpuid, what_tern_makes_itself_is_there_whatever_the_host_has)
{
	fake_host_cpuid.clear_1_ecx = 1u << 24 | 1u << 31;
	fake_host_cpuid.clear_7_ebx = 1u << 1;
	build("x86-64-v2", 1);
	ask(1, 0);
	cr_expect(bit(C, 31) && bit(C, 24) && bit(D, 9));
	ask(7, 0);
	cr_expect(bit(B, 1));
	ask(6, 0);
	cr_expect_eq(r[A], 4u);
}

Test(cpuid, a_baseline_has_its_features_and_no_more)
{
	build("x86-64-v2", 1);
	ask(1, 0);
	cr_expect(bit(C, 20) && bit(C, 23) && !bit(C, 28) && !bit(C, 26) && !bit(C, 25));
	ask(7, 0);
	cr_expect_eq(r[B], 2u, "only TSC_ADJUST");
	cr_expect_eq(cpuid_xcr0_mask(&policy), 3u);
	cr_expect(!(cpuid_cr4_mask(&policy) >> 18 & 1), "no XSAVE, no OSXSAVE");
	ask(0xd, 0);
	cr_expect_eq(r[A] | r[B] | r[C] | r[D], 0u);
	build("x86-64-v3", 1);
	ask(7, 0);
	cr_expect(bit(B, 5) && !bit(B, 16));
	cr_expect_eq(cpuid_xcr0_mask(&policy), 7u);
}

Test(cpuid, identity_leaves_name_vendor_hypervisor_and_brand)
{
	char s[49] = "";

	build("host", 1);
	ask(0, 0);
	cr_expect_eq(r[A], 0x16u);
	cr_expect(!memcmp(&r[B], "Genu", 4) && !memcmp(&r[D], "ineI", 4) && !memcmp(&r[C], "ntel", 4));
	ask(0x40000000, 0);
	cr_expect_eq(r[A], 0x40000000u);
	cr_expect_eq(memcmp(&r[B], "TernTernTern", 12), 0);
	for (unsigned i = 0; i < 3; i++) {
		ask(0x80000002 + i, 0);
		memcpy(s + 16 * i, r, 16);
	}
	cr_expect_str_eq(s, "Fictional(R) CPU @ 2.00GHz");
	ask(0x80000008, 0);
	cr_expect_eq(r[A], 39u | 48u << 8);
}

Test(cpuid, osxsave_follows_the_guests_cr4)
{
	build("host", 1);
	cpuid_guest(&policy, 0, 1, 0, 1, 0, r);
	cr_expect(!bit(C, 27));
	cpuid_guest(&policy, 0, 1, 1u << 18, 1, 0, r);
	cr_expect(bit(C, 27));
	build("x86-64-v2", 1);
	cpuid_guest(&policy, 0, 1, 1u << 18, 1, 0, r);
	cr_expect(!bit(C, 27));
}

Test(cpuid, the_xsave_area_is_sized_for_the_guests_xcr0)
{
	build("host", 1);
	cr_expect_eq(cpuid_xcr0_mask(&policy), 0xe7u, "x87 SSE AVX AVX-512, no MPX and no PKRU");
	cpuid_guest(&policy, 0, 1, 0, 0xd, 0, r);
	cr_expect_eq(r[A], 0xe7u);
	cr_expect_eq(r[B], 576u);
	cr_expect_eq(r[C], 2688u);
	cpuid_guest(&policy, 0, 7, 0, 0xd, 0, r);
	cr_expect_eq(r[B], 832u);
	cpuid_guest(&policy, 0, 0xe7, 0, 0xd, 0, r);
	cr_expect_eq(r[B], 2688u);
	cpuid_guest(&policy, 0, 0xe7, 0, 0xd, 1, r);
	cr_expect_eq(r[A], 5u);
	cr_expect_eq(r[B], 0u);
	cpuid_guest(&policy, 0, 1, 0, 0xd, 2, r);
	cr_expect(r[A] == 256 && r[B] == 576);
	cpuid_guest(&policy, 0, 1, 0, 0xd, 3, r);
	cr_expect_eq(r[A] | r[B], 0u);
	cpuid_guest(&policy, 0, 1, 0, 0xd, 0xffffffff, r);
	cr_expect_eq(r[A] | r[B], 0u);
}

Test(cpuid, a_host_that_keeps_no_avx512_state_offers_none_of_it)
{
	fake_host_cpuid.xcr0 = 7;
	build("host", 1);
	ask(7, 0);
	cr_expect(bit(B, 5) && !bit(B, 16) && !bit(B, 31) && !bit(C, 1));
	cr_expect_eq(cpuid_xcr0_mask(&policy), 7u);
}

Test(cpuid, topology_is_single_threaded_cores)
{
	build("host", 3);
	cpuid_guest(&policy, 2, 1, 0, 1, 0, r);
	cr_expect_eq(r[B] >> 24, 2u, "initial APIC ID");
	cr_expect_eq(r[B] >> 16 & 0xff, 4u);
	cr_expect(bit(D, 28));
	cpuid_guest(&policy, 2, 1, 0, 0xb, 0, r);
	cr_expect(r[A] == 0 && r[B] == 1 && r[C] == 0x100 && r[D] == 2);
	cpuid_guest(&policy, 2, 1, 0, 0xb, 1, r);
	cr_expect(r[A] == 2 && r[B] == 3 && r[C] == 0x201 && r[D] == 2);
	cpuid_guest(&policy, 2, 1, 0, 0xb, 2, r);
	cr_expect(r[A] == 0 && r[B] == 0 && r[C] == 2 && r[D] == 2);
	cpuid_guest(&policy, 2, 1, 0, 4, 3, r);
	cr_expect_eq(r[A] >> 14 & 0xfff, 3u, "the last level is shared");
	cpuid_guest(&policy, 2, 1, 0, 4, 4, r);
	cr_expect_eq(r[A], 0u);
}

Test(cpuid, the_tsc_leaves_give_the_measured_frequency)
{
	build("host", 1);
	ask(0x15, 0);
	cr_expect(r[A] == 1 && r[B] == 1 && r[C] == 2000000000u);
	ask(0x16, 0);
	cr_expect_eq(r[A], 2000u);
	policy.tsc_khz = 5000000;
	ask(0x15, 0);
	cr_expect_eq((uint64_t)r[C] * r[B] / r[A], 5000000000ull);
}

Test(cpuid, leaves_behind_the_last_answer_as_the_highest_basic_one)
{
	static const uint32_t beyond[] = { 0x17, 0x3fffffff, 0x80000009, 0xffffffff, 0x50000000 };
	uint32_t last[4];

	build("host", 1);
	cpuid_guest(&policy, 0, 1, 0, 0x16, 0, last);
	for (unsigned i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		ask(beyond[i], 0);
		cr_expect_eq(memcmp(r, last, sizeof(r)), 0, "leaf %x", beyond[i]);
	}
	ask(0x40000001, 0);
	cr_expect_eq(r[A] | r[B] | r[C] | r[D], 0u);
}

Test(cpuid, cr4_bits_follow_the_features)
{
	build("host", 1);
	cr_expect_eq(cpuid_cr4_mask(&policy), 0x370fffull, "mask %llx", (unsigned long long)cpuid_cr4_mask(&policy));
	build("x86-64-v2", 1);
	cr_expect_eq(cpuid_cr4_mask(&policy), 0x7ffull);
}

Test(cpuid_policy, an_unknown_name_and_a_wrong_number_of_vcpus_are_refused)
{
	cr_expect_eq(cpuid_policy_build(&policy, "x86-64-v9", 1, 1, &why), ERR_NOTFOUND);
	cr_expect_not_null(strstr(why.text, "\"x86-64-v9\", expected host, x86-64-v2 or x86-64-v3"));
	cr_expect_eq(cpuid_policy_build(&policy, "host", 0, 1, &why), ERR_RANGE);
	cr_expect_eq(cpuid_policy_build(&policy, "host", CPUID_MAX_VCPUS + 1, 1, &why), ERR_RANGE);
}

Test(cpuid_policy, a_baseline_the_host_cannot_give_is_refused_by_name)
{
	fake_host_cpuid.clear_7_ebx = 1u << 5;
	cr_expect_eq(cpuid_policy_build(&policy, "x86-64-v3", 1, 1, &why), ERR_UNSUPPORTED);
	cr_expect_str_eq(why.text, "CPU policy x86-64-v3 needs AVX2 (CPUID.07H:EBX bit 5), which this host's CPU lacks");
	build("x86-64-v2", 1);
}

Test(cpuid_policy, it_survives_its_journey)
{
	uint8_t out[CPUID_POLICY_BYTES];
	struct cpuid_policy copy;
	size_t n;

	build("host", 4);
	cr_assert_eq(cpuid_policy_save(&policy, out, sizeof(out), &n, &why), ERR_OK, "%s", why.text);
	cr_assert_eq(cpuid_policy_load(&copy, out, n, &why), ERR_OK, "%s", why.text);
	cr_expect_eq(memcmp(&copy, &policy, sizeof(copy)), 0);
	for (size_t i = 0; i < n; i++)
		cr_expect_neq(cpuid_policy_load(&copy, out, i, &why), ERR_OK, "cut at %zu", i);
	cr_expect_eq(cpuid_policy_save(&policy, out, n - 1, &n, &why), ERR_SPACE);
}

static enum err reload(void)
{
	uint8_t out[CPUID_POLICY_BYTES];
	struct cpuid_policy copy;
	size_t n;

	cr_assert_eq(cpuid_policy_save(&policy, out, sizeof(out), &n, &why), ERR_OK);
	return cpuid_policy_load(&copy, out, n, &why);
}

Test(cpuid_policy, a_hostile_policy_is_refused)
{
	build("host", 1);
	policy.word[CPUID_7_EBX] |= 1u << 2;
	cr_expect_eq(reload(), ERR_UNSUPPORTED);
	cr_expect_str_eq(why.text, "CPU policy offers CPUID.07H:EBX 0x4, which this version of Tern can't virtualise");
	build("host", 1);
	policy.xsave_size[7] = 4096;
	cr_expect_eq(reload(), ERR_INVALID);
	build("host", 1);
	policy.xcr0 = 0x1f;
	cr_expect_eq(reload(), ERR_INVALID);
	build("x86-64-v3", 1);
	policy.xcr0 = 3;
	cr_expect_eq(reload(), ERR_INVALID);
	cr_expect_str_eq(why.text, "CPU policy offers FMA without its XSAVE components");
	build("x86-64-v2", 1);
	policy.xcr0 = 7;
	cr_expect_eq(reload(), ERR_INVALID);
	cr_expect_not_null(strstr(why.text, "no XSAVE"));
	build("host", 1);
	policy.vcpus = 0;
	cr_expect_eq(reload(), ERR_INVALID);
	policy.vcpus = 9;
	cr_expect_eq(reload(), ERR_RANGE);
	build("host", 1);
	memset(policy.brand, 'x', sizeof(policy.brand));
	cr_expect_eq(reload(), ERR_INVALID);
}

Test(cpuid_policy, a_destination_with_the_same_cpu_has_no_objection)
{
	struct why_list reasons = { 0 };
	struct cpuid_policy offers;

	build("x86-64-v2", 2);
	cr_assert_eq(cpuid_policy_build(&offers, "host", 1, 3000000, &why), ERR_OK);
	cpuid_policy_compare(&policy, &offers, &reasons);
	cr_expect_eq(reasons.count, 0u, "%s", reasons.why[0].text);
}

Test(cpuid_policy, every_missing_feature_is_named)
{
	struct why_list reasons = { 0 };
	struct cpuid_policy offers;

	build("host", 1);
	fake_host_cpuid.clear_1_ecx = 1u << 25 | 1u << 30;
	fake_host_cpuid.clear_7_ebx = 1u << 5;
	fake_host_cpuid.clear_x7_edx = 1u << 8;
	fake_host_cpuid.xcr0 = 7;
	fake_host_cpuid.physical_bits = 36;
	cr_assert_eq(cpuid_policy_build(&offers, "host", 1, 2000000, &why), ERR_OK);
	cpuid_policy_compare(&policy, &offers, &reasons);
	cr_assert_geq(reasons.count, 5u);
	cr_assert_leq(reasons.count, (unsigned)WHY_MAX);
	cr_expect_str_eq(reasons.why[0].text, "the destination's CPU lacks AESNI, RDRAND (CPUID.01H:ECX)");
	cr_expect_str_eq(reasons.why[1].text, "the destination's CPU lacks AVX2, AVX512F, AVX512DQ, AVX512_IFMA, AVX512CD, "
			 "AVX512BW, AVX512VL (CPUID.07H:EBX)");
	cr_expect_not_null(strstr(reasons.why[3].text, "AVX512_VP2INTERSECT"));
	cr_expect_not_null(strstr(reasons.why[4].text, "Invariant TSC"));
	cr_expect_not_null(strstr(reasons.why[reasons.count - 1].text, "the VM has 39 physical-address bits"));
}

Test(cpuid_policy, another_vendor_or_xsave_layout_is_an_objection)
{
	struct why_list reasons = { 0 };
	struct cpuid_policy offers;

	build("host", 1);
	fake_host_cpuid.vendor = "AuthenticAMD";
	fake_host_cpuid.avx_offset = 640;
	cr_assert_eq(cpuid_policy_build(&offers, "host", 1, 2000000, &why), ERR_OK);
	cpuid_policy_compare(&policy, &offers, &reasons);
	cr_assert_eq(reasons.count, 2u);
	cr_expect_str_eq(reasons.why[0].text, "the VM's CPU is of vendor GenuineIntel, the destination's of AuthenticAMD");
	cr_expect_not_null(strstr(reasons.why[1].text, "XSAVE component 2 lies at 576 (256 bytes) in the VM, at 640"));
}
