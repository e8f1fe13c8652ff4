/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/core.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_pair.h"

/* A job is kept for five minutes after its end, as its TimeBeforeRemoval says; a move that would cost one of them is refused. And
 * what a host knows of the others. Failed moves of a host that makes many of them don't keep others out. */

#define SECOND 1000000000ull
#define MIB (1ull << 20)

static struct pair pair;

static void setup(void)
{
	pair_init(&pair, 4 * MIB);
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(jobs_kept, .init = setup, .fini = teardown);

/* @count jobs of host 0 that ended now. */
static void quick_jobs(unsigned count, bool incoming)
{
	for (unsigned n = 0; n < count; n++) {
		struct mig_job *j = mig_core_job(&pair.host[0].service->core, incoming, pipe_now_ns);

		cr_assert(j, "job %u", n);
		mig_job_end(j, MIG_JOB_FAILED, ERR_IO, "quick", pipe_now_ns);
	}
}

static enum err migrate(struct why *why)
{
	struct mig_move move = { .ipv4 = 0x0a4d0003, .type = MIG_MOVE_LIVE };
	uint32_t id;

	strcpy(move.vm, "web1");
	return mig_migrate_start(pair.host[0].service, &move, &id, pipe_now_ns, why);
}

Test(jobs_kept, a_move_too_many_is_refused_and_no_job_is_lost_for_it)
{
	struct why why = { "" };

	quick_jobs(MIG_JOBS, false);
	pair_run(&pair, 28 * SECOND);
	cr_expect_eq(migrate(&why), ERR_SPACE);
	cr_expect(strstr(why.text, "272 s"), "it says when there is room again: %s", why.text);
	cr_expect(mig_job_find(pair.host[0].service, 1), "the first one is still there");
	pair_run(&pair, 273 * SECOND);
	cr_expect_null(mig_job_find(pair.host[0].service, 1));
	cr_expect_eq(migrate(&why), ERR_OK, "%s", why.text);
}

Test(jobs_kept, forty_nine_quick_jobs_are_all_kept)
{
	quick_jobs(49, false);
	pair_run(&pair, 299 * SECOND);
	cr_expect_eq(mig_job_count(pair.host[0].service), 49);
}

Test(jobs_kept, other_hosts_can_not_use_up_the_places_of_this_ones_moves)
{
	struct why_list reasons = { 0 };
	struct why why = { "" };

	quick_jobs(MIG_JOBS_IN, true);
	cr_expect_null(mig_core_job(&pair.host[0].service->core, true, pipe_now_ns));
	cr_expect_eq(migrate(&why), ERR_OK, "%s", why.text);
	for (unsigned n = 0; n < MIG_JOBS_IN; n++)
		mig_job_end(mig_core_job(&pair.host[1].service->core, true, pipe_now_ns), MIG_JOB_FAILED, ERR_IO, "quick", pipe_now_ns);
	pair_run(&pair, 5 * SECOND);
	const struct mig_job *job = mig_job_get(pair.host[0].service, mig_job_count(pair.host[0].service) - 1);

	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect(strstr(job->error, "jobs"), "the source is told: %s", job->error);
	cr_expect(pair_check(&pair, &reasons), "a check makes no job");
}

/* Host 1 has as many ended moves as it keeps, of @completed which came to their end, all of one other host. */
static void jobs_of_another(unsigned completed)
{
	pair_run(&pair, SECOND);
	for (unsigned n = 0; n < MIG_JOBS_IN; n++) {
		uint64_t then_ns = pipe_now_ns - MIG_JOBS_IN + n;
		struct mig_job *j = mig_core_job(&pair.host[1].service->core, true, then_ns);

		j->peer_ipv4 = 0x0a4d0004;
		mig_job_end(j, n < completed ? MIG_JOB_COMPLETED : MIG_JOB_FAILED, ERR_IO, "quick", then_ns);
	}
}

Test(jobs_kept, a_host_whose_moves_all_fail_can_not_keep_others_out)
{
	struct why why = { "" };

	jobs_of_another(3);
	cr_assert_eq(migrate(&why), ERR_OK, "%s", why.text);
	cr_expect_eq(pair_wait(&pair, 0, 1, 60 * SECOND)->state, MIG_JOB_COMPLETED, "%s", mig_job_find(pair.host[0].service, 1)->error);
	cr_expect(mig_job_find(pair.host[1].service, 3), "what came here is kept");
	cr_expect_null(mig_job_find(pair.host[1].service, 4), "the oldest that failed is not");
	cr_expect(mig_job_find(pair.host[1].service, 5), "only one is forgotten");
}

Test(jobs_kept, moves_that_came_to_their_end_are_kept_whoever_comes)
{
	struct why why = { "" };

	jobs_of_another(MIG_JOBS_IN);
	cr_assert_eq(migrate(&why), ERR_OK, "%s", why.text);
	cr_expect_eq(pair_wait(&pair, 0, 1, 60 * SECOND)->state, MIG_JOB_FAILED);
}

Test(jobs_kept, the_open_job_of_a_machine_is_found_among_those_that_ended)
{
	struct mig_service *m = pair.host[0].service;
	struct why why = { "" };

	quick_jobs(20, true);
	cr_assert_eq(migrate(&why), ERR_OK, "%s", why.text);
	quick_jobs(5, true);
	cr_assert(mig_job_open(m, "web1"));
	cr_expect_eq(mig_job_open(m, "web1")->id, 21);
	cr_expect_null(mig_job_open(m, "web2"));
	pair_wait(&pair, 0, 21, 60 * SECOND);
	cr_expect_null(mig_job_open(m, "web1"), "it has ended");
}

Test(jobs_kept, a_host_that_was_asked_is_known_by_its_uuid)
{
	struct why_list reasons = { 0 };
	uint32_t ipv4 = 0;

	cr_expect_not(mig_service_peer(pair.host[0].service, pair.host[1].host.uuid, &ipv4));
	cr_assert(pair_check(&pair, &reasons));
	cr_expect(mig_service_peer(pair.host[0].service, pair.host[1].host.uuid, &ipv4));
	cr_expect_eq(ipv4, 0x0a4d0003);
	cr_expect_not(mig_service_peer(pair.host[1].service, pair.host[0].host.uuid, &ipv4), "who only asks proves nothing of its address");
}
