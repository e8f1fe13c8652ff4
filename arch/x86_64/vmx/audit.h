/* SPDX-License-Identifier: MIT */
/* audit.h: why a VM entry failed: the current VMCS against the rules of SDM Vol. 3, chapter "VM Entries". */
#pragma once
#include <stdint.h>
#include "arch/x86_64/vmx/caps.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "lib/why.h"

/* After exit reason 33, or after VMfailValid with error 7 or 8: adds one sentence per broken rule (field, value, rule,
 * SDM section) to @found and returns how many. Rules on the content of memory that fields point to are not checked. */
unsigned vmx_audit(const struct vmx_caps *caps, struct why_list *found);
/* As vmx_audit, for the guest state and the event to be injected alone. */
unsigned vmx_audit_guest(const struct vmx_caps *caps, struct why_list *found);
/* Logs every field that this CPU has. */
void vmx_dump(void);

/* How the audit reads the current VMCS; a field that the CPU lacks reads as 0. Tests supply their own. */
uint64_t audit_field(enum vmcs_field field);
