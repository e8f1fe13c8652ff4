/* SPDX-License-Identifier: MIT */
/* dirty_ad.c: the CPU sets D in the leaf; the row holds only what the host has written. */
#include "arch/x86_64/dirty.h"
#include "arch/x86_64/dirty_row.h"

#define GROUP 8u	/* leaves looked at together: most are clean */

static inline bool group_is_clean(const uint64_t *l, uint64_t dirty)
{
	return !((l[0] | l[1] | l[2] | l[3] | l[4] | l[5] | l[6] | l[7]) & dirty);
}

static bool take(uint64_t *leaves, uint64_t *row, uint64_t *out, uint64_t dirty)
{
	uint64_t changed = 0;

	for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++) {
		uint64_t bits = 0;

		for (unsigned g = 0; g < 64; g += GROUP, leaves += GROUP) {
			uint64_t found = 0;

			if (group_is_clean(leaves, dirty))
				continue;
#pragma GCC unroll 8
			for (unsigned i = 0; i < GROUP; i++) {
				if (!(__atomic_load_n(&leaves[i], __ATOMIC_RELAXED) & dirty))
					continue;
				__atomic_fetch_and(&leaves[i], ~dirty, __ATOMIC_RELAXED);
				found |= 1ull << i;
			}
			bits |= found << g;
		}
		changed |= bits;
		out[w] |= bits | dirty_take_word(&row[w]);
	}
	return changed;
}

static void peek(const uint64_t *leaves, const uint64_t *row, uint64_t *out, uint64_t dirty)
{
	for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++) {
		uint64_t bits = row[w];

		for (unsigned g = 0; g < 64; g += GROUP, leaves += GROUP) {
			if (group_is_clean(leaves, dirty))
				continue;
			for (unsigned i = 0; i < GROUP; i++)
				bits |= (leaves[i] & dirty ? 1ull : 0) << (g + i);
		}
		out[w] |= bits;
	}
}

const struct dirty_ops dirty_ad = { .name = "A/D", .needs_ad = true, .take = take, .peek = peek };
