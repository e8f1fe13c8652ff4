/* SPDX-License-Identifier: MIT */
/* npt.h: what of a gpt is nested paging's own. Source: APM Vol. 2, "Nested Paging": entries as of long
 * mode's own tables. */
#pragma once
#include "arch/x86_64/gpt.h"

#define NPT_U		(1ull << 2)		/* every access of a guest is a user's there */
#define NPT_A		(1ull << 5)
#define NPT_D		(1ull << 6)
#define NPT_NX		(1ull << 63)

extern const struct gpt_format npt_format;
