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
		why_set(why, "the %s dirty tracker needs accessed and dirty flags in guest page tables: "
			"this CPU has none", dirty_kind_name(forced));
		return ERR_UNSUPPORTED;
	}
	if (forced == DIRTY_PML && !pml) {
		why_set(why, "the PML dirty tracker needs page-modification logging: this CPU has none");
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

enum err dirty_start(struct dirty *d, struct gpt *gpt, enum dirty_kind kind, uint64_t memory_bytes, struct why *why)
{
	const struct dirty_ops *ops = trackers[kind];
	enum err err;

	if (d->pages) {
		why_set(why, "the guest's writes are tracked already (%s)", d->ops->name);
		return ERR_STATE;
	}
	if (memory_bytes == 0 || memory_bytes > DIRTY_MAX_BYTES || memory_bytes % CHUNK_SIZE) {
		why_set(why,
			"can't track the writes of a guest with %llu KiB: a multiple of 2 MiB up to %llu GiB was "
			"expected",
			(unsigned long long)(memory_bytes >> 10), DIRTY_MAX_BYTES >> 30);
		return ERR_RANGE;
	}
	if (ops->needs_ad && !gpt->ad) {
		why_set(why, "the %s dirty tracker needs tables with accessed and dirty flags", ops->name);
		return ERR_UNSUPPORTED;
	}
	err = alloc_bitmap(d, memory_bytes, why);
	if (err)
		return err;
	err = gpt_split_reserve(gpt, memory_bytes, why);
	if (err) {
		free_bitmap(d);
		return err;
	}
	d->gpt = gpt;
	d->ops = ops;
	d->armed = ops->needs_ad ? gpt->format->dirty : GPT_W;
	__atomic_store_n(&d->pages, memory_bytes >> PAGE_SHIFT, __ATOMIC_RELEASE);
	if (ops == &dirty_pml)	/* a D set on a vCPU that does not log yet would never be heard of */
		gpt_flush(gpt);
	gpt_split_all(gpt, memory_bytes, d->armed);
	return ERR_OK;
}

void dirty_stop(struct dirty *d)
{
	if (!d->pages)
		return;
	__atomic_store_n(&d->pages, 0, __ATOMIC_RELEASE);
	gpt_flush(d->gpt);	/* no handler that saw the old value still runs */
	gpt_merge_all(d->gpt);
	free_bitmap(d);
}

bool dirty_take_marked(uint64_t *leaves, uint64_t *row, uint64_t *out, uint64_t armed)
{
	uint64_t changed = 0;

	for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++, leaves += 64) {
		uint64_t bits = dirty_take_word(&row[w]);

		out[w] |= bits;
		for (; bits; bits &= bits - 1) {
			uint64_t *leaf = &leaves[__builtin_ctzll(bits)], old = *leaf & armed;

			changed |= old;
			if (old)
				__atomic_fetch_and(leaf, ~armed, __ATOMIC_RELAXED);
		}
	}
	return changed;
}

void dirty_peek_marked(const uint64_t *leaves, const uint64_t *row, uint64_t *out, uint64_t armed)
{
	(void)leaves, (void)armed;
	for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++)
		out[w] |= row[w];
}

void dirty_harvest(struct dirty *d, uint64_t chunk, uint64_t bitmap[DIRTY_ROW_WORDS])
{
	uint64_t *leaves, *row;

	if (chunk >= d->pages / CHUNK_PAGES)
		return;
	row = dirty_row(d, chunk);
	leaves = gpt_leaves(d->gpt, gpa(chunk << CHUNK_SHIFT));
	if (leaves && d->ops->take(leaves, row, bitmap, d->armed))
		gpt_flush(d->gpt);
}

void dirty_peek(const struct dirty *d, uint64_t chunk, uint64_t bitmap[DIRTY_ROW_WORDS])
{
	const uint64_t *leaves = chunk < d->pages / CHUNK_PAGES ? gpt_leaves(d->gpt, gpa(chunk << CHUNK_SHIFT)) : NULL;

	if (leaves)
		d->ops->peek(leaves, dirty_row(d, chunk), bitmap, d->armed);
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
