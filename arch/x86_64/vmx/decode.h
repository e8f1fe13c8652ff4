/* SPDX-License-Identifier: MIT */
/* decode.h: from the exit in the current VMCS to @v->exit and to the event that it interrupted. */
#pragma once
#include "arch/x86_64/vcpu.h"

/* After vmx_enter. ERR_INVALID: it was a VM entry that failed; vmx_entry_failed has told why. */
enum err vmx_decode(struct vcpu *v) NODISCARD;
