/* SPDX-License-Identifier: MIT */
/* dirty_write_protect.c: a clean page is not writable; the first write to it exits. */
#include "arch/x86_64/dirty.h"
#include "arch/x86_64/dirty_row.h"

const struct dirty_ops dirty_write_protect = {
	.name = "write-protect", .take = dirty_take_marked, .peek = dirty_peek_marked,
};

bool dirty_write_fault(struct dirty *d, gpa_t at)
{
	uint64_t *leaves, *leaf, entry, page = at.v >> PAGE_SHIFT;

	if (!d->gpt)
		return false;
	leaves = gpt_leaves(d->gpt, at);
	if (!leaves)	/* merged meanwhile: a translation from before the merge faulted */
		return gpt_lookup(d->gpt, at, NULL, NULL, &entry) && entry & GPT_W;
	leaf = &leaves[page % CHUNK_PAGES];
	entry = __atomic_load_n(leaf, __ATOMIC_RELAXED);
	/* W before the bit: a harvest in between leaves a writable page whose bit comes a moment later. The other way
	 * round it could take the bit and leave a writable page without one. */
	if (!(entry & GPT_W))
		__atomic_fetch_or(leaf, GPT_W, __ATOMIC_RELAXED);
	if (page < d->pages)
		dirty_set(d, page);
	return true;
}
