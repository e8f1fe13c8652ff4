/* SPDX-License-Identifier: MIT */
/* vmcs_access.h: the VMX instructions: VMREAD and VMWRITE on the current VMCS, and those that choose it. */
#pragma once
#include <stdint.h>
#include "arch/x86_64/vmx/vmcs_fields.h"

static inline enum vmx_status vmx_vmread(enum vmcs_field field, uint64_t *value)
{
	uint8_t cf, zf;
	uint64_t v = 0;

	__asm__ volatile("vmread %3, %0" : "+r"(v), "=@ccc"(cf), "=@ccz"(zf) : "r"((uint64_t)field));
	*value = v;
	return cf ? VMX_FAIL_INVALID : zf ? VMX_FAIL_VALID : VMX_SUCCEED;
}

static inline enum vmx_status vmx_vmwrite(enum vmcs_field field, uint64_t value)
{
	uint8_t cf, zf;

	__asm__ volatile("vmwrite %3, %2" : "=@ccc"(cf), "=@ccz"(zf) : "r"((uint64_t)field), "rm"(value));
	return cf ? VMX_FAIL_INVALID : zf ? VMX_FAIL_VALID : VMX_SUCCEED;
}

/* Panics with the operation, the field's name and the VM-instruction error. */
__attribute__((noreturn, cold))
void vmcs_failed(const char *operation, enum vmcs_field field, enum vmx_status status);

/* For fields the code knows to exist: anything but success is a bug of ours. One flag test suffices for these, so
 * the failing instruction is repeated to learn which of the two failures it is. */
static inline uint64_t vmcs_read(enum vmcs_field field)
{
	uint64_t value;
	uint8_t failed;

	__asm__ volatile("vmread %2, %0" : "=r"(value), "=@ccbe"(failed) : "r"((uint64_t)field));
	if (__builtin_expect(failed, 0))
		vmcs_failed("VMREAD", field, vmx_vmread(field, &value));
	return value;
}

static inline void vmcs_write(enum vmcs_field field, uint64_t value)
{
	uint8_t failed;

	__asm__ volatile("vmwrite %2, %1" : "=@ccbe"(failed) : "r"((uint64_t)field), "rm"(value));
	if (__builtin_expect(failed, 0))
		vmcs_failed("VMWRITE", field, vmx_vmwrite(field, value));
}

/* The outcome of a VMX instruction, from the flags it leaves. */
#define VMX_ASM(status, insn, ...) do { \
	uint8_t cf_, zf_; \
	__asm__ volatile(insn : "=@ccc"(cf_), "=@ccz"(zf_) : __VA_ARGS__ : "memory"); \
	(status) = cf_ ? VMX_FAIL_INVALID : zf_ ? VMX_FAIL_VALID : VMX_SUCCEED; \
} while (0)

/* These three take the physical address of a VMXON region or VMCS: 4 KiB aligned, 4 KiB long. */
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
