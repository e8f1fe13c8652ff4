/* SPDX-License-Identifier: MIT */
/* dirty_row.h: bits of one chunk, shared by the trackers. */
#pragma once
#include "arch/x86_64/dirty.h"

static inline void dirty_set(struct dirty *d, uint64_t page)
{
	uint64_t *word = &d->bitmap[page / DIRTY_PAGE_BITS][page % DIRTY_PAGE_BITS / 64], bit = 1ull << (page & 63);

	/* Reading first keeps the common case, a page marked again, off the bus. */
	if (!(__atomic_load_n(word, __ATOMIC_RELAXED) & bit))
		__atomic_fetch_or(word, bit, __ATOMIC_RELAXED);
}

static inline uint64_t *dirty_row(const struct dirty *d, uint64_t chunk)
{
	return &d->bitmap[chunk / DIRTY_ROWS_PER_PAGE][chunk % DIRTY_ROWS_PER_PAGE * DIRTY_ROW_WORDS];
}

static inline uint64_t dirty_take_word(uint64_t *word)
{
	return *word ? __atomic_exchange_n(word, 0, __ATOMIC_ACQ_REL) : 0;
}

/* Without POPCNT: the target's baseline has none. */
static inline unsigned dirty_ones(uint64_t v)
{
	v -= v >> 1 & 0x5555555555555555ull;
	v = (v & 0x3333333333333333ull) + (v >> 2 & 0x3333333333333333ull);
	v = (v + (v >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (unsigned)(v * 0x0101010101010101ull >> 56);
}

/* take and peek of trackers whose rows are complete: they touch only the leaves of set bits. */
bool dirty_take_marked(uint64_t *leaves, uint64_t *row, uint64_t *out, uint64_t armed);
void dirty_peek_marked(const uint64_t *leaves, const uint64_t *row, uint64_t *out, uint64_t armed);
