/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* A link that dies at every place of a migration, loudly (both sides see it) and silently (only time tells). */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;
static struct wire_record record[2][256];
static unsigned records[2];
static enum mig_move_type moves;
static struct { uint64_t at; int from; bool silent, armed; } cut[2];

static void on_connect(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	if (number < 2 && cut[number].armed)
		pipe_cut_after(pipe, cut[number].from, cut[number].at, cut[number].silent);
}

static void start(void)
{
	pair_init(&pair, 4 * MIB);
	pair.on_connect = on_connect;
	pair.link.rate = 20 * MIB;
	pair.link.delay_ns = MS;
	pair.type = moves;
	if (moves == MIG_MOVE_RESTART) {
		mig_service_destroy(pair.host[0].service);
		pair.host[0].host.shutdown_wait_ms = 5;
		pair.host[0].service = mig_service_create(&pair.host[0].host);
	}
	fake_guest_work(pair.host[0].guest[0], 300, 100);
	pair.work = 1;
	pair.work_pages = 32;
}

/* What a whole migration puts on the wire, to know where to cut. */
static void record_a_clean_run(void)
{
	memset(cut, 0, sizeof(cut));
	start();
	cr_assert_eq(pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND)->state,
		     MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	cr_assert_eq(pair.pipes, 1);
	for (int from = 0; from < 2; from++) {
		size_t bytes;
		const uint8_t *data = pipe_sent(pair.pipe[0], from, &bytes);

		records[from] = wire_records(data, bytes, record[from], 256);
		cr_assert_gt(records[from], 6);
	}
	pair_fini(&pair);
}

/* Runs with the cuts set before, until nothing is in doubt and nothing half-loaded is left. */
static const struct mig_job *run_until_settled(void)
{
	const struct mig_job *job;
	uint32_t id;

	start();
	id = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	job = pair_wait(&pair, 0, id, 60 * SECOND);
	cr_assert(job->ended_ns, "phase %s", mig_phase_name(job->phase));
	for (int n = 0; n < 40 && (pair_count(&pair, FAKE_EMPTY) || pair_count(&pair, FAKE_LOADED)); n++)
		pair_run(&pair, SECOND);
	return mig_job_find(pair.host[0].service, id);
}

static void expect_exactly_one(const struct mig_job *job, uint64_t at, int from)
{
	int where = job->state == MIG_JOB_COMPLETED;

	cr_assert_eq(pair.most_running, 1, "cut of %d at %zu: two ran", from, (size_t)at);
	cr_assert_eq(pair_count(&pair, FAKE_RUNNING), 1, "cut of %d at %zu: %s", from, (size_t)at, job->error);
	cr_assert_not_null(pair_running(&pair, where), "cut of %d at %zu: it runs elsewhere", from, (size_t)at);
	cr_assert_eq(pair_count(&pair, FAKE_EMPTY) + pair_count(&pair, FAKE_LOADED) +
		     pair_count(&pair, FAKE_STOPPED), 0, "cut of %d at %zu: a copy is left", from, (size_t)at);
	if (where)
		return;
	cr_assert_neq(job->error[0], 0);
	/* The guest stayed at the source: a second attempt moves it. */
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "second attempt after a cut of %d at %zu: %s", from, (size_t)at,
		     job->error);
	cr_assert_eq(pair.most_running, 1);
}

static uint64_t end_of(int from, uint16_t type)
{
	for (unsigned n = 0; n < records[from]; n++)
		if (record[from][n].type == type)
			return record[from][n].at + record[from][n].length;
	cr_assert_fail("no such record");
	return 0;
}

static void cut_everywhere(bool silent)
{
	record_a_clean_run();
	for (int from = 0; from < 2; from++) {
		for (unsigned n = 0; n < records[from]; n++) {
			for (int inside = 0; inside < 2; inside++) {
				uint64_t at = record[from][n].at + (inside ? 20 : 0);
				const struct mig_job *job;

				cut[0].at = at;
				cut[0].from = from;
				cut[0].silent = silent;
				cut[0].armed = true;
				job = run_until_settled();
				if (from == 0 && at < end_of(0, MIG_STATE))
					cr_assert_eq(job->state, MIG_JOB_FAILED, "nothing to go on with at %zu",
						     (size_t)at);
				expect_exactly_one(job, at, from);
				pair_fini(&pair);
			}
		}
	}
}

Test(cut, at_every_record_leaves_exactly_one_guest_and_a_second_attempt_succeeds)
{
	cut_everywhere(false);
}

Test(cut, in_silence_is_noticed_and_leaves_exactly_one_guest)
{
	cut_everywhere(true);
}

Test(cut, before_commit_resumes_the_guest_at_the_source_within_seconds)
{
	const struct mig_job *job;

	record_a_clean_run();
	cut[0].armed = true;
	cut[0].silent = true;
	cut[0].from = 1;
	cut[0].at = end_of(1, MIG_READY) - 40;	/* READY never arrives whole */
	start();
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_OFF), 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_eq(pair.host[0].guest[0]->resumes, 1);
	cr_expect_leq(job->ended_ns - job->submitted_ns, 10 * SECOND);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1, "the prepared copy is told and freed");
	pair_fini(&pair);
}

/* Heartbeats come, and a byte now and then is acknowledged, so nothing is dead; but the guest stands still. */
Test(cut, down_to_a_trickle_after_the_stop_gives_the_guest_back)
{
	const struct mig_job *job;
	uint64_t began;
	size_t sent;
	uint32_t id;

	memset(cut, 0, sizeof(cut));
	start();
	pair_encodings(&pair, 0, 1u << MIG_ENC_ZERO | 1u << MIG_ENC_RAW);
	pair.work = 20;
	pair.work_pages = 600;
	id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	while (pair.host[0].guest[0]->life == FAKE_RUNNING)
		pair_step(&pair);
	pipe_sent(pair.pipe[0], 0, &sent);
	began = pipe_now_ns;
	job = mig_job_find(pair.host[0].service, id);
	while (!job->ended_ns && pipe_now_ns - began < 600 * SECOND) {
		pipe_hold(pair.pipe[0], 0, sent + (pipe_now_ns - began) / (50 * MS));
		pair_step(&pair);
	}
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "stood still for 3"), "it said: %s", job->error);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_RUNNING);
	cr_expect_leq(pipe_now_ns - began, 35 * SECOND);
	pipe_hold(pair.pipe[0], 0, UINT64_MAX);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	pair_fini(&pair);
}

Test(cut, after_commit_is_in_doubt_until_a_new_connection_settles_it)
{
	const struct mig_job *job;
	uint32_t id;

	record_a_clean_run();
	cut[0].armed = true;
	cut[0].from = 0;
	cut[0].at = end_of(0, MIG_COMMIT) - 10;	/* COMMIT never arrives */
	start();
	id = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	while (!pair.pipes)
		pair_step(&pair);
	pair.unplugged = true;
	pair_run(&pair, 100 * SECOND);
	job = mig_job_find(pair.host[0].service, id);
	cr_expect_eq(job->phase, MIG_PHASE_IN_DOUBT);
	cr_expect(job->in_doubt);
	cr_expect_neq(job->doubt[0], 0);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 0);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 1, "the prepared copy waits");
	pair.unplugged = false;
	job = pair_wait(&pair, 0, id, 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED);
	cr_expect_not(job->in_doubt);
	cr_expect_not_null(pair_running(&pair, 1));
	cr_expect_geq(pair.host[1].guest[0]->stopped_ns, 100 * SECOND, "guest time is told how long it stood");
	pair_fini(&pair);
}

Test(cut, at_every_record_of_a_guest_that_stands_still_lets_it_go_on)
{
	moves = MIG_MOVE_RESUME;
	cut_everywhere(false);
}

Test(cut, in_silence_of_a_guest_that_stands_still_lets_it_go_on)
{
	moves = MIG_MOVE_RESUME;
	cut_everywhere(true);
}

Test(cut, at_every_record_of_a_restart_leaves_one_guest_that_began_anew_somewhere)
{
	moves = MIG_MOVE_RESTART;
	cut_everywhere(false);
}

/* The settling connection may die as well, wherever it likes. */
static void cut_settling(int from, uint16_t lost)
{
	record_a_clean_run();
	for (int second = 0; second < 2; second++) {
		for (uint64_t at = 0; at < 420; at += 12) {
			const struct mig_job *job;

			cut[0].armed = cut[1].armed = true;
			cut[0].from = from;
			cut[0].at = end_of(from, lost) - 8;
			cut[1].from = second;
			cut[1].at = at;
			job = run_until_settled();
			expect_exactly_one(job, at, 10 + second);
			pair_fini(&pair);
		}
	}
}

Test(cut, of_the_settling_connection_after_commit_was_lost) { cut_settling(0, MIG_COMMIT); }
Test(cut, of_the_settling_connection_after_running_was_lost) { cut_settling(1, MIG_RUNNING); }
Test(cut, of_the_settling_connection_after_ready_was_lost) { cut_settling(1, MIG_READY); }
Test(cut, of_the_settling_connection_after_done_was_lost) { cut_settling(0, MIG_DONE); }

Test(cut, and_a_destination_that_restarted_after_commit_stays_in_doubt)
{
	const struct mig_job *job;
	uint32_t id;

	record_a_clean_run();
	cut[0].armed = true;
	cut[0].from = 0;
	cut[0].at = end_of(0, MIG_COMMIT) - 10;
	start();
	id = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	while (!pair.pipes)
		pair_step(&pair);
	pair.unplugged = true;
	pair_run(&pair, SECOND);
	pair_reboot(&pair, 1);
	pair.unplugged = false;
	pair_run(&pair, 120 * SECOND);
	job = mig_job_find(pair.host[0].service, id);
	cr_expect_eq(job->phase, MIG_PHASE_IN_DOUBT);
	cr_expect_not_null(strstr(job->doubt, "restarted"), "%s", job->doubt);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_STOPPED, "never a guess");
	pair_fini(&pair);
}
