/* SPDX-License-Identifier: MIT */
/* inflight.c: bitmaps of pages on their way. */
#include "inflight.h"
#include <stdlib.h>
#include <string.h>

#define WORDS (CHUNK_PAGES / 64)

enum err mig_inflight_init(struct mig_inflight *f, uint64_t chunks)
{
	memset(f, 0, sizeof(*f));
	f->chunk = calloc(chunks, sizeof(*f->chunk));
	f->chunks = f->chunk ? chunks : 0;
	return f->chunk ? ERR_OK : ERR_NOMEM;
}

void mig_inflight_fini(struct mig_inflight *f)
{
	free(f->chunk);
	memset(f, 0, sizeof(*f));
}

void mig_inflight_page(struct mig_inflight *f, uint64_t pfn)
{
	struct mig_inflight_chunk *c;

	if (!f->chunk)
		return;
	c = &f->chunk[pfn / CHUNK_PAGES];
	/* Confirming touches no chunk: what was sent of this one before then is forgotten when it is used again. */
	if (c->record <= f->confirmed)
		memset(c->sent, 0, sizeof(c->sent));
	c->record = f->records + 1;
	c->sent[pfn % CHUNK_PAGES / 64] |= 1ull << pfn % 64;
}

void mig_inflight_record(struct mig_inflight *f)
{
	f->records++;
}

void mig_inflight_confirm(struct mig_inflight *f)
{
	f->confirmed = f->records;
}

static void lose(struct mig_inflight *f, struct mig_inflight_chunk *c, unsigned word, uint64_t bits)
{
	f->lost_pages += (unsigned)__builtin_popcountll(bits & ~c->lost[word]);
	c->lost[word] |= bits;
}

enum err mig_inflight_lose(struct mig_inflight *f, uint64_t arrived)
{
	if (!f->chunk || arrived < f->confirmed || arrived > f->records)
		return ERR_RANGE;
	for (uint64_t n = 0; n < f->chunks; n++) {
		struct mig_inflight_chunk *c = &f->chunk[n];

		for (unsigned w = 0; c->record > arrived && w < WORDS; w++)
			lose(f, c, w, c->sent[w]);
		c->record = 0;
	}
	f->records = f->confirmed = arrived;
	return ERR_OK;
}

void mig_inflight_lost(struct mig_inflight *f, uint64_t pfn)
{
	if (f->chunk)
		lose(f, &f->chunk[pfn / CHUNK_PAGES], pfn % CHUNK_PAGES / 64, 1ull << pfn % 64);
}

void mig_inflight_take(struct mig_inflight *f, uint64_t chunk, uint64_t bitmap[WORDS])
{
	for (unsigned w = 0; f->chunk && w < WORDS; w++) {
		uint64_t *lost = &f->chunk[chunk].lost[w];

		bitmap[w] |= *lost;
		f->lost_pages -= (unsigned)__builtin_popcountll(*lost);
		*lost = 0;
	}
}

uint64_t mig_inflight_lost_pages(const struct mig_inflight *f)
{
	return f->lost_pages;
}

const uint64_t *mig_inflight_lost_of(const struct mig_inflight *f, uint64_t chunk)
{
	for (unsigned w = 0; f->chunk && w < WORDS; w++)
		if (f->chunk[chunk].lost[w])
			return f->chunk[chunk].lost;
	return NULL;
}
