/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/protocol.h"
#include "migration/records.h"
#include "tests/fake/mig_break.h"

/* An operator's word where the protocol alone would wait: what it risks is said, and what follows still fits together. */

#define MS 1000000ull
#define SECOND (1000 * MS)

static struct pair pair;
static struct fake_store store[2];
static const uint8_t web1[16] = { 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77, 0x77 };

static void setup(void) { pair_init_recorded(&pair, store); }
static void teardown(void) { pair_fini(&pair); }
TestSuite(force, .init = setup, .fini = teardown);

/* Forces the newest job of @host: told the risk first, which must name @word. */
static enum err force(int host, enum mig_force what, const char *word)
{
	struct mig_service *m = pair.host[host].service;
	uint32_t job = break_job(&pair, host)->id;
	struct why why = { "" };
	enum err e = mig_job_force(m, job, what, false, pipe_now_ns, &why);

	if (e != ERR_REFUSED)
		return e;
	cr_expect_not_null(strstr(why.text, word), "%s", why.text);
	return mig_job_force(m, job, what, true, pipe_now_ns, &why);
}

static bool says(int host, const char *word)
{
	const struct mig_job *j = break_job(&pair, host);

	return strstr(j->error, word) != NULL;
}

static void next_move_works(int from)
{
	uint32_t job = pair_migrate(&pair, from, MIG_VERIFY_FULL);

	cr_expect_eq(pair_wait(&pair, from, job, 60 * SECOND)->state, MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	cr_expect_eq(fake_store_entries(&store[from]), 1, "only that it is away");
	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		cr_expect(!store[!from].entry[i].used || store[!from].entry[i].bytes[12] == MIG_RECORD_ABORTED ||
			  store[!from].entry[i].bytes[12] == MIG_RECORD_CAME,
			  "what was given up there may be remembered, and how it came, nothing else");
}

Test(force, is_asked_for_with_what_the_destination_says_against_answering)
{
	break_at_record(&pair, 1, MIG_RUNNING);
	pair.host[1].refuse_all = true;
	break_heal(&pair, 20 * SECOND);
	cr_assert(break_job(&pair, 0)->in_doubt);
	cr_expect_not_null(strstr(break_job(&pair, 0)->doubt, "lab-b takes no migrations from 10.77.0.2"), "%s",
			   break_job(&pair, 0)->doubt);
	pair.host[1].refuse_all = false;
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(break_job(&pair, 0)->state, MIG_JOB_COMPLETED);
}

Test(force, does_not_apply_to_a_move_that_is_under_way_or_has_ended)
{
	uint32_t job = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	struct why why;

	pair_run(&pair, 2 * MS);
	for (int what = MIG_FORCE_RESUME; what <= MIG_FORCE_RUN; what++) {
		cr_expect_eq(mig_job_force(pair.host[0].service, job, (enum mig_force)what, true, pipe_now_ns, &why), ERR_STATE);
		cr_expect_eq(mig_job_force(pair.host[1].service, break_job(&pair, 1)->id, (enum mig_force)what, true, pipe_now_ns, &why),
			     ERR_STATE);
	}
	cr_expect_eq(pair_wait(&pair, 0, job, 60 * SECOND)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(mig_job_force(pair.host[0].service, job, MIG_FORCE_RESUME, true, pipe_now_ns, &why), ERR_STATE);
	cr_expect_eq(mig_job_force(pair.host[0].service, 4711, MIG_FORCE_RESUME, true, pipe_now_ns, &why), ERR_NOTFOUND);
}

Test(force, tells_its_risk_and_does_nothing_before_that_is_taken)
{
	struct why why = { "" };

	break_at_record(&pair, 0, MIG_COMMIT);
	cr_expect_eq(mig_job_force(pair.host[0].service, break_job(&pair, 0)->id, MIG_FORCE_RESUME, false, pipe_now_ns, &why), ERR_REFUSED);
	cr_expect_not_null(strstr(why.text, "run twice"), "%s", why.text);
	cr_expect_eq(pair_count(&pair, FAKE_STOPPED), 1);
	cr_expect(break_job(&pair, 0)->in_doubt && !break_job(&pair, 0)->forced);
}

Test(force, resume_of_the_source_makes_a_prepared_destination_give_up)
{
	break_at_record(&pair, 0, MIG_COMMIT);
	cr_assert_eq(force(0, MIG_FORCE_RESUME, "may run on lab-b, which has not answered"), ERR_OK);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect(break_job(&pair, 0)->forced && says(0, "an operator forced web1 to run on here"));
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0);
	cr_expect_eq(pair.most_running, 1);
	next_move_works(0);
}

Test(force, resume_of_the_source_outlives_its_restart)
{
	break_at_record(&pair, 0, MIG_COMMIT);
	cr_assert_eq(force(0, MIG_FORCE_RESUME, ""), ERR_OK);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0, "the prepared copy is still told");
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 0);
	cr_expect_eq(fake_store_entries(&store[0]), 0);
}

Test(force, resume_of_the_source_says_loudly_that_both_run)
{
	break_at_record(&pair, 1, MIG_RUNNING);
	cr_assert_eq(force(0, MIG_FORCE_RESUME, "run twice"), ERR_OK);
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 2, "as the operator wanted");
	cr_expect(says(0, "web1 RUNS TWICE: it runs on lab-b too"), "%s", break_job(&pair, 0)->error);
	cr_expect(says(0, "an operator forced"), "%s", break_job(&pair, 0)->error);
	cr_expect_eq(fake_store_entries(&store[0]) + fake_store_entries(&store[1]), 0, "nothing is left to settle");
}

Test(force, resume_of_the_source_holds_the_machine_at_a_destination_that_lost_it)
{
	struct why why;

	break_at_record(&pair, 1, MIG_RUNNING);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	break_heal(&pair, 20 * SECOND);
	cr_assert_eq(force(0, MIG_FORCE_RESUME, "ran on lab-b until that restarted"), ERR_OK);
	pair_run(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect(break_held(&pair, 1, &why) && strstr(why.text, "moved to lab-a"), "%s", why.text);
	next_move_works(0);
	cr_expect_not(break_held(&pair, 1, &why));
}

Test(force, forget_of_the_source_frees_its_copy_and_lets_a_prepared_destination_run)
{
	struct why why;

	break_at_record(&pair, 0, MIG_COMMIT);
	cr_assert_eq(force(0, MIG_FORCE_FORGET, "the copy of web1 here is freed"), ERR_OK);
	cr_expect_eq(break_job(&pair, 0)->state, MIG_JOB_COMPLETED);
	cr_expect(break_job(&pair, 0)->forced && says(0, "an operator gave web1 up here"));
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_RELEASED);
	cr_expect(break_held(&pair, 0, &why));
	break_heal(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 1));
	cr_expect(break_held(&pair, 0, &why) && strstr(why.text, "moved to lab-b"), "%s", why.text);
	next_move_works(1);
}

Test(force, forget_of_the_source_says_when_the_guest_is_lost)
{
	struct why why;

	break_at_record(&pair, 0, MIG_COMMIT);
	cr_assert_eq(force(0, MIG_FORCE_FORGET, "it is lost"), ERR_OK);
	cr_assert_eq(force(1, MIG_FORCE_FORGET, "this one is the last"), ERR_OK);
	break_heal(&pair, 20 * SECOND);
	cr_expect(says(0, "it must be started afresh"), "%s", break_job(&pair, 0)->error);
	cr_expect_not(break_held(&pair, 0, &why), "it may");
	cr_expect_eq(fake_store_entries(&store[0]), 0);
}

Test(force, forget_of_a_restored_attempt_ends_its_job_and_reclaim_frees_the_machine)
{
	struct why why;

	break_at_record(&pair, 0, MIG_COMMIT);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_run(&pair, 2 * SECOND);
	cr_expect_eq(force(0, MIG_FORCE_RESUME, ""), ERR_STATE, "there is no copy");
	cr_expect_eq(mig_service_vm_reclaim(pair.host[0].service, web1, true, &why), ERR_STATE, "the job first");
	cr_expect_not_null(strstr(why.text, "job"), "%s", why.text);
	cr_assert_eq(force(0, MIG_FORCE_FORGET, "taken to run on lab-b"), ERR_OK);
	cr_expect(break_job(&pair, 0)->ended_ns && break_job(&pair, 0)->forced);
	cr_expect_eq(mig_service_vm_reclaim(pair.host[0].service, web1, false, &why), ERR_REFUSED);
	cr_expect(break_held(&pair, 0, &why));
	cr_expect_eq(mig_service_vm_reclaim(pair.host[0].service, web1, true, &why), ERR_OK);
	cr_expect_not(break_held(&pair, 0, &why));
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0, "the prepared copy is told that it is not wanted");
	cr_expect_eq(fake_store_entries(&store[0]), 0);
}

Test(force, discard_of_a_prepared_copy_makes_the_source_resume)
{
	break_at_record(&pair, 0, MIG_COMMIT);
	cr_assert_eq(force(1, MIG_FORCE_FORGET, "if lab-a has committed"), ERR_OK);
	cr_expect(break_job(&pair, 1)->forced && says(1, "an operator discarded"));
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0);
	break_heal(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 0), "COMMIT and QUERY are answered REFUSED");
	next_move_works(0);
}

Test(force, run_of_a_prepared_copy_completes_the_move)
{
	break_at_record(&pair, 0, MIG_COMMIT);
	cr_expect_eq(force(1, MIG_FORCE_RESUME, ""), ERR_STATE);
	cr_assert_eq(force(1, MIG_FORCE_RUN, "may still run on lab-a"), ERR_OK);
	cr_expect(break_job(&pair, 1)->forced && says(1, "an operator forced web1 to run here"));
	cr_expect_not_null(pair_running(&pair, 1));
	cr_expect_geq(pair.host[1].guest[0]->stopped_ns, 2 * SECOND, "guest time is told how long it stood here");
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_RELEASED);
	cr_expect_eq(pair.most_running, 1);
	next_move_works(1);
}

Test(force, run_of_a_prepared_copy_that_cannot_be_recorded_is_not_done)
{
	break_at_record(&pair, 0, MIG_COMMIT);
	store[1].broken = true;
	cr_expect_eq(force(1, MIG_FORCE_RUN, ""), ERR_IO);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 1);
	store[1].broken = false;
	cr_expect_eq(force(1, MIG_FORCE_RUN, ""), ERR_OK);
	cr_expect_not_null(pair_running(&pair, 1));
}

Test(force, run_of_a_prepared_copy_whose_source_went_on_is_said_loudly_there)
{
	break_at_record(&pair, 1, MIG_READY);
	pair_run(&pair, 10 * SECOND);
	cr_assert_not_null(pair_running(&pair, 0));
	cr_assert_eq(force(1, MIG_FORCE_RUN, "twice"), ERR_OK);
	break_heal(&pair, 20 * SECOND);
	cr_expect(says(0, "RUNS TWICE"), "%s", break_job(&pair, 0)->error);
}

Test(force, reclaim_of_a_machine_that_left_lets_it_start_and_says_what_it_risks)
{
	struct why why;

	cr_expect_eq(mig_service_vm_reclaim(pair.host[0].service, web1, true, &why), ERR_NOTFOUND);
	next_move_works(0);
	cr_expect_eq(mig_service_vm_reclaim(pair.host[0].service, web1, false, &why), ERR_REFUSED);
	cr_expect_not_null(strstr(why.text, "moved to lab-b (10.77.0.3)"), "%s", why.text);
	cr_expect_not_null(strstr(why.text, "twice"), "%s", why.text);
	cr_expect_eq(mig_service_vm_reclaim(pair.host[0].service, web1, true, &why), ERR_OK);
	pair_restart(&pair, 0, FAKE_STORE_LOSES_DROP);
	cr_expect_not(break_held(&pair, 0, &why));
}

Test(force, reclaim_of_a_machine_whose_record_cannot_be_read)
{
	struct why why;

	next_move_works(0);
	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		store[0].entry[i].bytes[100] ^= 1;
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(break_held(&pair, 0, &why) && strstr(why.text, "can't be read"), "%s", why.text);
	cr_expect_eq(mig_service_vm_reclaim(pair.host[0].service, web1, true, &why), ERR_OK);
	cr_expect_not(break_held(&pair, 0, &why));
	cr_expect_eq(fake_store_entries(&store[0]), 0);
}
