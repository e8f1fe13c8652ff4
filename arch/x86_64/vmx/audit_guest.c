/* SPDX-License-Identifier: MIT */
/* audit_guest.c: SDM Vol. 3 "Checks on the Guest State Area", without segments. */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/vmx/audit_rule.h"

#define DEBUGCTL_DEFINED	0xffc7ull
#define CS_LONG			(1u << 13)

static void control_registers(struct audit *a)
{
	const struct vmx_raw *raw = &a->caps->raw;
	uint64_t cr0 = audit_field(VMCS_GUEST_CR0), cr4 = audit_field(VMCS_GUEST_CR4), checked = ~(CR0_NW | CR0_CD);

	if (a->proc2 & VMX_PROC2_UNRESTRICTED_GUEST)
		checked &= ~(CR0_PE | CR0_PG);
	audit_rule(a, !(raw->cr0_fixed0 & ~cr0 & checked) && !(cr0 & ~raw->cr0_fixed1 & checked), VMCS_GUEST_CR0,
		   "differs from IA32_VMX_CR0_FIXED0/1");
	audit_rule(a, !(cr0 & CR0_PG) || cr0 & CR0_PE, VMCS_GUEST_CR0, "PG (bit 31) needs PE (bit 0)");
	audit_rule(a, !(raw->cr4_fixed0 & ~cr4) && !(cr4 & ~raw->cr4_fixed1), VMCS_GUEST_CR4,
		   "differs from IA32_VMX_CR4_FIXED0/1");
	if (a->entry & VMX_ENTRYC_IA32E_MODE_GUEST) {
		audit_rule(a, cr0 & CR0_PG, VMCS_GUEST_CR0, "\"IA-32e mode guest\" needs PG (bit 31)");
		audit_rule(a, cr4 & CR4_PAE, VMCS_GUEST_CR4, "\"IA-32e mode guest\" needs PAE (bit 5)");
	} else {
		audit_rule(a, !(cr4 & CR4_PCIDE), VMCS_GUEST_CR4, "PCIDE (bit 17) needs \"IA-32e mode guest\"");
	}
	audit_rule(a, !(audit_field(VMCS_GUEST_CR3) >> raw->physical_bits), VMCS_GUEST_CR3,
		   "the address is wider than MAXPHYADDR");
}

static void msrs(struct audit *a)
{
	if (a->entry & VMX_ENTRYC_LOAD_DEBUG_CONTROLS) {
		audit_rule(a, !(audit_field(VMCS_GUEST_DEBUGCTL) & ~DEBUGCTL_DEFINED), VMCS_GUEST_DEBUGCTL,
			   "reserved bits must be 0");
		audit_rule(a, !(audit_field(VMCS_GUEST_DR7) >> 32), VMCS_GUEST_DR7, "bits 63:32 must be 0");
	}
	audit_canonical(a, VMCS_GUEST_SYSENTER_ESP);
	audit_canonical(a, VMCS_GUEST_SYSENTER_EIP);
	if (a->entry & VMX_ENTRYC_LOAD_PAT)
		audit_pat(a, VMCS_GUEST_PAT);
	if (a->entry & VMX_ENTRYC_LOAD_EFER)
		audit_efer(a, VMCS_GUEST_EFER, a->entry & VMX_ENTRYC_IA32E_MODE_GUEST,
			   audit_field(VMCS_GUEST_CR0) & CR0_PG);
	if (a->entry & VMX_ENTRYC_LOAD_BNDCFGS) {
		audit_rule(a, !(audit_field(VMCS_GUEST_BNDCFGS) & 0xffc), VMCS_GUEST_BNDCFGS, "bits 11:2 must be 0");
		audit_canonical(a, VMCS_GUEST_BNDCFGS);
	}
}

static void descriptor_tables(struct audit *a)
{
	static const char limit[] = "bits 31:16 must be 0";
	static const struct audit_zero limits[] = {
		{ VMCS_GUEST_GDTR_LIMIT, 0xffff0000, limit }, { VMCS_GUEST_IDTR_LIMIT, 0xffff0000, limit },
	};

	audit_canonical(a, VMCS_GUEST_GDTR_BASE);
	audit_canonical(a, VMCS_GUEST_IDTR_BASE);
	AUDIT_ZEROS(a, limits);
}

static void rip_rflags(struct audit *a)
{
	uint64_t rip = audit_field(VMCS_GUEST_RIP), flags = audit_field(VMCS_GUEST_RFLAGS);
	uint64_t info = audit_field(VMCS_ENTRY_INTERRUPTION_INFO), high = rip >> a->caps->raw.linear_bits;
	bool ia32e = a->entry & VMX_ENTRYC_IA32E_MODE_GUEST;

	if (ia32e && audit_field(VMCS_GUEST_CS_ACCESS_RIGHTS) & CS_LONG)
		audit_rule(a, high == 0 || high == ~0ull >> a->caps->raw.linear_bits, VMCS_GUEST_RIP,
			   "bits above the linear-address width must be identical");
	else
		audit_rule(a, !(rip >> 32), VMCS_GUEST_RIP, "bits 63:32 must be 0 outside 64-bit mode");
	audit_rule(a, !(flags & ~0x3f7fd7ull), VMCS_GUEST_RFLAGS, "bits 63:22, 15, 5 and 3 must be 0");
	audit_rule(a, flags & 2, VMCS_GUEST_RFLAGS, "bit 1 must be 1");
	audit_rule(a, !(flags & RFLAGS_VM) || (!ia32e && audit_field(VMCS_GUEST_CR0) & CR0_PE), VMCS_GUEST_RFLAGS,
		   "VM (bit 17) needs CR0.PE and excludes \"IA-32e mode guest\"");
	if (info & INJECT_VALID && inject_type(info) == INJECT_EXTERNAL)
		audit_rule(a, flags & RFLAGS_IF, VMCS_GUEST_RFLAGS,
			   "IF (bit 9) must be 1 to inject an external interrupt");
}

void audit_guest(struct audit *a)
{
	a->section = "Checks on Guest Control Registers, Debug Registers, and MSRs";
	control_registers(a);
	msrs(a);
	a->section = "Checks on Guest Descriptor-Table Registers";
	descriptor_tables(a);
	a->section = "Checks on Guest RIP, RFLAGS, and SSP";
	rip_rflags(a);
}
