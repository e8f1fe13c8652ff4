/* SPDX-License-Identifier: MIT */
/* encode_batch.h: several pages as one zstd frame (wire spec, section 4). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/addr.h"

#define MIG_BATCH_MAX	32u	/* pages in a frame */

/* Pages that wait to be compressed together, in the order of their numbers. */
struct mig_batch {
	uint8_t *bytes;			/* copies of them: a guest may write on */
	uint64_t pfn[MIG_BATCH_MAX];
	unsigned count;
};

/* Room for the skips of @count pages. */
static inline size_t mig_batch_skips(unsigned count)
{
	return (count - 1) * sizeof(uint16_t);
}

/* True if @pfn may follow what is there. */
bool mig_batch_takes(const struct mig_batch *p, uint64_t pfn);
void mig_batch_add(struct mig_batch *p, uint64_t pfn, const void *page);
bool mig_batch_holds(const struct mig_batch *p, uint64_t pfn);
/* Writes skips and frame of the first @count pages, at least one, to @out; 0 if they take more than @room. */
size_t mig_batch_encode(const struct mig_batch *p, unsigned count, uint8_t *out, size_t room);

/* Of a received entry's data: true if skips are there and the frame's head says what it must. */
bool mig_batch_valid(const uint8_t *data, size_t length, unsigned count);
/* The number of the last of @count pages that begin with @first. */
uint64_t mig_batch_last(const uint8_t *data, unsigned count, uint64_t first);
/* The @count pages of valid @data, kept until the next call; NULL if the frame is damaged. */
const uint8_t *mig_batch_decode(const uint8_t *data, size_t length, unsigned count);
