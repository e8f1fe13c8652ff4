/* SPDX-License-Identifier: MIT */
/* dirty_pml.c: the CPU logs the address whenever it sets D; the logs are drained into the rows. */
#include "arch/x86_64/dirty.h"
#include "arch/x86_64/dirty_row.h"

#define PML_ENTRIES 512u

/* One instruction that finds the word and sets the bit; a guest pays for each instruction of the loop below once per
 * page it writes. @bit counts from the start of a bitmap page. */
static inline void set_bit(uint64_t *bitmap, uint64_t bit)
{
	__asm__ volatile("lock btsq %1, %0" : "+m"(*bitmap) : "r"(bit) : "cc", "memory");
}

const struct dirty_ops dirty_pml = {
	.name = "PML", .needs_ad = true, .take = dirty_take_marked, .peek = dirty_peek_marked,
};

/* SDM Vol. 3 "Page-Modification Logging": the index counts down from 511 and points to the next free entry; after the
 * last one it is FFFFH. */
void dirty_pml_drain(struct dirty *d, const uint64_t *log, uint16_t index)
{
	const uint64_t *entry = log + PML_ENTRIES, *last = log + (index < PML_ENTRIES ? index + 1u : 0);
	uint64_t pages = dirty_wants_pml(d) ? d->pages : 0;

	if (!pages)
		return;
#pragma GCC unroll 4
	while (entry > last) {
		uint64_t page = *--entry >> PAGE_SHIFT;

		if (page < pages)	/* device pages lie above memory */
			set_bit(d->bitmap[page / DIRTY_PAGE_BITS], page % DIRTY_PAGE_BITS);
	}
}
