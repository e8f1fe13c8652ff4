/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/policy.h"

#define MS 1000000ull
#define MIB (1ull << 20)

static const struct mig_measured measured = {
	.stop_ns = 1 * MS, .harvest_ns = 2 * MS, .dirty_pages = 256, .page_bytes = 4096,
	.rate = 10 * MIB, .state_save_ns = 3 * MS, .state_bytes = 5 * MIB,
	.state_load_ns = 4 * MS, .verify_ns = 900 * MS, .round_trip_ns = 5 * MS, .record_ns = 10 * MS, .peer_record_ns = 20 * MS,
};

Test(policy, the_budget_has_every_term)
{
	struct mig_budget b;

	mig_budget(&measured, &b);
	cr_expect_eq(b.term_ns[MIG_TERM_STOP], 1 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_HARVEST], 2 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_PAGES], 100 * MS, "1 MiB at 10 MiB/s");
	cr_expect_eq(b.term_ns[MIG_TERM_STATE_SAVE], 3 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_STATE_SEND], 500 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_STATE_LOAD], 4 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_ROUND_TRIPS], 10 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_VERIFY], 900 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_RECORDS], 30 * MS);
	cr_expect_eq(b.total_ns, 650 * MS, "all but the memory hash");
}

Test(policy, what_a_peer_claims_near_the_end_of_time_never_makes_the_budget_small)
{
	static const uint64_t claim[] = { UINT64_MAX, UINT64_MAX - 600 * MS, 1ull << 63, 1ull << 56 };
	struct mig_measured m;
	struct mig_budget b;

	for (unsigned n = 0; n < 4; n++) {
		m = measured;
		m.state_load_ns = claim[n];
		mig_budget(&m, &b);
		cr_expect_geq(b.total_ns, 1ull << 56, "state load, claim %u", n);
		cr_expect_geq(b.total_ns + b.term_ns[MIG_TERM_VERIFY], 1ull << 56);
		m = measured;
		m.load_ns = claim[n];
		mig_budget(&m, &b);
		cr_expect_geq(b.total_ns, 1ull << 56, "page load, claim %u", n);
		cr_expect_geq(b.term_ns[MIG_TERM_PAGES], 1ull << 56, "page load, claim %u", n);
		m = measured;
		m.peer_record_ns = claim[n];
		mig_budget(&m, &b);
		cr_expect_geq(b.total_ns, 1ull << 56, "records, claim %u", n);
	}
}

Test(policy, the_pages_cost_work_on_both_sides_too)
{
	struct mig_measured m = measured;
	struct mig_budget b;

	m.send_ns = 1 * MS;
	m.load_ns = 2 * MS;
	mig_budget(&m, &b);
	cr_expect_eq(b.term_ns[MIG_TERM_PAGES], 100 * MS + 256 * 3 * MS);
}

Test(policy, zero_pages_in_one_round_promise_little_for_the_next)
{
	struct mig_measured m = measured;
	struct mig_budget b;

	m.page_bytes = 1;
	mig_budget(&m, &b);
	cr_expect_eq(b.pages_bytes, 256 * 4096 / 8);
}

Test(policy, huge_figures_do_not_overflow)
{
	struct mig_measured m = measured;
	struct mig_budget b;

	m.dirty_pages = 1ull << 34;
	m.rate = 1ull << 33;
	mig_budget(&m, &b);
	cr_expect_eq(b.term_ns[MIG_TERM_PAGES], (1ull << 46) / (1ull << 33) * 1000 * MS);
}

static enum mig_decision decide(struct mig_progress *p, uint64_t dirty, uint64_t total_ms, enum mig_stuck stuck)
{
	struct mig_budget b;

	memset(&b, 0, sizeof(b));
	b.total_ns = total_ms * MS;
	return mig_decide(p, &b, dirty, 300 * MS, stuck);
}

Test(policy, stops_as_soon_as_the_budget_fits)
{
	struct mig_progress p = { 0 };

	cr_expect_eq(decide(&p, 1000, 301, MIG_STUCK_FAIL), MIG_CONTINUE);
	cr_expect_eq(decide(&p, 900, 300, MIG_STUCK_FAIL), MIG_STOP_NOW);
}

Test(policy, goes_on_while_rounds_shrink)
{
	struct mig_progress p = { 0 };
	uint64_t dirty = 1u << 20;

	for (int n = 0; n < 20; n++, dirty = dirty * 4 / 5)
		cr_expect_eq(decide(&p, dirty, 1000, MIG_STUCK_FAIL), MIG_CONTINUE);
}

Test(policy, gives_up_when_rounds_stop_shrinking)
{
	struct mig_progress p = { 0 };
	int n = 0;

	while (n < 50 && decide(&p, 1000, 1000, MIG_STUCK_FAIL) == MIG_CONTINUE)
		n++;
	cr_expect_eq(n, MIG_STUCK_ROUNDS);
}

Test(policy, stops_only_near_the_best_point)
{
	struct mig_progress p = { 0 };

	cr_expect_eq(decide(&p, 1000, 1000, MIG_STUCK_STOP), MIG_CONTINUE);
	for (int n = 0; n < MIG_STUCK_ROUNDS; n++)
		cr_expect_eq(decide(&p, 5000, 5000, MIG_STUCK_STOP), MIG_CONTINUE);
	cr_expect_eq(decide(&p, 1050, 1050, MIG_STUCK_STOP), MIG_STOP_NOW);
}

Test(policy, does_not_wait_for_the_best_point_for_ever)
{
	struct mig_progress p = { 0 };
	int n = 0;

	decide(&p, 10, 1000, MIG_STUCK_STOP);
	while (n < 100 && decide(&p, 5000, 5000, MIG_STUCK_STOP) == MIG_CONTINUE)
		n++;
	cr_expect_lt(n, MIG_ROUNDS_MAX);
}

Test(policy, the_budget_says_how_many_pages_a_second_get_through)
{
	struct mig_measured m = measured;
	struct mig_budget b;

	mig_budget(&m, &b);
	cr_expect_eq(b.pages_per_s, 2560, "10 MiB/s");
	m.cap = MIB;
	mig_budget(&m, &b);
	cr_expect_eq(b.pages_per_s, 256, "rounds keep to the cap");
	cr_expect_eq(b.term_ns[MIG_TERM_PAGES], 100 * MS, "the last one does not");
	m.cap = 0;
	m.rate = 0;
	mig_budget(&m, &b);
	cr_expect_eq(b.pages_per_s, 0, "unknown");
}

/* A link of 1000 pages a second, a guest that dirties 3000 a second over 2000 pages if it may; a stop costs 50 ms and the pages'
 * time. Returns the rounds until it stops, and whether that fits 300 ms. */
static int storm(enum mig_stuck stuck, uint64_t fixed_ms, uint64_t obeys, struct mig_progress *p, bool *fits, enum mig_decision *last)
{
	uint64_t dirty = 2000;
	struct mig_budget b;

	memset(p, 0, sizeof(*p));
	for (int n = 1; n < 100; n++) {
		uint64_t rate;

		memset(&b, 0, sizeof(b));
		b.pages_per_s = 1000;
		b.total_ns = (fixed_ms + dirty) * MS;
		*fits = b.total_ns <= 300 * MS;
		*last = mig_decide(p, &b, dirty, 300 * MS, stuck);
		if (*last == MIG_STOP_NOW || *last == MIG_GIVE_UP)
			return n;
		rate = p->allowance && p->allowance * obeys < 3000 ? p->allowance * obeys : 3000;
		dirty = dirty * rate / 1000 < 2000 ? dirty * rate / 1000 : 2000;
	}
	return 100;
}

Test(policy, a_storm_converges_when_its_writers_are_slowed_down)
{
	static const struct { enum mig_stuck stuck; uint64_t fixed_ms, obeys; enum mig_decision last; bool fits; unsigned steps; } row[] = {
		{ MIG_STUCK_DEFAULT,  50, 1, MIG_STOP_NOW, false, 0 },
		{ MIG_STUCK_STOP,     50, 1, MIG_STOP_NOW, false, 0 },
		{ MIG_STUCK_FAIL,     50, 1, MIG_GIVE_UP, false, 0 },
		{ MIG_STUCK_THROTTLE, 50, 1, MIG_STOP_NOW, true, 1 },
		{ MIG_STUCK_THROTTLE, 50, 3, MIG_STOP_NOW, true, 2 },	/* a tracker that lets three times as many through */
		{ MIG_STUCK_THROTTLE, 50, 20, MIG_STOP_NOW, true, 5 },
		{ MIG_STUCK_THROTTLE, 400, 1, MIG_STOP_NOW, false, MIG_THROTTLE_STEPS },	/* no throttle makes that fit */
	};

	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		struct mig_progress p;
		enum mig_decision last;
		bool fits;
		int rounds = storm(row[n].stuck, row[n].fixed_ms, row[n].obeys, &p, &fits, &last);

		cr_expect_eq(last, row[n].last, "row %zu", n);
		cr_expect_eq(fits, row[n].fits, "row %zu", n);
		cr_expect_leq(rounds, (int)MIG_ROUNDS_MAX, "row %zu: %d rounds", n, rounds);
		cr_expect_leq(p.throttle_steps, row[n].steps, "row %zu: %u steps", n, p.throttle_steps);
		cr_expect(row[n].steps == 0 || p.throttle_steps, "row %zu", n);
	}
}

Test(policy, the_guest_is_slowed_down_step_by_step_to_a_floor)
{
	struct mig_progress p = { 0 };
	uint64_t last = UINT64_MAX;
	struct mig_budget b;
	unsigned steps = 0;

	memset(&b, 0, sizeof(b));
	b.total_ns = 1000 * MS;
	b.pages_per_s = 100;
	for (int n = 0; n < 29; n++) {
		if (mig_decide(&p, &b, 5000, 300 * MS, MIG_STUCK_THROTTLE) != MIG_SLOW_DOWN)
			continue;
		cr_expect_lt(p.allowance, last);
		cr_expect_geq(p.allowance, MIG_THROTTLE_LEAST);
		last = p.allowance;
		steps++;
	}
	cr_expect_eq(steps, 3, "50, 25, 16");
	cr_expect_eq(last, MIG_THROTTLE_LEAST);
}

Test(policy, a_link_of_unknown_speed_throttles_nobody)
{
	struct mig_progress p = { 0 };

	for (int n = 0; n < 20; n++)
		cr_expect_neq(decide(&p, 1000, 1000, MIG_STUCK_THROTTLE), MIG_SLOW_DOWN);
}

Test(policy, every_term_has_a_name)
{
	for (int t = 0; t < MIG_TERMS; t++)
		cr_expect_gt(strlen(mig_term_name((enum mig_term_id)t)), 3);
}
