/* SPDX-License-Identifier: MIT */
/* ept.h: what of a gpt is EPT's own. Source: SDM Vol. 3, "The Extended Page-Table Mechanism (EPT)". */
#pragma once
#include "arch/x86_64/gpt.h"

#define EPT_X		(1ull << 2)
#define EPT_WB		(6ull << 3)		/* memory type of a leaf */
#define EPT_A		(1ull << 8)
#define EPT_D		(1ull << 9)

extern const struct gpt_format ept_format;

/* The value for the VMCS field EPT_POINTER. */
uint64_t ept_pointer(const struct gpt *gpt);
