/* SPDX-License-Identifier: MIT */
/* audit.h: why a guest could not be entered: a VMCB against the rules of APM Vol. 2, "Canonicalization and Consistency
 * Checks" and "Event Injection". */
#pragma once
#include "arch/x86_64/svm/caps.h"
#include "arch/x86_64/svm/vmcb.h"
#include "lib/why.h"

/* After VMEXIT_INVALID: adds one sentence per broken rule (field, value, rule) to @found and returns how many. */
unsigned svm_audit(const struct svm_raw *caps, const struct vmcb *b, struct why_list *found);
