/* SPDX-License-Identifier: MIT */
/* caps.h: what this CPU's SVM can do, against what Tern requires and what it can use. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/why.h"

#define MSR_VM_CR		0xc0010114u
#define MSR_VM_HSAVE_PA		0xc0010117u
#define VM_CR_LOCK		(1ull << 3)
#define VM_CR_SVMDIS		(1ull << 4)
#define EFER_SVME		(1ull << 12)

struct svm_raw {
	bool cpuid_svm;			/* CPUID Fn8000_0001_ECX[SVM], bit 2 */
	uint32_t revision, asids, features;	/* Fn8000_000A: EAX[7:0], EBX, EDX */
	uint64_t vm_cr;
	uint8_t physical_bits;		/* Fn8000_0008_EAX[7:0] */
};

/* What of Fn8000_000A_EDX Tern requires or can use: F(bit, NAME, "APM words"). */
#define SVM_FEATURES(F) \
	F(0, NP,		"nested paging") \
	F(2, SVML,		"SVM lock") \
	F(3, NRIPS,		"next sequential instruction pointer") \
	F(6, FLUSH_BY_ASID,	"flush by ASID") \
	F(7, DECODE_ASSISTS,	"decode assists")
#define SVM_FEATURE_ENUM(bit, name, words) SVM_FEATURE_##name = 1u << (bit),
enum svm_feature { SVM_FEATURES(SVM_FEATURE_ENUM) };
#undef SVM_FEATURE_ENUM

/* Reads the CPU that calls. */
void svm_raw_read(struct svm_raw *raw);
/* True when Tern can run VMs here; else one sentence per missing thing in @missing (may be NULL). */
bool svm_caps_check(const struct svm_raw *raw, struct why_list *missing);
static inline bool svm_caps_has(const struct svm_raw *raw, enum svm_feature f)
{
	return raw->features & f;
}
/* Logs what is there of the features. */
void svm_caps_report(const struct svm_raw *raw);
