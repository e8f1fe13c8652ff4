/* SPDX-License-Identifier: MIT */
/* encode.c: the choice of an encoding for each page, and its entry. */
#include "encode.h"
#include <stdlib.h>
#include <string.h>
#include <lz4.h>
#include "encode_delta.h"

#define LZ4_BYTES_MAX	3072	/* a page that LZ4 does not shrink by a quarter goes raw */
#define LZ4_ACCELERATION 1
#define DELTA_BYTES_MAX	2048	/* a page that changed by more than half is a new page */
#define PROBE_PAGES	64	/* an encoding that does not pay is tried on one page in so many */
#define SLOW_PS		20000	/* below 50 MB/s a try costs little beside the bytes that a missed page wastes: */
#define SLOW_PROBE_PAGES 4	/* so often there, since compressible pages come in runs too */
#define TIMED_TRIES	4	/* one try in so many is timed */
/* Keeping a page's sent version costs about as much as copying it. That pays if it is sent again: likely for one that was
 * dirty before, less so for one that is sent for the first time. Below these prices of a byte it does not. */
#define KEEP_FIRST_PS	1500
#define KEEP_AGAIN_PS	500
#define DELTA_OR_SAME	(1u << MIG_ENC_DELTA | 1u << MIG_ENC_SAME)	/* what needs kept versions */

static bool may_use(const struct mig_encode *e, enum mig_encoding encoding)
{
	return e->allowed >> encoding & 1;
}

enum err mig_encode_init(struct mig_encode *e, const struct mig_core *core, uint64_t memory_bytes, uint64_t capabilities)
{
	memset(e, 0, sizeof(*e));
	e->core = core;
	e->allowed = core->host.encodings ? core->host.encodings : UINT32_MAX;
	if (!(capabilities & MIG_CAP_DELTA))
		e->allowed &= ~(1u << MIG_ENC_DELTA);
	if (!(capabilities & MIG_CAP_REFERENCE))
		e->allowed &= ~(1u << MIG_ENC_SAME);
	e->lz4 = malloc((size_t)LZ4_sizeofState());
	if (!e->lz4)
		return ERR_NOMEM;
	/* Before the first measure everything is worth a try. */
	e->byte_ps = 8000;
	if (mig_sent_init(&e->sent, core, memory_bytes))
		return ERR_NOMEM;
	return may_use(e, MIG_ENC_SAME) ? mig_same_init(&e->same, &e->sent) : ERR_OK;
}

void mig_encode_fini(struct mig_encode *e)
{
	free(e->lz4);
	e->lz4 = NULL;
	mig_same_fini(&e->same);
	mig_sent_fini(&e->sent);
}

void mig_encode_pause(struct mig_encode *e)
{
	e->ended_bytes = 0;
}

void mig_encode_begin(struct mig_encode *e)
{
	uint64_t now = mig_core_clock(e->core), ps, most = 4ull * e->byte_ps + 1000;

	if (!e->ended_bytes)
		return;
	ps = (now - e->ended_ns) * 1000 / e->ended_bytes;
	/* One pause of the scheduler is no property of the link. */
	if (ps > most)
		ps = most;
	e->byte_ps = (uint32_t)((7ull * e->byte_ps + ps) / 8);
	e->ended_bytes = 0;
}

void mig_encode_end(struct mig_encode *e, size_t bytes)
{
	e->ended_ns = mig_core_clock(e->core);
	e->ended_bytes = bytes;
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
static void put_run(struct mig_batch *b, uint64_t pfn, uint16_t encoding)
{
	struct mig_pages_entry e;

	if (b->entry) {
		memcpy(&e, b->entry, sizeof(e));
		if (e.encoding == encoding && e.page + e.count == pfn) {
			e.count++;
			memcpy(b->entry, &e, sizeof(e));
			return;
		}
	}
	e = (struct mig_pages_entry){ .page = pfn, .count = 1, .encoding = encoding };
	b->entry = b->body + b->length;
	memcpy(b->entry, &e, sizeof(e));
	b->length += sizeof(e);
	b->entries++;
}

/* Where the data of an entry for one page would begin. */
static uint8_t *data_of_next(struct mig_batch *b)
{
	return b->body + b->length + sizeof(struct mig_pages_entry);
}

/* An entry for one page whose @length bytes of data are in place already. */
static void put_one(struct mig_batch *b, uint64_t pfn, uint16_t encoding, size_t length)
{
	struct mig_pages_entry e = { .page = pfn, .count = 1, .encoding = encoding, .length = (uint16_t)length };

	b->entry = b->body + b->length;
	memcpy(b->entry, &e, sizeof(e));
	b->length += sizeof(e) + length;
	b->entries++;
}

static uint32_t average(uint32_t old, uint64_t sample)
{
	return (uint32_t)((15ull * old + (sample < UINT32_MAX ? sample : UINT32_MAX)) / 16);
}

/* Worth a try: the bytes that it saves on average are dearer than the time it takes; or it is time to look again. */
static bool pays(const struct mig_encode *e, struct mig_gain *g)
{
	uint32_t probe = e->byte_ps >= SLOW_PS ? SLOW_PROBE_PAGES : PROBE_PAGES;

	if (g->tries < PROBE_PAGES || (uint64_t)g->saved_bytes * e->byte_ps > (uint64_t)g->cost_ns * 1000 ||
	    ++g->passed >= probe) {
		g->passed = 0;
		return true;
	}
	return false;
}

/* Compresses straight into the record; false, with the record as it was, if that gains too little. A vCPU can't write
 * while this runs on its CPU; where it could, a torn page is dirty again and goes out again. */
static bool put_lz4(struct mig_encode *e, struct mig_batch *b, uint64_t pfn, const void *page)
{
	struct mig_gain *g = &e->lz4_gain;
	bool timed = g->tries++ % TIMED_TRIES == 0;
	uint64_t start = timed ? mig_core_clock(e->core) : 0;
	int n = LZ4_compress_fast_extState(e->lz4, page, (char *)data_of_next(b), PAGE_SIZE, LZ4_BYTES_MAX, LZ4_ACCELERATION);

	if (timed) {
		uint64_t took = mig_core_clock(e->core) - start;

		/* A pause of the scheduler is no cost of the encoding. */
		if (g->cost_ns && took > 8ull * g->cost_ns)
			took = 8ull * g->cost_ns;
		g->cost_ns = g->cost_ns ? average(g->cost_ns, took) : (uint32_t)took;
	}
	g->saved_bytes = average(g->saved_bytes, n > 0 ? PAGE_SIZE - (unsigned)n : 0);
	if (n <= 0)
		return false;
	put_one(b, pfn, MIG_ENC_LZ4, (size_t)n);
	return true;
}

static void put_whole(struct mig_encode *e, struct mig_batch *b, uint64_t pfn, const void *page)
{
	if (may_use(e, MIG_ENC_LZ4) && pays(e, &e->lz4_gain) && put_lz4(e, b, pfn, page))
		return;
	put_run(b, pfn, MIG_ENC_RAW);
	memcpy(b->body + b->length, page, PAGE_SIZE);
	b->length += PAGE_SIZE;
}

/* @kept holds the content, and is what D will have of @pfn. */
static void put_kept(struct mig_encode *e, struct mig_batch *b, uint64_t pfn, const uint8_t *kept)
{
	struct mig_same_data data = { 0 };
	uint64_t hash;

	if (!may_use(e, MIG_ENC_SAME)) {
		put_whole(e, b, pfn, kept);
		return;
	}
	hash = mig_same_hash(kept);
	data.page = mig_same_find(&e->same, &e->sent, pfn, kept, hash);
	data.base = (uint32_t)hash;
	if (data.page == UINT64_MAX) {
		mig_same_note(&e->same, pfn, hash);
		put_whole(e, b, pfn, kept);
		return;
	}
	memcpy(data_of_next(b), &data, sizeof(data));
	put_one(b, pfn, MIG_ENC_SAME, sizeof(data));
}

/* @old is what D has. Afterwards it is what D will have. */
static void put_changed(struct mig_encode *e, struct mig_batch *b, uint64_t pfn, const void *page, uint8_t *old)
{
	size_t n = 0;

	memcpy(e->page, page, PAGE_SIZE);
	if (may_use(e, MIG_ENC_DELTA))
		n = mig_delta_encode(old, e->page, data_of_next(b), DELTA_BYTES_MAX);
	if (n) {
		mig_delta_apply(old, data_of_next(b), n);
		put_one(b, pfn, MIG_ENC_DELTA, n);
	} else {
		memcpy(old, e->page, PAGE_SIZE);
		put_kept(e, b, pfn, old);
	}
}

bool mig_encode_page(struct mig_encode *e, struct mig_batch *b, uint64_t pfn, const void *page, uint32_t round)
{
	uint8_t *sent;

	if (!page || page_is_zero(page)) {
		mig_sent_forget(&e->sent, pfn);
		put_run(b, pfn, MIG_ENC_ZERO);
		return false;
	}
	if (!(e->allowed & DELTA_OR_SAME)) {
		put_whole(e, b, pfn, page);
		return true;
	}
	sent = mig_sent_get(&e->sent, pfn, round);
	if (sent) {
		put_changed(e, b, pfn, page, sent);
		return true;
	}
	if (e->byte_ps >= (round == 1 ? KEEP_FIRST_PS : KEEP_AGAIN_PS))
		sent = mig_sent_add(&e->sent, pfn, round);
	if (!sent) {
		put_whole(e, b, pfn, page);
		return true;
	}
	/* What is kept must be what is sent, so it is sent from there. */
	memcpy(sent, page, PAGE_SIZE);
	put_kept(e, b, pfn, sent);
	return true;
}
