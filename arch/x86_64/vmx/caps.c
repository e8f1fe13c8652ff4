/* SPDX-License-Identifier: MIT */
/* caps.c: reads, interprets and judges the VMX capability MSRs. */
#include "arch/x86_64/vmx/caps.h"
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"

#define BASIC_TRUE_CONTROLS	(1ull << 55)
#define BASIC_MEMORY_TYPE(b)	((b) >> 50 & 15)
#define MEMORY_TYPE_WB		6

/* Where a capability bit is: a control field's allowed-1 half, or a plain MSR. */
enum place {
	PLACE_PIN = VMX_GROUP_PIN, PLACE_PROC = VMX_GROUP_PROC, PLACE_PROC2 = VMX_GROUP_PROC2,
	PLACE_EXIT = VMX_GROUP_EXIT, PLACE_ENTRY = VMX_GROUP_ENTRY,
	PLACE_EPT, PLACE_MISC,
#define PLACE_WORD(name, member, text) PLACE_##name,
	VMX_CPUID_WORDS(PLACE_WORD)
};

static const char *const place_name[] = {
	[PLACE_PIN] = "IA32_VMX_PINBASED_CTLS", [PLACE_PROC] = "IA32_VMX_PROCBASED_CTLS",
	[PLACE_PROC2] = "IA32_VMX_PROCBASED_CTLS2", [PLACE_EXIT] = "IA32_VMX_EXIT_CTLS",
	[PLACE_ENTRY] = "IA32_VMX_ENTRY_CTLS", [PLACE_EPT] = "IA32_VMX_EPT_VPID_CAP",
	[PLACE_MISC] = "IA32_VMX_MISC",
#define PLACE_TEXT(name, member, text) [PLACE_##name] = text,
	VMX_CPUID_WORDS(PLACE_TEXT)
};

struct need { uint8_t place, bit; const char *words; };

#define NEED(place, bit, words) { PLACE_##place, bit, words }

/* Must be available. The order is the order of the report. */
static const struct need required[] = {
	NEED(PROC, 31, "activate secondary controls"),
	NEED(PROC2, 1, "enable EPT"),
	NEED(PROC2, 7, "unrestricted guest"),
	NEED(EPT, 6, "page-walk length of 4 for EPT"),
	NEED(EPT, 14, "write-back EPT paging structures"),
	NEED(EPT, 16, "2-MByte pages in EPT"),
	NEED(EPT, 20, "INVEPT instruction"),
	NEED(EPT, 25, "single-context INVEPT type"),
	NEED(PIN, 0, "external-interrupt exiting"),
	NEED(PIN, 3, "NMI exiting"),
	NEED(PIN, 6, "activate VMX-preemption timer"),
	NEED(PROC, 2, "interrupt-window exiting"),
	NEED(PROC, 3, "use TSC offsetting"),
	NEED(PROC, 7, "HLT exiting"),
	NEED(PROC, 10, "MWAIT exiting"),
	NEED(PROC, 11, "RDPMC exiting"),
	NEED(PROC, 19, "CR8-load exiting"),
	NEED(PROC, 20, "CR8-store exiting"),
	NEED(PROC, 25, "use I/O bitmaps"),
	NEED(PROC, 28, "use MSR bitmaps"),
	NEED(PROC, 29, "MONITOR exiting"),
	NEED(EXIT, 9, "host address-space size"),
	NEED(EXIT, 15, "acknowledge interrupt on exit"),
	NEED(EXIT, 18, "save IA32_PAT"),
	NEED(EXIT, 19, "load IA32_PAT"),
	NEED(EXIT, 20, "save IA32_EFER"),
	NEED(EXIT, 21, "load IA32_EFER"),
	NEED(ENTRY, 9, "IA-32e mode guest"),
	NEED(ENTRY, 14, "load IA32_PAT"),
	NEED(ENTRY, 15, "load IA32_EFER"),
	/* Instructions and registers that entering and leaving a guest uses. */
	NEED(1_ECX, 26, "XSAVE, XRSTOR and XSETBV"),
	NEED(1_EDX, 16, "IA32_PAT"),
	NEED(1_EDX, 24, "FXSAVE"),
	NEED(1_EDX, 25, "SSE"),
	NEED(X1_EDX, 11, "SYSCALL and its MSRs"),
	NEED(X1_EDX, 20, "IA32_EFER.NXE"),
};

/* Must be possible to switch off: the guest handles these itself at full speed. */
static const struct need switched_off[] = {
	NEED(PROC, 9, "INVLPG exiting"),
	NEED(PROC, 15, "CR3-load exiting"),
	NEED(PROC, 16, "CR3-store exiting"),
	NEED(PROC, 23, "MOV-DR exiting"),
};

#define FEATURE_ROW(place, bit, name, words) NEED(place, bit, words),
static const struct need features[VMX_FEATURE_COUNT] = { VMX_FEATURES(FEATURE_ROW) };

/* What a feature is nothing without: the instruction beside the control that lets a guest have it, and what flushes. */
static const struct { enum vmx_feature feature; struct need need; } also[] = {
	{ VMX_FEATURE_RDTSCP, NEED(X1_EDX, 27, "RDTSCP and IA32_TSC_AUX") },
	{ VMX_FEATURE_INVPCID, NEED(7_EBX, 10, "INVPCID") },
	{ VMX_FEATURE_VPID, NEED(EPT, 32, "INVVPID instruction") },
	{ VMX_FEATURE_VPID, NEED(EPT, 41, "single-context INVVPID type") },
	{ VMX_FEATURE_PML, NEED(EPT, 21, "accessed and dirty flags for EPT") },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool available(const struct vmx_caps *caps, const struct need *n)
{
#define WORD_HAS(name, member, text) \
	if (n->place == PLACE_##name) \
		return caps->raw.member >> n->bit & 1;
	VMX_CPUID_WORDS(WORD_HAS)
#undef WORD_HAS
	if (n->place == PLACE_EPT)
		return caps->raw.ept_vpid >> n->bit & 1;
	if (n->place == PLACE_MISC)
		return caps->raw.misc >> n->bit & 1;
	return caps->allowed[n->place].may_be_1 >> n->bit & 1;
}

/* Reading an MSR that is not there is a #GP. The table's order makes each condition known in time. */
static bool msr_exists(const struct vmx_raw *raw, uint32_t msr)
{
	bool secondary = raw->proc >> 63 & 1;

	switch (msr) {
	case MSR_IA32_VMX_PROCBASED_CTLS2:
		return secondary;
	case MSR_IA32_VMX_EPT_VPID_CAP:
		return secondary && raw->proc2 >> 32 & (VMX_PROC2_EPT | VMX_PROC2_VPID);
	case MSR_IA32_VMX_TRUE_PINBASED_CTLS:
	case MSR_IA32_VMX_TRUE_PROCBASED_CTLS:
	case MSR_IA32_VMX_TRUE_EXIT_CTLS:
	case MSR_IA32_VMX_TRUE_ENTRY_CTLS:
		return raw->basic & BASIC_TRUE_CONTROLS;
	case MSR_IA32_VMX_VMFUNC:
		return secondary && raw->proc2 >> 32 & VMX_PROC2_VM_FUNCTIONS;
	}
	return true;
}

void vmx_raw_read(struct vmx_raw *raw)
{
	uint32_t r[4];

	*raw = (struct vmx_raw){ 0 };
	cpuid(0x80000008, 0, r);
	raw->physical_bits = (uint8_t)r[0];
	raw->linear_bits = (uint8_t)(r[0] >> 8);
	cpuid(0x80000001, 0, r);
	raw->cpuid_x1_edx = r[3];
	cpuid(0, 0, r);
	if (r[0] >= 7) {
		cpuid(7, 0, r);
		raw->cpuid_7_ebx = r[1];
	}
	cpuid(1, 0, r);
	raw->cpuid_1_ecx = r[2];
	raw->cpuid_1_edx = r[3];
	raw->cpuid_vmx = r[2] >> 5 & 1;
	if (!raw->cpuid_vmx)
		return;
#define READ(msr, name) \
	if (msr_exists(raw, MSR_IA32_##msr)) \
		raw->name = msr_read(MSR_IA32_##msr);
	VMX_CAPS_MSRS(READ)
#undef READ
}

static struct vmx_allowed allowed(uint64_t msr)
{
	return (struct vmx_allowed){ .must_be_1 = (uint32_t)msr, .may_be_1 = (uint32_t)(msr >> 32) };
}

void vmx_caps_init(struct vmx_caps *caps, const struct vmx_raw *raw)
{
	bool real = raw->basic & BASIC_TRUE_CONTROLS;

	*caps = (struct vmx_caps){ .raw = *raw };
	caps->allowed[VMX_GROUP_PIN] = allowed(real ? raw->true_pin : raw->pin);
	caps->allowed[VMX_GROUP_PROC] = allowed(real ? raw->true_proc : raw->proc);
	caps->allowed[VMX_GROUP_EXIT] = allowed(real ? raw->true_exit : raw->exit);
	caps->allowed[VMX_GROUP_ENTRY] = allowed(real ? raw->true_entry : raw->entry);
	caps->allowed[VMX_GROUP_PROC2] = allowed(raw->proc2);
	for (unsigned f = 0; f < VMX_FEATURE_COUNT; f++)
		caps->features |= (uint32_t)available(caps, &features[f]) << f;
	for (unsigned i = 0; i < COUNT(also); i++)
		if (!available(caps, &also[i].need))
			caps->features &= ~(1u << also[i].feature);
	caps->revision = (uint32_t)raw->basic & 0x7fffffff;
	caps->preemption_shift = raw->misc & 31;
}

const char *vmx_feature_words(enum vmx_feature f)
{
	return f < VMX_FEATURE_COUNT ? features[f].words : "?";
}

static void check_needs(const struct vmx_caps *caps, struct why_list *missing)
{
	for (unsigned i = 0; i < COUNT(required); i++) {
		const struct need *n = &required[i];
		bool msr = n->place >= PLACE_EPT;

		if (!available(caps, n) && n->place > PLACE_MISC)
			why_add(missing, "this CPU lacks what VMs need: %s (%s bit %u is 0)", n->words,
				place_name[n->place], n->bit);
		else if (!available(caps, n))
			why_add(missing, "VT-x of this CPU lacks \"%s\": %s bit %u (%s) is 0", n->words,
				place_name[n->place], msr ? n->bit : n->bit + 32u,
				msr ? "capability" : "allowed 1-setting");
	}
	for (unsigned i = 0; i < COUNT(switched_off); i++) {
		const struct need *n = &switched_off[i];

		if (caps->allowed[n->place].must_be_1 >> n->bit & 1)
			why_add(missing, "VT-x of this CPU can't switch off \"%s\": %s bit %u (allowed 0-setting) is 1",
				n->words, place_name[n->place], n->bit);
	}
}

bool vmx_caps_check(const struct vmx_caps *caps, struct why_list *missing)
{
	const struct vmx_raw *raw = &caps->raw;
	struct why_list own = { 0 }, *list = missing ? missing : &own;
	unsigned before = list->count;

	if (!raw->cpuid_vmx) {
		why_add(list, "this CPU has no VT-x, or the firmware or an outer hypervisor hides it: "
			"CPUID.1:ECX.VMX[bit 5] is 0");
		return false;
	}
	if (vmx_lock_state(raw->feature_control) == VMX_LOCKED_OFF) {
		why_add(list, "%s", vmx_lock_text(VMX_LOCKED_OFF));
		return false;
	}
	if (BASIC_MEMORY_TYPE(raw->basic) != MEMORY_TYPE_WB)
		why_add(list, "IA32_VMX_BASIC bits 53:50: the VMCS wants memory type %u, Tern has write-back (6)",
			(unsigned)BASIC_MEMORY_TYPE(raw->basic));
	check_needs(caps, list);
	return list->count == before;
}

uint32_t vmx_controls_adjust(const struct vmx_caps *caps, enum vmx_group group, uint32_t want, uint32_t *refused)
{
	const struct vmx_allowed *a = &caps->allowed[group];

	if (refused)
		*refused = want & ~a->may_be_1;
	return (want | a->must_be_1) & a->may_be_1;
}

uint64_t vmx_cr0_adjust(const struct vmx_caps *caps, uint64_t cr0, bool unrestricted)
{
	uint64_t ones = caps->raw.cr0_fixed0;

	if (unrestricted)
		ones &= ~(CR0_PE | CR0_PG);
	return (cr0 | ones) & caps->raw.cr0_fixed1;
}

uint64_t vmx_cr4_adjust(const struct vmx_caps *caps, uint64_t cr4)
{
	return (cr4 | caps->raw.cr4_fixed0) & caps->raw.cr4_fixed1;
}

enum vmx_lock vmx_lock_state(uint64_t v)
{
	if (!(v & FEATURE_CONTROL_LOCK))
		return VMX_UNLOCKED;
	return v & FEATURE_CONTROL_VMX ? VMX_LOCKED_ON : VMX_LOCKED_OFF;
}

const char *vmx_lock_text(enum vmx_lock lock)
{
	switch (lock) {
	case VMX_UNLOCKED:
		return "IA32_FEATURE_CONTROL is unlocked: Tern enables VMX outside SMX and locks it";
	case VMX_LOCKED_ON:
		return "IA32_FEATURE_CONTROL is locked with VMX outside SMX enabled";
	case VMX_LOCKED_OFF:
		return "the firmware has locked VT-x off: IA32_FEATURE_CONTROL has the lock (bit 0) but not VMX "
		       "outside SMX (bit 2); enable virtualization in the firmware's setup and power the machine off "
		       "and on";
	}
	return "?";
}

uint64_t vmx_lock_value(uint64_t v)
{
	return v | FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX;
}
