/* SPDX-License-Identifier: MIT */
/* audit_guest_state.c: SDM Vol. 3 "Checks on Guest Non-Register State" and on guest PDPTEs. */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/vmx/audit_rule.h"

enum activity { ACTIVITY_ACTIVE, ACTIVITY_HLT, ACTIVITY_SHUTDOWN, ACTIVITY_WAIT_FOR_SIPI };

#define BLOCKING_STI	(1u << 0)
#define BLOCKING_MOV_SS	(1u << 1)
#define BLOCKING_SMI	(1u << 2)
#define BLOCKING_NMI	(1u << 3)
#define ENCLAVE		(1u << 4)

#define PENDING_BS	(1ull << 14)
#define PENDING_BREAKPOINT	(1ull << 12)
#define PENDING_RTM	(1ull << 16)
#define PENDING_DEFINED	(0xfull | PENDING_BREAKPOINT | PENDING_BS | PENDING_RTM)
#define LEAF7_EBX_RTM	(1u << 11)
#define DEBUGCTL_BTF	(1ull << 1)

/* True if @info may be injected into a CPU in @activity. */
static bool fits_activity(uint64_t activity, uint64_t info)
{
	unsigned type = inject_type(info), vector = inject_vector(info);

	switch (activity) {
	case ACTIVITY_HLT:
		return type == INJECT_EXTERNAL || type == INJECT_NMI || type == INJECT_OTHER ||
		       (type == INJECT_EXCEPTION && (vector == 1 || vector == 18));
	case ACTIVITY_SHUTDOWN:
		return type == INJECT_NMI || (type == INJECT_EXCEPTION && vector == 18);
	case ACTIVITY_WAIT_FOR_SIPI:
		return false;
	}
	return true;
}

static void activity(struct audit *a, uint64_t blocking, uint64_t info)
{
	const enum vmcs_field f = VMCS_GUEST_ACTIVITY_STATE;
	uint64_t v = audit_field(f);

	audit_rule(a, v <= ACTIVITY_WAIT_FOR_SIPI, f, "must be 0 to 3");
	audit_rule(a, v == 0 || v > ACTIVITY_WAIT_FOR_SIPI || a->caps->raw.misc >> (5 + v) & 1, f,
		   "IA32_VMX_MISC bits 8:6 do not have this state");
	audit_rule(a, v != ACTIVITY_HLT || !(audit_field(VMCS_GUEST_SS_ACCESS_RIGHTS) >> 5 & 3), f,
		   "HLT needs SS.DPL 0");
	audit_rule(a, v == ACTIVITY_ACTIVE || !(blocking & (BLOCKING_STI | BLOCKING_MOV_SS)), f,
		   "must be 0 (active) while STI or MOV SS blocks events");
	audit_rule(a, !(info & INJECT_VALID) || fits_activity(v, info), f,
		   "the event in ENTRY_INTERRUPTION_INFO can't be injected in this state");
}

static void interruptibility(struct audit *a, uint64_t v, uint64_t info)
{
	const enum vmcs_field f = VMCS_GUEST_INTERRUPTIBILITY_STATE;
	bool external = info & INJECT_VALID && inject_type(info) == INJECT_EXTERNAL;
	bool nmi = info & INJECT_VALID && inject_type(info) == INJECT_NMI;
	bool both = (v & 3) == (BLOCKING_STI | BLOCKING_MOV_SS);

	audit_rule(a, !(v >> 5), f, "bits 31:5 must be 0");
	audit_rule(a, !both, f, "blocking by STI (bit 0) and by MOV SS (bit 1) exclude each other");
	audit_rule(a, !(v & BLOCKING_STI) || audit_field(VMCS_GUEST_RFLAGS) & RFLAGS_IF, f,
		   "blocking by STI (bit 0) needs RFLAGS.IF");
	audit_rule(a, !external || !(v & (BLOCKING_STI | BLOCKING_MOV_SS)), f,
		   "an external interrupt can't be injected while STI or MOV SS blocks it");
	audit_rule(a, !nmi || !(v & BLOCKING_MOV_SS), f, "an NMI can't be injected while MOV SS blocks it");
	audit_rule(a, !(v & BLOCKING_SMI), f, "blocking by SMI (bit 2) must be 0 outside SMM");
	audit_rule(a, !nmi || !(a->pin & VMX_PIN_VIRTUAL_NMIS) || !(v & BLOCKING_NMI), f,
		   "with \"virtual NMIs\" an NMI can't be injected while an NMI blocks it (bit 3)");
	audit_rule(a, !(v & ENCLAVE) || !(v & BLOCKING_MOV_SS), f,
		   "an enclave interruption (bit 4) excludes blocking by MOV SS");
}

static void pending_debug(struct audit *a, uint64_t blocking)
{
	const enum vmcs_field f = VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS;
	uint64_t v = audit_field(f);
	bool step = audit_field(VMCS_GUEST_RFLAGS) & RFLAGS_TF && !(audit_field(VMCS_GUEST_DEBUGCTL) & DEBUGCTL_BTF);

	audit_rule(a, !(v & ~PENDING_DEFINED), f, "bits 11:4, 13, 15 and 63:17 must be 0");
	if (blocking & (BLOCKING_STI | BLOCKING_MOV_SS) || audit_field(VMCS_GUEST_ACTIVITY_STATE) == ACTIVITY_HLT)
		audit_rule(a, !!(v & PENDING_BS) == step, f,
			   step ? "BS (bit 14) must be 1: RFLAGS.TF is set, events are blocked or the CPU is in HLT"
				: "BS (bit 14) must be 0: the guest is not single-stepping");
	if (v & PENDING_RTM) {
		audit_rule(a, v & PENDING_BREAKPOINT, f, "RTM (bit 16) needs bit 12");
		audit_rule(a, !(v & ~(PENDING_RTM | PENDING_BREAKPOINT)), f, "RTM (bit 16) excludes all but bit 12");
		audit_rule(a, a->caps->raw.cpuid_7_ebx & LEAF7_EBX_RTM, f, "RTM (bit 16) needs a CPU with RTM");
		audit_rule(a, !(blocking & BLOCKING_MOV_SS), f, "RTM (bit 16) excludes blocking by MOV SS");
	}
}

/* With EPT the CPU takes the PDPTEs of a guest in PAE paging from the VMCS. */
static void pdptes(struct audit *a)
{
	uint64_t reserved = 0x1e6 | ~0ull << a->caps->raw.physical_bits;
	bool pae = audit_field(VMCS_GUEST_CR0) & CR0_PG && audit_field(VMCS_GUEST_CR4) & CR4_PAE &&
		   !(a->entry & VMX_ENTRYC_IA32E_MODE_GUEST) && a->proc2 & VMX_PROC2_EPT;

	for (unsigned f = VMCS_GUEST_PDPTE0; pae && f <= VMCS_GUEST_PDPTE3; f += 2) {
		uint64_t v = audit_field((enum vmcs_field)f);

		audit_rule(a, !(v & 1) || !(v & reserved), (enum vmcs_field)f,
			   "reserved bits of a present PDPTE must be 0");
	}
}

void audit_guest_state(struct audit *a)
{
	uint64_t blocking = audit_field(VMCS_GUEST_INTERRUPTIBILITY_STATE);
	uint64_t info = audit_field(VMCS_ENTRY_INTERRUPTION_INFO);

	a->section = "Checks on Guest Non-Register State";
	activity(a, blocking, info);
	interruptibility(a, blocking, info);
	pending_debug(a, blocking);
	if (audit_field(VMCS_VMCS_LINK_POINTER) != ~0ull)
		audit_physical(a, VMCS_VMCS_LINK_POINTER, 0xfff);
	a->section = "Checks on Guest Page-Directory-Pointer-Table Entries";
	pdptes(a);
}
