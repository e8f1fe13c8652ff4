/* SPDX-License-Identifier: MIT */
/* dirty_write_protect.c: a clean page is not writable; the first write to it is an EPT violation. */
#include "arch/x86_64/dirty.h"
#include "arch/x86_64/dirty_row.h"

static bool take(uint64_t *leaves, uint64_t *row, uint64_t *out)
{
	return dirty_take_marked(leaves, row, out, EPT_W);
}

static void peek(const uint64_t *leaves, const uint64_t *row, uint64_t *out)
{
	(void)leaves;
	dirty_peek_marked(row, out);
}

const struct dirty_ops dirty_write_protect = { .name = "write-protect", .armed = EPT_W, .take = take, .peek = peek };

bool dirty_write_fault(struct dirty *d, gpa_t at)
{
	uint64_t *leaves, *leaf, entry, page = at.v >> PAGE_SHIFT;

	if (!d->ept)
		return false;
	leaves = ept_leaves(d->ept, at);
	if (!leaves)	/* merged meanwhile: a translation from before the merge faulted */
		return ept_lookup(d->ept, at, NULL, NULL, &entry) && entry & EPT_W;
	leaf = &leaves[page % CHUNK_PAGES];
	entry = __atomic_load_n(leaf, __ATOMIC_RELAXED);
	/* W before the bit: a harvest in between leaves a writable page whose bit comes a moment later. The other way
	 * round it could take the bit and leave a writable page without one. */
	if (!(entry & EPT_W))
		__atomic_fetch_or(leaf, EPT_W, __ATOMIC_RELAXED);
	if (page < d->pages)
		dirty_set(d, page);
	return true;
}
