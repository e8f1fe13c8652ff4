/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/npt.h"

const struct gpt_format npt_format = {
	.leaf = GPT_R | GPT_W | NPT_U, .no_execute = NPT_NX, .accessed = NPT_A, .dirty = NPT_D,
};
