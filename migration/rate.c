/* SPDX-License-Identifier: MIT */
/* rate.c: token bucket and link speed. */
#include "rate.h"
#include <string.h>

#define NS		1000000000ull
#define WINDOW_NS	(NS / 10)		/* shorter samples are noise */
#define WINDOW_BYTES	(32u << 10)

void mig_rate_init(struct mig_rate *r, uint64_t limit, uint64_t now_ns)
{
	memset(r, 0, sizeof(*r));
	r->limit = limit;
	r->filled_ns = r->seen_ns = r->progress_ns = now_ns;
}

void mig_rate_cap(struct mig_rate *r, uint64_t limit, unsigned percent)
{
	uint64_t share = percent ? mig_rate_known(r) * percent / 100 : 0;

	r->percent = percent;
	r->limit = share && (!limit || share < limit) ? share : limit;
}

/* Debts are paid off by all the time that passes; of unused bandwidth a tenth of a second may be caught up, no more. */
static void earn(struct mig_rate *r, uint64_t now_ns)
{
	uint64_t elapsed = now_ns - r->filled_ns, most = r->limit / 10, missing, more, took;

	if (r->tokens > (int64_t)most)
		r->tokens = (int64_t)most;
	missing = most - (uint64_t)r->tokens;
	if (elapsed / 1000 > missing * (NS / 1000) / r->limit) {
		r->tokens = (int64_t)most;
		r->filled_ns = now_ns;
		return;
	}
	more = r->limit * (elapsed / 1000) / (NS / 1000);
	/* Only the time that these bytes take is used up: the rest of it counts at the next look. */
	took = more > UINT32_MAX ? elapsed : (more * NS + r->limit - 1) / r->limit;
	r->tokens += (int64_t)more;
	r->filled_ns += took < elapsed ? took : elapsed;
}

bool mig_rate_allows(struct mig_rate *r, uint64_t now_ns)
{
	if (!r->limit)
		return true;
	earn(r, now_ns);
	return r->tokens >= 0;
}

void mig_rate_spend(struct mig_rate *r, uint64_t bytes)
{
	if (r->limit)
		r->tokens -= (int64_t)bytes;
}

uint64_t mig_rate_when(const struct mig_rate *r, uint64_t now_ns)
{
	if (!r->limit || r->tokens >= 0)
		return now_ns;
	return r->filled_ns + (uint64_t)-r->tokens * 1000000 / r->limit * 1000 + 1000;
}

/* bytes in ns as bytes a second. */
static uint64_t per_second(uint64_t bytes, uint64_t ns)
{
	return ns >= 1000 ? bytes * 1000 / (ns / 1000) * 1000 : 0;
}

/* True if the window is long enough, and holds enough, to be believed. */
static bool sampled(const struct mig_rate *r)
{
	if (r->window_ns >= WINDOW_NS && r->window_bytes >= WINDOW_BYTES)
		return true;
	/* A link faster than the clock's steps is hardly ever busy: a large sample may be short. */
	return r->window_bytes >= (1u << 20) && r->window_ns >= 1000;
}

void mig_rate_seen(struct mig_rate *r, uint64_t now_ns, uint64_t sent, uint64_t unacked)
{
	uint64_t acked = sent > unacked ? sent - unacked : 0, elapsed = now_ns - r->seen_ns;

	if (acked > r->acked) {
		uint64_t bound = per_second(acked - r->acked, elapsed);

		/* What came and went between two looks took an unknown part of the time between them. */
		if (r->busy)
			r->window_bytes += acked - r->acked;
		else if (bound > r->at_least)
			r->at_least = bound;
		r->progress_ns = now_ns;
	}
	if (r->busy)
		r->window_ns += elapsed;
	if (!unacked)
		r->progress_ns = now_ns;
	r->seen_ns = now_ns;
	r->acked = acked;
	r->busy = unacked != 0;
	if (!sampled(r))
		return;
	r->last = per_second(r->window_bytes, r->window_ns);
	r->average = r->average ? (r->average * 3 + r->last) / 4 : r->last;
	r->window_ns = r->window_bytes = 0;
}

uint64_t mig_rate_known(const struct mig_rate *r)
{
	uint64_t begun = per_second(r->window_bytes, r->window_ns);

	if (r->last)
		return r->average < r->last ? r->average : r->last;
	return begun > r->at_least ? begun : r->at_least;
}
