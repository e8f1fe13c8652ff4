/* SPDX-License-Identifier: MIT */
/* encode_sent.h: at the source, the version of pages that the destination has, as far as memory is to spare. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "core.h"
#include "lib/addr.h"
#include "lib/err.h"

/* Kept by chunks of guest memory, each in a chunk of host memory taken when its first page is kept. */
struct mig_sent_chunk {
	uint8_t *bytes;			/* NULL: none kept */
	uint64_t valid[CHUNK_PAGES / 64];
	uint32_t round;			/* of its last use */
};

struct mig_sent {
	const struct mig_core *core;
	struct mig_sent_chunk *chunk;	/* by number of the guest's chunk */
	uint64_t chunks, kept, limit;	/* limit: at most so many are kept */
	uint64_t hand;			/* where the search for one to give up goes on */
};

/* Reserves nothing yet; the limit is a quarter of the memory that no guest has or is promised now. ERR_NOMEM. */
enum err mig_sent_init(struct mig_sent *s, const struct mig_core *core, uint64_t memory_bytes) NODISCARD;
void mig_sent_fini(struct mig_sent *s);
/* What was sent last of @pfn, NULL if that is not known. */
uint8_t *mig_sent_get(struct mig_sent *s, uint64_t pfn, uint32_t round);
/* The same without counting as a use. */
const uint8_t *mig_sent_peek(const struct mig_sent *s, uint64_t pfn);
/* Room for what is about to be sent of @pfn, to be filled at once; NULL if there is none. Gives up what was not used in
 * this round nor the one before. */
uint8_t *mig_sent_add(struct mig_sent *s, uint64_t pfn, uint32_t round);
/* @pfn is sent in another way. */
void mig_sent_forget(struct mig_sent *s, uint64_t pfn);
