/* SPDX-License-Identifier: MIT */
/* encode.c: the choice of an encoding for each page, and its entry. */
#include "encode.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <lz4.h>
#include "encode_delta.h"
#include "lib/log.h"

#define LZ4_BYTES_MAX	3072	/* a page that LZ4 does not shrink by a quarter goes raw */
#define LZ4_ACCELERATION 1
#define DELTA_BYTES_MAX	2048	/* a page that changed by more than half is a new page */
#define TIMED_TRIES	4	/* one try in so many is timed */
/* Keeping a page's sent version costs about as much as copying it. That pays if it is sent again: likely for one that
 * was dirty before, less so for one that is sent for the first time. Below these prices of a byte it does not. */
#define KEEP_FIRST_PS	1500
#define KEEP_AGAIN_PS	500
#define DELTA_OR_DEDUP	(1u << MIG_ENC_DELTA | 1u << MIG_ENC_DEDUP)	/* what needs kept versions */

static bool may_use(const struct mig_encode *e, enum mig_encoding encoding)
{
	return e->allowed >> encoding & 1;
}

static uint32_t ways(const struct mig_encode *e)
{
	return 1u << MIG_WAY_RAW | (uint32_t)may_use(e, MIG_ENC_LZ4) << MIG_WAY_LZ4 |
		(uint32_t)may_use(e, MIG_ENC_BATCH) << MIG_WAY_BATCH;
}

enum err mig_encode_init(struct mig_encode *e, const struct mig_core *core, uint64_t memory_bytes,
			 uint64_t capabilities)
{
	static const struct { uint64_t capability; enum mig_encoding encoding; } needs[] = {
		{ MIG_CAP_DELTA, MIG_ENC_DELTA }, { MIG_CAP_DEDUP, MIG_ENC_DEDUP }, { MIG_CAP_BATCH, MIG_ENC_BATCH },
	};

	memset(e, 0, sizeof(*e));
	e->core = core;
	e->allowed = core->host.encodings ? core->host.encodings : UINT32_MAX;
	for (unsigned n = 0; n < sizeof(needs) / sizeof(needs[0]); n++)
		if (!(capabilities & needs[n].capability))
			e->allowed &= ~(1u << needs[n].encoding);
	e->ways = ways(e);
	mig_price_init(&e->price);
	e->lz4 = malloc((size_t)LZ4_sizeofState());
	e->batch.bytes = malloc(MIG_BATCH_MAX * PAGE_SIZE);
	if (!e->lz4 || !e->batch.bytes || mig_sent_init(&e->sent, core, memory_bytes))
		return ERR_NOMEM;
	if (may_use(e, MIG_ENC_DEDUP))
		mig_dedup_init(&e->dedup, &e->sent);
	return ERR_OK;
}

void mig_encode_fini(struct mig_encode *e)
{
	free(e->lz4);
	free(e->batch.bytes);
	e->lz4 = NULL;
	e->batch.bytes = NULL;
	mig_dedup_fini(&e->dedup);
	mig_sent_fini(&e->sent);
}

void mig_encode_pause(struct mig_encode *e)
{
	mig_price_pause(&e->price);
}

void mig_encode_limit(struct mig_encode *e, uint64_t bytes_per_s)
{
	mig_price_limit(&e->price, bytes_per_s);
}

void mig_encode_begin(struct mig_encode *e)
{
	e->batched = false;
	e->back.of_record = 0;
	mig_price_begin(&e->price, mig_core_clock(e->core));
}

void mig_encode_end(struct mig_encode *e, size_t bytes)
{
	mig_price_end(&e->price, mig_core_clock(e->core), bytes);
}

void mig_encode_handed(struct mig_encode *e, uint64_t took_ns)
{
	mig_price_handed(&e->price, took_ns);
}

/* The next page is likely to be next to it, and a CPU that fetches ahead by itself stops at the end of a page. Into the
 * second level: more lines can be on their way there than to the first. */
static bool page_is_zero(const void *page)
{
	const uint64_t *p = page;

	for (unsigned n = 0; n < PAGE_SIZE / 8; n += 8) {
		__builtin_prefetch(p + n + PAGE_SIZE / 8, 0, 2);
		if (p[n] | p[n + 1] | p[n + 2] | p[n + 3] | p[n + 4] | p[n + 5] | p[n + 6] | p[n + 7])
			return false;
	}
	return true;
}

/* Extends the last entry by @page, or begins one. */
static void put_run(struct mig_pages_record *b, uint64_t pfn, uint16_t encoding)
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
static uint8_t *data_of_next(struct mig_pages_record *b)
{
	return b->body + b->length + sizeof(struct mig_pages_entry);
}

/* How many those may be. */
static size_t room_of_next(const struct mig_pages_record *b)
{
	size_t used = b->length + sizeof(struct mig_pages_entry);

	return used < MIG_BODY_MAX ? MIG_BODY_MAX - used : 0;
}

/* An entry for one page whose @length bytes of data are in place already. */
static void put_one(struct mig_pages_record *b, uint64_t pfn, uint16_t encoding, size_t length)
{
	struct mig_pages_entry e = { .page = pfn, .count = 1, .encoding = encoding, .length = (uint16_t)length };

	b->entry = b->body + b->length;
	memcpy(b->entry, &e, sizeof(e));
	b->length += sizeof(e) + length;
	b->entries++;
}

static void put_raw(struct mig_pages_record *b, uint64_t pfn, const void *page)
{
	put_run(b, pfn, MIG_ENC_RAW);
	memcpy(b->body + b->length, page, PAGE_SIZE);
	b->length += PAGE_SIZE;
}

/* Compresses straight to where the next entry's data would be: its length, 0 if that gains too little. A vCPU can't
 * write while this runs on its CPU; where it could, a torn page is dirty again and goes out again. */
static size_t try_lz4(struct mig_encode *e, struct mig_pages_record *b, const void *page)
{
	bool timed = e->lz4_tries++ % TIMED_TRIES == 0;
	uint64_t start = timed ? mig_core_clock(e->core) : 0;
	int n = LZ4_compress_fast_extState(e->lz4, page, (char *)data_of_next(b), PAGE_SIZE, LZ4_BYTES_MAX,
					   LZ4_ACCELERATION);

	mig_price_seen(&e->price, MIG_WAY_LZ4, 1, n > 0 ? (unsigned)n : PAGE_SIZE,
		       timed ? mig_core_clock(e->core) - start : UINT64_MAX);
	return n > 0 ? (size_t)n : 0;
}

bool mig_encode_next_back(struct mig_encode *e, uint64_t *pfn)
{
	struct mig_back *k = &e->back;

	if (k->taken == k->count) {
		k->taken = k->count = 0;
		return false;
	}
	*pfn = k->pfn[k->taken++];
	return true;
}

unsigned mig_encode_backs(const struct mig_encode *e)
{
	return e->back.count - e->back.taken;
}

/* Gives back what waits from page @from on: D does not get what is kept of it. */
static void give_back(struct mig_encode *e, unsigned from)
{
	struct mig_back *k = &e->back;
	unsigned left = mig_encode_backs(e), more = e->batch.count - from;

	if (left + more > sizeof(k->pfn) / sizeof(k->pfn[0]))
		panic("%u pages are given back to %u", more, left);
	memmove(k->pfn, k->pfn + k->taken, left * sizeof(k->pfn[0]));
	for (unsigned n = 0; n < more; n++) {
		k->pfn[left + n] = e->batch.pfn[from + n];
		mig_sent_forget(&e->sent, e->batch.pfn[from + n]);
	}
	k->count = left + more;
	k->taken = 0;
	k->of_record += more;
}

/* Makes one frame of the first @count pages that wait; false if they take more than the record has left or hardly
 * shrink. */
static bool put_frame(struct mig_encode *e, struct mig_pages_record *b, unsigned count)
{
	size_t room = room_of_next(b), most = count * PAGE_SIZE - count * PAGE_SIZE / 16, n;
	uint64_t start = mig_core_clock(e->core);

	if (most > room)
		most = room;
	n = mig_batch_encode(&e->batch, count, data_of_next(b), most);
	mig_price_seen(&e->price, MIG_WAY_BATCH, count,
		       n           ? n :
		       most < room ? count * PAGE_SIZE :
				     most,
		       mig_core_clock(e->core) - start);
	if (!n)
		return false;
	put_one(b, e->batch.pfn[0], MIG_ENC_BATCH, n);
	memcpy(b->entry + offsetof(struct mig_pages_entry, count), &(uint32_t){ count }, sizeof(uint32_t));
	return true;
}

void mig_encode_flush(struct mig_encode *e, struct mig_pages_record *b)
{
	struct mig_batch *p = &e->batch;
	unsigned done = 0;

	if (!p->count)
		return;
	e->batched = true;
	/* Too much for the record may still be two frames in two of them. */
	if (put_frame(e, b, p->count))
		done = p->count;
	else if (p->count * PAGE_SIZE > room_of_next(b) && p->count > 1 && put_frame(e, b, p->count / 2))
		done = p->count / 2;
	else
		for (; done < p->count && room_of_next(b) >= PAGE_SIZE; done++)
			put_raw(b, p->pfn[done], p->bytes + done * PAGE_SIZE);
	give_back(e, done);
	p->count = 0;
}

/* What @count more pages will take of a record by what batches took of late. */
static size_t batch_bytes(const struct mig_encode *e, unsigned count)
{
	size_t each = e->price.way[MIG_WAY_BATCH].bytes;

	each += each / 16 + sizeof(uint16_t);
	return sizeof(struct mig_pages_entry) + count * (each < PAGE_SIZE ? each : PAGE_SIZE);
}

bool mig_encode_fits(struct mig_encode *e, struct mig_pages_record *b)
{
	unsigned waiting = e->batch.count;
	size_t length = b->length + (waiting ? batch_bytes(e, waiting) : 0);

	if (waiting == MIG_BATCH_MAX || (waiting && length + MIG_PAGES_RAW > MIG_BODY_MAX)) {
		mig_encode_flush(e, b);
		waiting = 0;
		length = b->length;
	}
	/* Small frames compress less: after one the record is full unless a large one has room. */
	return !e->back.of_record && length + MIG_PAGES_RAW <= MIG_BODY_MAX &&
		(!e->batched || waiting || length + batch_bytes(e, MIG_BATCH_MAX) <= MIG_BODY_MAX);
}

static void put_whole(struct mig_encode *e, struct mig_pages_record *b, uint64_t pfn, const void *page)
{
	enum mig_way way = mig_price_choose(&e->price, e->ways);
	size_t n = way == MIG_WAY_LZ4 ? try_lz4(e, b, page) : 0;

	/* Where frames are used a look at LZ4 costs no bytes. */
	if (way == MIG_WAY_LZ4 && e->price.best == MIG_WAY_BATCH)
		way = MIG_WAY_BATCH;
	if (way == MIG_WAY_BATCH) {
		if (!mig_batch_takes(&e->batch, pfn))
			mig_encode_flush(e, b);
		mig_batch_add(&e->batch, pfn, page);
	} else if (n) {
		put_one(b, pfn, MIG_ENC_LZ4, n);
	} else {
		put_raw(b, pfn, page);
	}
}

/* @kept holds the content, and is what D will have of @pfn. */
static void put_kept(struct mig_encode *e, struct mig_pages_record *b, uint64_t pfn, const uint8_t *kept)
{
	struct mig_dedup_data data = { 0 };
	uint64_t hash;

	if (!may_use(e, MIG_ENC_DEDUP)) {
		put_whole(e, b, pfn, kept);
		return;
	}
	hash = mig_dedup_hash(kept);
	data.page = mig_dedup_find(&e->dedup, &e->sent, pfn, kept, hash);
	data.base = (uint32_t)hash;
	/* What still waits to be compressed comes later than this entry. */
	if (data.page == UINT64_MAX || mig_batch_holds(&e->batch, data.page)) {
		mig_dedup_note(&e->dedup, pfn, hash);
		put_whole(e, b, pfn, kept);
		return;
	}
	memcpy(data_of_next(b), &data, sizeof(data));
	put_one(b, pfn, MIG_ENC_DEDUP, sizeof(data));
}

/* @old is what D has. Afterwards it is what D will have. */
static void put_changed(struct mig_encode *e, struct mig_pages_record *b, uint64_t pfn, const void *page, uint8_t *old)
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

void mig_encode_forget(struct mig_encode *e, uint64_t pfn)
{
	mig_sent_forget(&e->sent, pfn);
}

bool mig_encode_page(struct mig_encode *e, struct mig_pages_record *b, uint64_t pfn, const void *page, uint32_t round)
{
	uint8_t *sent;

	if (!page || page_is_zero(page)) {
		mig_sent_forget(&e->sent, pfn);
		put_run(b, pfn, MIG_ENC_ZERO);
		return false;
	}
	if (!(e->allowed & DELTA_OR_DEDUP)) {
		put_whole(e, b, pfn, page);
		return true;
	}
	sent = mig_sent_get(&e->sent, pfn, round);
	if (sent) {
		put_changed(e, b, pfn, page, sent);
		return true;
	}
	if (e->price.link_ps >= (round == 1 ? KEEP_FIRST_PS : KEEP_AGAIN_PS))
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
