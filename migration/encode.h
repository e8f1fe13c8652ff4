/* SPDX-License-Identifier: MIT */
/* encode.h: pages into a PAGES body, each by the encoding that pays on this link. */
#pragma once
#include "core.h"
#include "encode_same.h"
#include "encode_sent.h"

/* A PAGES body under construction. */
struct mig_batch {
	uint8_t *body;
	size_t length;
	uint8_t *entry;			/* the last one, NULL before the first */
	unsigned entries;
};

/* The most that one more page may add. */
#define MIG_BATCH_PAGE	(sizeof(struct mig_pages_entry) + PAGE_SIZE)

/* What an encoding was seen to do, as running averages. */
struct mig_gain {
	uint32_t tries, passed;		/* passed: pages in a row for which it was not worth a try */
	uint32_t saved_bytes, cost_ns;	/* a page */
};

struct mig_encode {
	const struct mig_core *core;
	uint32_t allowed;		/* bit per enum mig_encoding */
	void *lz4;			/* working memory of the compressor */
	struct mig_gain lz4_gain;
	struct mig_sent sent;
	struct mig_same same;
	uint8_t page[PAGE_SIZE];	/* what a delta is made from: the guest may write on */
	/* what a byte costs once it is encoded: hashing, sending, and above all waiting for the link */
	uint64_t ended_ns, ended_bytes;
	uint32_t byte_ps;
};

/* @capabilities: of HELLO, what both sides have. ERR_NOMEM. */
enum err mig_encode_init(struct mig_encode *e, const struct mig_core *core, uint64_t memory_bytes,
			 uint64_t capabilities) NODISCARD;
void mig_encode_fini(struct mig_encode *e);
/* A pass begins or ends: the time until the next record says nothing about the link. */
void mig_encode_pause(struct mig_encode *e);
/* Around the making of each record: what passes between the end of one and the begin of the next is the price of the
 * first one's bytes. */
void mig_encode_begin(struct mig_encode *e);
void mig_encode_end(struct mig_encode *e, size_t bytes);
/* Adds @pfn in @round; @page NULL: known zero. True if it has content. @b has room for MIG_BATCH_PAGE more. */
bool mig_encode_page(struct mig_encode *e, struct mig_batch *b, uint64_t pfn, const void *page, uint32_t round);
