/* SPDX-License-Identifier: MIT */
/* unit: migration/[a-z]*.c lib/crc32c.c lib/err.c lib/fmt.c lib/pages.c lib/state.c lib/why.c tests/fake/fake_guest.c tests/fake/fake_log.c tests/fake/fake_store.c tests/fake/mig_break.c tests/fake/mig_pair.c tests/fake/mig_wire.c tests/fake/pipe.c */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "lib/pages.h"
#include "migration/protocol.h"
#include "tests/fake/mig_break.h"

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
