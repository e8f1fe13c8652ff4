/* SPDX-License-Identifier: MIT */
/* vmcs_access.h: shadows arch/x86_64/vmx/vmcs_access.h in unit tests: the current VMCS is an array. */
#pragma once
#include <stdint.h>
#include "arch/x86_64/vmx/vmcs_fields.h"

/* Weak, so that whoever includes this needs no further source. */
uint64_t *fake_vmcs_at(enum vmcs_field field) __attribute__((weak));
uint64_t *fake_vmcs_at(enum vmcs_field field)
{
	static uint64_t current[0x8000];

	return &current[field % 0x8000u];
}

static inline enum vmx_status vmx_vmread(enum vmcs_field field, uint64_t *value)
{
	*value = *fake_vmcs_at(field);
	return VMX_SUCCEED;
}

static inline enum vmx_status vmx_vmwrite(enum vmcs_field field, uint64_t value)
{
	*fake_vmcs_at(field) = value;
	return VMX_SUCCEED;
}

__attribute__((noreturn, cold))
void vmcs_failed(const char *operation, enum vmcs_field field, enum vmx_status status);

static inline uint64_t vmcs_read(enum vmcs_field field) { return *fake_vmcs_at(field); }
static inline void vmcs_write(enum vmcs_field field, uint64_t value) { *fake_vmcs_at(field) = value; }
