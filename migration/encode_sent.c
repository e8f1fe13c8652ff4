/* SPDX-License-Identifier: MIT */
/* encode_sent.c: the cache of sent versions. */
#include "encode_sent.h"
#include <stdlib.h>
#include <string.h>
#include "lib/pages.h"

enum err mig_sent_init(struct mig_sent *s, const struct mig_core *core, uint64_t memory_bytes)
{
	memset(s, 0, sizeof(*s));
	s->core = core;
	s->limit = mig_core_spare(core) / 4;
	if (!s->limit)
		return ERR_OK;
	s->chunks = memory_bytes >> CHUNK_SHIFT;
	s->chunk = calloc(s->chunks, sizeof(*s->chunk));
	return s->chunk ? ERR_OK : ERR_NOMEM;
}

void mig_sent_fini(struct mig_sent *s)
{
	for (uint64_t c = 0; s->chunk && c < s->chunks; c++)
		chunk_free(s->chunk[c].bytes);
	free(s->chunk);
	memset(s, 0, sizeof(*s));
}

static uint8_t *page_in(const struct mig_sent_chunk *c, uint64_t pfn)
{
	return c->bytes + pfn % CHUNK_PAGES * PAGE_SIZE;
}

const uint8_t *mig_sent_peek(const struct mig_sent *s, uint64_t pfn)
{
	const struct mig_sent_chunk *c = s->chunk ? &s->chunk[pfn / CHUNK_PAGES] : NULL;

	if (!c || !c->bytes || !(c->valid[pfn % CHUNK_PAGES / 64] >> pfn % 64 & 1))
		return NULL;
	return page_in(c, pfn);
}

uint8_t *mig_sent_get(struct mig_sent *s, uint64_t pfn, uint32_t round)
{
	if (!mig_sent_peek(s, pfn))
		return NULL;
	s->chunk[pfn / CHUNK_PAGES].round = round;
	return page_in(&s->chunk[pfn / CHUNK_PAGES], pfn);
}

/* Takes the memory of a chunk that was not used of late; a bounded part of them is looked at. */
static uint8_t *give_up(struct mig_sent *s, uint32_t round)
{
	for (unsigned n = 0; n < 64; n++) {
		struct mig_sent_chunk *c = &s->chunk[s->hand];
		uint8_t *bytes = c->bytes;

		s->hand = (s->hand + 1) % s->chunks;
		if (!bytes || c->round + 1 >= round)
			continue;
		memset(c, 0, sizeof(*c));
		return bytes;
	}
	return NULL;
}

uint8_t *mig_sent_add(struct mig_sent *s, uint64_t pfn, uint32_t round)
{
	struct mig_sent_chunk *c = s->chunk ? &s->chunk[pfn / CHUNK_PAGES] : NULL;

	if (!c)
		return NULL;
	if (!c->bytes && s->kept < s->limit && mig_core_spare(s->core)) {
		c->bytes = chunk_alloc();
		s->kept += c->bytes != NULL;
	}
	if (!c->bytes)
		c->bytes = give_up(s, round);
	if (!c->bytes)
		return NULL;
	c->round = round;
	c->valid[pfn % CHUNK_PAGES / 64] |= 1ull << pfn % 64;
	return page_in(c, pfn);
}

void mig_sent_forget(struct mig_sent *s, uint64_t pfn)
{
	if (s->chunk)
		s->chunk[pfn / CHUNK_PAGES].valid[pfn % CHUNK_PAGES / 64] &= ~(1ull << pfn % 64);
}
