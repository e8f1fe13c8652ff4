/* SPDX-License-Identifier: MIT */
/* rounds.c: the pass over guest memory. */
#include "rounds.h"
#include <stdlib.h>
#include <string.h>
#include "lib/bytes.h"

/* The work of one record: that of 64 pages with content, or of as many zero ones as it may name, which take less. */
#define WORK_RECORD	MIG_RECORD_PAGES
#define WORK_CONTENT	16u
#define WORK_ZERO	1u
#define RECORD_CHUNKS	256u	/* chunks passed over for one record */

enum err mig_rounds_init(struct mig_rounds *r, const struct mig_core *core, struct mig_guest *guest,
			 uint64_t memory_bytes, uint64_t capabilities)
{
	enum err e;

	memset(r, 0, sizeof(*r));
	r->core = core;
	r->guest = guest;
	r->chunks = memory_bytes >> CHUNK_SHIFT;
	r->sent = calloc(1, (r->chunks + 7) / 8);
	r->deferred = calloc(r->chunks, sizeof(*r->deferred));
	e = mig_encode_init(&r->encode, core, memory_bytes, capabilities);
	if (!e && capabilities & MIG_CAP_RESUME)
		e = mig_inflight_init(&r->inflight, r->chunks);
	if (!e && r->sent && r->deferred)
		return ERR_OK;
	mig_rounds_fini(r);
	return ERR_NOMEM;
}

void mig_rounds_fini(struct mig_rounds *r)
{
	free(r->sent);
	free(r->deferred);
	r->sent = NULL;
	r->deferred = NULL;
	mig_inflight_fini(&r->inflight);
	mig_encode_fini(&r->encode);
}

void mig_rounds_begin(struct mig_rounds *r, bool last)
{
	r->last = last;
	r->round++;
	r->chunk = 0;
	r->harvested = false;
	mig_encode_pause(&r->encode);
	r->raw_pages = r->zero_pages = r->dirty_pages = r->bytes = r->harvest_ns = r->work_ns = r->harvested_chunks = 0;
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
	if (!r->still)
		r->guest->ops->harvest(r->guest, r->chunk, r->bitmap);
	mig_inflight_take(&r->inflight, r->chunk, r->bitmap);
	if (!chunk_sent(r, r->chunk))
		memset(r->bitmap, 0xff, sizeof(r->bitmap));
	for (unsigned w = 0; w < 8; w++)
		r->dirty_pages += (unsigned)__builtin_popcountll(r->bitmap[w]);
	r->first_pages = 0;
	memcpy(r->due, r->deferred[r->chunk], sizeof(r->due));
	memset(r->deferred[r->chunk], 0, sizeof(r->due));
	r->harvested = true;
	r->harvested_chunks++;
	r->harvest_ns += mig_core_clock(r->core) - start;
}

/* Leaves out what was written again since the chunk was harvested: the tracker has it for the next pass. But D has each
 * page once before that, to be the base of a delta, and no page waits for two passes: the older what D has, the larger
 * the delta that remains for the stop. */
static void defer(struct mig_rounds *r)
{
	uint64_t again[CHUNK_PAGES / 64] = { 0 };

	if (r->still || r->last || !chunk_sent(r, r->chunk))
		return;
	r->guest->ops->peek(r->guest, r->chunk, again);
	for (unsigned w = 0; w < CHUNK_PAGES / 64; w++) {
		again[w] &= r->bitmap[w] & ~r->due[w];
		r->bitmap[w] &= ~again[w];
		r->deferred[r->chunk][w] |= again[w];
	}
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
	if (!chunk_sent(r, r->chunk))
		r->nonzero_pages += r->first_pages;
	r->sent[r->chunk / 8] |= (uint8_t)(1u << r->chunk % 8);
	r->harvested = false;
	r->chunk++;
}

/* True if @pfn has content. */
static bool put_page(struct mig_rounds *r, struct mig_pages_record *b, uint64_t pfn)
{
	mig_inflight_page(&r->inflight, pfn);
	if (!mig_encode_page(&r->encode, b, pfn, r->guest->ops->page(r->guest, pfn), r->round)) {
		r->zero_pages++;
		return false;
	}
	r->raw_pages++;
	return true;
}

/* Moves through chunks and pages until the record is full, the step's share of work is done, or the pass ends. */
static void fill(struct mig_rounds *r, struct mig_pages_record *b)
{
	unsigned work = 0, passed = 0;
	uint64_t back;

	while (mig_encode_fits(&r->encode, b) && mig_encode_next_back(&r->encode, &back))
		work += put_page(r, b, back) ? WORK_CONTENT : WORK_ZERO;
	if (r->harvested)
		defer(r);
	while (r->chunk < r->chunks && mig_encode_fits(&r->encode, b) && work < WORK_RECORD &&
	       passed < RECORD_CHUNKS) {
		bool content;
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
		content = put_page(r, b, r->chunk * CHUNK_PAGES + (unsigned)n);
		r->first_pages += content;
		work += content ? WORK_CONTENT : WORK_ZERO;
	}
}

enum err mig_rounds_record(struct mig_rounds *r, struct mig_stream *s, struct mig_digest *digest)
{
	struct mig_pages_record b = { .body = mig_stream_begin(s, MIG_BODY_MAX),
				      .length = sizeof(struct mig_pages_head) };
	uint64_t start = mig_core_clock(r->core), harvest = r->harvest_ns;

	if (!b.body)
		return ERR_AGAIN;
	mig_encode_begin(&r->encode);
	fill(r, &b);
	mig_encode_flush(&r->encode, &b);
	r->raw_pages -= r->encode.back.of_record;
	if (b.entries) {
		mig_encode_end(&r->encode, b.length);
		le32_put(b.body, r->round);
		le32_put(b.body + 4, b.entries);
		mig_digest_pages(digest, b.body, b.length, mig_stream_end(s, MIG_PAGES, b.length));
		mig_inflight_record(&r->inflight);
		r->bytes += MIG_HEADER + b.length;
		r->work_ns += mig_core_clock(r->core) - start - (r->harvest_ns - harvest);
	}
	return r->chunk < r->chunks || mig_encode_backs(&r->encode) ? ERR_AGAIN : ERR_OK;
}

void mig_rounds_confirm(struct mig_rounds *r)
{
	mig_inflight_confirm(&r->inflight);
}

/* What is on its way to D is in no cache of what D has. */
static void forget_lost(struct mig_rounds *r, uint64_t chunk)
{
	const uint64_t *lost = mig_inflight_lost_of(&r->inflight, chunk);

	for (unsigned n = 0; lost && n < CHUNK_PAGES; n++)
		if (lost[n / 64] >> n % 64 & 1)
			mig_encode_forget(&r->encode, chunk * CHUNK_PAGES + n);
}

enum err mig_rounds_lost(struct mig_rounds *r, uint64_t arrived)
{
	enum err e = mig_inflight_lose(&r->inflight, arrived);
	uint64_t back;
	int n;

	if (e)
		return e;
	/* The tracker has given these away already. */
	while (mig_encode_next_back(&r->encode, &back))
		mig_inflight_lost(&r->inflight, back);
	while (r->harvested && (n = next_page(r)) >= 0)
		mig_inflight_lost(&r->inflight, r->chunk * CHUNK_PAGES + (unsigned)n);
	r->harvested = false;
	for (uint64_t chunk = 0; chunk < r->chunks; chunk++)
		forget_lost(r, chunk);
	return ERR_OK;
}

/* Pages of @chunk, all of which have to go, that are not counted as dirty. */
static uint64_t never_sent(const struct mig_rounds *r, uint64_t chunk)
{
	uint64_t dirty[CHUNK_PAGES / 64] = { 0 }, pages = CHUNK_PAGES;

	if (!r->guest->ops->chunk_present(r->guest, chunk))
		return 0;
	if (!r->still)
		r->guest->ops->peek(r->guest, chunk, dirty);
	for (unsigned w = 0; w < CHUNK_PAGES / 64; w++)
		pages -= (unsigned)__builtin_popcountll(dirty[w]);
	return pages;
}

static uint64_t to_come(const struct mig_rounds *r)
{
	uint64_t pages = 0;

	for (uint64_t c = r->chunk + r->harvested; c < r->chunks; c++)
		if (r->still || !chunk_sent(r, c))
			pages += never_sent(r, c);
	return pages;
}

uint64_t mig_rounds_left(const struct mig_rounds *r)
{
	uint64_t pages = mig_encode_backs(&r->encode);

	if (r->harvested)
		for (unsigned w = 0; w < CHUNK_PAGES / 64; w++)
			pages += (unsigned)__builtin_popcountll(r->bitmap[w]);
	if (r->still)
		return pages + to_come(r);
	return pages + mig_inflight_lost_pages(&r->inflight) + r->guest->ops->dirty_pages(r->guest);
}

uint64_t mig_rounds_unsent(const struct mig_rounds *r)
{
	return r->still ? 0 : to_come(r);
}
