/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/caps.h"
#include "arch/x86_64/msr.h"
#include "lib/log.h"

#define LEAF_EXTENDED	0x80000000u
#define LEAF_X1		0x80000001u
#define LEAF_SIZES	0x80000008u
#define LEAF_SVM	0x8000000au
#define X1_ECX_SVM	(1u << 2)
#define ASIDS_NEEDED	2u	/* the host's and one guest's */

void svm_raw_read(struct svm_raw *raw)
{
	uint32_t r[4], last;

	*raw = (struct svm_raw){ .physical_bits = 36 };
	cpuid(LEAF_EXTENDED, 0, r);
	last = r[0];
	if (last < LEAF_X1)
		return;
	cpuid(LEAF_X1, 0, r);
	raw->cpuid_svm = r[2] & X1_ECX_SVM;
	if (last >= LEAF_SIZES) {
		cpuid(LEAF_SIZES, 0, r);
		raw->physical_bits = (uint8_t)r[0];
	}
	if (!raw->cpuid_svm || last < LEAF_SVM)
		return;
	cpuid(LEAF_SVM, 0, r);
	raw->revision = r[0] & 0xff;
	raw->asids = r[1];
	raw->features = r[3];
	raw->vm_cr = msr_read(MSR_VM_CR);
}

bool svm_caps_check(const struct svm_raw *raw, struct why_list *missing)
{
	const uint64_t off = VM_CR_SVMDIS | VM_CR_LOCK;

	if (!raw->cpuid_svm) {
		why_add(missing,
			"this CPU has no SVM (AMD-V), or an outer hypervisor hides it: CPUID Fn8000_0001_ECX[SVM] "
			"(bit 2) is 0");
		return false;
	}
	if ((raw->vm_cr & off) == off) {
		why_add(missing, "the firmware has locked SVM off: VM_CR has SVMDIS (bit 4) and LOCK (bit 3)%s; enable "
			"virtualization (SVM mode) in the firmware's setup and power the machine off and on",
			svm_caps_has(raw, SVM_FEATURE_SVML) ? "" : ", without a key");
		return false;
	}
	if (!svm_caps_has(raw, SVM_FEATURE_NP)) {
		why_add(missing, "SVM of this CPU lacks nested paging: CPUID Fn8000_000A_EDX[NP] (bit 0) is 0");
		return false;
	}
	if (raw->asids < ASIDS_NEEDED) {
		why_add(missing,
			"SVM of this CPU has %u address space identifiers (CPUID Fn8000_000A_EBX), and %u are needed",
			raw->asids, ASIDS_NEEDED);
		return false;
	}
	return true;
}

void svm_caps_report(const struct svm_raw *raw)
{
#define ROW(bit, name, words) { 1u << (bit), words },
	static const struct { uint32_t mask; const char *words; } rows[] = { SVM_FEATURES(ROW) };

	log_info("svm", "SVM usable; revision %u, %u ASIDs", raw->revision, raw->asids);
	log_warn("svm", "what speculation leaks of a guest to another, or of this host to its guests, is not closed on "
		 "AMD's processors yet: run guests of one owner alone");
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		log_debug("svm", "%s: %s", rows[i].words, raw->features & rows[i].mask ? "yes" : "no");
}
