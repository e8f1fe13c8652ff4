/* SPDX-License-Identifier: MIT */
/* vmx.h: VMX operation on this host, the family of Intel's processors. */
#pragma once
#include "arch/x86_64/virt.h"
#include "arch/x86_64/vmx/caps.h"

extern const struct virt_ops vmx_ops;
/* As its init read them. */
const struct vmx_caps *vmx_caps(void);
