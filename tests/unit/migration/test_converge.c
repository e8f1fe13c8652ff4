/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"

/* Budgets against reality, and what becomes of migrations that do not converge by themselves. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;

static void setup(void)
{
	pair_init(&pair, 16 * MIB);
	/* Page by page: batches of what a fake guest writes are tiny. */
	pair_encodings(&pair, 0, 1u << MIG_ENC_ZERO | 1u << MIG_ENC_RAW | 1u << MIG_ENC_LZ4);
	pair.link.rate = 10 * MIB;
	pair.link.delay_ns = MS;
	pair.host[1].idle = true;
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(converge, .init = setup, .fini = teardown);

static const struct mig_job *move(enum mig_verify verify)
{
	return pair_wait(&pair, 0, pair_migrate(&pair, 0, verify), 200 * SECOND);
}

Test(converge, the_time_for_the_memory_hash_is_foretold)
{
	const struct mig_job *job;

	fake_guest_work(pair.host[0].guest[0], 2000, 1000);
	job = move(MIG_VERIFY_FULL);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_gt(job->term[MIG_TERM_VERIFY].budget_ns, 0);
	cr_expect_gt(job->term[MIG_TERM_VERIFY].real_ns, 0);
}

Test(converge, no_hash_takes_no_time)
{
	const struct mig_job *job = move(MIG_VERIFY_OFF);

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_eq(job->term[MIG_TERM_VERIFY].budget_ns, 0);
}

/* A guest that rewrites 1000 pages far faster than 4 MiB/s carry them. */
static const struct mig_job *storm(enum mig_stuck stuck)
{
	pair.link.rate = 4 * MIB;
	pair.work = 20;
	pair.work_pages = 1000;
	pair.stuck = stuck;
	fake_guest_work(pair.host[0].guest[0], 2000, 1000);
	return move(MIG_VERIFY_FULL);
}

Test(converge, a_storm_does_not_fit_without_help)
{
	const struct mig_job *job = storm(MIG_STUCK_DEFAULT);

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_gt(job->downtime_ns, 300 * MS, "%llu ms", (unsigned long long)(job->downtime_ns / MS));
	cr_expect_eq(job->throttle_pages, 0);
}

Test(converge, a_storm_that_is_given_up_runs_on_untouched)
{
	const struct mig_job *job = storm(MIG_STUCK_FAIL);

	cr_assert_eq(job->state, MIG_JOB_FAILED);
	cr_expect_eq(pair_running(&pair, 0)->stops, 0);
	cr_expect_not(pair_running(&pair, 0)->tracking);
}

Test(converge, a_storm_fits_when_its_writers_are_slowed_down)
{
	const struct mig_job *job = storm(MIG_STUCK_THROTTLE);

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_leq(job->downtime_ns, 300 * MS, "%llu ms", (unsigned long long)(job->downtime_ns / MS));
	cr_expect_gt(job->throttle_pages, 0);
	cr_expect_eq(job->hash_source, job->hash_destination);
}

Test(converge, the_hosts_choice_holds_for_those_who_make_none)
{
	const struct mig_job *job;
	struct mig_host host = pair.host[0].host;

	host.stuck = MIG_STUCK_THROTTLE;
	mig_service_destroy(pair.host[0].service);
	pair.host[0].service = mig_service_create(&host);
	job = storm(MIG_STUCK_DEFAULT);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_gt(job->throttle_pages, 0);
}

/* A migration whose guest is being slowed down. */
static uint32_t slowed(void)
{
	const struct mig_job *job;
	uint32_t id;

	pair.link.rate = 4 * MIB;
	pair.work = 20;
	pair.work_pages = 1000;
	pair.stuck = MIG_STUCK_THROTTLE;
	fake_guest_work(pair.host[0].guest[0], 2000, 1000);
	id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	job = mig_job_find(pair.host[0].service, id);
	while (!pair.host[0].guest[0]->allowance && !job->ended_ns)
		pair_step(&pair);
	return id;
}

/* The guest's allowance is gone before anything else happens to it: fake_guest panics otherwise. */
Test(converge, a_slowed_guest_is_free_again_after_a_cancel)
{
	uint32_t id = slowed();
	struct why why;

	cr_assert_eq(mig_job_cancel(pair.host[0].service, id, pipe_now_ns, &why), ERR_OK);
	cr_expect_eq(pair.host[0].guest[0]->allowance, 0);
	cr_expect_not(pair.host[0].guest[0]->tracking);
}

Test(converge, a_slowed_guest_is_free_again_after_its_link_died)
{
	uint32_t id = slowed();
	const struct mig_job *job;

	pair.unplugged = true;
	pipe_cut(pair.pipe[0], false);
	job = pair_wait(&pair, 0, id, 300 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED, "%s", job->error);
	cr_expect_eq(pair.host[0].guest[0]->allowance, 0);
}

static const struct mig_job *move_with(uint64_t host_limit, unsigned percent)
{
	struct mig_move m = { .vm = "web1", .ipv4 = 0x0a4d0003, .port = 5991, .bandwidth_percent = percent };
	struct mig_host host = pair.host[0].host;
	struct why why;
	uint32_t id;

	host.bandwidth_bytes = host_limit;
	mig_service_destroy(pair.host[0].service);
	pair.host[0].service = mig_service_create(&host);
	for (uint64_t pfn = 0; pfn < 4096; pfn++)
		fake_guest_fill(pair.host[0].guest[0], pfn, 1);
	cr_assert_eq(mig_migrate_start(pair.host[0].service, &m, &id, pipe_now_ns, &why), ERR_OK);
	return pair_wait(&pair, 0, id, 200 * SECOND);
}

Test(converge, bandwidth_in_percent_is_of_the_limit_or_else_of_the_link)
{
	static const struct { uint64_t limit; unsigned percent; uint64_t rate; } row[] = {
		{ 0, 0, 10 * MIB }, { 0, 20, 2 * MIB }, { 5 * MIB, 0, 5 * MIB }, { 5 * MIB, 40, 2 * MIB },
	};

	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		const struct mig_job *job;
		uint64_t rate;

		if (n) {
			teardown();
			setup();
		}
		job = move_with(row[n].limit, row[n].percent);
		cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
		rate = job->bytes_sent * 1000 / ((job->ended_ns - job->started_ns) / MS);
		cr_expect_geq(rate, row[n].rate * 7 / 10, "row %zu: %llu", n, (unsigned long long)rate);
		cr_expect_leq(rate, row[n].rate * 12 / 10, "row %zu: %llu", n, (unsigned long long)rate);
	}
}

Test(converge, a_guest_is_slowed_down_to_what_the_capped_rounds_carry_not_to_what_the_link_could)
{
	struct mig_host host = pair.host[0].host;
	const struct mig_job *job;

	host.bandwidth_bytes = MIB / 8;
	mig_service_destroy(pair.host[0].service);
	pair.host[0].service = mig_service_create(&host);
	pair.link.rate = 20 * MIB;
	pair.work = 4;
	pair.work_pages = 1900;
	pair.stuck = MIG_STUCK_THROTTLE;
	fake_guest_work(pair.host[0].guest[0], 4000, 1900);
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_OFF), 2000 * SECOND);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_leq(job->throttle_pages, 2 * MIB / 8 / PAGE_SIZE, "%llu pages a second", (unsigned long long)job->throttle_pages);
	cr_expect_leq(job->downtime_ns, 300 * MS, "%llu ms", (unsigned long long)(job->downtime_ns / MS));
}
