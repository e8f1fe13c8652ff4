/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/caps.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/msr.h"

#define FEATURES (SVM_FEATURE_NP | SVM_FEATURE_SVML | SVM_FEATURE_NRIPS | SVM_FEATURE_DECODE_ASSISTS)

static struct why_list missing;

static const struct svm_raw good = { .cpuid_svm = true, .asids = 16, .features = FEATURES, .physical_bits = 48 };

/* Refused, by one sentence with @words. */
static bool refused(struct svm_raw raw, const char *words)
{
	missing.count = 0;
	return !svm_caps_check(&raw, &missing) && missing.count == 1 && strstr(missing.why[0].text, words);
}

static void cpu(uint32_t x1_ecx, uint32_t last)
{
	fake_cpu = (struct fake_cpu){ .cpuids = 4, .cpuid = {
		{ 0x80000000, 0, { last } }, { 0x80000001, 0, { 0, 0, x1_ecx } }, { 0x80000008, 0, { 48 | 48 << 8 } },
		{ 0x8000000a, 0, { 1, 16, 0, FEATURES } } } };
	msr_write(MSR_VM_CR, VM_CR_LOCK);
}

Test(svm_caps, a_cpu_with_nested_paging_will_do)
{
	cr_expect(svm_caps_check(&good, &missing));
	cr_expect_eq(missing.count, 0);
}

Test(svm_caps, what_is_missing_is_named)
{
	struct svm_raw raw = good;

	raw.cpuid_svm = false;
	cr_expect(refused(raw, "no SVM"));
	raw = good;
	raw.features &= ~(uint32_t)SVM_FEATURE_NP;
	cr_expect(refused(raw, "lacks nested paging"));
	raw = good;
	raw.asids = 1;
	cr_expect(refused(raw, "1 address space identifiers"));
}

Test(svm_caps, only_what_is_off_and_locked_is_the_firmwares_last_word)
{
	struct svm_raw raw = good;

	raw.vm_cr = VM_CR_SVMDIS | VM_CR_LOCK;
	cr_expect(refused(raw, "the firmware has locked SVM off"));
	cr_expect_not(strstr(missing.why[0].text, "without a key"));
	raw.features &= ~(uint32_t)SVM_FEATURE_SVML;
	cr_expect(refused(raw, "without a key"));
	raw.vm_cr = VM_CR_SVMDIS;
	cr_expect(svm_caps_check(&raw, NULL), "Tern turns it on");
	raw.vm_cr = VM_CR_LOCK;
	cr_expect(svm_caps_check(&raw, NULL));
}

Test(svm_caps, a_cpu_is_asked_for_what_it_has_alone)
{
	struct svm_raw raw;

	cpu(1u << 2, 0x8000000a);
	svm_raw_read(&raw);
	cr_expect(raw.cpuid_svm && raw.asids == 16 && raw.features == FEATURES && raw.physical_bits == 48);
	cr_expect_eq(raw.vm_cr, VM_CR_LOCK);
	cpu(0, 0x8000000a);
	svm_raw_read(&raw);
	cr_expect(!raw.cpuid_svm && !raw.features);
	cr_expect_eq(fake_cpu.msr[fake_cpu_msr(MSR_VM_CR)].reads, 0, "the MSR is not there");
	cpu(1u << 2, 0x80000008);
	svm_raw_read(&raw);
	cr_expect(raw.cpuid_svm && !raw.features);
}
