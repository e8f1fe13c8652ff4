/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"

/* What the destination's job says in the end, and that it is true. */

#define SECOND 1000000000ull

static struct pair pair;
static struct fake_store store[2];

static void setup(void)
{
	pair_init(&pair, 4u << 20);
	pair_keep_records(&pair, store);
}

static void teardown(void) { pair_fini(&pair); }
TestSuite(reason, .init = setup, .fini = teardown);

Test(reason, of_a_link_that_was_cut_when_ready_was_on_its_way_is_that_link)
{
	break_at_record(&pair, 1, MIG_READY);
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(break_job(&pair, 1)->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(break_job(&pair, 1)->error, "connection lost"), "%s", break_job(&pair, 1)->error);
}

Test(reason, of_what_was_cancelled_at_the_source_is_no_failure_of_the_destination)
{
	struct why why;
	uint32_t job;

	fake_guest_work(pair.host[0].guest[0], 400, 400);
	pair.work = 50;
	job = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	while (!mig_job_count(pair.host[1].service))
		pair_step(&pair);
	cr_assert_eq(mig_job_cancel(pair.host[0].service, job, pipe_now_ns, &why), ERR_OK);
	pair_run(&pair, 5 * SECOND);
	cr_expect_eq(break_job(&pair, 0)->state, MIG_JOB_CANCELLED);
	cr_expect_eq(break_job(&pair, 1)->state, MIG_JOB_CANCELLED, "%s", break_job(&pair, 1)->error);
	cr_expect_eq(break_job(&pair, 1)->error_code, 0);
	cr_expect_str_eq(break_job(&pair, 1)->error, "cancelled at the source");
	cr_expect(break_job(&pair, 1)->incoming && !break_job(&pair, 0)->incoming);
}

/* READY is lost and the source gives up; its operator had nothing to do with it. */
Test(reason, of_what_the_source_gave_up_is_a_failure)
{
	break_at_record(&pair, 0, MIG_STATE);
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(break_job(&pair, 1)->state, MIG_JOB_FAILED);
}
