/* SPDX-License-Identifier: MIT */
/* msr.h: model-specific registers: access and names (SDM Vol. 4). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/cpu_access.h"

#define MSR_IA32_TSC			0x010
#define MSR_IA32_APIC_BASE		0x01b
#define MSR_IA32_FEATURE_CONTROL	0x03a
#define MSR_IA32_TSC_ADJUST		0x03b
#define MSR_IA32_SPEC_CTRL		0x048
#define SPEC_CTRL_IBRS			(1ull << 0)
#define MSR_IA32_PRED_CMD		0x049
#define MSR_IA32_BIOS_SIGN_ID		0x08b
#define MSR_PLATFORM_INFO		0x0ce
#define MSR_IA32_MTRRCAP		0x0fe
#define PRED_CMD_IBPB			(1ull << 0)
#define MSR_IA32_ARCH_CAPABILITIES	0x10a
#define MSR_IA32_FLUSH_CMD		0x10b
#define FLUSH_CMD_L1D			(1ull << 0)
#define MSR_IA32_SYSENTER_CS		0x174
#define MSR_IA32_SYSENTER_ESP		0x175
#define MSR_IA32_SYSENTER_EIP		0x176
#define MSR_IA32_MCG_CAP		0x179
#define MSR_IA32_MCG_STATUS		0x17a
#define MSR_IA32_MCG_CTL		0x17b
#define MSR_IA32_MISC_ENABLE		0x1a0
#define MSR_IA32_DEBUGCTL		0x1d9
#define MSR_IA32_MTRR_DEF_TYPE		0x2ff
#define MSR_IA32_PAT			0x277
#define MSR_IA32_PERF_GLOBAL_CTRL	0x38f
#define MSR_IA32_MC0_CTL		0x400
#define MSR_IA32_TSC_DEADLINE		0x6e0
#define MSR_IA32_X2APIC_BASE		0x800
#define MSR_IA32_BNDCFGS		0xd90
#define MSR_IA32_XSS			0xda0
#define MSR_IA32_EFER			0xc0000080
#define MSR_IA32_STAR			0xc0000081
#define MSR_IA32_LSTAR			0xc0000082
#define MSR_IA32_CSTAR			0xc0000083
#define MSR_IA32_FMASK			0xc0000084
#define MSR_IA32_FS_BASE		0xc0000100
#define MSR_IA32_GS_BASE		0xc0000101
#define MSR_IA32_KERNEL_GS_BASE		0xc0000102
#define MSR_IA32_TSC_AUX		0xc0000103

#define MSR_IA32_VMX_BASIC		0x480
#define MSR_IA32_VMX_PINBASED_CTLS	0x481
#define MSR_IA32_VMX_PROCBASED_CTLS	0x482
#define MSR_IA32_VMX_EXIT_CTLS		0x483
#define MSR_IA32_VMX_ENTRY_CTLS		0x484
#define MSR_IA32_VMX_MISC		0x485
#define MSR_IA32_VMX_CR0_FIXED0		0x486
#define MSR_IA32_VMX_CR0_FIXED1		0x487
#define MSR_IA32_VMX_CR4_FIXED0		0x488
#define MSR_IA32_VMX_CR4_FIXED1		0x489
#define MSR_IA32_VMX_VMCS_ENUM		0x48a
#define MSR_IA32_VMX_PROCBASED_CTLS2	0x48b
#define MSR_IA32_VMX_EPT_VPID_CAP	0x48c
#define MSR_IA32_VMX_TRUE_PINBASED_CTLS	0x48d
#define MSR_IA32_VMX_TRUE_PROCBASED_CTLS 0x48e
#define MSR_IA32_VMX_TRUE_EXIT_CTLS	0x48f
#define MSR_IA32_VMX_TRUE_ENTRY_CTLS	0x490
#define MSR_IA32_VMX_VMFUNC		0x491

#define FEATURE_CONTROL_LOCK		(1ull << 0)
#define FEATURE_CONTROL_VMX_IN_SMX	(1ull << 1)
#define FEATURE_CONTROL_VMX		(1ull << 2)	/* outside SMX operation */

#define EFER_SCE	(1ull << 0)
#define EFER_LME	(1ull << 8)
#define EFER_LMA	(1ull << 10)
#define EFER_NXE	(1ull << 11)

/* Whether a write of @pat to IA32_PAT does not fault: SDM Vol. 3 "IA32_PAT MSR", types 0, 1, 4 to 7. */
static inline bool msr_pat_valid(uint64_t pat)
{
	for (unsigned i = 0; i < 8; i++) {
		uint8_t type = (uint8_t)(pat >> 8 * i);

		if (type > 7 || type == 2 || type == 3)
			return false;
	}
	return true;
}

/* For MSRs that may not exist (msr.c); false: #GP, and *v is 0. */
bool msr_read_safe(uint32_t msr, uint64_t *v);
bool msr_write_safe(uint32_t msr, uint64_t v);
struct intr_frame;
/* An exception; true: it arose in one of these two, which now returns false. */
bool msr_fault(struct intr_frame *frame);
