/* SPDX-License-Identifier: MIT */
/* encode_dedup.c: the table of content hashes. */
#include "encode_dedup.h"
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define PLACES_MAX (1ull << 19)	/* 2 MiB of a heap that all of a host's services share */

void mig_dedup_init(struct mig_dedup *t, const struct mig_sent *sent)
{
	uint64_t chunks = sent->limit < sent->chunks ? sent->limit : sent->chunks, places = CHUNK_PAGES;

	memset(t, 0, sizeof(*t));
	if (!chunks)
		return;
	while (places < chunks * CHUNK_PAGES && places < PLACES_MAX)
		places *= 2;
	t->page = calloc(places, sizeof(*t->page));
	t->mask = places - 1;
}

void mig_dedup_fini(struct mig_dedup *t)
{
	free(t->page);
	memset(t, 0, sizeof(*t));
}

uint64_t mig_dedup_hash(const void *content)
{
	return XXH64(content, PAGE_SIZE, 0);
}

/* A guest may make pages whose hashes collide, so nothing but equal bytes counts. */
uint64_t mig_dedup_find(const struct mig_dedup *t, const struct mig_sent *sent, uint64_t pfn, const void *content,
			uint64_t hash)
{
	uint64_t other = t->page ? t->page[hash & t->mask] : 0;
	const uint8_t *kept;

	if (!other || other - 1 == pfn)
		return UINT64_MAX;
	kept = mig_sent_peek(sent, other - 1);
	return kept && !memcmp(kept, content, PAGE_SIZE) ? other - 1 : UINT64_MAX;
}

void mig_dedup_note(struct mig_dedup *t, uint64_t pfn, uint64_t hash)
{
	if (t->page && pfn < UINT32_MAX)
		t->page[hash & t->mask] = (uint32_t)pfn + 1;
}
