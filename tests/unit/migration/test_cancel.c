/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/mig_pair.h"

/* Cancelling in each phase: before COMMIT the guest runs on where it was, after it the answer is "too late, committed". */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;

static void setup(void)
{
	pair_init(&pair, 16 * MIB);
	pair.link.rate = 20 * MIB;
	pair.link.delay_ns = 20 * MS;
	fake_guest_work(pair.host[0].guest[0], 3000, 1500);
	pair.work = 2;
	pair.work_pages = 64;
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(cancel, .init = setup, .fini = teardown);

static const struct mig_job *step_to(uint32_t id, enum mig_phase phase)
{
	const struct mig_job *job;

	do {
		pair_step(&pair);
		job = mig_job_find(pair.host[0].service, id);
		cr_assert_not(job->ended_ns, "ended before phase %s: %s", mig_phase_name(phase), job->error);
	} while (job->phase != phase);
	return job;
}

static void cancel_in(enum mig_phase phase)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	const struct mig_job *job = step_to(id, phase);
	struct why why;

	cr_assert_eq(mig_job_cancel(pair.host[0].service, id, pipe_now_ns, &why), ERR_OK, "%s", why.text);
	cr_expect_eq(job->state, MIG_JOB_CANCELLED);
	cr_expect_str_eq(job->error, "cancelled by an operator");
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_RUNNING);
	cr_expect_not(pair.host[0].guest[0]->tracking);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY) + pair_count(&pair, FAKE_LOADED), 0);
	cr_expect_eq(pair.most_running, 1);
	cr_expect_eq(mig_job_cancel(pair.host[0].service, id, pipe_now_ns, &why), ERR_STATE);
	id = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	cr_expect_eq(pair_wait(&pair, 0, id, 60 * SECOND)->state, MIG_JOB_COMPLETED);
}

Test(cancel, while_connecting) { pair.unplugged = false; cancel_in(MIG_PHASE_HELLO); }
Test(cancel, while_the_offer_is_judged) { cancel_in(MIG_PHASE_OFFER); }
Test(cancel, during_the_rounds) { cancel_in(MIG_PHASE_ROUNDS); }
Test(cancel, after_the_stop) { cancel_in(MIG_PHASE_STOP); }
Test(cancel, while_state_is_sent) { cancel_in(MIG_PHASE_STATE); }
Test(cancel, while_ready_is_awaited) { cancel_in(MIG_PHASE_READY); }

static void cancel_resume_in(enum mig_phase phase)
{
	pair.type = MIG_MOVE_RESUME;
	cancel_in(phase);
	cr_expect_eq(pair.host[0].guest[0]->stops, (phase == MIG_PHASE_ROUNDS ? 0 : 1) + 1u);
	cr_expect_eq(pair.host[0].guest[0]->resumes, phase == MIG_PHASE_ROUNDS ? 0 : 1);
}

Test(cancel, of_a_resume_before_its_stop) { cancel_resume_in(MIG_PHASE_ROUNDS); }
Test(cancel, of_a_resume_among_its_pages) { cancel_resume_in(MIG_PHASE_STOP); }
Test(cancel, of_a_resume_while_state_is_sent) { cancel_resume_in(MIG_PHASE_STATE); }
Test(cancel, of_a_resume_while_ready_is_awaited) { cancel_resume_in(MIG_PHASE_READY); }

static void cancel_is_too_late_in(enum mig_phase phase)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	const struct mig_job *job = step_to(id, phase);
	struct why why;

	cr_expect_eq(mig_job_cancel(pair.host[0].service, id, pipe_now_ns, &why), ERR_STATE);
	cr_expect_str_eq(why.text, "too late, committed");
	job = pair_wait(&pair, 0, id, 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED);
	cr_expect_not_null(pair_running(&pair, 1));
}

Test(cancel, after_commit_is_too_late) { cancel_is_too_late_in(MIG_PHASE_COMMIT); }

Test(cancel, in_doubt_is_too_late)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	struct why why;

	step_to(id, MIG_PHASE_COMMIT);
	pair.unplugged = true;
	pipe_cut(pair.pipe[0], true);
	step_to(id, MIG_PHASE_IN_DOUBT);
	cr_expect_eq(mig_job_cancel(pair.host[0].service, id, pipe_now_ns, &why), ERR_STATE);
	cr_expect_str_eq(why.text, "too late, committed");
	pair.unplugged = false;
	cr_expect_eq(pair_wait(&pair, 0, id, 60 * SECOND)->state, MIG_JOB_COMPLETED);
}

Test(cancel, at_the_destination_ends_a_reception)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	const struct mig_job *job;
	struct why why;

	step_to(id, MIG_PHASE_ROUNDS);
	pair_run(&pair, 50 * MS);
	cr_assert_eq(mig_job_cancel(pair.host[1].service, 1, pipe_now_ns, &why), ERR_OK, "%s", why.text);
	cr_expect_eq(mig_job_find(pair.host[1].service, 1)->state, MIG_JOB_CANCELLED);
	job = pair_wait(&pair, 0, id, 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "cancelled by an operator of the destination"), "%s", job->error);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_RUNNING);
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1);
}

Test(cancel, of_a_prepared_guest_is_not_for_the_destination)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	struct why why;

	step_to(id, MIG_PHASE_READY);
	while (!pair_count(&pair, FAKE_LOADED))
		pair_step(&pair);
	cr_expect_eq(mig_job_cancel(pair.host[1].service, 1, pipe_now_ns, &why), ERR_STATE);
	cr_expect_eq(pair_wait(&pair, 0, id, 60 * SECOND)->state, MIG_JOB_COMPLETED);
}

Test(cancel, of_an_unknown_job_is_not_found)
{
	struct why why;

	cr_expect_eq(mig_job_cancel(pair.host[0].service, 99, pipe_now_ns, &why), ERR_NOTFOUND);
	cr_expect_str_eq(why.text, "there is no job 99");
}
