/* SPDX-License-Identifier: MIT */
/* unit: migration/policy.c */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/policy.h"

#define MS 1000000ull
#define MIB (1ull << 20)

static const struct mig_measured measured = {
	.stop_ns = 1 * MS, .harvest_ns = 2 * MS, .dirty_pages = 256, .page_bytes = 4096,
	.rate_last = 10 * MIB, .rate_average = 20 * MIB, .state_save_ns = 3 * MS, .state_bytes = 5 * MIB,
	.state_load_ns = 4 * MS, .verify_ns = 900 * MS, .round_trip_ns = 5 * MS,
};

Test(policy, the_budget_has_every_term)
{
	struct mig_budget b;

	mig_budget(&measured, &b);
	cr_expect_eq(b.term_ns[MIG_TERM_STOP], 1 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_HARVEST], 2 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_PAGES], 100 * MS, "1 MiB at the slower of both rates");
	cr_expect_eq(b.term_ns[MIG_TERM_STATE_SAVE], 3 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_STATE_SEND], 500 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_STATE_LOAD], 4 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_ROUND_TRIPS], 10 * MS);
	cr_expect_eq(b.term_ns[MIG_TERM_VERIFY], 900 * MS);
	cr_expect_eq(b.total_ns, 620 * MS, "all but the memory hash");
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

Test(policy, the_average_counts_when_it_is_the_slower_one)
{
	struct mig_measured m = measured;
	struct mig_budget b;

	m.rate_average = 5 * MIB;
	mig_budget(&m, &b);
	cr_expect_eq(b.term_ns[MIG_TERM_PAGES], 200 * MS);
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
	m.rate_last = m.rate_average = 1ull << 33;
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

Test(policy, every_term_has_a_name)
{
	for (int t = 0; t < MIG_TERMS; t++)
		cr_expect_gt(strlen(mig_term_name((enum mig_term_id)t)), 3);
}
