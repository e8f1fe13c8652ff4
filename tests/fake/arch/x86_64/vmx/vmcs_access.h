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

enum vmx_invept_type { VMX_INVEPT_SINGLE_CONTEXT = 1, VMX_INVEPT_ALL_CONTEXT = 2 };
enum vmx_invvpid_type {
	VMX_INVVPID_ADDRESS = 0, VMX_INVVPID_SINGLE_CONTEXT = 1, VMX_INVVPID_ALL_CONTEXT = 2,
	VMX_INVVPID_SINGLE_RETAINING_GLOBALS = 3,
};

/* What the instructions did. */
struct fake_vmx { uint64_t current; unsigned vmxons, vmclears, invepts, invvpids; uint16_t vpid; enum vmx_status next; };
extern struct fake_vmx fake_vmx;
__attribute__((weak)) struct fake_vmx fake_vmx;

static inline enum vmx_status vmx_vmxon(uint64_t address) { (void)address, fake_vmx.vmxons++; return fake_vmx.next; }
static inline enum vmx_status vmx_vmclear(uint64_t address) { (void)address, fake_vmx.vmclears++; return fake_vmx.next; }
static inline enum vmx_status vmx_vmptrld(uint64_t address) { fake_vmx.current = address; return fake_vmx.next; }

static inline enum vmx_status vmx_invept(enum vmx_invept_type type, uint64_t eptp)
{
	(void)type, (void)eptp, fake_vmx.invepts++;
	return fake_vmx.next;
}

static inline enum vmx_status vmx_invvpid(enum vmx_invvpid_type type, uint16_t vpid, uint64_t address)
{
	(void)type, (void)address, fake_vmx.invvpids++;
	fake_vmx.vpid = vpid;
	return fake_vmx.next;
}
