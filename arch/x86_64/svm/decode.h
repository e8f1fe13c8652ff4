/* SPDX-License-Identifier: MIT */
/* decode.h: from the VMCB to struct vcpu_exit. */
#pragma once
#include "arch/x86_64/vcpu.h"

/* Fills v->exit, and v->event with what the exit cut short. ERR_INVALID: the guest was not entered. */
enum err svm_decode(struct vcpu *v) NODISCARD;
