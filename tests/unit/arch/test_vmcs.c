/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/vmx/vmcs.h"
#include <criterion/criterion.h>

Test(vmcs, fields_carry_the_encodings_of_the_sdm)
{
	static const struct { uint32_t encoding; const char *name; } known[] = {
		{ 0x0000, "VPID" }, { 0x080e, "GUEST_TR_SELECTOR" }, { 0x0812, "PML_INDEX" }, { 0x0c0c, "HOST_TR_SELECTOR" },
		{ 0x2004, "MSR_BITMAP" }, { 0x200e, "PML_ADDRESS" }, { 0x201a, "EPT_POINTER" },
		{ 0x202c, "XSS_EXITING_BITMAP" }, { 0x2032, "TSC_MULTIPLIER" }, { 0x2036, "ENCLV_EXITING_BITMAP" },
		{ 0x2400, "GUEST_PHYSICAL_ADDRESS" }, { 0x2800, "VMCS_LINK_POINTER" }, { 0x2806, "GUEST_EFER" },
		{ 0x2c02, "HOST_EFER" }, { 0x4002, "PRIMARY_CONTROLS" }, { 0x400c, "EXIT_CONTROLS" },
		{ 0x4016, "ENTRY_INTERRUPTION_INFO" }, { 0x401e, "SECONDARY_CONTROLS" }, { 0x4402, "EXIT_REASON" },
		{ 0x440e, "EXIT_INSTRUCTION_INFO" }, { 0x4822, "GUEST_TR_ACCESS_RIGHTS" },
		{ 0x4826, "GUEST_ACTIVITY_STATE" }, { 0x482e, "PREEMPTION_TIMER_VALUE" }, { 0x4c00, "HOST_SYSENTER_CS" },
		{ 0x6400, "EXIT_QUALIFICATION" }, { 0x640a, "GUEST_LINEAR_ADDRESS" }, { 0x6806, "GUEST_ES_BASE" },
		{ 0x6814, "GUEST_TR_BASE" }, { 0x681e, "GUEST_RIP" }, { 0x6820, "GUEST_RFLAGS" },
		{ 0x6826, "GUEST_SYSENTER_EIP" }, { 0x6c14, "HOST_RSP" }, { 0x6c16, "HOST_RIP" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		cr_expect_str_eq(vmcs_field_name((enum vmcs_field)known[i].encoding), known[i].name);
	cr_expect_str_eq(vmcs_field_name((enum vmcs_field)0x7ffe), "?");
}

Test(vmcs, fields_are_walked_once_in_rising_order)
{
	enum vmcs_field f, last = 0;
	unsigned n = 0;

	while (vmcs_field_at(n, &f)) {
		cr_assert(n == 0 || f > last, "%s", vmcs_field_name(f));
		cr_assert_eq(f & 0x9001, 0, "not an encoding: %x", (unsigned)f);
		last = f;
		n++;
	}
	cr_assert(n > 150);
}

Test(vmcs, errors_and_exit_reasons_have_names)
{
	cr_expect_str_eq(vmx_error_text(7), "VM entry with invalid control field(s)");
	cr_expect_str_eq(vmx_error_text(14), "?");
	cr_expect_str_eq(vmx_exit_reason_name(VMX_EXIT_EPT_VIOLATION), "EPT_VIOLATION");
	cr_expect_str_eq(vmx_exit_reason_name(62), "PAGE_MODIFICATION_LOG_FULL");
	cr_expect_str_eq(vmx_exit_reason_name(35), "?");
}
