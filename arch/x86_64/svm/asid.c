/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/asid.h"

static uint64_t current_round = 1;
static uint32_t last;

bool asid_use(struct asid *a, uint32_t count)
{
	if (a->round == current_round)
		return false;
	if (last + 1 >= count) {
		current_round++;
		last = 0;
	}
	a->round = current_round;
	a->number = ++last;
	return true;
}
