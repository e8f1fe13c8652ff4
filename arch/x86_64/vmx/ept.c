/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/vmx/ept.h"

#define EPTP_WB		6ull
#define EPTP_WALK_4	(3ull << 3)
#define EPTP_AD		(1ull << 6)

const struct gpt_format ept_format = {
	.leaf = GPT_R | GPT_W | EPT_WB, .execute = EPT_X, .accessed = EPT_A, .dirty = EPT_D,
};

uint64_t ept_pointer(const struct gpt *gpt)
{
	return gpt->root.v | EPTP_WB | EPTP_WALK_4 | (gpt->ad ? EPTP_AD : 0);
}
