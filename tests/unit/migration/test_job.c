/* SPDX-License-Identifier: MIT */
#include "migration/job.h"
#include <criterion/criterion.h>
#include <string.h>

/* What a job tells people. */

static struct mig_job job;

Test(job, tells_what_it_waits_for_then_its_doubt_then_its_error)
{
	strcpy(job.waits, "waits for its turn");
	strcpy(job.doubt, "lab-b does not answer");
	cr_expect_str_eq(mig_job_reason(&job), "waits for its turn");
	mig_job_phase(&job, MIG_PHASE_COMMIT, 7);
	job.state = MIG_JOB_ACTIVE;
	cr_expect_str_eq(mig_job_place(&job), "COMMIT");
	cr_expect_str_eq(mig_job_reason(&job), "");
	job.in_doubt = true;
	cr_expect_str_eq(mig_job_place(&job), "IN_DOUBT");
	cr_expect_str_eq(mig_job_reason(&job), "lab-b does not answer");
	mig_job_end(&job, MIG_JOB_CANCELLED, 0, "cancelled", 8);
	cr_expect_str_eq(mig_job_place(&job), "CANCELLED");
	cr_expect_str_eq(mig_job_reason(&job), "cancelled");
}

static const char *link_at(uint64_t now_ns)
{
	static struct why why;

	return mig_job_link(&job, now_ns, &why) ? why.text : "";
}

Test(job, tells_how_long_a_link_is_waited_for)
{
	cr_expect_str_eq(link_at(5000000000), "");
	mig_job_lost(&job, "reset", 5000000000, 35000000000);
	cr_expect_str_eq(link_at(7000000000), "link lost 2 s ago (reset), trying again for 28 s more");
	cr_expect_str_eq(link_at(67000000000), "link lost 62 s ago (reset), trying again for 0 s more");
	job.incoming = true;
	cr_expect_not_null(strstr(link_at(7000000000), "waiting for"));
	mig_job_back(&job, 8000000000);
	cr_expect_str_eq(link_at(9000000000), "");
}

Test(job, shows_its_last_rounds_in_their_order)
{
	cr_expect_null(mig_job_row(&job, 0));
	while (job.rounds < MIG_JOB_ROUNDS + 3) {
		job.rounds++;
		mig_job_round(&job)->pages = job.rounds;
	}
	cr_expect_eq(mig_job_row(&job, 0)->pages, 4);
	cr_expect_eq(mig_job_row(&job, MIG_JOB_ROUNDS - 1)->pages, MIG_JOB_ROUNDS + 3);
	cr_expect_null(mig_job_row(&job, MIG_JOB_ROUNDS));
}
