/* SPDX-License-Identifier: MIT */
/* load.c: PAGES and STATE at the destination. */
#include "load.h"
#include <stdlib.h>
#include <string.h>
#include <lz4.h>
#include "encode_delta.h"
#include "encode_batch.h"
#include "encode_dedup.h"

/* What count and length of an entry may be: raw data is as long as its pages, encoded data tells its length. */
static bool possible(const struct mig_pages_entry *e)
{
	if (e->encoding < MIG_ENC_LZ4)
		return e->count && e->count <= MIG_RECORD_PAGES && !e->length;
	if (e->encoding == MIG_ENC_BATCH)
		return e->count && e->count <= MIG_BATCH_MAX && e->length;
	return e->count == 1 && e->length && e->length < PAGE_SIZE;
}

static enum err check_encoding(const struct mig_load *l, uint16_t encoding, struct why *why)
{
	static const uint64_t needed[] = { [MIG_ENC_DELTA] = MIG_CAP_DELTA, [MIG_ENC_DEDUP] = MIG_CAP_DEDUP,
					   [MIG_ENC_BATCH] = MIG_CAP_BATCH };
	bool known = encoding < sizeof(needed) / sizeof(needed[0]);

	if (known && !(needed[encoding] & ~l->capabilities))
		return ERR_OK;
	why_set(why, known ? "PAGES has encoding %u, which HELLO did not agree on" : "PAGES has unknown encoding %u",
		encoding);
	return ERR_UNKNOWN;
}

/* What can be seen of an entry's data without the page that it is about. */
static enum err check_data(const struct mig_load *l, const struct mig_pages_entry *e, const uint8_t *data,
			   struct why *why)
{
	struct mig_dedup_data same;

	if (e->encoding == MIG_ENC_BATCH && !mig_batch_valid(data, e->length, e->count)) {
		why_set(why, "PAGES has a malformed batch of %u pages from page 0x%llx on", e->count,
			(unsigned long long)e->page);
		return ERR_INVALID;
	}
	if (e->encoding == MIG_ENC_DELTA && !mig_delta_valid(data, e->length)) {
		why_set(why, "PAGES has a malformed delta for page 0x%llx", (unsigned long long)e->page);
		return ERR_INVALID;
	}
	if (e->encoding != MIG_ENC_DEDUP)
		return ERR_OK;
	if (e->length == sizeof(same)) {
		memcpy(&same, data, sizeof(same));
		if (same.page < l->pages && !same.zero)
			return ERR_OK;
	}
	why_set(why, "PAGES has a malformed reference for page 0x%llx", (unsigned long long)e->page);
	return ERR_INVALID;
}

/* Reads the entry at *at and passes over it and its data. */
static enum err entry_next(const struct mig_load *l, const uint8_t *body, size_t length, size_t *at,
			   struct mig_pages_entry *e, const uint8_t **data, struct why *why)
{
	size_t bytes;

	if (length - *at < sizeof(*e)) {
		why_set(why, "PAGES ends inside an entry");
		return ERR_SHORT;
	}
	memcpy(e, body + *at, sizeof(*e));
	*at += sizeof(*e);
	if (check_encoding(l, e->encoding, why))
		return ERR_UNKNOWN;
	if (!possible(e)) {
		why_set(why, "PAGES has an impossible entry: %u pages, encoding %u, length %u", e->count, e->encoding,
			e->length);
		return ERR_INVALID;
	}
	bytes = e->encoding == MIG_ENC_RAW ? e->count * PAGE_SIZE : e->length;
	if (length - *at < bytes) {
		why_set(why, "PAGES ends inside the data of page 0x%llx", (unsigned long long)e->page);
		return ERR_SHORT;
	}
	*data = body + *at;
	*at += bytes;
	return check_data(l, e, *data, why);
}

/* Pages after the first that @e reaches. */
static uint64_t reach(const struct mig_pages_entry *e, const uint8_t *data)
{
	return e->encoding == MIG_ENC_BATCH ? mig_batch_last(data, e->count, 0) : e->count - 1;
}

static enum err check(const struct mig_load *l, const uint8_t *body, size_t length, struct why *why)
{
	struct mig_pages_head head;
	struct mig_pages_entry e;
	const uint8_t *data;
	size_t at = sizeof(head);
	uint64_t named = 0;

	if (length < sizeof(head)) {
		why_set(why, "PAGES of %u bytes is too short", (unsigned)length);
		return ERR_SHORT;
	}
	memcpy(&head, body, sizeof(head));
	if (head.round != l->round) {
		why_set(why, "PAGES is of round %u, expected %u", head.round, l->round);
		return ERR_INVALID;
	}
	for (uint32_t n = 0; n < head.entries; n++) {
		enum err err = entry_next(l, body, length, &at, &e, &data, why);

		if (err)
			return err;
		if (e.page >= l->pages || reach(&e, data) >= l->pages - e.page) {
			why_set(why, "PAGES names page 0x%llx and %llu on, the guest has 0x%llx",
				(unsigned long long)e.page, (unsigned long long)reach(&e, data),
				(unsigned long long)l->pages);
			return ERR_RANGE;
		}
		named += e.count;
	}
	if (at != length || named > MIG_RECORD_PAGES) {
		why_set(why, "PAGES names %llu pages and has %u bytes after its last entry",
			(unsigned long long)named, (unsigned)(length - at));
		return ERR_INVALID;
	}
	return ERR_OK;
}

/* A chunk never loaded is zero already and must not be made present for it. */
static enum err load_zero(struct mig_guest *g, uint64_t page)
{
	static const uint8_t zero[PAGE_SIZE];
	const void *old = g->ops->page(g, page);
	void *p;

	if (!old || !memcmp(old, zero, PAGE_SIZE))
		return ERR_OK;
	p = g->ops->page_for_load(g, page);
	if (!p)
		return ERR_NOMEM;
	memset(p, 0, PAGE_SIZE);
	return ERR_OK;
}

static enum err load_raw(struct mig_guest *g, uint64_t page, const uint8_t *data)
{
	void *p = g->ops->page_for_load(g, page);

	if (!p)
		return ERR_NOMEM;
	memcpy(p, data, PAGE_SIZE);
	return ERR_OK;
}

/* Passes over a length's further bytes; false if the block ends first. */
static bool more_length(const uint8_t *data, size_t length, size_t *at, size_t *count)
{
	uint8_t byte;

	do {
		if (*at >= length)
			return false;
		byte = data[(*at)++];
		*count += byte;
	} while (byte == 255);
	return true;
}

/* True if a match of the block is at offset 0, which the decoder lets pass although it means nothing. What else is
 * wrong with a block the decoder finds. */
static bool lz4_offset_zero(const uint8_t *data, size_t length)
{
	size_t at = 0;

	while (at < length) {
		uint8_t token = data[at++];
		size_t literals = token >> 4, match = token & 15;

		if (literals == 15 && !more_length(data, length, &at, &literals))
			return false;
		if (literals >= length - at || length - at - literals < 2)
			return false;
		at += literals;
		if (!(data[at] | data[at + 1]))
			return true;
		at += 2;
		if (match == 15 && !more_length(data, length, &at, &match))
			return false;
	}
	return false;
}

static enum err load_lz4(struct mig_guest *g, uint64_t page, const uint8_t *data, size_t length, struct why *why)
{
	void *p;

	if (lz4_offset_zero(data, length)) {
		why_set(why, "PAGES has a match at offset 0 in the LZ4 block for page 0x%llx",
			(unsigned long long)page);
		return ERR_CORRUPT;
	}
	p = g->ops->page_for_load(g, page);
	if (!p) {
		why_set(why, "no memory for guest page 0x%llx", (unsigned long long)page);
		return ERR_NOMEM;
	}
	if (LZ4_decompress_safe((const char *)data, p, (int)length, PAGE_SIZE) == PAGE_SIZE)
		return ERR_OK;
	why_set(why, "PAGES has a damaged LZ4 block for page 0x%llx", (unsigned long long)page);
	return ERR_CORRUPT;
}

/* What is here of a page: zeros if nothing was named yet. */
static const void *here(struct mig_guest *g, uint64_t page)
{
	static const uint8_t zero[PAGE_SIZE];
	const void *p = g->ops->page(g, page);

	return p ? p : zero;
}

/* Page @page must be what the source believes it is. */
static enum err load_delta(struct mig_guest *g, uint64_t page, const uint8_t *data, size_t length, struct why *why)
{
	void *p;

	if (!mig_delta_fits(here(g, page), data)) {
		why_set(why, "PAGES has a delta against another version of page 0x%llx", (unsigned long long)page);
		return ERR_CORRUPT;
	}
	p = g->ops->page_for_load(g, page);
	if (!p) {
		why_set(why, "no memory for guest page 0x%llx", (unsigned long long)page);
		return ERR_NOMEM;
	}
	mig_delta_apply(p, data, length);
	return ERR_OK;
}

/* As above, for the page that @page is to equal. */
static enum err load_dedup(struct mig_guest *g, uint64_t page, const uint8_t *data, struct why *why)
{
	struct mig_dedup_data same;
	void *p;

	memcpy(&same, data, sizeof(same));
	if ((uint32_t)mig_dedup_hash(here(g, same.page)) != same.base) {
		why_set(why, "PAGES has a reference to another version of page 0x%llx", (unsigned long long)same.page);
		return ERR_CORRUPT;
	}
	p = g->ops->page_for_load(g, page);
	if (!p) {
		why_set(why, "no memory for guest page 0x%llx", (unsigned long long)page);
		return ERR_NOMEM;
	}
	memmove(p, here(g, same.page), PAGE_SIZE);
	return ERR_OK;
}

/* Nothing is written before all of the frame is known to be good. */
static enum err load_batch(struct mig_guest *g, const struct mig_pages_entry *e, const uint8_t *data, struct why *why)
{
	const uint8_t *pages = mig_batch_decode(data, e->length, e->count);

	if (!pages) {
		why_set(why, "PAGES has a damaged batch of %u pages from page 0x%llx on", e->count,
			(unsigned long long)e->page);
		return ERR_CORRUPT;
	}
	for (unsigned n = 0; n < e->count; n++) {
		uint64_t page = mig_batch_last(data, n + 1, e->page);

		if (load_raw(g, page, pages + n * PAGE_SIZE)) {
			why_set(why, "no memory for guest page 0x%llx", (unsigned long long)page);
			return ERR_NOMEM;
		}
	}
	return ERR_OK;
}

/* The pages of one checked entry. */
static enum err load_entry(struct mig_guest *g, const struct mig_pages_entry *e, const uint8_t *data, struct why *why)
{
	enum err err = ERR_OK;

	if (e->encoding == MIG_ENC_LZ4)
		return load_lz4(g, e->page, data, e->length, why);
	if (e->encoding == MIG_ENC_DELTA)
		return load_delta(g, e->page, data, e->length, why);
	if (e->encoding == MIG_ENC_DEDUP)
		return load_dedup(g, e->page, data, why);
	if (e->encoding == MIG_ENC_BATCH)
		return load_batch(g, e, data, why);
	for (uint32_t n = 0; n < e->count && !err; n++)
		err = e->encoding == MIG_ENC_RAW ? load_raw(g, e->page + n, data + n * PAGE_SIZE) :
						   load_zero(g, e->page + n);
	if (err)
		why_set(why, "no memory for guest page 0x%llx", (unsigned long long)e->page);
	return err;
}

enum err mig_load_pages(struct mig_load *l, const void *body, size_t length, struct why *why)
{
	struct mig_pages_entry e;
	const uint8_t *data;
	size_t at = sizeof(struct mig_pages_head);
	enum err err = check(l, body, length, why);

	if (err)
		return err;
	while (at < length) {
		err = entry_next(l, body, length, &at, &e, &data, why);
		if (!err)
			err = load_entry(l->guest, &e, data, why);
		if (err)
			return err;
		l->last_page = e.page;
		if (e.encoding == MIG_ENC_ZERO)
			l->zero_pages += e.count;
		else
			l->raw_pages += e.count;
	}
	return ERR_OK;
}

enum err mig_image_add(struct mig_image *i, const void *body, size_t length, uint64_t limit, struct why *why)
{
	struct mig_state_head head;
	size_t bytes = length - sizeof(head);

	if (length <= sizeof(head)) {
		why_set(why, "STATE of %u bytes is too short", (unsigned)length);
		return ERR_SHORT;
	}
	memcpy(&head, body, sizeof(head));
	if (head.flags > MIG_STATE_DRY || head.zero) {
		why_set(why, "STATE has unknown flags 0x%x, reserved field %u", head.flags, head.zero);
		return ERR_UNKNOWN;
	}
	if (!i->bytes) {
		if (!head.total || head.total > limit) {
			why_set(why, "STATE of %u bytes in all, granted were %llu", head.total,
				(unsigned long long)limit);
			return ERR_RANGE;
		}
		i->bytes = malloc(head.total);
		if (!i->bytes) {
			why_set(why, "no memory for a state image of %u bytes", head.total);
			return ERR_NOMEM;
		}
		i->total = head.total;
		i->flags = head.flags;
		i->have = 0;
	}
	if (head.total != i->total || head.flags != i->flags || head.offset != i->have || bytes > i->total - i->have) {
		why_set(why, "STATE part of %u bytes at %u of %u does not follow %u of %u", (unsigned)bytes,
			head.offset, head.total, i->have, i->total);
		return ERR_INVALID;
	}
	memcpy(i->bytes + i->have, (const uint8_t *)body + sizeof(head), bytes);
	i->have += (uint32_t)bytes;
	return i->have == i->total ? ERR_OK : ERR_AGAIN;
}

void mig_image_free(struct mig_image *i)
{
	free(i->bytes);
	memset(i, 0, sizeof(*i));
}
