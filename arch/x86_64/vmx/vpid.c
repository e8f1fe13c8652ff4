/* SPDX-License-Identifier: MIT */
#include "vpid.h"

#define VPIDS	0x10000u

static uint64_t used[VPIDS / 64] = { 1 };	/* 0 is the host's */
static uint16_t last;

uint16_t vpid_get(void)
{
	for (unsigned i = 0; i < VPIDS; i++) {
		last++;		/* wraps; a number rests as long as it can */
		if (!(used[last / 64] >> last % 64 & 1)) {
			used[last / 64] |= 1ull << last % 64;
			return last;
		}
	}
	return 0;
}

void vpid_put(uint16_t vpid)
{
	if (vpid)
		used[vpid / 64] &= ~(1ull << vpid % 64);
}
