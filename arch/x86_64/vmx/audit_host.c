/* SPDX-License-Identifier: MIT */
/* audit_host.c: SDM Vol. 3 "Checks on the Host-State Area" and "Checks Related to Address-Space Size". */
#include <stddef.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/vmx/audit_rule.h"

static void registers(struct audit *a)
{
	const struct vmx_raw *raw = &a->caps->raw;
	uint64_t cr0 = audit_field(VMCS_HOST_CR0), cr4 = audit_field(VMCS_HOST_CR4);

	a->section = "Checks on Host Control Registers, MSRs, and SSP";
	audit_rule(a, !(raw->cr0_fixed0 & ~cr0) && !(cr0 & ~raw->cr0_fixed1), VMCS_HOST_CR0,
		   "differs from IA32_VMX_CR0_FIXED0/1");
	audit_rule(a, !(raw->cr4_fixed0 & ~cr4) && !(cr4 & ~raw->cr4_fixed1), VMCS_HOST_CR4,
		   "differs from IA32_VMX_CR4_FIXED0/1");
	audit_rule(a, !(audit_field(VMCS_HOST_CR3) >> raw->physical_bits), VMCS_HOST_CR3,
		   "the address is wider than MAXPHYADDR");
	audit_canonical(a, VMCS_HOST_SYSENTER_ESP);
	audit_canonical(a, VMCS_HOST_SYSENTER_EIP);
	if (a->exit & VMX_EXITC_LOAD_PAT)
		audit_pat(a, VMCS_HOST_PAT);
	if (a->exit & VMX_EXITC_LOAD_EFER)
		audit_efer(a, VMCS_HOST_EFER, a->exit & VMX_EXITC_HOST_ADDRESS_SPACE_SIZE, true);
}

void audit_host(struct audit *a)
{
	static const char rpl[] = "RPL (bits 1:0) and TI (bit 2) must be 0";
	static const struct audit_zero selectors[] = {
		{ VMCS_HOST_ES_SELECTOR, 7, rpl }, { VMCS_HOST_CS_SELECTOR, 7, rpl }, { VMCS_HOST_SS_SELECTOR, 7, rpl },
		{ VMCS_HOST_DS_SELECTOR, 7, rpl }, { VMCS_HOST_FS_SELECTOR, 7, rpl }, { VMCS_HOST_GS_SELECTOR, 7, rpl },
		{ VMCS_HOST_TR_SELECTOR, 7, rpl },
	};
	static const enum vmcs_field bases[] = {
		VMCS_HOST_FS_BASE, VMCS_HOST_GS_BASE, VMCS_HOST_TR_BASE, VMCS_HOST_GDTR_BASE, VMCS_HOST_IDTR_BASE,
	};

	registers(a);
	a->section = "Checks on Host Segment and Descriptor-Table Registers";
	AUDIT_ZEROS(a, selectors);
	audit_rule(a, audit_field(VMCS_HOST_CS_SELECTOR) != 0, VMCS_HOST_CS_SELECTOR, "must not be 0");
	audit_rule(a, audit_field(VMCS_HOST_TR_SELECTOR) != 0, VMCS_HOST_TR_SELECTOR, "must not be 0");
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		audit_canonical(a, bases[i]);

	/* Tern runs in IA-32e mode. */
	a->section = "Checks Related to Address-Space Size";
	audit_rule(a, a->exit & VMX_EXITC_HOST_ADDRESS_SPACE_SIZE, VMCS_EXIT_CONTROLS,
		   "\"host address-space size\" must be 1 on a host in IA-32e mode");
	audit_rule(a, audit_field(VMCS_HOST_CR4) & CR4_PAE, VMCS_HOST_CR4, "PAE (bit 5) must be 1");
	audit_canonical(a, VMCS_HOST_RIP);
}
