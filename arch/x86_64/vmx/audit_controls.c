/* SPDX-License-Identifier: MIT */
/* audit_controls.c: SDM Vol. 3 "Checks on VMX Controls". */
#include <stddef.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/vmx/audit_rule.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static void reserved(struct audit *a, enum vmx_group group, enum vmcs_field field, uint32_t value)
{
	const struct vmx_allowed *w = &a->caps->allowed[group];

	audit_rule(a, !(w->must_be_1 & ~value), field, "a bit is 0 that the capability MSR wants 1");
	audit_rule(a, !(value & ~w->may_be_1), field, "a bit is 1 that the capability MSR does not allow");
}

/* A control that points the CPU to a page: the address is checked while the control is 1. */
static const struct page_rule {
	enum vmx_group group;
	uint32_t control;
	enum vmcs_field field;
	uint64_t low;
} page_rules[] = {
	{ VMX_GROUP_PROC, VMX_PROC_IO_BITMAPS, VMCS_IO_BITMAP_A, 0xfff },
	{ VMX_GROUP_PROC, VMX_PROC_IO_BITMAPS, VMCS_IO_BITMAP_B, 0xfff },
	{ VMX_GROUP_PROC, VMX_PROC_MSR_BITMAPS, VMCS_MSR_BITMAP, 0xfff },
	{ VMX_GROUP_PROC, VMX_PROC_TPR_SHADOW, VMCS_VIRTUAL_APIC_ADDRESS, 0xfff },
	{ VMX_GROUP_PROC2, VMX_PROC2_VIRTUALIZE_APIC_ACCESSES, VMCS_APIC_ACCESS_ADDRESS, 0xfff },
	{ VMX_GROUP_PROC2, VMX_PROC2_PML, VMCS_PML_ADDRESS, 0xfff },
	{ VMX_GROUP_PROC2, VMX_PROC2_VMCS_SHADOWING, VMCS_VMREAD_BITMAP_ADDRESS, 0xfff },
	{ VMX_GROUP_PROC2, VMX_PROC2_VMCS_SHADOWING, VMCS_VMWRITE_BITMAP_ADDRESS, 0xfff },
	{ VMX_GROUP_PROC2, VMX_PROC2_EPT_VIOLATION_VE, VMCS_VIRTUALIZATION_EXCEPTION_INFO_ADDRESS, 0xfff },
	{ VMX_GROUP_PROC2, VMX_PROC2_SUB_PAGE_PERMISSIONS, VMCS_SPP_TABLE_POINTER, 0xfff },
	{ VMX_GROUP_PIN, VMX_PIN_POSTED_INTERRUPTS, VMCS_POSTED_INTERRUPT_DESCRIPTOR_ADDRESS, 0x3f },
};

/* While @control is 1, @needed must have the value @one. */
static const struct pair_rule {
	enum vmx_group group;
	uint32_t control;
	enum vmx_group needed_group;
	uint32_t needed;
	bool one;
	enum vmcs_field field;
	const char *rule;
} pair_rules[] = {
#define PROC2_NEEDS(control, group, needed, one, rule) \
	{ VMX_GROUP_PROC2, VMX_PROC2_##control, VMX_GROUP_##group, needed, one, VMCS_SECONDARY_CONTROLS, rule }
	PROC2_NEEDS(VIRTUALIZE_X2APIC_MODE, PROC, VMX_PROC_TPR_SHADOW, true,
		    "\"virtualize x2APIC mode\" needs \"use TPR shadow\""),
	PROC2_NEEDS(APIC_REGISTER_VIRTUALIZATION, PROC, VMX_PROC_TPR_SHADOW, true,
		    "\"APIC-register virtualization\" needs \"use TPR shadow\""),
	PROC2_NEEDS(VIRTUAL_INTERRUPT_DELIVERY, PROC, VMX_PROC_TPR_SHADOW, true,
		    "\"virtual-interrupt delivery\" needs \"use TPR shadow\""),
	PROC2_NEEDS(VIRTUAL_INTERRUPT_DELIVERY, PIN, VMX_PIN_EXTERNAL_INTERRUPT_EXITING, true,
		    "\"virtual-interrupt delivery\" needs \"external-interrupt exiting\""),
	PROC2_NEEDS(VIRTUALIZE_X2APIC_MODE, PROC2, VMX_PROC2_VIRTUALIZE_APIC_ACCESSES, false,
		    "\"virtualize x2APIC mode\" excludes \"virtualize APIC accesses\""),
	PROC2_NEEDS(UNRESTRICTED_GUEST, PROC2, VMX_PROC2_EPT, true, "\"unrestricted guest\" needs \"enable EPT\""),
	PROC2_NEEDS(PML, PROC2, VMX_PROC2_EPT, true, "\"enable PML\" needs \"enable EPT\""),
	PROC2_NEEDS(MODE_BASED_EXECUTE, PROC2, VMX_PROC2_EPT, true,
		    "\"mode-based execute control for EPT\" needs \"enable EPT\""),
	PROC2_NEEDS(SUB_PAGE_PERMISSIONS, PROC2, VMX_PROC2_EPT, true,
		    "\"sub-page write permissions for EPT\" needs \"enable EPT\""),
	{ VMX_GROUP_PIN, VMX_PIN_VIRTUAL_NMIS, VMX_GROUP_PIN, VMX_PIN_NMI_EXITING, true, VMCS_PIN_BASED_CONTROLS,
	  "\"virtual NMIs\" needs \"NMI exiting\"" },
	{ VMX_GROUP_PROC, VMX_PROC_NMI_WINDOW_EXITING, VMX_GROUP_PIN, VMX_PIN_VIRTUAL_NMIS, true, VMCS_PRIMARY_CONTROLS,
	  "\"NMI-window exiting\" needs \"virtual NMIs\"" },
	{ VMX_GROUP_PIN, VMX_PIN_POSTED_INTERRUPTS, VMX_GROUP_PROC2, VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY, true,
	  VMCS_PIN_BASED_CONTROLS, "\"process posted interrupts\" needs \"virtual-interrupt delivery\"" },
	{ VMX_GROUP_PIN, VMX_PIN_POSTED_INTERRUPTS, VMX_GROUP_EXIT, VMX_EXITC_ACKNOWLEDGE_INTERRUPT, true,
	  VMCS_PIN_BASED_CONTROLS, "\"process posted interrupts\" needs \"acknowledge interrupt on exit\"" },
};

static void eptp(struct audit *a)
{
	uint64_t v = audit_field(VMCS_EPT_POINTER), cap = a->caps->raw.ept_vpid;
	unsigned type = v & 7;

	audit_rule(a, (type == 0 && cap >> 8 & 1) || (type == 6 && cap >> 14 & 1), VMCS_EPT_POINTER,
		   "bits 2:0 must be a memory type that IA32_VMX_EPT_VPID_CAP has");
	audit_rule(a, (v >> 3 & 7) == 3, VMCS_EPT_POINTER, "bits 5:3 must be 3, a page walk of 4");
	audit_rule(a, !(v >> 6 & 1) || cap >> 21 & 1, VMCS_EPT_POINTER,
		   "bit 6 enables A/D flags that this CPU does not have");
	audit_rule(a, !(v >> 7 & 0x1f), VMCS_EPT_POINTER, "bits 11:7 must be 0");
	audit_rule(a, !(v >> a->caps->raw.physical_bits), VMCS_EPT_POINTER, "the address is wider than MAXPHYADDR");
}

/* An MSR area of @count entries of 16 bytes. */
static void msr_area(struct audit *a, enum vmcs_field count, enum vmcs_field address)
{
	uint64_t n = audit_field(count), first = audit_field(address), last = first + n * 16 - 1;
	unsigned bits = a->caps->raw.physical_bits;

	if (!n)
		return;
	audit_rule(a, !(first & 15), address, "the low four bits must be 0");
	audit_rule(a, !(first >> bits) && !(last >> bits), address, "the area ends beyond MAXPHYADDR");
}

static void execution(struct audit *a, const uint32_t controls[VMX_GROUPS])
{
	a->section = "VM-Execution Control Fields";
	reserved(a, VMX_GROUP_PIN, VMCS_PIN_BASED_CONTROLS, a->pin);
	reserved(a, VMX_GROUP_PROC, VMCS_PRIMARY_CONTROLS, a->proc);
	if (a->proc & VMX_PROC_SECONDARY_CONTROLS)
		reserved(a, VMX_GROUP_PROC2, VMCS_SECONDARY_CONTROLS, a->proc2);
	for (size_t i = 0; i < COUNT(page_rules); i++)
		if (controls[page_rules[i].group] & page_rules[i].control)
			audit_physical(a, page_rules[i].field, page_rules[i].low);
	for (size_t i = 0; i < COUNT(pair_rules); i++) {
		const struct pair_rule *p = &pair_rules[i];

		if (controls[p->group] & p->control)
			audit_rule(a, !!(controls[p->needed_group] & p->needed) == p->one, p->field, p->rule);
	}
	audit_rule(a, audit_field(VMCS_CR3_TARGET_COUNT) <= (a->caps->raw.misc >> 16 & 0x1ff), VMCS_CR3_TARGET_COUNT,
		   "more than IA32_VMX_MISC bits 24:16 allow");
	if (a->proc & VMX_PROC_TPR_SHADOW && !(a->proc2 & VMX_PROC2_VIRTUAL_INTERRUPT_DELIVERY))
		audit_rule(a, !(audit_field(VMCS_TPR_THRESHOLD) >> 4), VMCS_TPR_THRESHOLD, "bits 31:4 must be 0");
	if (a->pin & VMX_PIN_POSTED_INTERRUPTS)
		audit_rule(a, !(audit_field(VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR) >> 8),
			   VMCS_POSTED_INTERRUPT_NOTIFICATION_VECTOR, "bits 15:8 must be 0");
	if (a->proc2 & VMX_PROC2_VPID)
		audit_rule(a, audit_field(VMCS_VPID) != 0, VMCS_VPID, "must not be 0 with \"enable VPID\"");
	if (a->proc2 & VMX_PROC2_EPT)
		eptp(a);
	if (a->proc2 & VMX_PROC2_TSC_SCALING)
		audit_rule(a, audit_field(VMCS_TSC_MULTIPLIER) != 0, VMCS_TSC_MULTIPLIER,
			   "must not be 0 with \"use TSC scaling\"");
	if (a->proc2 & VMX_PROC2_VM_FUNCTIONS)
		audit_rule(a, !(audit_field(VMCS_VM_FUNCTION_CONTROLS) & ~a->caps->raw.vmfunc),
			   VMCS_VM_FUNCTION_CONTROLS, "a bit is 1 that IA32_VMX_VMFUNC does not allow");
}

void audit_controls(struct audit *a)
{
	const uint32_t controls[VMX_GROUPS] = { a->pin, a->proc, a->proc2, a->exit, a->entry };

	execution(a, controls);
	a->section = "VM-Exit Control Fields";
	reserved(a, VMX_GROUP_EXIT, VMCS_EXIT_CONTROLS, a->exit);
	audit_rule(a, !(a->exit & VMX_EXITC_SAVE_PREEMPTION_TIMER) || a->pin & VMX_PIN_PREEMPTION_TIMER,
		   VMCS_EXIT_CONTROLS, "\"save VMX-preemption timer value\" needs \"activate VMX-preemption timer\"");
	msr_area(a, VMCS_EXIT_MSR_STORE_COUNT, VMCS_EXIT_MSR_STORE_ADDRESS);
	msr_area(a, VMCS_EXIT_MSR_LOAD_COUNT, VMCS_EXIT_MSR_LOAD_ADDRESS);

	a->section = "VM-Entry Control Fields";
	reserved(a, VMX_GROUP_ENTRY, VMCS_ENTRY_CONTROLS, a->entry);
	audit_rule(a, !(a->entry & (VMX_ENTRYC_SMM | VMX_ENTRYC_DEACTIVATE_DUAL_MONITOR)), VMCS_ENTRY_CONTROLS,
		   "\"entry to SMM\" and \"deactivate dual-monitor treatment\" must be 0 outside SMM");
	msr_area(a, VMCS_ENTRY_MSR_LOAD_COUNT, VMCS_ENTRY_MSR_LOAD_ADDRESS);
}

/* Exceptions with an error code: #DF #TS #NP #SS #GP #PF #AC. */
static bool has_error_code(unsigned vector)
{
	return vector < 32 && (1u << 8 | 1u << 10 | 1u << 11 | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 17) >> vector & 1;
}

void audit_injection(struct audit *a)
{
	const enum vmcs_field f = VMCS_ENTRY_INTERRUPTION_INFO;
	uint64_t info = audit_field(f), length = audit_field(VMCS_ENTRY_INSTRUCTION_LENGTH), misc = a->caps->raw.misc;
	unsigned type = inject_type(info), vector = inject_vector(info);
	bool protected = !(a->proc2 & VMX_PROC2_UNRESTRICTED_GUEST) || audit_field(VMCS_GUEST_CR0) & CR0_PE;
	bool code = type == INJECT_EXCEPTION && has_error_code(vector) && protected;

	a->section = "VM-Entry Control Fields";
	if (!(info & INJECT_VALID))
		return;
	audit_rule(a, type != 1, f, "interruption type 1 is reserved");
	audit_rule(a, type != INJECT_OTHER || a->caps->allowed[VMX_GROUP_PROC].may_be_1 & VMX_PROC_MONITOR_TRAP_FLAG, f,
		   "interruption type 7 needs a CPU with \"monitor trap flag\"");
	audit_rule(a, type != INJECT_NMI || vector == 2, f, "an NMI has vector 2");
	audit_rule(a, type != INJECT_EXCEPTION || vector < 32, f, "a hardware exception has a vector below 32");
	audit_rule(a, type != INJECT_OTHER || vector == 0, f, "an \"other event\" has vector 0");
	audit_rule(a, !!(info & INJECT_ERROR_CODE) == code, f,
		   code ? "this exception delivers an error code: bit 11 must be 1"
			: "this event delivers no error code: bit 11 must be 0");
	audit_rule(a, !(info >> 12 & 0x7ffff), f, "bits 30:12 must be 0");
	if (info & INJECT_ERROR_CODE)
		audit_rule(a, !(audit_field(VMCS_ENTRY_EXCEPTION_ERROR_CODE) >> 16), VMCS_ENTRY_EXCEPTION_ERROR_CODE,
			   "bits 31:16 must be 0");
	if (type >= INJECT_SOFT_INTERRUPT && type <= INJECT_SOFT_EXCEPTION)
		audit_rule(a, length <= 15 && (length > 0 || misc >> 30 & 1), VMCS_ENTRY_INSTRUCTION_LENGTH,
			   "a software event needs an instruction length of 1 to 15");
}
