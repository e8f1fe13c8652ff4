/* SPDX-License-Identifier: MIT */
/* fake_vmcs.h: a VMCS in memory for the audit, and the CPU it would be entered on. */
#pragma once
#include "arch/x86_64/vmx/audit.h"

/* The controls of that guest: what the CPU insists on, and what Tern uses. */
#define FAKE_VMCS_PIN	0x7full
#define FAKE_VMCS_PROC	0xb6186dfaull
#define FAKE_VMCS_PROC2	0x021210aaull
#define FAKE_VMCS_EXIT	0x003feffbull
#define FAKE_VMCS_ENTRY	0xd3ffull

/* The capabilities of a Skylake-class CPU. */
struct vmx_raw fake_vmcs_cpu(void);
/* Fills the VMCS with a Linux guest in 64-bit mode that enters without complaint. */
void fake_vmcs_good(void);
uint64_t fake_vmcs_get(enum vmcs_field field);
void fake_vmcs_set(enum vmcs_field field, uint64_t value);
