/* SPDX-License-Identifier: MIT */
/* rounds.h: one pass over guest memory at the source: harvest a chunk, send what it found, go on. */
#pragma once
#include "core.h"
#include "digest.h"
#include "encode.h"
#include "inflight.h"
#include "stream.h"

struct mig_rounds {
	const struct mig_core *core;
	struct mig_guest *guest;
	uint64_t chunks;
	bool still;			/* the guest stands: one pass takes all, and nothing is harvested */
	bool last;			/* nothing may be left for another pass */
	uint8_t *sent;			/* bit per chunk: all its pages went out once in this attempt */
	uint64_t (*deferred)[CHUNK_PAGES / 64];	/* by chunk: pages that its last pass left out, being dirty again */
	uint32_t round;			/* 1, 2, ... */
	uint64_t chunk;			/* position of the pass */
	bool harvested;			/* bitmap holds what is still to send of @chunk */
	uint64_t bitmap[CHUNK_PAGES / 64];
	uint64_t due[CHUNK_PAGES / 64];	/* pages of it that are not deferred again */
	/* this round; raw_pages counts pages with content, however encoded */
	uint64_t raw_pages, zero_pages, dirty_pages, bytes, harvest_ns, work_ns, harvested_chunks;
	/* the attempt */
	struct mig_encode encode;
	struct mig_inflight inflight;	/* with RESUME in force */
	uint64_t nonzero_pages;		/* of chunks sent once, when that was first done */
	unsigned first_pages;		/* of the current chunk, which is on its way for the first time */
};

/* @capabilities: of HELLO, what both sides have. */
enum err mig_rounds_init(struct mig_rounds *r, const struct mig_core *core, struct mig_guest *guest,
			 uint64_t memory_bytes, uint64_t capabilities) NODISCARD;
void mig_rounds_fini(struct mig_rounds *r);
/* Starts the next pass; the guest stands in the @last one. */
void mig_rounds_begin(struct mig_rounds *r, bool last);
/* Puts at most one PAGES record (about 64 KiB) into @s. ERR_OK: the pass is complete; ERR_AGAIN: there is more, or @s
 * had no room. A chunk is harvested only when @s has room for it. */
enum err mig_rounds_record(struct mig_rounds *r, struct mig_stream *s, struct mig_digest *digest) NODISCARD;
/* Everything sent so far has arrived. */
void mig_rounds_confirm(struct mig_rounds *r);
/* Only the first @arrived records of the attempt have: what later ones carried, and what was harvested and not sent, is
 * dirty again, and no page of it is taken for known to D. A new pass must begin. ERR_RANGE as mig_inflight_lose. */
enum err mig_rounds_lost(struct mig_rounds *r, uint64_t arrived) NODISCARD;
/* Pages still to send that were sent before or are harvested; of a guest that stands, all of the pass. */
uint64_t mig_rounds_left(const struct mig_rounds *r);
/* Pages besides them that this pass sends for the first time while the guest runs. */
uint64_t mig_rounds_unsent(const struct mig_rounds *r);
