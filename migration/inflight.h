/* SPDX-License-Identifier: MIT */
/* inflight.h: at the source, which pages went out in records that the destination may not have got. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/addr.h"
#include "lib/err.h"

/* By chunks of guest memory: exact to the page about what was sent, and to the chunk about what of that arrived. */
struct mig_inflight_chunk {
	uint64_t sent[CHUNK_PAGES / 64];	/* in records after the last confirmed one */
	uint64_t lost[CHUNK_PAGES / 64];	/* to be sent again */
	uint64_t record;			/* the last that named a page of it; the first of an attempt is 1 */
};

struct mig_inflight {
	struct mig_inflight_chunk *chunk;	/* NULL: nobody will ask */
	uint64_t chunks;
	uint64_t records, confirmed;		/* sent; known to be loaded */
	uint64_t lost_pages;
};

/* ERR_NOMEM. */
enum err mig_inflight_init(struct mig_inflight *f, uint64_t chunks) NODISCARD;
void mig_inflight_fini(struct mig_inflight *f);
/* Page @pfn is named by the record that is being made. */
void mig_inflight_page(struct mig_inflight *f, uint64_t pfn);
/* That record is complete. */
void mig_inflight_record(struct mig_inflight *f);
/* All records were loaded. */
void mig_inflight_confirm(struct mig_inflight *f);
/* Only the first @arrived records of the attempt were: pages of later ones are lost, and the next record takes the
 * number after @arrived. ERR_RANGE: that can't be, for so many were not sent or more are confirmed. */
enum err mig_inflight_lose(struct mig_inflight *f, uint64_t arrived) NODISCARD;
/* @pfn must be sent again although it isn't dirty. */
void mig_inflight_lost(struct mig_inflight *f, uint64_t pfn);
/* ORs the lost pages of @chunk into @bitmap; they are lost no longer. */
void mig_inflight_take(struct mig_inflight *f, uint64_t chunk, uint64_t bitmap[CHUNK_PAGES / 64]);
/* Pages that are lost now. */
uint64_t mig_inflight_lost_pages(const struct mig_inflight *f);
/* The lost pages of @chunk, NULL if there are none. */
const uint64_t *mig_inflight_lost_of(const struct mig_inflight *f, uint64_t chunk);
