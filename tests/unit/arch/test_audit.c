/* SPDX-License-Identifier: MIT */
/* unit: fake_vmcs */
#include "arch/x86_64/vmx/audit.h"
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/fake_vmcs.h"

/* A guest to begin with; each passes the audit. */
enum base { LONG, REAL, PAE, V8086, RESTRICTED };

struct set { enum vmcs_field field; uint64_t value; };

/* What is changed, and the one finding that it must give: the first field changed unless @field says another. */
struct mutation {
	enum base base;
	struct set set[5];
	enum vmcs_field field;
	const char *text;
};

#define F(name) VMCS_##name
#define PROC2(v) { VMCS_SECONDARY_CONTROLS, (v) }

#define INFO VMCS_ENTRY_INTERRUPTION_INFO
#define PIN FAKE_VMCS_PIN
#define PROC FAKE_VMCS_PROC
#define PROC2_GOOD FAKE_VMCS_PROC2
#define EXIT FAKE_VMCS_EXIT
#define ENTRY FAKE_VMCS_ENTRY

static const struct mutation controls[] = {
	{ LONG, { { F(PIN_BASED_CONTROLS), PIN & ~2ull } }, 0, "capability MSR wants 1" },
	{ LONG, { { F(PIN_BASED_CONTROLS), PIN | 0x100 } }, 0, "does not allow" },
	{ LONG, { { F(PRIMARY_CONTROLS), PROC & ~2ull } }, 0, "wants 1" },
	{ LONG, { { F(PRIMARY_CONTROLS), PROC | 1 } }, 0, "does not allow" },
	{ LONG, { PROC2(PROC2_GOOD | 1u << 31) }, 0, "does not allow" },
	{ LONG, { { F(CR3_TARGET_COUNT), 5 } }, 0, "IA32_VMX_MISC" },
	{ LONG, { { F(IO_BITMAP_A), 0x1001 } }, 0, "low bits" },
	{ LONG, { { F(IO_BITMAP_B), 1ull << 46 } }, 0, "MAXPHYADDR" },
	{ LONG, { { F(MSR_BITMAP), 0x3800 } }, 0, "low bits" },
	{ LONG, { { F(VIRTUAL_APIC_ADDRESS), 8 }, { F(PRIMARY_CONTROLS), PROC | 1u << 21 } }, 0, "low bits" },
	{ LONG, { { F(TPR_THRESHOLD), 0x10 }, { F(PRIMARY_CONTROLS), PROC | 1u << 21 } }, 0, "bits 31:4" },
	{ LONG, { PROC2(PROC2_GOOD | 1u << 4) }, 0, "x2APIC mode\" needs \"use TPR shadow" },
	{ LONG, { PROC2(PROC2_GOOD | 1u << 8) }, 0, "APIC-register virtualization\" needs" },
	{ LONG, { PROC2(PROC2_GOOD | 1u << 9) }, 0, "virtual-interrupt delivery\" needs \"use TPR" },
	{ LONG, { PROC2(PROC2_GOOD | 1u << 9), { F(PRIMARY_CONTROLS), PROC | 1u << 21 }, { F(PIN_BASED_CONTROLS), PIN & ~1ull } },
	  0, "needs \"external-interrupt exiting\"" },
	{ LONG, { PROC2(PROC2_GOOD | 1u << 4 | 1), { F(PRIMARY_CONTROLS), PROC | 1u << 21 } }, 0, "excludes" },
	{ LONG, { { F(APIC_ACCESS_ADDRESS), 4 }, PROC2(PROC2_GOOD | 1) }, 0, "low bits" },
	{ LONG, { { F(PIN_BASED_CONTROLS), PIN & ~8ull } }, 0, "virtual NMIs\" needs \"NMI exiting" },
	{ LONG, { { F(PRIMARY_CONTROLS), PROC | 1u << 22 }, { F(PIN_BASED_CONTROLS), PIN & ~0x20ull } }, 0, "NMI-window" },
	{ LONG, { { F(PIN_BASED_CONTROLS), PIN | 0x80 } }, 0, "needs \"virtual-interrupt delivery\"" },
	{ LONG, { { F(POSTED_INTERRUPT_NOTIFICATION_VECTOR), 0x100 }, { F(PIN_BASED_CONTROLS), PIN | 0x80 },
		  { F(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS), 0x40 }, PROC2(PROC2_GOOD | 1u << 9),
		  { F(PRIMARY_CONTROLS), PROC | 1u << 21 } }, 0, "bits 15:8" },
	{ LONG, { { F(POSTED_INTERRUPT_DESCRIPTOR_ADDRESS), 0x20 }, { F(PIN_BASED_CONTROLS), PIN | 0x80 },
		  PROC2(PROC2_GOOD | 1u << 9), { F(PRIMARY_CONTROLS), PROC | 1u << 21 } }, 0, "low bits" },
	{ LONG, { { F(VPID), 0 } }, 0, "must not be 0" },
	{ LONG, { { F(EPT_POINTER), 0x505d } }, 0, "memory type" },
	{ LONG, { { F(EPT_POINTER), 0x5056 } }, 0, "page walk of 4" },
	{ LONG, { { F(EPT_POINTER), 0x50de } }, 0, "bits 11:7" },
	{ LONG, { { F(EPT_POINTER), 0x505e | 1ull << 50 } }, 0, "MAXPHYADDR" },
	{ LONG, { { F(PML_ADDRESS), 0x4010 } }, 0, "low bits" },
	{ LONG, { PROC2(PROC2_GOOD & ~0x82ull) }, 0, "PML\" needs \"enable EPT" },
	{ LONG, { PROC2(PROC2_GOOD & ~0x20002ull) }, 0, "unrestricted guest\" needs \"enable EPT" },
	{ LONG, { PROC2((PROC2_GOOD & ~0x20082ull) | 1u << 22) }, 0, "mode-based execute" },
	{ LONG, { { F(TSC_MULTIPLIER), 0 } }, 0, "must not be 0" },
	{ LONG, { { F(VM_FUNCTION_CONTROLS), 2 }, PROC2(PROC2_GOOD | 1u << 13) }, 0, "IA32_VMX_VMFUNC" },
	{ LONG, { { F(VMREAD_BITMAP_ADDRESS), 1 }, PROC2(PROC2_GOOD | 1u << 14) }, 0, "low bits" },
	{ LONG, { { F(VMWRITE_BITMAP_ADDRESS), 1 }, PROC2(PROC2_GOOD | 1u << 14) }, 0, "low bits" },
	{ LONG, { { F(VIRTUALIZATION_EXCEPTION_INFO_ADDRESS), 1 }, PROC2(PROC2_GOOD | 1u << 18) }, 0, "low bits" },
	{ LONG, { { F(SPP_TABLE_POINTER), 1 }, PROC2(PROC2_GOOD | 1u << 23) }, 0, "low bits" },
	{ LONG, { PROC2((PROC2_GOOD & ~0x20082ull) | 1u << 23) }, 0, "sub-page" },
	{ LONG, { { F(PIN_BASED_CONTROLS), PIN | 0x80 }, { F(EXIT_CONTROLS), EXIT & ~0x8000ull },
		  PROC2(PROC2_GOOD | 1u << 9), { F(PRIMARY_CONTROLS), PROC | 1u << 21 } }, 0, "acknowledge interrupt" },
	{ LONG, { { F(EXIT_CONTROLS), EXIT & ~2ull } }, 0, "wants 1" },
	{ LONG, { { F(EXIT_CONTROLS), EXIT | 1u << 31 } }, 0, "does not allow" },
	{ LONG, { { F(EXIT_CONTROLS), EXIT | 1u << 22 }, { F(PIN_BASED_CONTROLS), PIN & ~0x40ull } }, 0, "preemption timer" },
	{ LONG, { { F(EXIT_MSR_STORE_ADDRESS), 8 }, { F(EXIT_MSR_STORE_COUNT), 1 } }, 0, "low four bits" },
	{ LONG, { { F(EXIT_MSR_LOAD_ADDRESS), (1ull << 46) - 16 }, { F(EXIT_MSR_LOAD_COUNT), 2 } }, 0, "MAXPHYADDR" },
	{ LONG, { { F(ENTRY_MSR_LOAD_ADDRESS), 1 }, { F(ENTRY_MSR_LOAD_COUNT), 1 } }, 0, "low four bits" },
	{ LONG, { { F(ENTRY_CONTROLS), ENTRY & ~2ull } }, 0, "wants 1" },
	{ LONG, { { F(ENTRY_CONTROLS), ENTRY | 1u << 31 } }, 0, "does not allow" },
	{ LONG, { { F(ENTRY_CONTROLS), ENTRY | 1u << 10 } }, 0, "outside SMM" },
};

static const struct mutation injection[] = {
	{ LONG, { { INFO, 0x80000130 } }, 0, "type 1" },
	{ LONG, { { INFO, 0x80000203 } }, 0, "NMI has vector 2" },
	{ LONG, { { INFO, 0x80000320 } }, 0, "below 32" },
	{ LONG, { { INFO, 0x80000701 } }, 0, "other event" },
	{ LONG, { { INFO, 0x8000030e } }, 0, "must be 1" },
	{ LONG, { { INFO, 0x80000b06 } }, 0, "must be 0" },
	{ LONG, { { INFO, 0x80001030 } }, 0, "bits 30:12" },
	{ LONG, { { F(ENTRY_EXCEPTION_ERROR_CODE), 0x10000 }, { INFO, 0x80000b0e } }, 0, "bits 31:16" },
	{ LONG, { { F(ENTRY_INSTRUCTION_LENGTH), 16 }, { INFO, 0x80000480 } }, 0, "1 to 15" },
	{ REAL, { { INFO, 0x80000b0d } }, 0, "no error code" },
};

static const struct mutation host[] = {
	{ LONG, { { F(HOST_CR0), 0x80000013 } }, 0, "FIXED0" },
	{ LONG, { { F(HOST_CR0), 0x180000033 } }, 0, "FIXED0" },
	{ LONG, { { F(HOST_CR4), 0x620 } }, 0, "FIXED0" },
	{ LONG, { { F(HOST_CR4), 0x80002620 } }, 0, "FIXED0" },
	{ LONG, { { F(HOST_CR3), 1ull << 46 } }, 0, "MAXPHYADDR" },
	{ LONG, { { F(HOST_SYSENTER_ESP), 1ull << 47 } }, 0, "canonical" },
	{ LONG, { { F(HOST_SYSENTER_EIP), 1ull << 63 } }, 0, "canonical" },
	{ LONG, { { F(HOST_PAT), 0x0007040600070402 } }, 0, "memory type" },
	{ LONG, { { F(HOST_PAT), 0x0007040600070408 } }, 0, "memory type" },
	{ LONG, { { F(HOST_EFER), 0x8d00 } }, 0, "reserved" },
	{ LONG, { { F(HOST_EFER), 0x800 } }, 0, "LMA" },
	{ LONG, { { F(HOST_EFER), 0xc00 } }, 0, "LME" },
	{ LONG, { { F(HOST_ES_SELECTOR), 3 } }, 0, "RPL" },
	{ LONG, { { F(HOST_CS_SELECTOR), 0xc } }, 0, "RPL" },
	{ LONG, { { F(HOST_SS_SELECTOR), 1 } }, 0, "RPL" },
	{ LONG, { { F(HOST_DS_SELECTOR), 3 } }, 0, "RPL" },
	{ LONG, { { F(HOST_FS_SELECTOR), 3 } }, 0, "RPL" },
	{ LONG, { { F(HOST_GS_SELECTOR), 3 } }, 0, "RPL" },
	{ LONG, { { F(HOST_TR_SELECTOR), 0x1c } }, 0, "TI" },
	{ LONG, { { F(HOST_CS_SELECTOR), 0 } }, 0, "must not be 0" },
	{ LONG, { { F(HOST_TR_SELECTOR), 0 } }, 0, "must not be 0" },
	{ LONG, { { F(HOST_FS_BASE), 1ull << 50 } }, 0, "canonical" },
	{ LONG, { { F(HOST_GS_BASE), 1ull << 50 } }, 0, "canonical" },
	{ LONG, { { F(HOST_TR_BASE), 1ull << 50 } }, 0, "canonical" },
	{ LONG, { { F(HOST_GDTR_BASE), 1ull << 50 } }, 0, "canonical" },
	{ LONG, { { F(HOST_IDTR_BASE), 1ull << 50 } }, 0, "canonical" },
	{ LONG, { { F(EXIT_CONTROLS), EXIT & ~0x200ull }, { F(HOST_EFER), 0x800 } }, 0, "IA-32e mode" },
	{ LONG, { { F(HOST_CR4), 0x2600 } }, 0, "PAE" },
	{ LONG, { { F(HOST_RIP), 1ull << 47 } }, 0, "canonical" },
};

static const struct mutation guest[] = {
	{ LONG, { { F(GUEST_CR0), 0x80050013 } }, 0, "FIXED0" },
	{ RESTRICTED, { { F(GUEST_CR0), 0x50033 } }, 0, "FIXED0" },
	{ REAL, { { F(GUEST_CR0), 0x80000030 } }, 0, "PG (bit 31) needs PE" },
	{ LONG, { { F(GUEST_CR4), 0x6a0 } }, 0, "FIXED0" },
	{ LONG, { { F(GUEST_CR4), 0x2680 } }, 0, "needs PAE" },
	{ LONG, { { F(GUEST_CR0), 0x50033 } }, 0, "needs PG" },
	{ PAE, { { F(GUEST_CR4), 0x22020 } }, 0, "PCIDE" },
	{ LONG, { { F(GUEST_CR3), 1ull << 46 } }, 0, "MAXPHYADDR" },
	{ LONG, { { F(GUEST_DEBUGCTL), 0x10 } }, 0, "reserved" },
	{ LONG, { { F(GUEST_DR7), 1ull << 32 } }, 0, "63:32" },
	{ LONG, { { F(GUEST_SYSENTER_ESP), 1ull << 47 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_SYSENTER_EIP), 1ull << 47 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_PAT), 3 } }, 0, "memory type" },
	{ LONG, { { F(GUEST_EFER), 0x1d01 } }, 0, "reserved" },
	{ LONG, { { F(GUEST_EFER), 1 } }, 0, "LMA" },
	{ LONG, { { F(GUEST_EFER), 0xc01 } }, 0, "LME" },
	{ LONG, { { F(GUEST_BNDCFGS), 4 }, { F(ENTRY_CONTROLS), ENTRY | 1u << 16 } }, 0, "bits 11:2" },
	{ LONG, { { F(GUEST_BNDCFGS), 1ull << 50 }, { F(ENTRY_CONTROLS), ENTRY | 1u << 16 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_GDTR_BASE), 1ull << 60 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_IDTR_BASE), 1ull << 60 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_GDTR_LIMIT), 0x10000 } }, 0, "31:16" },
	{ LONG, { { F(GUEST_IDTR_LIMIT), 0x10000 } }, 0, "31:16" },
	{ LONG, { { F(GUEST_RIP), 1ull << 48 } }, 0, "identical" },
	{ REAL, { { F(GUEST_RIP), 1ull << 32 } }, 0, "outside 64-bit mode" },
	{ LONG, { { F(GUEST_RFLAGS), 0x8202 } }, 0, "bits 63:22" },
	{ LONG, { { F(GUEST_RFLAGS), 0x200 } }, 0, "bit 1 must be 1" },
	{ LONG, { { F(GUEST_RFLAGS), 2 }, { INFO, 0x80000030 } }, 0, "IF (bit 9)" },
	{ LONG, { { F(GUEST_ACTIVITY_STATE), 4 } }, 0, "0 to 3" },
	{ LONG, { { F(GUEST_ACTIVITY_STATE), 1 }, { F(GUEST_SS_ACCESS_RIGHTS), 0xc0f3 }, { F(GUEST_CS_ACCESS_RIGHTS), 0xa0fb } },
	  0, "SS.DPL" },
	{ LONG, { { F(GUEST_ACTIVITY_STATE), 1 }, { F(GUEST_INTERRUPTIBILITY_STATE), 1 } }, 0, "STI or MOV SS" },
	{ LONG, { { F(GUEST_ACTIVITY_STATE), 1 }, { INFO, 0x80000b0e } }, 0, "can't be injected in this state" },
	{ LONG, { { F(GUEST_ACTIVITY_STATE), 2 }, { INFO, 0x80000030 } }, 0, "can't be injected in this state" },
	{ LONG, { { F(GUEST_ACTIVITY_STATE), 3 }, { INFO, 0x80000202 } }, 0, "can't be injected in this state" },
	{ LONG, { { F(GUEST_INTERRUPTIBILITY_STATE), 0x20 } }, 0, "31:5" },
	{ LONG, { { F(GUEST_INTERRUPTIBILITY_STATE), 3 } }, 0, "exclude each other" },
	{ LONG, { { F(GUEST_INTERRUPTIBILITY_STATE), 1 }, { F(GUEST_RFLAGS), 2 } }, 0, "needs RFLAGS.IF" },
	{ LONG, { { F(GUEST_INTERRUPTIBILITY_STATE), 1 }, { INFO, 0x80000030 } }, 0, "external interrupt" },
	{ LONG, { { F(GUEST_INTERRUPTIBILITY_STATE), 2 }, { INFO, 0x80000202 } }, 0, "NMI can't be injected while MOV SS" },
	{ LONG, { { F(GUEST_INTERRUPTIBILITY_STATE), 4 } }, 0, "SMI" },
	{ LONG, { { F(GUEST_INTERRUPTIBILITY_STATE), 8 }, { INFO, 0x80000202 } }, 0, "virtual NMIs" },
	{ LONG, { { F(GUEST_INTERRUPTIBILITY_STATE), 0x12 } }, 0, "enclave" },
	{ LONG, { { F(GUEST_PENDING_DEBUG_EXCEPTIONS), 0x10 } }, 0, "bits 11:4" },
	{ LONG, { { F(GUEST_PENDING_DEBUG_EXCEPTIONS), 0 }, { F(GUEST_RFLAGS), 0x302 }, { F(GUEST_INTERRUPTIBILITY_STATE), 1 } },
	  0, "BS (bit 14) must be 1" },
	{ LONG, { { F(GUEST_PENDING_DEBUG_EXCEPTIONS), 0x4000 }, { F(GUEST_ACTIVITY_STATE), 1 } }, 0, "must be 0" },
	{ LONG, { { F(GUEST_PENDING_DEBUG_EXCEPTIONS), 0x10000 } }, 0, "RTM (bit 16) needs bit 12" },
	{ LONG, { { F(GUEST_PENDING_DEBUG_EXCEPTIONS), 0x11001 } }, 0, "RTM (bit 16) excludes" },
	{ LONG, { { F(GUEST_PENDING_DEBUG_EXCEPTIONS), 0x15000 } }, 0, "RTM (bit 16) excludes" },
	{ LONG, { { F(GUEST_PENDING_DEBUG_EXCEPTIONS), 0x11000 }, { F(GUEST_INTERRUPTIBILITY_STATE), 2 } }, 0,
	  "excludes blocking by MOV SS" },
	{ LONG, { { F(VMCS_LINK_POINTER), 0x1008 } }, 0, "low bits" },
	{ LONG, { { F(VMCS_LINK_POINTER), 1ull << 52 } }, 0, "MAXPHYADDR" },
	{ PAE, { { F(GUEST_PDPTE2), 0x3 } }, 0, "PDPTE" },
	{ PAE, { { F(GUEST_PDPTE0), 1ull << 50 | 1 } }, 0, "PDPTE" },
};

static const struct mutation segments[] = {
	{ LONG, { { F(GUEST_TR_SELECTOR), 0x44 } }, 0, "TI" },
	{ LONG, { { F(GUEST_LDTR_SELECTOR), 4 }, { F(GUEST_LDTR_ACCESS_RIGHTS), 0x82 } }, 0, "TI" },
	{ RESTRICTED, { { F(GUEST_SS_SELECTOR), 0x1b }, { F(GUEST_SS_ACCESS_RIGHTS), 0xc0f3 }, { F(GUEST_CS_ACCESS_RIGHTS), 0xc0fb } },
	  0, "RPL" },
	{ LONG, { { F(GUEST_TR_BASE), 1ull << 47 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_FS_BASE), 1ull << 47 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_GS_BASE), 1ull << 47 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_LDTR_BASE), 1ull << 47 }, { F(GUEST_LDTR_ACCESS_RIGHTS), 0x82 } }, 0, "canonical" },
	{ LONG, { { F(GUEST_CS_BASE), 1ull << 32 } }, 0, "63:32" },
	{ LONG, { { F(GUEST_DS_BASE), 1ull << 32 } }, 0, "63:32" },
	{ LONG, { { F(GUEST_CS_ACCESS_RIGHTS), 0xa092 } }, 0, "type (bits 3:0) must be 3, 9" },
	{ RESTRICTED, { { F(GUEST_CS_ACCESS_RIGHTS), 0xc093 } }, 0, "type (bits 3:0) must be 9" },
	{ LONG, { { F(GUEST_CS_ACCESS_RIGHTS), 0xa08b } }, 0, "S (bit 4)" },
	{ REAL, { { F(GUEST_CS_ACCESS_RIGHTS), 0xf3 } }, 0, "for type 3" },
	{ LONG, { { F(GUEST_CS_ACCESS_RIGHTS), 0xa0fb } }, 0, "non-conforming" },
	{ LONG, { { F(GUEST_CS_ACCESS_RIGHTS), 0xa0ff } }, 0, "of conforming" },
	{ LONG, { { F(GUEST_CS_ACCESS_RIGHTS), 0xe09b } }, 0, "D/B" },
	{ LONG, { { F(GUEST_CS_ACCESS_RIGHTS), 0xa01b } }, 0, "P (bit 7)" },
	{ LONG, { { F(GUEST_CS_ACCESS_RIGHTS), 0xa19b } }, 0, "11:8" },
	{ LONG, { { F(GUEST_CS_ACCESS_RIGHTS), 0x209b } }, 0, "G (bit 15) must be 1" },
	{ LONG, { { F(GUEST_CS_LIMIT), 0xfffff0 } }, F(GUEST_CS_ACCESS_RIGHTS), "G (bit 15) must be 0" },
	{ RESTRICTED, { { F(GUEST_SS_ACCESS_RIGHTS), 0xc0f3 }, { F(GUEST_CS_ACCESS_RIGHTS), 0xc0fb } }, 0, "selector's RPL" },
	{ REAL, { { F(GUEST_SS_ACCESS_RIGHTS), 0xf3 }, { F(GUEST_CS_ACCESS_RIGHTS), 0x9f } }, 0, "in real mode" },
	{ LONG, { { F(GUEST_SS_ACCESS_RIGHTS), 0xc091 } }, 0, "3 or 7" },
	{ LONG, { { F(GUEST_SS_ACCESS_RIGHTS), 0xc083 } }, 0, "S (bit 4)" },
	{ LONG, { { F(GUEST_SS_ACCESS_RIGHTS), 0xc013 } }, 0, "P (bit 7)" },
	{ LONG, { { F(GUEST_DS_ACCESS_RIGHTS), 0xc092 } }, 0, "accessed" },
	{ LONG, { { F(GUEST_DS_ACCESS_RIGHTS), 0xc099 } }, 0, "readable" },
	{ LONG, { { F(GUEST_DS_ACCESS_RIGHTS), 0xc083 } }, 0, "S (bit 4)" },
	{ LONG, { { F(GUEST_DS_ACCESS_RIGHTS), 0xc013 } }, 0, "P (bit 7)" },
	{ RESTRICTED, { { F(GUEST_DS_ACCESS_RIGHTS), 0xc093 }, { F(GUEST_DS_SELECTOR), 3 } }, 0, "below the selector" },
	{ LONG, { { F(GUEST_ES_ACCESS_RIGHTS), 0x92 } }, 0, "accessed" },
	{ LONG, { { F(GUEST_FS_ACCESS_RIGHTS), 0x192 | 1 } }, 0, "11:8" },
	{ LONG, { { F(GUEST_GS_ACCESS_RIGHTS), 0x20093 } }, 0, "31:17" },
	{ LONG, { { F(GUEST_TR_ACCESS_RIGHTS), 0x83 } }, 0, "must be 11" },
	{ REAL, { { F(GUEST_TR_ACCESS_RIGHTS), 0x89 } }, 0, "3 or 11" },
	{ LONG, { { F(GUEST_TR_ACCESS_RIGHTS), 0x9b } }, 0, "S (bit 4)" },
	{ LONG, { { F(GUEST_TR_ACCESS_RIGHTS), 0x1008b } }, 0, "usable" },
	{ LONG, { { F(GUEST_TR_ACCESS_RIGHTS), 0x0b } }, 0, "P (bit 7)" },
	{ LONG, { { F(GUEST_TR_ACCESS_RIGHTS), 0x808b } }, 0, "G (bit 15)" },
	{ LONG, { { F(GUEST_LDTR_ACCESS_RIGHTS), 0x83 } }, 0, "must be 2" },
	{ LONG, { { F(GUEST_LDTR_ACCESS_RIGHTS), 0x92 } }, 0, "S (bit 4)" },
	{ LONG, { { F(GUEST_LDTR_ACCESS_RIGHTS), 0x02 } }, 0, "P (bit 7)" },
	{ V8086, { { F(GUEST_CS_BASE), 0x8 } }, 0, "selector times 16" },
	{ V8086, { { F(GUEST_FS_LIMIT), 0xfffff } }, 0, "ffff" },
	{ V8086, { { F(GUEST_SS_ACCESS_RIGHTS), 0x93 } }, 0, "f3" },
	{ V8086, { { F(GUEST_CR0), 0x30 } }, F(GUEST_RFLAGS), "VM (bit 17)" },
};

/* Flat 16-bit or 32-bit segments with @rights for data and @code for CS, selectors and bases 0. */
static void flat(uint64_t rights, uint64_t code, uint64_t limit)
{
	for (unsigned s = 0; s < 6; s++) {
		fake_vmcs_set((enum vmcs_field)(VMCS_GUEST_ES_SELECTOR + 2 * s), 0);
		fake_vmcs_set((enum vmcs_field)(VMCS_GUEST_ES_BASE + 2 * s), 0);
		fake_vmcs_set((enum vmcs_field)(VMCS_GUEST_ES_LIMIT + 2 * s), limit);
		fake_vmcs_set((enum vmcs_field)(VMCS_GUEST_ES_ACCESS_RIGHTS + 2 * s), s == 1 ? code : rights);
	}
	fake_vmcs_set(VMCS_ENTRY_CONTROLS, ENTRY & ~0x200ull);
	fake_vmcs_set(VMCS_GUEST_EFER, 0);
	fake_vmcs_set(VMCS_GUEST_CR4, 0x2000);
	fake_vmcs_set(VMCS_GUEST_RIP, 0xfff0);
	fake_vmcs_set(VMCS_GUEST_RFLAGS, 2);
}

static void begin(enum base base)
{
	fake_vmcs_good();
	switch (base) {
	case LONG:
		break;
	case REAL:
		flat(0x93, 0x9b, 0xffff);
		fake_vmcs_set(VMCS_GUEST_CR0, 0x30);
		break;
	case PAE:
		flat(0xc093, 0xc09b, 0xffffffff);
		fake_vmcs_set(VMCS_GUEST_CR0, 0x80000031);
		fake_vmcs_set(VMCS_GUEST_CR4, 0x2020);
		break;
	case V8086:
		flat(0xf3, 0xf3, 0xffff);
		fake_vmcs_set(VMCS_GUEST_CR0, 0x80000031);
		fake_vmcs_set(VMCS_GUEST_RFLAGS, 0x20002);
		break;
	case RESTRICTED:
		flat(0xc093, 0xc09b, 0xffffffff);
		fake_vmcs_set(VMCS_GUEST_CR0, 0x80000031);
		fake_vmcs_set(VMCS_SECONDARY_CONTROLS, PROC2_GOOD & ~0x80ull);
		break;
	}
}

static unsigned audit_on(const struct vmx_raw *raw, struct why_list *found)
{
	struct vmx_caps caps;

	vmx_caps_init(&caps, raw);
	*found = (struct why_list){ 0 };
	return vmx_audit(&caps, found);
}

static unsigned audit(struct why_list *found)
{
	struct vmx_raw raw = fake_vmcs_cpu();

	return audit_on(&raw, found);
}

static void run(const char *table, const struct mutation *list, size_t count)
{
	struct why_list found;

	for (size_t i = 0; i < count; i++) {
		const struct mutation *mu = &list[i];
		const char *field = vmcs_field_name(mu->field ? mu->field : mu->set[0].field);

		begin(mu->base);
		for (unsigned s = 0; s < 5 && (s == 0 || mu->set[s].field); s++)
			fake_vmcs_set(mu->set[s].field, mu->set[s].value);
		cr_expect_eq(audit(&found), 1, "%s %zu (%s): %u findings: %s / %s", table, i, field, found.count,
			     found.why[0].text, found.why[1].text);
		cr_expect(!strncmp(found.why[0].text, field, strlen(field)), "%s %zu: %s", table, i, found.why[0].text);
		cr_expect(strstr(found.why[0].text, mu->text), "%s %zu: %s", table, i, found.why[0].text);
		cr_expect(strstr(found.why[0].text, "\")"), "%s %zu is cut: %s", table, i, found.why[0].text);
	}
}

#define RUN(table) run(#table, table, sizeof(table) / sizeof(table[0]))

Test(audit, good_guests_have_no_finding)
{
	struct why_list found;

	for (enum base b = LONG; b <= RESTRICTED; b++) {
		begin(b);
		cr_expect_eq(audit(&found), 0, "base %d: %s", (int)b, found.why[0].text);
	}
}

Test(audit, every_rule_on_controls_is_found_alone) { RUN(controls); }
Test(audit, every_rule_on_injected_events_is_found_alone) { RUN(injection); }
Test(audit, every_rule_on_host_state_is_found_alone) { RUN(host); }
Test(audit, every_rule_on_guest_state_is_found_alone) { RUN(guest); }
Test(audit, every_rule_on_segments_is_found_alone) { RUN(segments); }

Test(audit, what_the_cpu_lacks_is_found)
{
	struct vmx_raw raw = fake_vmcs_cpu();
	struct why_list found;

	begin(LONG);
	raw.ept_vpid &= ~(1ull << 21);
	cr_assert_eq(audit_on(&raw, &found), 1);
	cr_assert(strstr(found.why[0].text, "A/D flags"), "%s", found.why[0].text);

	raw = fake_vmcs_cpu();
	raw.misc &= ~(1ull << 6);
	fake_vmcs_set(VMCS_GUEST_ACTIVITY_STATE, 1);
	cr_assert_eq(audit_on(&raw, &found), 1);
	cr_assert(strstr(found.why[0].text, "IA32_VMX_MISC bits 8:6"), "%s", found.why[0].text);

	raw = fake_vmcs_cpu();
	raw.cpuid_7_ebx = 0;
	begin(LONG);
	fake_vmcs_set(VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS, 0x11000);
	cr_assert_eq(audit_on(&raw, &found), 1);
	cr_assert(strstr(found.why[0].text, "RTM (bit 16) needs a CPU"), "%s", found.why[0].text);

	raw = fake_vmcs_cpu();
	raw.true_proc &= ~(1ull << (32 + 27));
	begin(LONG);
	fake_vmcs_set(INFO, 0x80000700);
	cr_assert_eq(audit_on(&raw, &found), 1);
	cr_assert(strstr(found.why[0].text, "monitor trap flag"), "%s", found.why[0].text);
}

Test(audit, findings_are_counted_beyond_the_list)
{
	struct why_list found;

	begin(LONG);
	for (unsigned f = VMCS_HOST_ES_SELECTOR; f <= VMCS_HOST_TR_SELECTOR; f += 2)
		fake_vmcs_set((enum vmcs_field)f, 3);
	for (unsigned f = VMCS_HOST_FS_BASE; f <= VMCS_HOST_RIP; f += 2)
		if (f != VMCS_HOST_RSP)
			fake_vmcs_set((enum vmcs_field)f, 1ull << 55);
	cr_assert_eq(audit(&found), 15);
	cr_assert_eq(found.count, 15);
}
