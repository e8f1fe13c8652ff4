/* SPDX-License-Identifier: MIT */
/* vmcs.h: typed access to the current VMCS, and the outcome of every VMX instruction. */
#pragma once
#include <stdint.h>
#include "arch/x86_64/exit_reason.h"
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

/* Bit 31 of the field EXIT_REASON: the exit is a failed VM entry. Bits 15:0 are the basic reason. */
#define VMX_EXIT_ENTRY_FAILURE (1u << 31)

/* Names for people; "?" for a value the tables don't have. */
const char *vmcs_field_name(enum vmcs_field field);
const char *vmx_error_text(uint32_t number);

/* Walks all fields in encoding order: the field number @index, false when there is none. */
_Bool vmcs_field_at(unsigned index, enum vmcs_field *field);

/* The outcome of a VMX instruction, from the flags it leaves. */
#define VMX_ASM(status, insn, ...) do { \
	uint8_t cf_, zf_; \
	__asm__ volatile(insn : "=@ccc"(cf_), "=@ccz"(zf_) : __VA_ARGS__ : "memory"); \
	(status) = cf_ ? VMX_FAIL_INVALID : zf_ ? VMX_FAIL_VALID : VMX_SUCCEED; \
} while (0)

/* These four take the physical address of a VMXON region or VMCS: 4 KiB aligned, 4 KiB long. */
static inline enum vmx_status vmx_vmxon(uint64_t address)
{
	enum vmx_status s;

	VMX_ASM(s, "vmxon %2", "m"(address));
	return s;
}

static inline enum vmx_status vmx_vmclear(uint64_t address)
{
	enum vmx_status s;

	VMX_ASM(s, "vmclear %2", "m"(address));
	return s;
}

static inline enum vmx_status vmx_vmptrld(uint64_t address)
{
	enum vmx_status s;

	VMX_ASM(s, "vmptrld %2", "m"(address));
	return s;
}

static inline enum vmx_status vmx_vmxoff(void)
{
	uint8_t cf, zf;

	__asm__ volatile("vmxoff" : "=@ccc"(cf), "=@ccz"(zf) : : "memory");
	return cf ? VMX_FAIL_INVALID : zf ? VMX_FAIL_VALID : VMX_SUCCEED;
}

/* INVEPT and INVVPID types, SDM Vol. 3, "VMX Instruction Reference". They act on this CPU only. */
enum vmx_invept_type { VMX_INVEPT_SINGLE_CONTEXT = 1, VMX_INVEPT_ALL_CONTEXT = 2 };
enum vmx_invvpid_type {
	VMX_INVVPID_ADDRESS = 0, VMX_INVVPID_SINGLE_CONTEXT = 1, VMX_INVVPID_ALL_CONTEXT = 2,
	VMX_INVVPID_SINGLE_RETAINING_GLOBALS = 3,
};

static inline enum vmx_status vmx_invept(enum vmx_invept_type type, uint64_t eptp)
{
	struct { uint64_t eptp, zero; } d = { eptp, 0 };
	enum vmx_status s;

	VMX_ASM(s, "invept %3, %2", "r"((uint64_t)type), "m"(d));
	return s;
}

static inline enum vmx_status vmx_invvpid(enum vmx_invvpid_type type, uint16_t vpid, uint64_t address)
{
	struct { uint64_t vpid, address; } d = { vpid, address };
	enum vmx_status s;

	VMX_ASM(s, "invvpid %3, %2", "r"((uint64_t)type), "m"(d));
	return s;
}
