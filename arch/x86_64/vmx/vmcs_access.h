/* SPDX-License-Identifier: MIT */
/* vmcs_access.h: VMREAD and VMWRITE on the current VMCS. */
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
