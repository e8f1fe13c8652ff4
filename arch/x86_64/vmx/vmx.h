/* SPDX-License-Identifier: MIT */
/* vmx.h: the state of VMX operation on this host. */
#pragma once
#include "arch/x86_64/vmx/caps.h"

/* As virt_init read them. */
const struct vmx_caps *vmx_caps(void);
