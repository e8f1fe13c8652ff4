/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/protocol.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_wire.h"

/* A store that takes no more before the next boot: hand-offs go on, and what is promised is still true. */

#define MS 1000000ull
#define SECOND (1000 * MS)

static struct pair pair;
static struct fake_store store[2];
static uint32_t job;

static void setup(void) { pair_init_recorded(&pair, store); }
static void teardown(void) { pair_fini(&pair); }
TestSuite(spent, .init = setup, .fini = teardown);

static void limit(int host, unsigned left, bool silent)
{
	store[host].limited = true;
	store[host].left = left;
	store[host].silent = silent;
}

static const struct mig_job *move(int from)
{
	const struct mig_job *j;

	job = pair_migrate(&pair, from, MIG_VERIFY_FULL);
	j = pair_wait(&pair, from, job, 60 * SECOND);
	pair_run(&pair, 20 * SECOND);
	return j;
}

static bool held(int host)
{
	struct why why = { "" };

	return break_held(&pair, host, &why);
}

/* Capabilities in the first HELLO of end @from on connection @number. */
static uint64_t said(unsigned number, int from)
{
	static struct wire_record record[8];
	struct mig_hello hello;
	struct why why;
	size_t bytes;
	const uint8_t *data = pipe_sent(pair.pipe[number], from, &bytes);

	cr_assert_geq(wire_records(data, bytes, record, 8), 1);
	cr_assert_eq(mig_stream_parse(&(struct mig_record){ .type = MIG_HELLO, .length = record[0].length - MIG_HEADER,
							    .body = data + record[0].at + MIG_HEADER }, &hello, &why), ERR_OK);
	return hello.capabilities & (MIG_CAP_RECORDS_KEPT | MIG_CAP_RECORDS_FOUND);
}

Test(spent, stores_hinder_no_hand_off_and_no_longer_promise_to_keep_it)
{
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(said(0, 0), MIG_CAP_RECORDS_KEPT);
	cr_expect_eq(said(0, 1), MIG_CAP_RECORDS_KEPT);
	limit(0, 1, false);
	limit(1, 1, false);
	unsigned next = pair.pipes;

	cr_expect_eq(move(1)->state, MIG_JOB_COMPLETED, "%s", break_job(&pair, 1)->error);
	cr_expect_eq(said(next, 0), MIG_CAP_RECORDS_FOUND);
	cr_expect_eq(said(next, 1), MIG_CAP_RECORDS_FOUND);
	limit(0, 1, false);
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(pair.most_running, 1);
}

Test(spent, room_for_one_attempt_is_kept_for_that_one)
{
	limit(1, MIG_RECORD_PUTS, false);
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(said(0, 1), MIG_CAP_RECORDS_KEPT);
	cr_expect_eq(pair.host[1].service->core.records.spent, false);
	limit(0, MIG_RECORD_PUTS - 1, false);
	cr_expect_eq(move(1)->state, MIG_JOB_COMPLETED);
	cr_expect(pair.host[0].service->core.records.spent);
}

/* Whichever put is the first to fail without notice, of either host: the guest runs once, and the next move works, or is refused as long
 * as the marker of its leaving has no room. */
Test(spent, stores_that_say_nothing_cost_one_attempt_at_most)
{
	for (int host = 0; host < 2; host++)
		for (unsigned left = 0; left < 10; left++) {
			unsigned failed = 0;
			bool stays = false;
			int at = 0;

			teardown();
			setup();
			limit(host, left, true);
			for (int n = 0; n < 4; n++) {
				const struct mig_job *j = move(at);

				bool stayed = strstr(j->error, "no room left to store") || strstr(j->error, "leaves could not be stored");

				stays |= stayed;
				cr_expect(j->state == MIG_JOB_COMPLETED || strstr(j->error, "could not be stored") || stayed ||
					  strstr(j->error, "refused after COMMIT"), "%s", j->error);
				failed += j->state != MIG_JOB_COMPLETED && !stayed;
				at = pair_running(&pair, 1) != NULL;
				cr_assert_eq(pair_count(&pair, FAKE_RUNNING), 1, "host %d, %u puts", host, left);
				cr_assert_eq(pair_count(&pair, FAKE_LOADED) + pair_count(&pair, FAKE_STOPPED), 0);
				cr_expect(held(!at) || !n || stays, "host %d, %u puts, move %d", host, left, n);
				cr_expect_not(held(at), "host %d, %u puts, move %d", host, left, n);
			}
			cr_expect_leq(failed, 1, "host %d, %u puts", host, left);
			cr_expect_eq(pair.most_running, 1);
		}
}

Test(spent, stores_leave_a_doubt_where_the_destination_restarts)
{
	limit(1, 0, false);
	job = break_at_record(&pair, 0, MIG_COMMIT);
	cr_expect_eq(fake_store_entries(&store[1]), 0);
	store[1].limited = false;
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	break_heal(&pair, 60 * SECOND);
	cr_expect(break_job(&pair, 0)->in_doubt);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_STOPPED, "the copy is kept");
}

Test(spent, stores_leave_nothing_that_a_restarted_destination_could_answer_wrongly)
{
	limit(1, 1, false);
	job = break_at_record(&pair, 1, MIG_RUNNING);
	cr_assert_not_null(pair_running(&pair, 1));
	cr_expect_eq(fake_store_entries(&store[1]), 0, "PREPARED alone would become ABORTED");
	store[1].limited = false;
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	break_heal(&pair, 60 * SECOND);
	cr_expect(break_job(&pair, 0)->in_doubt, "it is never resumed by itself: the guest did run");
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 0);
}

Test(spent, stores_of_a_source_that_restarts_leave_the_prepared_copy_to_an_operator)
{
	struct why why;

	limit(0, 1, false);
	job = break_at_record(&pair, 0, MIG_COMMIT);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	break_heal(&pair, 60 * SECOND);
	cr_assert_eq(pair_count(&pair, FAKE_LOADED), 1);
	cr_assert(break_job(&pair, 1)->in_doubt);
	cr_assert_eq(mig_job_force(pair.host[1].service, break_job(&pair, 1)->id, MIG_FORCE_RUN, true, pipe_now_ns, &why), ERR_OK);
	cr_expect_not_null(pair_running(&pair, 1));
}

Test(spent, stores_still_take_the_marker_of_a_machine_that_left_if_they_can)
{
	limit(0, 1, false);
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(fake_store_entries(&store[0]), 1);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0));
}

Test(spent, stores_without_room_for_the_marker_keep_the_machine)
{
	const struct mig_job *j;

	limit(0, 0, false);
	j = move(0);
	cr_expect_eq(j->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(j->error, "lab-a has no room left to store that web1 leaves"), "%s", j->error);
	cr_expect_eq(pair.host[1].guests, 0, "the other host was not even asked");
	cr_expect_eq(pair_running(&pair, 0)->stops, 0);
	cr_expect_not(held(0));
	store[0].left = 1;
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0));
}

/* Room is there when the move begins, and gone without notice when the marker is to be stored. */
Test(spent, stores_that_refuse_the_marker_at_the_end_keep_the_machine_too)
{
	const struct mig_job *j;

	limit(0, 0, true);
	cr_expect_eq(move(0)->state, MIG_JOB_FAILED, "the first finds out");
	j = move(0);
	cr_expect_eq(j->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(j->error, "that web1 leaves could not be stored"), "%s", j->error);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	cr_expect_not(held(0));
}

static bool defines_nothing(void *ctx, const uint8_t uuid[16])
{
	(void)ctx;
	(void)uuid;
	return false;
}

Test(spent, stores_need_no_marker_of_a_machine_that_this_host_could_not_start)
{
	mig_service_destroy(pair.host[0].service);
	pair.host[0].host.defines = defines_nothing;
	pair.host[0].service = mig_service_create(&pair.host[0].host);
	limit(0, 0, false);
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
}

Test(spent, stores_of_a_restarted_destination_still_tell_what_earlier_boots_did)
{
	job = break_at_record(&pair, 1, MIG_RUNNING);
	limit(1, 0, false);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	break_heal(&pair, 60 * SECOND);
	cr_expect(pair.host[1].service->core.records.spent);
	cr_expect_not_null(strstr(break_job(&pair, 0)->doubt, "took over web1"), "%s", break_job(&pair, 0)->doubt);
	cr_expect(held(1), "lost here, while there is a copy");
}

Test(spent, stores_of_a_restarted_source_do_not_make_the_destination_forget)
{
	job = break_at_record(&pair, 1, MIG_RUNNING);
	limit(0, 0, false);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0));
	break_heal(&pair, 30 * SECOND);
	cr_expect_eq(break_job(&pair, 0)->state, MIG_JOB_COMPLETED, "%s", break_job(&pair, 0)->doubt);
	cr_expect_eq(fake_store_entries(&store[1]), 1, "COMMITTED is still stored, and would ask again");
	cr_expect(held(0));
	store[0].limited = false;
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(fake_store_entries(&store[1]), 0);
	cr_expect(held(0));
}

Test(spent, stores_take_the_marker_before_the_destination_may_run_what_only_memory_says_is_committed)
{
	limit(0, 1, false);
	job = break_at_record(&pair, 1, MIG_RUNNING);
	cr_assert_not_null(pair_running(&pair, 1));
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0), "it runs at the other host");
}

Test(spent, stores_lose_that_marker_when_the_destination_refuses)
{
	limit(0, 2, false);
	limit(1, 1, true);
	cr_expect_not_null(strstr(move(0)->error, "refused after COMMIT"));
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_not(held(0));
	cr_expect_eq(fake_store_entries(&store[0]), 0);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect_not(held(0));
}

/* COMMITTED is all that holds the machine at the source after its restart, and asks then: the destination must know so long. */
Test(spent, stores_that_take_no_outcome_leave_the_destination_its_record_until_the_source_has_restarted)
{
	limit(0, 1, true);
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
	cr_expect(held(0));
	cr_expect_eq(fake_store_entries(&store[1]), 1);
	store[0].limited = false;
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0));
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(break_job(&pair, 0)->state, MIG_JOB_COMPLETED, "%s", break_job(&pair, 0)->doubt);
	cr_expect_eq(fake_store_entries(&store[1]), 0);
	cr_expect_eq(move(1)->state, MIG_JOB_COMPLETED, "%s", break_job(&pair, 1)->error);
}

Test(spent, stores_that_take_no_outcome_are_asked_for_none_when_the_machine_has_come_back)
{
	limit(0, 1, true);
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(move(1)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(fake_store_entries(&store[0]), 0);
	cr_expect_eq(fake_store_entries(&store[1]), 1, "that it left");
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect_not(held(0));
}

Test(spent, stores_that_take_the_marker_and_not_the_outcome_leave_nothing_after_a_restart_either)
{
	limit(0, 2, true);
	cr_expect_eq(move(0)->state, MIG_JOB_COMPLETED);
	store[0].limited = false;
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(fake_store_entries(&store[1]), 0);
	cr_expect_eq(fake_store_entries(&store[0]), 1);
	cr_expect(held(0));
}
