/* SPDX-License-Identifier: MIT */
/* rounds.c: the pass over guest memory. */
#include "rounds.h"
#include <stdlib.h>
#include <string.h>
#include <lz4.h>
#include "lib/bytes.h"

#define BATCH_SCAN	64u	/* pages looked at for one record */
#define LZ4_BYTES_MAX	3072	/* a page that LZ4 does not shrink by a quarter goes raw */
#define LZ4_ACCELERATION 1
#define BATCH_CHUNKS	256u	/* chunks passed over for one record */

/* A PAGES body under construction. */
struct batch {
	uint8_t *body;
	size_t length;
	uint8_t *entry;		/* the last one, NULL before the first */
	unsigned entries;
};

/* The most that one more page may add. */
#define BATCH_PAGE	(sizeof(struct mig_pages_entry) + PAGE_SIZE)

enum err mig_rounds_init(struct mig_rounds *r, const struct mig_core *core, struct mig_guest *guest,
			 uint64_t memory_bytes)
{
	memset(r, 0, sizeof(*r));
	r->core = core;
	r->guest = guest;
	r->chunks = memory_bytes >> CHUNK_SHIFT;
	r->sent = calloc(1, (r->chunks + 7) / 8);
	r->lz4 = malloc((size_t)LZ4_sizeofState());
	if (r->sent && r->lz4)
		return ERR_OK;
	mig_rounds_fini(r);
	return ERR_NOMEM;
}

void mig_rounds_fini(struct mig_rounds *r)
{
	free(r->sent);
	free(r->lz4);
	r->sent = NULL;
	r->lz4 = NULL;
}

void mig_rounds_begin(struct mig_rounds *r)
{
	r->round++;
	r->chunk = 0;
	r->harvested = false;
	r->raw_pages = r->zero_pages = r->dirty_pages = r->bytes = r->harvest_ns = r->harvested_chunks = 0;
}

static bool page_is_zero(const void *page)
{
	const uint64_t *p = page;

	for (unsigned n = 0; n < PAGE_SIZE / 8; n += 8)
		if (p[n] | p[n + 1] | p[n + 2] | p[n + 3] | p[n + 4] | p[n + 5] | p[n + 6] | p[n + 7])
			return false;
	return true;
}

/* Extends the last entry by @page, or begins one. */
static void batch_entry(struct batch *b, uint64_t page, uint16_t encoding)
{
	struct mig_pages_entry e;

	if (b->entry) {
		memcpy(&e, b->entry, sizeof(e));
		if (e.encoding == encoding && encoding != MIG_ENC_LZ4 && e.page + e.count == page) {
			e.count++;
			memcpy(b->entry, &e, sizeof(e));
			return;
		}
	}
	e = (struct mig_pages_entry){ .page = page, .count = 1, .encoding = encoding };
	b->entry = b->body + b->length;
	memcpy(b->entry, &e, sizeof(e));
	b->length += sizeof(e);
	b->entries++;
}

/* Compresses straight into the record; false, with the record as it was, if that gains too little. A vCPU can't write
 * while this runs on its CPU; where it could, a torn page is dirty again and goes out again. */
static bool batch_lz4(struct mig_rounds *r, struct batch *b, uint64_t pfn, const void *page)
{
	struct mig_pages_entry e = { .page = pfn, .count = 1, .encoding = MIG_ENC_LZ4 };
	int n = LZ4_compress_fast_extState(r->lz4, page, (char *)b->body + b->length + sizeof(e), PAGE_SIZE, LZ4_BYTES_MAX,
					   LZ4_ACCELERATION);

	if (n <= 0)
		return false;
	e.length = (uint16_t)n;
	b->entry = b->body + b->length;
	memcpy(b->entry, &e, sizeof(e));
	b->length += sizeof(e) + (size_t)n;
	b->entries++;
	return true;
}

static bool may_use(const struct mig_rounds *r, enum mig_encoding encoding)
{
	return !r->core->host.encodings || r->core->host.encodings >> encoding & 1;
}

static void batch_page(struct mig_rounds *r, struct batch *b, uint64_t pfn, bool first)
{
	const void *page = r->guest->ops->page(r->guest, pfn);

	if (!page || page_is_zero(page)) {
		batch_entry(b, pfn, MIG_ENC_ZERO);
		r->zero_pages++;
		return;
	}
	if (!may_use(r, MIG_ENC_LZ4) || !batch_lz4(r, b, pfn, page)) {
		batch_entry(b, pfn, MIG_ENC_RAW);
		memcpy(b->body + b->length, page, PAGE_SIZE);
		b->length += PAGE_SIZE;
	}
	r->raw_pages++;
	if (first)
		r->nonzero_pages++;
}

static bool chunk_sent(const struct mig_rounds *r, uint64_t chunk)
{
	return r->sent[chunk / 8] >> chunk % 8 & 1;
}

/* Takes the dirty pages of the current chunk; all of them if it never went out. */
static void harvest(struct mig_rounds *r)
{
	uint64_t start = mig_core_clock(r->core);

	memset(r->bitmap, 0, sizeof(r->bitmap));
	r->guest->ops->harvest(r->guest, r->chunk, r->bitmap);
	if (!chunk_sent(r, r->chunk))
		memset(r->bitmap, 0xff, sizeof(r->bitmap));
	for (unsigned w = 0; w < 8; w++)
		r->dirty_pages += (unsigned)__builtin_popcountll(r->bitmap[w]);
	r->harvested = true;
	r->harvested_chunks++;
	r->harvest_ns += mig_core_clock(r->core) - start;
}

/* The next set bit of the bitmap, taken out of it; -1 if none is left. */
static int next_page(struct mig_rounds *r)
{
	for (int w = 0; w < 8; w++) {
		if (r->bitmap[w]) {
			int bit = __builtin_ctzll(r->bitmap[w]);

			r->bitmap[w] &= r->bitmap[w] - 1;
			return w * 64 + bit;
		}
	}
	return -1;
}

static void chunk_done(struct mig_rounds *r)
{
	r->sent[r->chunk / 8] |= (uint8_t)(1u << r->chunk % 8);
	r->harvested = false;
	r->chunk++;
}

/* Moves through chunks and pages until the record is full, the step's share of work is done, or the pass ends. */
static void fill(struct mig_rounds *r, struct batch *b)
{
	unsigned scanned = 0, passed = 0;

	while (r->chunk < r->chunks && b->length + BATCH_PAGE <= MIG_BODY_MAX && scanned < BATCH_SCAN && passed < BATCH_CHUNKS) {
		int n;

		if (!r->harvested) {
			passed++;
			if (!r->guest->ops->chunk_present(r->guest, r->chunk)) {
				r->chunk++;
				continue;
			}
			harvest(r);
		}
		n = next_page(r);
		if (n < 0) {
			chunk_done(r);
			continue;
		}
		batch_page(r, b, r->chunk * CHUNK_PAGES + (unsigned)n, !chunk_sent(r, r->chunk));
		scanned++;
	}
}

enum err mig_rounds_batch(struct mig_rounds *r, struct mig_stream *s, struct mig_digest *digest)
{
	struct batch b = { .body = mig_stream_begin(s, MIG_BODY_MAX), .length = sizeof(struct mig_pages_head) };

	if (!b.body)
		return ERR_AGAIN;
	fill(r, &b);
	if (b.entries) {
		le32_put(b.body, r->round);
		le32_put(b.body + 4, b.entries);
		mig_digest_add(digest, MIG_PAGES, b.body, b.length);
		mig_stream_end(s, MIG_PAGES, b.length);
		r->bytes += MIG_HEADER + b.length;
	}
	return r->chunk < r->chunks ? ERR_AGAIN : ERR_OK;
}

uint64_t mig_rounds_left(const struct mig_rounds *r)
{
	uint64_t pages = 0;

	if (r->harvested)
		for (unsigned w = 0; w < 8; w++)
			pages += (unsigned)__builtin_popcountll(r->bitmap[w]);
	return pages + r->guest->ops->dirty_pages(r->guest);
}
