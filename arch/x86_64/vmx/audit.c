/* SPDX-License-Identifier: MIT */
/* audit.c: runs the parts of the audit; the rules that several of them need. */
#include "arch/x86_64/vmx/audit.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/audit_rule.h"

#define EFER_DEFINED (EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)

void audit_rule(struct audit *a, bool holds, enum vmcs_field field, const char *rule)
{
	if (holds)
		return;
	a->count++;
	why_add(a->found, "%s = %llx: %s (SDM \"%s\")", vmcs_field_name(field),
		(unsigned long long)audit_field(field), rule, a->section);
}

void audit_zeros(struct audit *a, const struct audit_zero *table, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		audit_rule(a, !(audit_field(table[i].field) & table[i].zero), table[i].field, table[i].rule);
}

void audit_canonical(struct audit *a, enum vmcs_field field)
{
	unsigned shift = 64u - a->caps->raw.linear_bits;
	uint64_t v = audit_field(field);

	audit_rule(a, (uint64_t)((int64_t)(v << shift) >> shift) == v, field, "not a canonical address");
}

void audit_physical(struct audit *a, enum vmcs_field field, uint64_t low)
{
	uint64_t v = audit_field(field);

	audit_rule(a, !(v & low), field, "the low bits of the address must be 0");
	audit_rule(a, !(v >> a->caps->raw.physical_bits), field, "the address is wider than MAXPHYADDR");
}

void audit_pat(struct audit *a, enum vmcs_field field)
{
	uint64_t v = audit_field(field);
	bool ok = true;

	for (unsigned i = 0; i < 64; i += 8)
		ok &= (v >> i & 0xff) < 8 && 0xf3 >> (v >> i & 7) & 1;
	audit_rule(a, ok, field, "each byte must be a memory type: 0, 1, 4, 5, 6 or 7");
}

void audit_efer(struct audit *a, enum vmcs_field field, bool long_mode, bool paging)
{
	uint64_t v = audit_field(field);

	audit_rule(a, !(v & ~EFER_DEFINED), field, "reserved bits must be 0");
	audit_rule(a, !!(v & EFER_LMA) == long_mode, field, "LMA (bit 10) must agree with the address-size control");
	audit_rule(a, !paging || !(v & EFER_LMA) == !(v & EFER_LME), field,
		   "LME (bit 8) must equal LMA (bit 10) while paging is on");
}

static struct audit begin(const struct vmx_caps *caps, struct why_list *found)
{
	struct audit a = {
		.caps = caps, .found = found,
		.pin = (uint32_t)audit_field(VMCS_PIN_BASED_CONTROLS),
		.proc = (uint32_t)audit_field(VMCS_PRIMARY_CONTROLS),
		.exit = (uint32_t)audit_field(VMCS_EXIT_CONTROLS),
		.entry = (uint32_t)audit_field(VMCS_ENTRY_CONTROLS),
	};

	if (a.proc & VMX_PROC_SECONDARY_CONTROLS)
		a.proc2 = (uint32_t)audit_field(VMCS_SECONDARY_CONTROLS);
	return a;
}

unsigned vmx_audit(const struct vmx_caps *caps, struct why_list *found)
{
	struct audit a = begin(caps, found);

	audit_controls(&a);
	audit_injection(&a);
	audit_host(&a);
	audit_guest(&a);
	audit_segments(&a);
	audit_guest_state(&a);
	return a.count;
}

unsigned vmx_audit_guest(const struct vmx_caps *caps, struct why_list *found)
{
	struct audit a = begin(caps, found);

	audit_injection(&a);
	audit_guest(&a);
	audit_segments(&a);
	audit_guest_state(&a);
	return a.count;
}
