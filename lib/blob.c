/* SPDX-License-Identifier: MIT */
#include "lib/blob.h"
#include <bearssl_hash.h>
#include <string.h>
#include "lib/log.h"
#include "lib/pages.h"

static struct {
	struct blob blob;
	uint8_t *chunk[BLOB_MAX_BYTES / CHUNK_SIZE];
	br_sha256_context sha;
} place[BLOB_PLACES];
static uint64_t uses;

static unsigned place_of(const struct blob *b)
{
	for (unsigned i = 0; i < BLOB_PLACES; i++)
		if (&place[i].blob == b)
			return i;
	panic("a blob that has no place");
}

static br_sha256_context *sha_of(const struct blob *b)
{
	return &place[place_of(b)].sha;
}

static uint64_t chunks_of(const struct blob *b)
{
	return b->base ? 0 : (b->have + CHUNK_SIZE - 1) / CHUNK_SIZE;
}

static bool idle(const struct blob *b)
{
	return b->bytes && !b->base && !b->users;
}

static void free_place(struct blob *b)
{
	for (uint64_t n = 0; b->chunk && n < chunks_of(b); n++)
		chunk_free(b->chunk[n]);
	memset(b, 0, sizeof(*b));
}

/* The one that nobody has used for the longest; NULL: all are in use. */
static struct blob *oldest_idle(void)
{
	struct blob *oldest = NULL;

	for (unsigned i = 0; i < BLOB_PLACES; i++)
		if (idle(&place[i].blob) && (!oldest || place[i].blob.last_used < oldest->last_used))
			oldest = &place[i].blob;
	return oldest;
}

static struct blob *new_place(uint64_t bytes)
{
	struct blob *b = NULL;

	for (unsigned i = 0; i < BLOB_PLACES && !b; i++)
		if (!place[i].blob.bytes)
			b = &place[i].blob;
	if (!b && (b = oldest_idle()))
		free_place(b);
	if (!b)
		return NULL;
	b->bytes = bytes;
	b->last_used = ++uses;
	br_sha256_init(sha_of(b));
	return b;
}

struct blob *blob_file(const void *base, uint64_t bytes)
{
	struct blob *b = base && bytes ? new_place(bytes) : NULL;

	if (!b)
		return NULL;
	b->base = base;
	b->have = bytes;
	return b;
}

bool blob_whole(const struct blob *b)
{
	return b->bytes && b->have == b->bytes && (b->base || b->named);
}

struct blob *blob_find(const uint8_t name[BLOB_HASH], uint64_t bytes)
{
	for (unsigned i = 0; i < BLOB_PLACES; i++) {
		struct blob *b = &place[i].blob;

		if (b->named && b->bytes == bytes && blob_whole(b) && !memcmp(b->name, name, BLOB_HASH))
			return blob_use(b);
	}
	return NULL;
}

struct blob *blob_begin(const uint8_t name[BLOB_HASH], uint64_t bytes)
{
	struct blob *b = bytes && bytes <= BLOB_MAX_BYTES ? new_place(bytes) : NULL;

	if (!b)
		return NULL;
	memcpy(b->name, name, BLOB_HASH);
	b->users = 1;
	b->chunk = place[place_of(b)].chunk;
	return b;
}

bool blob_wants_chunk(const struct blob *b)
{
	return !b->base && b->have < b->bytes && b->have % CHUNK_SIZE == 0;
}

enum err blob_add(struct blob *b, const void *data, size_t bytes)
{
	const uint8_t *from = data;
	uint8_t sum[BLOB_HASH];

	if (bytes > b->bytes - b->have)
		return ERR_RANGE;
	br_sha256_update(sha_of(b), data, bytes);
	while (bytes) {
		uint64_t at = b->have % CHUNK_SIZE, part = CHUNK_SIZE - at < bytes ? CHUNK_SIZE - at : bytes;
		uint8_t **chunk = &b->chunk[b->have / CHUNK_SIZE];

		if (!at && !(*chunk = chunk_alloc()))
			return ERR_NOMEM;
		memcpy(*chunk + at, from, part);
		from += part;
		b->have += part;
		bytes -= part;
	}
	if (b->have < b->bytes)
		return ERR_OK;
	br_sha256_out(sha_of(b), sum);
	b->hashed = b->bytes;
	b->named = !memcmp(sum, b->name, BLOB_HASH);
	return b->named ? ERR_OK : ERR_CORRUPT;
}

struct blob *blob_use(struct blob *b)
{
	if (b)
		b->users++;
	return b;
}

void blob_drop(struct blob *b)
{
	if (!b || --b->users || b->base)
		return;
	b->last_used = ++uses;
	if (!blob_whole(b))
		free_place(b);
	while (blob_idle_chunks() > BLOB_IDLE_CHUNKS)
		free_place(oldest_idle());
}

struct blob *blob_unnamed(uint64_t bytes)
{
	for (unsigned i = 0; i < BLOB_PLACES; i++) {
		struct blob *b = &place[i].blob;

		if (b->base && !b->named && (!bytes || b->bytes == bytes))
			return b;
	}
	return NULL;
}

bool blob_name_step(struct blob *b, uint64_t bytes)
{
	uint64_t left = b->bytes - b->hashed;

	if (b->named || !b->base)
		return b->named;
	if (bytes > left)
		bytes = left;
	br_sha256_update(sha_of(b), b->base + b->hashed, bytes);
	b->hashed += bytes;
	if (b->hashed < b->bytes)
		return false;
	br_sha256_out(sha_of(b), b->name);
	b->named = true;
	return true;
}

uint64_t blob_idle_chunks(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < BLOB_PLACES; i++)
		n += idle(&place[i].blob) ? chunks_of(&place[i].blob) : 0;
	return n;
}

void blob_give_up(uint64_t chunks)
{
	struct blob *b;

	for (uint64_t got = 0; got < chunks && (b = oldest_idle()); free_place(b))
		got += chunks_of(b);
}
