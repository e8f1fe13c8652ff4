/* SPDX-License-Identifier: MIT */
/* encode_price.h: which way of sending whole pages is the quickest on this link with this CPU. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mig_way { MIG_WAY_RAW, MIG_WAY_LZ4, MIG_WAY_BATCH, MIG_WAYS };

/* What a way was seen to make of a page, as running averages. */
struct mig_seen {
	uint32_t cost_ns, bytes;
	uint32_t passed;		/* pages since it was used */
};

/* While the link is busy the CPU has time, and while the CPU is busy the link has: a page takes the longer of both. So
 * the price of a byte on the link has to be known as it is when the link is the bottleneck. It is seen then, in windows
 * of a few records; when the CPU is the bottleneck only a bound is seen, and now and then pages go raw for a window to
 * see it. */
struct mig_price {
	struct mig_seen way[MIG_WAYS];
	uint32_t link_ps;		/* of a byte on the link */
	uint32_t send_ps;		/* of a byte on the CPU: hashing it and handing it to the channel, at best */
	uint32_t handed_ps;		/* of a byte on the CPU: handing it to the channel, of late */
	uint32_t least_ps;		/* the link's price is not below this: of the bandwidth limit */
	uint64_t began_ns, ended_ns, ended_bytes;	/* the record before */
	uint64_t making_ns, between_ns, handed_ns, bytes;	/* the open window */
	uint32_t shown_ps;		/* the link's price as the last probe showed it, or the least since */
	uint32_t backoff, backoff_next;	/* windows until the next probe, and after the one to come */
	bool probe;			/* this window goes raw */
	uint32_t forced;		/* pages still to go the way of a try */
	enum mig_way best;		/* used but for tries and probes */
};

/* Pages that a try of MIG_WAY_BATCH takes: a whole frame, since what a frame costs besides is much for a few pages. */
#define MIG_PRICE_TRY 32u

void mig_price_init(struct mig_price *p);
/* The migration sends at most so many bytes a second; 0: no limit. */
void mig_price_limit(struct mig_price *p, uint64_t bytes_per_s);
/* Around the making of each record. */
void mig_price_begin(struct mig_price *p, uint64_t now_ns);
void mig_price_end(struct mig_price *p, uint64_t now_ns, size_t bytes);
/* Of the time between them, what it took to hand bytes to the channel. */
void mig_price_handed(struct mig_price *p, uint64_t took_ns);
/* A pass begins or ends: the time until the next record says nothing about the link. */
void mig_price_pause(struct mig_price *p);
/* The way for the next page; @allowed: bit per way, raw always is. */
enum mig_way mig_price_choose(struct mig_price *p, uint32_t allowed);
/* @way made @bytes of @pages pages in @took_ns; @took_ns UINT64_MAX: not timed. */
void mig_price_seen(struct mig_price *p, enum mig_way way, unsigned pages, size_t bytes, uint64_t took_ns);
