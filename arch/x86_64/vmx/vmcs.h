/* SPDX-License-Identifier: MIT */
/* vmcs.h: typed access to the current VMCS, and the outcome of every VMX instruction. */
#pragma once
#include <stdint.h>
#include "arch/x86_64/vmx/exit_reason.h"
#include "arch/x86_64/vmx/vmcs_access.h"

/* SDM Vol. 3, "VM-Instruction Error Numbers". */
#define VMX_ERRORS(X) \
	X(1,  VMCALL_IN_ROOT, "VMCALL executed in VMX root operation") \
	X(2,  VMCLEAR_ADDRESS, "VMCLEAR with invalid physical address") \
	X(3,  VMCLEAR_VMXON_POINTER, "VMCLEAR with VMXON pointer") \
	X(4,  VMLAUNCH_NOT_CLEAR, "VMLAUNCH with non-clear VMCS") \
	X(5,  VMRESUME_NOT_LAUNCHED, "VMRESUME with non-launched VMCS") \
	X(6,  VMRESUME_AFTER_VMXOFF, "VMRESUME after VMXOFF") \
	X(7,  ENTRY_CONTROLS, "VM entry with invalid control field(s)") \
	X(8,  ENTRY_HOST_STATE, "VM entry with invalid host-state field(s)") \
	X(9,  VMPTRLD_ADDRESS, "VMPTRLD with invalid physical address") \
	X(10, VMPTRLD_VMXON_POINTER, "VMPTRLD with VMXON pointer") \
	X(11, VMPTRLD_REVISION, "VMPTRLD with incorrect VMCS revision identifier") \
	X(12, UNSUPPORTED_FIELD, "VMREAD/VMWRITE from/to unsupported VMCS component") \
	X(13, READ_ONLY_FIELD, "VMWRITE to read-only VMCS component") \
	X(15, VMXON_IN_ROOT, "VMXON executed in VMX root operation") \
	X(16, ENTRY_EXECUTIVE_POINTER, "VM entry with invalid executive-VMCS pointer") \
	X(17, ENTRY_EXECUTIVE_NOT_LAUNCHED, "VM entry with non-launched executive VMCS") \
	X(18, ENTRY_EXECUTIVE_NOT_VMXON, "VM entry with executive-VMCS pointer not VMXON pointer") \
	X(19, VMCALL_NOT_CLEAR, "VMCALL with non-clear VMCS") \
	X(20, VMCALL_EXIT_CONTROLS, "VMCALL with invalid VM-exit control fields") \
	X(22, VMCALL_MSEG_REVISION, "VMCALL with incorrect MSEG revision identifier") \
	X(23, VMXOFF_DUAL_MONITOR, "VMXOFF under dual-monitor treatment of SMIs and SMM") \
	X(24, VMCALL_SMM_FEATURES, "VMCALL with invalid SMM-monitor features") \
	X(25, ENTRY_EXECUTIVE_CONTROLS, "VM entry with invalid VM-execution control fields in executive VMCS") \
	X(26, ENTRY_BLOCKED_BY_MOV_SS, "VM entry with events blocked by MOV SS") \
	X(28, INVALID_OPERAND, "invalid operand to INVEPT/INVVPID")

#define VMX_ERROR_ENUM(number, name, text) VMX_ERROR_##name = number,
enum vmx_error { VMX_ERRORS(VMX_ERROR_ENUM) };
#undef VMX_ERROR_ENUM

/* The field EXIT_REASON: the basic reason, and whether the exit is a failed VM entry. */
#define VMX_EXIT_REASON_MASK	0xffffu
#define VMX_EXIT_ENTRY_FAILURE	(1u << 31)

/* Names for people; "?" for a value the tables don't have. */
const char *vmcs_field_name(enum vmcs_field field);
const char *vmx_error_text(uint32_t number);

/* Walks all fields in encoding order: the field number @index, false when there is none. */
_Bool vmcs_field_at(unsigned index, enum vmcs_field *field);
