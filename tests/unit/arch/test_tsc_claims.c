/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/msr.h"
#include "arch/x86_64/tsc_claims.h"

/* What is read is put together by hand here. */
bool msr_read_safe(uint32_t msr, uint64_t *v) { (void)msr; *v = 0; return false; }
bool msr_write_safe(uint32_t msr, uint64_t v) { (void)msr, (void)v; return false; }

static struct tsc_raw intel(void)
{
	return (struct tsc_raw){ .leaf_0 = { 0x16, 0x756e6547, 0x6c65746e, 0x49656e69 }, .leaf_1 = { 0x000906ea } };
}

static struct tsc_raw guest_of(const char *name, uint32_t last)
{
	struct tsc_raw raw = { .leaf_1 = { 0, 0, 1u << 31 }, .leaf_40000000 = { last } };

	memcpy(&raw.leaf_40000000[1], name, 12);
	return raw;
}

static const struct tsc_source *find(const struct tsc_raw *raw, const char *name)
{
	static struct tsc_source out[TSC_CLAIMS_MAX];
	unsigned n = tsc_claims(raw, out);

	cr_assert_leq(n, TSC_CLAIMS_MAX);
	for (unsigned i = 0; i < n; i++)
		if (!strcmp(out[i].name, name) && out[i].range.high_hz)
			return &out[i];
	return NULL;
}

static void expect_hz(const struct tsc_source *s, uint64_t hz, enum tsc_kind kind)
{
	cr_assert_not_null(s);
	cr_expect_eq(s->kind, kind);
	cr_expect(s->range.low_hz <= hz && hz <= s->range.high_hz, "%lu to %lu, not %lu", (unsigned long)s->range.low_hz,
		  (unsigned long)s->range.high_hz, (unsigned long)hz);
}

/* SDM Vol. 3 "Time-Stamp Counter": TSC = ECX * EBX / EAX. */
Test(tsc_claims, leaf_15_is_crystal_times_ratio)
{
	struct tsc_raw raw = intel();

	memcpy(raw.leaf_15, (uint32_t[]){ 2, 216, 24000000, 0 }, 16);
	expect_hz(find(&raw, "CPUID 15H"), 2592000000, TSC_CLAIM);
	raw.leaf_15[2] = 0;
	cr_expect_null(find(&raw, "CPUID 15H"), "a crystal that is not told");
	raw.leaf_15[2] = 24000000;
	raw.leaf_15[0] = 0;
	cr_expect_null(find(&raw, "CPUID 15H"));
}

Test(tsc_claims, nominal_frequencies_are_rough)
{
	struct tsc_raw raw = intel();

	raw.leaf_16[0] = 2600;
	expect_hz(find(&raw, "CPUID 16H"), 2592000000, TSC_ROUGH);
	raw.platform_info = 26 << 8;
	expect_hz(find(&raw, "MSR_PLATFORM_INFO"), 2592000000, TSC_ROUGH);
	raw.leaf_1[0] = 0x000106a5;	/* Nehalem */
	raw.platform_info = 20 << 8;
	expect_hz(find(&raw, "MSR_PLATFORM_INFO"), 2666666666, TSC_ROUGH);
	raw.leaf_0[1] = 0;
	cr_expect_null(find(&raw, "MSR_PLATFORM_INFO"), "Intel's only");
}

Test(tsc_claims, an_outer_hypervisor_is_heard_in_each_dialect)
{
	struct tsc_raw raw = guest_of("VMwareVMware", 0x40000010);

	raw.leaf_40000010[0] = 100000;
	expect_hz(find(&raw, "CPUID 40000010H"), 100000000, TSC_CLAIM);
	raw.leaf_1[2] = 0;
	cr_expect_null(find(&raw, "CPUID 40000010H"), "without the hypervisor bit that leaf is nobody's");

	/* 2.6 GHz: ns = tsc * mul / 2^32 */
	raw = guest_of("KVMKVMKVM\0\0\0", 0x40000001);
	raw.kvm_mul = 1651910498;
	expect_hz(find(&raw, "KVM's clock"), 2600000000, TSC_CLAIM);
	raw.kvm_shift = -1;
	expect_hz(find(&raw, "KVM's clock"), 5200000000, TSC_CLAIM);
	raw.kvm_mul = 0;
	cr_expect_null(find(&raw, "KVM's clock"));
	raw.kvm_mul = 1;
	raw.kvm_shift = -20;
	cr_expect_null(find(&raw, "KVM's clock"), "no such TSC");

	raw = guest_of("Microsoft Hv", 0x40000006);
	raw.hyperv_hz = 2592000123;
	expect_hz(find(&raw, "Hyper-V's TSC frequency"), 2592000123, TSC_CLAIM);
}

Test(tsc_claims, a_bare_machine_that_tells_nothing_claims_nothing)
{
	struct tsc_raw raw = { 0 };
	struct tsc_source out[TSC_CLAIMS_MAX];
	unsigned n = tsc_claims(&raw, out);

	for (unsigned i = 0; i < n; i++)
		cr_expect_eq(out[i].range.high_hz, 0, "%s", out[i].name);
}
