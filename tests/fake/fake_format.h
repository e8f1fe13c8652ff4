/* SPDX-License-Identifier: MIT */
/* fake_format.h: a format of guest page tables that is not EPT's, so that tests of what holds for both say so. */
#pragma once
#include "arch/x86_64/gpt.h"

/* APM Vol. 2, "Nested Paging": entries as of ordinary page tables, each access a user's. */
static const struct gpt_format fake_format = {
	.leaf = GPT_R | GPT_W | 1ull << 2, .no_execute = 1ull << 63, .accessed = 1ull << 5, .dirty = 1ull << 6,
};
