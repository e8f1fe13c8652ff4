/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "tests/fake/mig_pair.h"

/* The time that writing records takes while the guest stands still is foretold, and told. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;
static struct fake_store store[2];

static void take_20_ms(void *arg, bool after)
{
	(void)arg;
	pipe_now_ns += after ? 0 : 20 * MS;
}

static void setup(void)
{
	pair_init(&pair, 4 * MIB);
	pair_keep_records(&pair, store);
	for (int n = 0; n < 2; n++) {
		struct pair_host *h = &pair.host[n];

		store[n].around = take_20_ms;
		mig_service_destroy(h->service);
		h->host.store.put_ns = n ? 5 * MS : 7 * MS;
		h->service = mig_service_create(&h->host);
	}
}

static void teardown(void) { pair_fini(&pair); }
TestSuite(record_time, .init = setup, .fini = teardown);

static const struct mig_job *move(int from)
{
	const struct mig_job *job = pair_wait(&pair, from, pair_migrate(&pair, from, MIG_VERIFY_OFF), 60 * SECOND);

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	pair_run(&pair, SECOND);
	return job;
}

Test(record_time, is_foretold_by_the_boot_and_then_by_the_last_put)
{
	const struct mig_job_term *t = &move(0)->term[MIG_TERM_RECORDS];

	cr_expect_eq(t->budget_ns, 17 * MS, "COMMITTED here, PREPARED and OWNED there: %llu us", (unsigned long long)t->budget_ns / 1000);
	cr_expect_eq(t->real_ns / MS, 60, "%llu us", (unsigned long long)t->real_ns / 1000);
	t = &move(1)->term[MIG_TERM_RECORDS];
	cr_expect_eq(t->budget_ns / MS, 60, "%llu us", (unsigned long long)t->budget_ns / 1000);
	cr_expect_eq(t->real_ns / MS, 60, "%llu us", (unsigned long long)t->real_ns / 1000);
}

Test(record_time, after_the_guest_runs_is_no_downtime)
{
	const struct mig_job *job = move(0);
	uint64_t there = mig_job_get(pair.host[1].service, 0)->downtime_ns;

	cr_expect_lt(job->downtime_ns, there + 10 * MS, "%llu us here, %llu us there", (unsigned long long)job->downtime_ns / 1000,
		     (unsigned long long)there / 1000);
}

Test(record_time, is_that_of_the_marker_where_the_rest_is_in_memory)
{
	const struct mig_job_term *t;

	store[0].limited = store[1].limited = true;
	store[0].left = 1;	/* for the marker: without it the machine stays */
	t = &move(0)->term[MIG_TERM_RECORDS];
	cr_expect_eq(t->budget_ns, 7 * MS);
	cr_expect_eq(t->real_ns / MS, 20);
}
