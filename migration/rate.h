/* SPDX-License-Identifier: MIT */
/* rate.h: how fast the link is, and how fast it may be used. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct mig_rate {
	/* token bucket */
	uint64_t limit;			/* bytes a second, 0 = none */
	unsigned percent;		/* of the measured link, 1 to 99; 0 = all */
	int64_t tokens;
	uint64_t filled_ns;
	/* the link's own speed: bytes acknowledged over the time in which any were outstanding */
	uint64_t seen_ns, acked, window_bytes, window_ns;
	bool busy;
	uint64_t last, average;		/* bytes a second, 0 unknown */
	uint64_t at_least;		/* bytes a second that passed between two looks, unseen: a bound from below */
	uint64_t progress_ns;		/* when something was last acknowledged, or nothing was outstanding */
};

void mig_rate_init(struct mig_rate *r, uint64_t limit, uint64_t now_ns);
/* The cap from now on: @limit bytes a second (0: none), and @percent (0: all) of what the link turns out to carry. */
void mig_rate_cap(struct mig_rate *r, uint64_t limit, unsigned percent);
/* May more be sent now? */
bool mig_rate_allows(struct mig_rate *r, uint64_t now_ns);
void mig_rate_spend(struct mig_rate *r, uint64_t bytes);
/* When mig_rate_allows will say yes; @now_ns if it does now. */
uint64_t mig_rate_when(const struct mig_rate *r, uint64_t now_ns);
/* To be told often: @sent bytes handed to the channel so far, @unacked of them outstanding. */
void mig_rate_seen(struct mig_rate *r, uint64_t now_ns, uint64_t sent, uint64_t unacked);
/* What the link carries for sure, bytes a second: the smaller of last and average; before there was a sample worth the
 * name, the best that small ones say. 0: nothing is known. */
uint64_t mig_rate_known(const struct mig_rate *r);
