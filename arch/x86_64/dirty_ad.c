/* SPDX-License-Identifier: MIT */
/* dirty_ad.c: the CPU sets D in the leaf; the row holds only what the host has written. */
#include "arch/x86_64/dirty.h"
#include "arch/x86_64/dirty_row.h"

#define GROUP 8u	/* leaves looked at together: most are clean */

static inline bool group_is_clean(const uint64_t *l)
{
	return !((l[0] | l[1] | l[2] | l[3] | l[4] | l[5] | l[6] | l[7]) & EPT_D);
}

static bool take(uint64_t *leaves, uint64_t *row, uint64_t *out)
{
	uint64_t changed = 0;

	for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++) {
		uint64_t bits = 0;

		for (unsigned g = 0; g < 64; g += GROUP, leaves += GROUP) {
			if (group_is_clean(leaves))
				continue;
			for (unsigned i = 0; i < GROUP; i++) {
				if (!(leaves[i] & EPT_D))
					continue;
				__atomic_fetch_and(&leaves[i], ~EPT_D, __ATOMIC_RELAXED);
				bits |= 1ull << (g + i);
			}
		}
		changed |= bits;
		out[w] |= bits | dirty_take_word(&row[w]);
	}
	return changed;
}

static void peek(const uint64_t *leaves, const uint64_t *row, uint64_t *out)
{
	for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++) {
		uint64_t bits = row[w];

		for (unsigned g = 0; g < 64; g += GROUP, leaves += GROUP) {
			if (group_is_clean(leaves))
				continue;
			for (unsigned i = 0; i < GROUP; i++)
				bits |= (leaves[i] & EPT_D ? 1ull : 0) << (g + i);
		}
		out[w] |= bits;
	}
}

const struct dirty_ops dirty_ad = { .name = "A/D", .armed = EPT_D, .take = take, .peek = peek };
