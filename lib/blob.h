/* SPDX-License-Identifier: MIT */
/* blob.h: what guests are started from (kernels, initrds), kept once each and known by its SHA-256 (FIPS 180-4).
 * For services, on the boot CPU only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/addr.h"
#include "lib/err.h"

#define BLOB_HASH	32u
#define BLOB_MAX_BYTES	(512ull << 20)	/* of one that comes; files may be larger */
#define BLOB_PLACES	64u
#define BLOB_IDLE_CHUNKS 128u	/* at most so much is kept that nobody uses */

struct blob {
	uint64_t bytes;			/* 0: the place is free */
	uint64_t have;			/* of them, from the first on */
	const uint8_t *base;		/* the file in memory; NULL: in chunks */
	uint8_t **chunk;		/* BLOB_MAX_BYTES / CHUNK_SIZE of them */
	uint8_t name[BLOB_HASH];	/* its SHA-256; of one that is coming, what it must be */
	bool named;
	uint64_t hashed;		/* bytes of it, on the way to its name */
	unsigned users;
	uint64_t last_used;		/* for whose turn it is to go */
};

/* A file that stays in memory; never given up. Its name comes later. NULL: no place is left. */
struct blob *blob_file(const void *base, uint64_t bytes);
/* The one of that name and size that is here whole, for one more user; NULL: none is. */
struct blob *blob_find(const uint8_t name[BLOB_HASH], uint64_t bytes);
/* An empty one, to be filled by blob_add, for one user. NULL: no place, or 0 or more than BLOB_MAX_BYTES bytes. */
struct blob *blob_begin(const uint8_t name[BLOB_HASH], uint64_t bytes);
/* Appends. ERR_OK; ERR_RANGE: more than its size; ERR_NOMEM; ERR_CORRUPT: that was its end, and it is not what its
 * name says. After an error it can only be dropped. */
enum err blob_add(struct blob *b, const void *data, size_t bytes) NODISCARD;
/* Will the next byte of @b need memory? */
bool blob_wants_chunk(const struct blob *b);
/* One user more, one less; NULL is no blob. One that is whole stays for the next who asks for it, until
 * blob_give_up. */
struct blob *blob_use(struct blob *b);
void blob_drop(struct blob *b);
bool blob_whole(const struct blob *b);
/* What is at @offset, with how much of it lies in one piece; NULL at the end. */
static inline const void *blob_at(const struct blob *b, uint64_t offset, uint64_t *run)
{
	*run = offset < b->have ? b->have - offset : 0;
	if (!*run)
		return NULL;
	if (b->base)
		return b->base + offset;
	if (*run > CHUNK_SIZE - offset % CHUNK_SIZE)
		*run = CHUNK_SIZE - offset % CHUNK_SIZE;
	return b->chunk[offset / CHUNK_SIZE] + offset % CHUNK_SIZE;
}

/* A file of @bytes (0: of any size) without a name; NULL: all have theirs. */
struct blob *blob_unnamed(uint64_t bytes);
/* Hashes up to @bytes more of it; true when it has its name. */
bool blob_name_step(struct blob *b, uint64_t bytes);

/* Chunks that nobody uses, and giving up as many of them as it takes to have @chunks back, if there are so many. */
uint64_t blob_idle_chunks(void);
void blob_give_up(uint64_t chunks);
