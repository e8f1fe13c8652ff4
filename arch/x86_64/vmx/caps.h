/* SPDX-License-Identifier: MIT */
/* caps.h: what this CPU's VMX can do, against what Tern requires and what it can use. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/why.h"
#include "arch/x86_64/vmx/controls.h"

/* The MSRs of SDM Vol. 3, Appendix A, as they were read. Those that don't exist are 0. */
#define VMX_CAPS_MSRS(M) \
	M(FEATURE_CONTROL, feature_control) \
	M(VMX_BASIC, basic) \
	M(VMX_PINBASED_CTLS, pin) \
	M(VMX_PROCBASED_CTLS, proc) \
	M(VMX_EXIT_CTLS, exit) \
	M(VMX_ENTRY_CTLS, entry) \
	M(VMX_MISC, misc) \
	M(VMX_CR0_FIXED0, cr0_fixed0) \
	M(VMX_CR0_FIXED1, cr0_fixed1) \
	M(VMX_CR4_FIXED0, cr4_fixed0) \
	M(VMX_CR4_FIXED1, cr4_fixed1) \
	M(VMX_VMCS_ENUM, vmcs_enum) \
	M(VMX_PROCBASED_CTLS2, proc2) \
	M(VMX_EPT_VPID_CAP, ept_vpid) \
	M(VMX_TRUE_PINBASED_CTLS, true_pin) \
	M(VMX_TRUE_PROCBASED_CTLS, true_proc) \
	M(VMX_TRUE_EXIT_CTLS, true_exit) \
	M(VMX_TRUE_ENTRY_CTLS, true_entry) \
	M(VMX_VMFUNC, vmfunc)

struct vmx_raw {
	bool cpuid_vmx;			/* CPUID.1:ECX.VMX[bit 5] */
	uint32_t cpuid_1_ecx, cpuid_1_edx, cpuid_7_ebx, cpuid_x1_edx;	/* the last of leaf 80000001H */
	uint8_t physical_bits;		/* MAXPHYADDR, CPUID.80000008H:EAX[7:0] */
	uint8_t linear_bits;
#define VMX_CAPS_MEMBER(msr, name) uint64_t name;
	VMX_CAPS_MSRS(VMX_CAPS_MEMBER)
#undef VMX_CAPS_MEMBER
};

/* The five control fields. */
enum vmx_group { VMX_GROUP_PIN, VMX_GROUP_PROC, VMX_GROUP_PROC2, VMX_GROUP_EXIT, VMX_GROUP_ENTRY, VMX_GROUPS };

/* Bits set in must_be_1 can't be 0 (the SDM's allowed 0-settings), bits clear in may_be_1 can't be 1 (allowed
 * 1-settings). Taken from the TRUE MSRs where IA32_VMX_BASIC[55] says that they exist. */
struct vmx_allowed { uint32_t must_be_1, may_be_1; };

/* What Tern can use but does without: F(group, bit, NAME, "SDM words"). */
#define VMX_FEATURES(F) \
	F(PIN,   5,  VIRTUAL_NMIS,	"virtual NMIs") \
	F(PROC,  21, TPR_SHADOW,	"use TPR shadow") \
	F(PROC,  27, MONITOR_TRAP_FLAG,	"monitor trap flag") \
	F(PROC,  30, PAUSE_EXITING,	"PAUSE exiting") \
	F(PROC2, 3,  RDTSCP,		"enable RDTSCP") \
	F(PROC2, 5,  VPID,		"enable VPID") \
	F(PROC2, 6,  WBINVD_EXITING,	"WBINVD exiting") \
	F(PROC2, 10, PAUSE_LOOP_EXITING, "PAUSE-loop exiting") \
	F(PROC2, 12, INVPCID,		"enable INVPCID") \
	F(PROC2, 17, PML,		"enable PML") \
	F(PROC2, 20, XSAVES,		"enable XSAVES/XRSTORS") \
	F(PROC2, 25, TSC_SCALING,	"use TSC scaling") \
	F(PROC2, 31, INSTRUCTION_TIMEOUT,	"instruction timeout") \
	F(EXIT,  12, PERF_GLOBAL_CTRL,	"load IA32_PERF_GLOBAL_CTRL") \
	F(EXIT,  22, SAVE_PREEMPTION_TIMER, "save VMX-preemption timer value") \
	F(EPT,   0,  EXECUTE_ONLY,	"execute-only translations") \
	F(EPT,   17, EPT_1G,		"1-GByte pages in EPT") \
	F(EPT,   21, EPT_AD,		"accessed and dirty flags for EPT") \
	F(EPT,   26, INVEPT_ALL,	"all-context INVEPT type") \
	F(EPT,   32, INVVPID,		"INVVPID instruction") \
	F(EPT,   41, INVVPID_SINGLE,	"single-context INVVPID type") \
	F(MISC,  6,  ACTIVITY_HLT,	"activity state HLT")

#define VMX_FEATURE_ENUM(group, bit, name, words) VMX_FEATURE_##name,
enum vmx_feature { VMX_FEATURES(VMX_FEATURE_ENUM) VMX_FEATURE_COUNT };
#undef VMX_FEATURE_ENUM

/* The CPUID words of struct vmx_raw, for the tables that name their bits. */
#define VMX_CPUID_WORDS(W) \
	W(1_ECX, cpuid_1_ecx, "CPUID.1:ECX") \
	W(1_EDX, cpuid_1_edx, "CPUID.1:EDX") \
	W(7_EBX, cpuid_7_ebx, "CPUID.7:EBX") \
	W(X1_EDX, cpuid_x1_edx, "CPUID.80000001H:EDX")

struct vmx_caps {
	struct vmx_raw raw;
	struct vmx_allowed allowed[VMX_GROUPS];
	uint32_t features;		/* bit 1 << VMX_FEATURE_x */
	uint32_t revision;		/* VMCS revision identifier */
	unsigned preemption_shift;	/* the preemption timer ticks once per 2^shift TSC ticks */
};

/* Reads the CPU that calls. */
void vmx_raw_read(struct vmx_raw *raw);
/* Pure: interprets @raw. */
void vmx_caps_init(struct vmx_caps *caps, const struct vmx_raw *raw);
/* True when Tern can run VMs here; else one sentence per missing thing in @missing. Only the first matters
 * where the rest follows from it (no VMX at all, locked off by firmware). */
bool vmx_caps_check(const struct vmx_caps *caps, struct why_list *missing);
static inline bool vmx_caps_has(const struct vmx_caps *caps, enum vmx_feature f)
{
	return caps->features >> f & 1;
}
/* The SDM's words for @f, for a report of what is used. */
const char *vmx_feature_words(enum vmx_feature f);

/* The value for control field @group nearest to @want: default1 bits the CPU insists on are set, bits it doesn't
 * have are clear. *refused (may be NULL) gets the wanted bits that are missing. */
uint32_t vmx_controls_adjust(const struct vmx_caps *caps, enum vmx_group group, uint32_t want, uint32_t *refused);

/* SDM Vol. 3 "Restrictions on VMX Operation", for host registers and, with @unrestricted, for a guest. */
uint64_t vmx_cr0_adjust(const struct vmx_caps *caps, uint64_t cr0, bool unrestricted);
uint64_t vmx_cr4_adjust(const struct vmx_caps *caps, uint64_t cr4);

/* IA32_FEATURE_CONTROL as firmware left it. */
enum vmx_lock { VMX_UNLOCKED, VMX_LOCKED_ON, VMX_LOCKED_OFF };
enum vmx_lock vmx_lock_state(uint64_t feature_control);
const char *vmx_lock_text(enum vmx_lock lock);
/* What to write to an unlocked IA32_FEATURE_CONTROL: VMX outside SMX on, and the lock. */
uint64_t vmx_lock_value(uint64_t feature_control);
