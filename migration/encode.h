/* SPDX-License-Identifier: MIT */
/* encode.h: pages into a PAGES body, each by the encoding that pays on this link. */
#pragma once
#include "core.h"
#include "encode_batch.h"
#include "encode_price.h"
#include "encode_dedup.h"
#include "encode_sent.h"

/* A PAGES body under construction. */
struct mig_pages_record {
	uint8_t *body;
	size_t length;
	uint8_t *entry;			/* the last one, NULL before the first */
	unsigned entries;
};

/* The most that one more page may add. */
#define MIG_PAGES_RAW	(sizeof(struct mig_pages_entry) + PAGE_SIZE)

/* Pages that were to be compressed together and turned out to be too much for what the record had left. */
struct mig_back {
	uint64_t pfn[MIG_BATCH_MAX + 1];
	unsigned count, taken;		/* those before @taken were added again */
	unsigned of_record;		/* given back while this record was made */
};

struct mig_encode {
	const struct mig_core *core;
	uint32_t allowed;		/* bit per enum mig_encoding */
	uint32_t ways;			/* bit per enum mig_way */
	void *lz4;			/* working memory of the compressor */
	uint32_t lz4_tries;
	struct mig_price price;
	struct mig_batch batch;		/* empty between steps */
	struct mig_back back;
	bool batched;			/* this record has a frame */
	struct mig_sent sent;
	struct mig_dedup dedup;
	uint8_t page[PAGE_SIZE];	/* what a delta is made from: the guest may write on */
};

/* @capabilities: of HELLO, what both sides have. ERR_NOMEM. */
enum err mig_encode_init(struct mig_encode *e, const struct mig_core *core, uint64_t memory_bytes,
			 uint64_t capabilities) NODISCARD;
void mig_encode_fini(struct mig_encode *e);
/* A pass begins or ends: the time until the next record says nothing about the link. */
void mig_encode_pause(struct mig_encode *e);
/* The migration sends at most so many bytes a second from now on; 0: no limit. */
void mig_encode_limit(struct mig_encode *e, uint64_t bytes_per_s);
/* Around the making of each record, which mig_encode_flush completes. */
void mig_encode_begin(struct mig_encode *e);
void mig_encode_end(struct mig_encode *e, size_t bytes);
/* It took @took_ns to hand bytes of records to the channel. */
void mig_encode_handed(struct mig_encode *e, uint64_t took_ns);
/* True if @b takes one more page; may complete what waits to be compressed together to make room. */
bool mig_encode_fits(struct mig_encode *e, struct mig_pages_record *b);
/* D may have another version of @pfn than was sent last, or none: nothing may be told by what it has. */
void mig_encode_forget(struct mig_encode *e, uint64_t pfn);
/* Adds @pfn in @round; @page NULL: known zero. True if it has content. @b must have room. */
bool mig_encode_page(struct mig_encode *e, struct mig_pages_record *b, uint64_t pfn, const void *page, uint32_t round);
/* The next page that an earlier record gave back: it is to be added before all others. False: there is none. */
bool mig_encode_next_back(struct mig_encode *e, uint64_t *pfn);
/* How many there are. */
unsigned mig_encode_backs(const struct mig_encode *e);
/* Afterwards all pages added are in @b, but for those given back. */
void mig_encode_flush(struct mig_encode *e, struct mig_pages_record *b);
