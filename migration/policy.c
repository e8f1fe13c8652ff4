/* SPDX-License-Identifier: MIT */
/* policy.c: budget and stop rule (docs/design.md, section 5). */
#include "policy.h"
#include "lib/addr.h"

#define NS 1000000000ull

const char *mig_term_name(enum mig_term_id term)
{
#define TERM_TEXT(name, text) text,
	static const char *const text[MIG_TERMS] = { MIG_TERMS_TABLE(TERM_TEXT) };
#undef TERM_TEXT

	return text[term];
}

/* bytes / rate in nanoseconds without overflow. */
static uint64_t transfer_ns(uint64_t bytes, uint64_t rate)
{
	return rate ? bytes / rate * NS + bytes % rate * NS / rate : 0;
}

/* A peer may claim any time: no sum of all terms may wrap. */
static uint64_t bounded(uint64_t ns)
{
	return ns < 1ull << 60 ? ns : 1ull << 60;
}

static uint64_t each(uint64_t count, uint64_t ns)
{
	uint64_t all;

	return __builtin_mul_overflow(count, ns, &all) ? 1ull << 60 : bounded(all);
}

/* What rounds carry, in pages a second: unlike the last one they keep to the cap. */
static uint64_t carried(const struct mig_measured *m, uint64_t bytes)
{
	uint64_t rate = m->rate, ns;

	if (m->cap && (!rate || m->cap < rate))
		rate = m->cap;
	if (!rate || !m->dirty_pages)
		return 0;
	ns = transfer_ns(bytes / m->dirty_pages, rate) + bounded(m->send_ns) + bounded(m->load_ns);
	return NS / (ns ? ns : 1);
}

void mig_budget(const struct mig_measured *m, struct mig_budget *out)
{
	/* The last round's encodings are a hint only: never count on less than an eighth of a raw page. */
	out->pages_bytes = m->dirty_pages * (m->page_bytes ? m->page_bytes : PAGE_SIZE);
	if (out->pages_bytes < m->dirty_pages * PAGE_SIZE / 8)
		out->pages_bytes = m->dirty_pages * PAGE_SIZE / 8;
	out->term_ns[MIG_TERM_STOP] = m->stop_ns;
	out->term_ns[MIG_TERM_HARVEST] = m->harvest_ns;
	/* A last round is a few records long: little of making, carrying and loading them happens at the same time. */
	out->term_ns[MIG_TERM_PAGES] = bounded(transfer_ns(out->pages_bytes, m->rate)) +
		each(m->dirty_pages, bounded(m->send_ns) + bounded(m->load_ns));
	out->pages_per_s = carried(m, out->pages_bytes);
	out->term_ns[MIG_TERM_STATE_SAVE] = m->state_save_ns;
	out->term_ns[MIG_TERM_STATE_SEND] = transfer_ns(m->state_bytes, m->rate);
	out->term_ns[MIG_TERM_STATE_LOAD] = m->state_load_ns;
	out->term_ns[MIG_TERM_VERIFY] = m->verify_ns;
	out->term_ns[MIG_TERM_RECORDS] = bounded(m->record_ns) + bounded(m->peer_record_ns);
	/* STATE -> READY and COMMIT -> RUNNING. */
	out->term_ns[MIG_TERM_ROUND_TRIPS] = 2 * m->round_trip_ns;
	out->total_ns = 0;
	for (int t = 0; t < MIG_TERMS; t++)
		out->term_ns[t] = bounded(out->term_ns[t]);
	for (int t = 0; t < MIG_TERMS; t++)
		if (t != MIG_TERM_VERIFY)
			out->total_ns += out->term_ns[t];
}

/* Half of what the link carries, then half of that: a round then leaves at most half as many pages as the one
 * before. */
static bool tighten(struct mig_progress *p, const struct mig_budget *budget, uint64_t dirty_pages)
{
	uint64_t allowance = p->allowance ? p->allowance / 2 : budget->pages_per_s / 2;

	if (!budget->pages_per_s || p->throttle_steps == MIG_THROTTLE_STEPS || p->allowance == MIG_THROTTLE_LEAST)
		return false;
	p->allowance = allowance > MIG_THROTTLE_LEAST ? allowance : MIG_THROTTLE_LEAST;
	p->throttle_steps++;
	p->best_pages = dirty_pages;
	p->stale_rounds = 0;
	return true;
}

/* Rounds without gain that are borne; one when the guest is slowed down, for then each round must gain. */
static unsigned patience(const struct mig_progress *p, enum mig_stuck stuck)
{
	if (stuck != MIG_STUCK_THROTTLE || p->throttle_steps == MIG_THROTTLE_STEPS)
		return MIG_STUCK_ROUNDS;
	return p->allowance ? 1 : MIG_THROTTLE_ROUNDS;
}

enum mig_decision mig_decide(struct mig_progress *p, const struct mig_budget *budget, uint64_t dirty_pages,
			     uint64_t max_downtime_ns, enum mig_stuck stuck)
{
	bool at_best;

	p->rounds++;
	if (budget->total_ns <= max_downtime_ns)
		return MIG_STOP_NOW;
	if (p->rounds == 1 || dirty_pages < p->best_pages - p->best_pages / 10)
		p->stale_rounds = 0;
	else
		p->stale_rounds++;
	at_best = p->rounds == 1 || dirty_pages <= p->best_pages + p->best_pages / 10;
	if (p->rounds == 1 || dirty_pages < p->best_pages)
		p->best_pages = dirty_pages;
	if (p->stale_rounds < patience(p, stuck) && p->rounds < MIG_ROUNDS_MAX)
		return MIG_CONTINUE;
	if (stuck == MIG_STUCK_FAIL)
		return MIG_GIVE_UP;
	if (stuck == MIG_STUCK_THROTTLE && p->rounds < MIG_ROUNDS_MAX && tighten(p, budget, dirty_pages))
		return MIG_SLOW_DOWN;
	if (p->stale_rounds < MIG_STUCK_ROUNDS && p->rounds < MIG_ROUNDS_MAX)
		return MIG_CONTINUE;
	/* Wait for a round about as good as the best one, but not for ever. */
	return at_best || p->stale_rounds >= 2 * MIG_STUCK_ROUNDS || p->rounds >= MIG_ROUNDS_MAX ?
		MIG_STOP_NOW : MIG_CONTINUE;
}
