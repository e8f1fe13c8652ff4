/* SPDX-License-Identifier: MIT */
/* dirty.c: what the three trackers share: start, stop, harvest, host writes. */
#include "arch/x86_64/dirty.h"
#include "arch/x86_64/dirty_row.h"
#include "lib/pages.h"

static const struct dirty_ops *const trackers[] = {
	[DIRTY_WRITE_PROTECT] = &dirty_write_protect, [DIRTY_AD] = &dirty_ad, [DIRTY_PML] = &dirty_pml,
};

const char *dirty_kind_name(enum dirty_kind kind)
{
	return kind == DIRTY_AUTO ? "automatic" : trackers[kind]->name;
}

enum err dirty_kind_pick(bool ad, bool pml, enum dirty_kind forced, enum dirty_kind *kind, struct why *why)
{
	if ((forced == DIRTY_AD || forced == DIRTY_PML) && !ad) {
		why_set(why, "the %s dirty tracker needs accessed and dirty flags for EPT: IA32_VMX_EPT_VPID_CAP bit 21 is 0",
			dirty_kind_name(forced));
		return ERR_UNSUPPORTED;
	}
	if (forced == DIRTY_PML && !pml) {
		why_set(why, "the PML dirty tracker needs \"enable PML\": IA32_VMX_PROCBASED_CTLS2 bit 49 is 0");
		return ERR_UNSUPPORTED;
	}
	*kind = forced != DIRTY_AUTO ? forced : ad && pml ? DIRTY_PML : ad ? DIRTY_AD : DIRTY_WRITE_PROTECT;
	return ERR_OK;
}

static void free_bitmap(struct dirty *d)
{
	for (unsigned i = 0; i < DIRTY_BITMAP_PAGES; i++) {
		page_free(d->bitmap[i]);
		d->bitmap[i] = NULL;
	}
}

static enum err alloc_bitmap(struct dirty *d, uint64_t memory_bytes, struct why *why)
{
	uint64_t chunks = memory_bytes >> CHUNK_SHIFT;

	for (uint64_t i = 0; i * DIRTY_ROWS_PER_PAGE < chunks; i++) {
		d->bitmap[i] = page_alloc();
		if (!d->bitmap[i]) {
			free_bitmap(d);
			why_set(why, "no memory for the dirty bitmap of %llu MiB",
				(unsigned long long)(memory_bytes >> 20));
			return ERR_NOMEM;
		}
	}
	return ERR_OK;
}

enum err dirty_start(struct dirty *d, struct ept *ept, enum dirty_kind kind, uint64_t memory_bytes, struct why *why)
{
	const struct dirty_ops *ops = trackers[kind];
	enum err err;

	if (d->pages) {
		why_set(why, "the guest's writes are tracked already (%s)", d->ops->name);
		return ERR_STATE;
	}
	if (memory_bytes == 0 || memory_bytes > DIRTY_MAX_BYTES || memory_bytes % CHUNK_SIZE) {
		why_set(why, "can't track the writes of a guest with %llu KiB: a multiple of 2 MiB up to %llu GiB was expected",
			(unsigned long long)(memory_bytes >> 10), DIRTY_MAX_BYTES >> 30);
		return ERR_RANGE;
	}
	if (ops->armed == EPT_D && !ept->ad) {
		why_set(why, "the %s dirty tracker needs an EPT with accessed and dirty flags", ops->name);
		return ERR_UNSUPPORTED;
	}
	err = alloc_bitmap(d, memory_bytes, why);
	if (err)
		return err;
	err = ept_split_reserve(ept, memory_bytes, why);
	if (err) {
		free_bitmap(d);
		return err;
	}
	d->ept = ept;
	d->ops = ops;
	__atomic_store_n(&d->pages, memory_bytes >> PAGE_SHIFT, __ATOMIC_RELEASE);
	if (ops == &dirty_pml)	/* a D set on a vCPU that does not log yet would never be heard of */
		ept_flush(ept);
	ept_split_all(ept, memory_bytes, ops->armed);
	return ERR_OK;
}

void dirty_stop(struct dirty *d)
{
	if (!d->pages)
		return;
	__atomic_store_n(&d->pages, 0, __ATOMIC_RELEASE);
	ept_flush(d->ept);	/* no handler that saw the old value still runs */
	ept_merge_all(d->ept);
	free_bitmap(d);
}

void dirty_harvest(struct dirty *d, uint64_t chunk, uint64_t bitmap[DIRTY_ROW_WORDS])
{
	uint64_t *leaves, *row;

	if (chunk >= d->pages / CHUNK_PAGES)
		return;
	row = dirty_row(d, chunk);
	leaves = ept_leaves(d->ept, gpa(chunk << CHUNK_SHIFT));
	if (leaves && d->ops->take(leaves, row, bitmap))
		ept_flush(d->ept);
}

void dirty_peek(const struct dirty *d, uint64_t chunk, uint64_t bitmap[DIRTY_ROW_WORDS])
{
	const uint64_t *leaves = chunk < d->pages / CHUNK_PAGES ? ept_leaves(d->ept, gpa(chunk << CHUNK_SHIFT)) : NULL;

	if (leaves)
		d->ops->peek(leaves, dirty_row(d, chunk), bitmap);
}

uint64_t dirty_count(const struct dirty *d)
{
	uint64_t sum = 0;

	for (uint64_t chunk = 0; chunk < d->pages / CHUNK_PAGES; chunk++) {
		uint64_t bitmap[DIRTY_ROW_WORDS] = { 0 };

		dirty_peek(d, chunk, bitmap);
		for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++)
			sum += bitmap[w] ? dirty_ones(bitmap[w]) : 0;
	}
	return sum;
}

void dirty_mark_pages(struct dirty *d, gpa_t at, size_t bytes)
{
	uint64_t end = bytes ? (at.v + bytes - 1) >> PAGE_SHIFT : 0;

	for (uint64_t page = at.v >> PAGE_SHIFT; bytes && page <= end && page < d->pages; page++)
		dirty_set(d, page);
}
