/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "lib/pages.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_raw.h"

/* Restarts of either host in the middle of a hand-off, with records that outlive them. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;
static struct fake_store store[2];
static uint32_t job;

static void setup(void) { pair_init_recorded(&pair, store); }
static void teardown(void) { pair_fini(&pair); }
TestSuite(restart, .init = setup, .fini = teardown);

static void lose_record(int from, uint16_t type) { job = break_at_record(&pair, from, type); }
static void heal(uint64_t seconds) { break_heal(&pair, seconds * SECOND); }
static const struct mig_job *the_job(int host) { return break_job(&pair, host); }

static bool held(int host, const char *word)
{
	struct why why = { "" };
	bool is = break_held(&pair, host, &why);

	cr_expect(!is || strstr(why.text, word), "%s", why.text);
	return is;
}

static bool away(int host)
{
	uint8_t uuid[16];

	memset(uuid, 0x77, sizeof(uuid));
	return mig_service_vm_away(pair.host[host].service, uuid);
}

Test(restart, of_a_prepared_destination_lets_the_source_resume)
{
	lose_record(0, MIG_COMMIT);
	cr_assert_eq(pair_count(&pair, FAKE_LOADED), 1);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	heal(30);
	cr_expect_eq(the_job(0)->state, MIG_JOB_FAILED);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_not(held(0, ""));
	cr_expect_eq(fake_store_entries(&store[0]), 0);
	job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	cr_expect_eq(pair_wait(&pair, 0, job, 30 * SECOND)->state, MIG_JOB_COMPLETED);
}

Test(restart, of_a_destination_that_ran_the_guest_leaves_the_source_in_doubt_with_its_copy)
{
	lose_record(1, MIG_RUNNING);
	cr_assert_not_null(pair_running(&pair, 1));
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	heal(60);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_STOPPED, "the copy is kept and does not run");
	cr_expect(the_job(0)->in_doubt);
	cr_expect_not_null(strstr(the_job(0)->doubt, "lab-b took over web1 and has restarted since"), "%s", the_job(0)->doubt);
	cr_expect(held(0, "handed over to lab-b"));
	cr_expect(held(1, "lab-a still has a copy"), "the destination must not start it afresh meanwhile");
	pair.unplugged = true;
	pair_run(&pair, 30 * SECOND);
	cr_expect_not_null(strstr(the_job(0)->doubt, "took over"), "what it said last is not forgotten: %s", the_job(0)->doubt);
}

Test(restart, of_a_destination_that_forgets_leaves_the_source_in_doubt)
{
	lose_record(0, MIG_COMMIT);
	pair_restart(&pair, 1, FAKE_STORE_FORGETS);
	heal(60);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_STOPPED);
	cr_expect(the_job(0)->in_doubt);
	cr_expect_not_null(strstr(the_job(0)->doubt, "forgotten"), "%s", the_job(0)->doubt);
}

Test(restart, of_a_committed_source_goes_on_and_the_prepared_copy_runs)
{
	lose_record(0, MIG_COMMIT);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0, "handed over to lab-b"));
	pair_run(&pair, SECOND);
	cr_assert_eq(mig_job_count(pair.host[0].service), 1);
	cr_expect(the_job(0)->in_doubt && the_job(0)->restored);
	cr_expect_str_eq(the_job(0)->vm, "web1");
	cr_expect_str_eq(the_job(0)->peer_name, "lab-b");
	heal(30);
	cr_expect_eq(the_job(0)->state, MIG_JOB_COMPLETED, "%s", the_job(0)->error);
	cr_expect_not_null(pair_running(&pair, 1));
	cr_expect(held(0, "moved to lab-b (10.77.0.3)"));
	cr_expect_eq(fake_store_entries(&store[0]), 1, "the marker alone");
	cr_expect_eq(fake_store_entries(&store[1]), 0);
}

Test(restart, of_a_committed_source_finds_the_guest_running_there)
{
	lose_record(1, MIG_RUNNING);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect_not(away(0), "that is not settled");
	heal(30);
	cr_expect_eq(the_job(0)->state, MIG_JOB_COMPLETED);
	cr_expect(held(0, "moved to lab-b"));
	cr_expect(away(0));
	cr_expect_not(held(1, ""));
	cr_expect_eq(fake_store_entries(&store[1]), 0);
}

Test(restart, of_both_loses_the_guest_and_says_so)
{
	lose_record(0, MIG_COMMIT);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	heal(30);
	cr_expect_eq(the_job(0)->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(the_job(0)->error, "started afresh"), "%s", the_job(0)->error);
	cr_expect_not(held(0, ""), "nobody has it: it may start again");
	cr_expect_eq(fake_store_entries(&store[0]), 0);
}

Test(restart, of_both_after_it_ran_leaves_it_to_the_destination)
{
	lose_record(1, MIG_RUNNING);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect(held(1, "lost"));
	heal(30);
	cr_expect_eq(the_job(0)->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(the_job(0)->error, "lost there"), "%s", the_job(0)->error);
	cr_expect(held(0, "moved to lab-b"));
	cr_expect_not(held(1, ""), "exactly one of both may start it again");
}

Test(restart, of_a_source_that_forgot_drops_no_record_by_its_hello)
{
	struct mig_move move = { .vm = "web2", .ipv4 = 0x0a4d0003, .port = 5991 };
	struct why_list reasons = { 0 };
	struct why why;
	uint32_t check;
	bool ok;

	lose_record(1, MIG_RUNNING);
	cr_expect_eq(fake_store_entries(&store[1]), 1);
	pair_restart(&pair, 0, FAKE_STORE_FORGETS);
	heal(2);
	/* Anybody can say HELLO in its name. */
	pair.host[0].guest[pair.host[0].guests++] = fake_guest_new("web2", 2 * MIB);
	cr_assert_eq(mig_check_start(pair.host[0].service, &move, &check, pipe_now_ns, &why), ERR_OK);
	pair_run(&pair, SECOND);
	cr_expect_eq(mig_check_poll(pair.host[0].service, check, &ok, &reasons), ERR_OK);
	cr_expect_eq(fake_store_entries(&store[1]), 1);
}

Test(restart, keeps_a_machine_that_left_from_being_started_until_it_comes_back)
{
	job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	cr_assert_eq(pair_wait(&pair, 0, job, 30 * SECOND)->state, MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	cr_expect(held(0, "moved to lab-b"));
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0, "moved to lab-b"));
	cr_expect(away(0) && !away(1));
	job = pair_migrate(&pair, 1, MIG_VERIFY_FULL);
	cr_assert_eq(pair_wait(&pair, 1, job, 30 * SECOND)->state, MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	cr_expect_not(held(0, ""));
	cr_expect(held(1, "moved to lab-a"));
	cr_expect(away(1) && !away(0));
	pair_restart(&pair, 0, FAKE_STORE_LOSES_DROP);
	cr_expect_not(held(0, ""), "it had come back");
}

Test(restart, finds_an_attempt_that_was_given_up_and_tells_the_destination)
{
	lose_record(1, MIG_READY);
	pair_run(&pair, 8 * SECOND);
	cr_assert_not_null(pair_running(&pair, 0), "it went on here");
	cr_assert_eq(pair_count(&pair, FAKE_LOADED), 1);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	heal(30);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0, "the prepared copy is told");
	cr_expect_eq(fake_store_entries(&store[0]), 0);
}

static void broken_at(int host, unsigned operation)
{
	store[host].around = NULL;
	job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	for (unsigned n = 0; n < 5000 && !the_job(0)->ended_ns; n++) {
		store[host].broken = store[host].puts >= operation;
		pair_step(&pair);
	}
	store[host].broken = false;
	pair_run(&pair, 20 * SECOND);
	cr_expect_leq(pair.most_running, 1);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED) + pair_count(&pair, FAKE_STOPPED), 0);
}

Test(restart, is_not_needed_to_survive_a_destination_that_cannot_record_prepared)
{
	broken_at(1, 0);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_not_null(strstr(the_job(0)->error, "could not be stored"), "%s", the_job(0)->error);
}

Test(restart, is_not_needed_to_survive_a_destination_that_cannot_record_owned)
{
	broken_at(1, 1);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_eq(the_job(0)->state, MIG_JOB_FAILED);
}

Test(restart, is_not_needed_to_survive_a_source_that_cannot_record_committed)
{
	broken_at(0, 0);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_not_null(strstr(the_job(0)->error, "could not be stored"), "%s", the_job(0)->error);
}

Test(restart, of_a_source_whose_marker_became_unreadable_still_holds_the_machine)
{
	lose_record(1, MIG_RUNNING);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	heal(30);
	cr_assert_eq(fake_store_entries(&store[0]), 1, "the marker alone");
	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		store[0].entry[i].length = 0;
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0, "can't be read"));
}

Test(restart, of_a_source_that_could_not_store_the_marker_still_holds_the_machine)
{
	broken_at(0, 1);
	cr_expect_not_null(pair_running(&pair, 1));
	cr_expect(held(0, "moved to lab-b"));
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	cr_expect(held(0, ""));
}

static uint64_t spare_chunks(void *ctx)
{
	(void)ctx;
	return 64;
}

Test(restart, is_awaited_in_doubt_with_the_guest_alone_and_no_caches)
{
	struct pair_host *h = &pair.host[0];
	uint64_t free_chunks;

	pages_add((uint64_t)(uintptr_t)aligned_alloc(CHUNK_SIZE, 32 * MIB), 32 * MIB);
	free_chunks = pages_free_chunks();
	mig_service_destroy(h->service);
	h->host.spare_chunks = spare_chunks;
	h->service = mig_service_create(&h->host);
	lose_record(1, MIG_RUNNING);
	cr_assert(the_job(0)->in_doubt);
	cr_expect_eq(pages_free_chunks(), free_chunks);
}

/* --- the machine came, was lost with a restart, and came again: then the older attempt is settled ------------------------------ */

static struct raw raw;

static struct mig_records *records_b(void) { return &pair.host[1].service->core.records; }

static struct mig_note lost_before(void)
{
	struct mig_note old = { .proves = true, .peer_ipv4 = 0x0a4d0002, .when_s = 1, .vm = "web1", .peer_name = "lab-a" };
	struct why why;

	memset(old.attempt, 0x41, sizeof(old.attempt));
	memset(old.own_proof, 0x42, sizeof(old.own_proof));
	memset(old.peer_proof, 0x43, sizeof(old.peer_proof));
	memset(old.peer_uuid, 0x10, sizeof(old.peer_uuid));
	memset(old.vm_uuid, 0x77, sizeof(old.vm_uuid));
	cr_assert_eq(mig_records_put(records_b(), &old, MIG_RECORD_OWNED, &why), ERR_OK);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_assert(mig_records_get(records_b(), old.attempt)->restored);
	return old;
}

static void settle_raw(const struct mig_note *n, uint16_t type)
{
	struct mig_abort text;

	mig_abort_set(&text, "resumed", false);
	raw_open(&raw, &pair, 1, 0x0a4d0002, n->attempt);
	raw.proof = n->own_proof;
	raw_hello(&raw, 0, MIG_PURPOSE_SETTLE);
	raw_let(&raw, 2);
	cr_assert_eq(raw_next(&raw), MIG_HELLO);
	raw_put(&raw, type, type == MIG_ABORT ? &text : NULL);
	raw_let(&raw, 4);
	cr_assert_eq(raw_next(&raw), MIG_ANSWER);
	raw_close(&raw);
	cr_expect_null(mig_records_get(records_b(), n->attempt), "that one is settled");
}

static const struct mig_note *came_again(void)
{
	uint32_t moved = pair_migrate(&pair, 0, MIG_VERIFY_OFF);

	cr_assert_eq(pair_wait(&pair, 0, moved, 30 * SECOND)->state, MIG_JOB_COMPLETED);
	while (!pair_quiet(&pair))
		pair_step(&pair);
	pair_run(&pair, SECOND);
	cr_assert_not_null(pair_running(&pair, 1));
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (records_b()->note[i].state == MIG_RECORD_CAME)
			return &records_b()->note[i];
	cr_assert_fail("no CAME");
	return NULL;
}

Test(restart, of_an_old_attempt_that_is_aborted_late_leaves_alone_what_came_since)
{
	struct mig_note old = lost_before();

	came_again();
	settle_raw(&old, MIG_ABORT);
	cr_expect_not(away(1), "it runs here");
	cr_expect_not(held(1, ""));
}

/* CAME of the newer attempt may have given way to those of other machines. */
Test(restart, of_an_old_attempt_that_is_aborted_late_leaves_alone_what_runs_here_by_no_record)
{
	struct mig_note old = lost_before();

	mig_records_remove(records_b(), came_again()->attempt);
	settle_raw(&old, MIG_ABORT);
	cr_expect_not(away(1), "it runs here");
}

Test(restart, of_an_old_attempt_that_is_aborted_late_leaves_the_marker_of_where_it_went_since)
{
	struct mig_note old = lost_before(), on = *came_again();
	struct why why;

	memset(on.attempt, 0x5a, sizeof(on.attempt));
	on.peer_ipv4 = 0x0a4d0004;
	pair_running(&pair, 1)->life = FAKE_RELEASED;
	cr_assert_eq(mig_away_put(records_b(), &on, NULL, NULL, &why), ERR_OK);
	settle_raw(&old, MIG_ABORT);
	cr_expect_eq(mig_away_get(records_b(), on.vm_uuid)->peer_ipv4, 0x0a4d0004);
}

Test(restart, of_an_attempt_that_is_aborted_at_last_marks_away_what_is_not_here)
{
	struct mig_note old = lost_before();

	settle_raw(&old, MIG_ABORT);
	cr_expect(away(1));
}

Test(restart, of_an_old_attempt_that_is_done_late_leaves_how_the_machine_came_since)
{
	struct mig_note old = lost_before();
	uint8_t attempt[MIG_ATTEMPT], uuid[16];

	memset(uuid, 0x77, sizeof(uuid));
	memcpy(attempt, came_again()->attempt, sizeof(attempt));
	settle_raw(&old, MIG_DONE);
	cr_expect_not_null(mig_came_get(records_b(), uuid, attempt));
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect_not_null(mig_came_get(records_b(), uuid, attempt), "in the store too");
}
