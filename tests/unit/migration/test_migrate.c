/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;

static void setup(void)
{
	pair_init(&pair, 16 * MIB);
	pair.link.rate = 20 * MIB;
	pair.link.delay_ns = MS;
	fake_guest_work(pair.host[0].guest[0], 3000, 1500);
	for (uint64_t pfn = 1510; pfn < 1530; pfn++)
		fake_guest_fill(pair.host[0].guest[0], pfn, 0);
	pair.host[1].idle = true;
	pair.work = 2;
	pair.work_pages = 64;
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(migrate, .init = setup, .fini = teardown);

static const struct mig_job *move(int from, enum mig_verify verify)
{
	return pair_wait(&pair, from, pair_migrate(&pair, from, verify), 100 * SECOND);
}

Test(migrate, moves_a_running_guest_with_memory_and_state_equal)
{
	const struct mig_job *job = move(0, MIG_VERIFY_OFF);
	struct fake_guest *old = pair.host[0].guest[0], *new = pair.host[1].guest[0];

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_eq(old->life, FAKE_RELEASED);
	cr_expect_eq(new->runs, 1);
	cr_expect_eq(pair.most_running, 1);
	cr_expect_gt(job->rounds, 1);
	cr_expect_leq(job->downtime_ns, 300 * MS);
	cr_expect_eq(job->percent, 100);
	cr_expect_str_eq(job->peer_name, "lab-b");
	cr_expect(fake_guest_equal(old, new));
}

Test(migrate, survives_chopped_sends_and_receives_of_any_size)
{
	for (unsigned seed = 1; seed <= 25; seed++) {
		const struct mig_job *job;

		teardown();
		setup();
		pair.link.chop = seed;
		pair.link.capacity = 2000 + seed * 1700;
		job = move(0, MIG_VERIFY_FULL);
		cr_assert_eq(job->state, MIG_JOB_COMPLETED, "seed %u: %s", seed, job->error);
		cr_assert(fake_guest_equal(pair.host[0].guest[0], pair.host[1].guest[0]), "seed %u", seed);
	}
}

Test(migrate, there_and_back_again_compares_memory_by_hash)
{
	const struct mig_job *job;

	pair.host[1].idle = false;
	job = move(0, MIG_VERIFY_FULL);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect(job->verified);
	cr_expect_eq(job->hash_source, job->hash_destination);
	cr_expect_neq(job->hash_source, 0);
	pair_run(&pair, SECOND);
	job = move(1, MIG_VERIFY_FULL);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect(job->verified);
	cr_expect_eq(pair.most_running, 1);
	cr_expect_not_null(pair_running(&pair, 0));
}

Test(migrate, sends_no_byte_for_memory_that_was_never_touched)
{
	const struct mig_job *job;
	uint64_t small;

	pair.work = 0;
	small = move(0, MIG_VERIFY_FULL)->bytes_sent;
	teardown();
	pair_init(&pair, 4096 * MIB);
	pair.link.rate = 20 * MIB;
	fake_guest_work(pair.host[0].guest[0], 3000, 1500);
	for (uint64_t pfn = 1510; pfn < 1530; pfn++)
		fake_guest_fill(pair.host[0].guest[0], pfn, 0);
	job = move(0, MIG_VERIFY_FULL);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_leq(job->bytes_sent, small + 4096);
}

Test(migrate, makes_no_chunk_present_at_the_destination_for_zero_pages)
{
	for (uint64_t pfn = 2048; pfn < 2560; pfn++)
		fake_guest_fill(pair.host[0].guest[0], pfn, 0);
	cr_assert_eq(move(0, MIG_VERIFY_FULL)->state, MIG_JOB_COMPLETED);
	cr_expect_not_null(pair.host[0].guest[0]->chunk[4]);
	cr_expect_null(pair.host[1].guest[0]->chunk[4]);
}

Test(migrate, carries_a_page_that_became_zero_again)
{
	struct fake_guest *g = pair.host[0].guest[0];
	uint32_t job;

	pair.link.rate = 4 * MIB;
	fake_guest_fill(g, 0, 0x11);
	job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	while (mig_job_find(pair.host[0].service, job)->pages_sent < 200)
		pair_step(&pair);
	pair.work = 0;
	fake_guest_fill(g, 0, 0);
	cr_assert_eq(pair_wait(&pair, 0, job, 60 * SECOND)->state, MIG_JOB_COMPLETED);
	cr_expect(fake_guest_equal(g, pair.host[1].guest[0]));
}

Test(migrate, reports_rounds_that_add_up)
{
	const struct mig_job *job = move(0, MIG_VERIFY_OFF);
	uint64_t pages = 0, bytes = 0;

	for (uint32_t n = 0; n < job->rounds; n++) {
		pages += job->round[n].pages;
		bytes += job->round[n].bytes;
		cr_expect_eq(job->round[n].pages + job->round[n].zero_pages, job->round[n].dirty_pages);
		cr_expect_geq(job->round[n].end_ns, job->round[n].start_ns);
	}
	cr_expect_eq(pages, job->pages_sent);
	cr_expect_lt(bytes, job->bytes_sent);
	cr_expect_lt(job->bytes_sent, bytes + 60000, "everything but pages is small");
	cr_expect_eq(job->nonzero_bytes, job->round[0].pages * 4096);
	cr_expect_gt(job->round[0].zero_pages, 0);
}

Test(migrate, reports_each_term_of_the_downtime_beside_its_budget)
{
	const struct mig_job *job = move(0, MIG_VERIFY_FULL);
	uint64_t sum = 0;

	cr_assert_eq(job->terms, MIG_TERMS);
	for (uint32_t t = 0; t < job->terms; t++) {
		cr_expect_not_null(job->term[t].name);
		sum += job->term[t].real_ns;
	}
	cr_expect_eq(sum, job->downtime_ns);
	cr_expect_gt(job->expected_downtime_ns, 0);
	cr_expect_gt(job->downtime_ns, 2 * MS);
}

/* The way of COMMIT too, which neither host can measure alone; and never more than it stood. */
Test(migrate, the_guest_is_told_all_the_time_that_it_stood)
{
	static const uint64_t delay[] = { MS / 10, MS, 40 * MS, 150 * MS };

	for (unsigned i = 0; i < sizeof(delay) / sizeof(delay[0]); i++) {
		uint64_t stopped = 0, ran = 0, told;

		teardown();
		setup();
		pair.link.delay_ns = delay[i];
		pair_migrate(&pair, 0, MIG_VERIFY_FULL);
		for (uint64_t end = pipe_now_ns + 100 * SECOND; !ran && pipe_now_ns < end; pair_step(&pair)) {
			if (!stopped && pair.host[0].guest[0]->stops)
				stopped = pipe_now_ns;
			if (pair.host[1].guests && pair.host[1].guest[0]->runs)
				ran = pipe_now_ns;
		}
		cr_assert(stopped && ran);
		told = pair.host[1].guest[0]->stopped_ns;
		cr_expect_leq(told, ran - stopped + 2 * MS, "at a delay of %lu us", (unsigned long)(delay[i] / 1000));
		cr_expect_leq(ran - stopped, told + 2 * MS, "at a delay of %lu us %lu us are lost", (unsigned long)(delay[i] / 1000),
			      (unsigned long)((ran - stopped - told) / 1000));
	}
}

/* The source hashes while its last pages are still on their way, and the destination, which must wait for them, is quicker at it. */
Test(migrate, counts_no_part_of_the_downtime_twice)
{
	const struct mig_job *job;
	uint64_t sum = 0;
	uint32_t id;

	pair_fini(&pair);
	pair_init(&pair, 64 * MIB);
	fake_guest_work(pair.host[0].guest[0], 30000, 16000);
	pair.link = (struct pipe_options){ .rate = 64 * MIB, .capacity = 64 * MIB };
	pair.step_ns = 10000;
	pair.type = MIG_MOVE_RESUME;
	id = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	job = mig_job_find(pair.host[0].service, id);
	while (!job->ended_ns) {
		pair_step(&pair);
		for (int n = 0; n < 8; n++)
			mig_service_step(pair.host[1].service, pipe_now_ns, &(bool){ false });
	}
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_geq(job->term[MIG_TERM_PAGES].real_ns, 20 * MS);
	for (uint32_t t = 0; t < job->terms; t++)
		sum += job->term[t].real_ns;
	cr_expect_eq(sum, job->downtime_ns, "%u us of %u us", (unsigned)(sum / 1000), (unsigned)(job->downtime_ns / 1000));
}

Test(migrate, tells_the_guest_how_long_it_stood_within_one_flight)
{
	const struct mig_job *job = move(0, MIG_VERIFY_OFF);
	uint64_t told = pair.host[1].guest[0]->stopped_ns;

	cr_expect_leq(told, job->downtime_ns);
	cr_expect_geq(told + 10 * MS, job->downtime_ns);
}

Test(migrate, keeps_to_the_bandwidth_limit_while_the_guest_runs)
{
	struct mig_move m = { .vm = "web1", .ipv4 = 0x0a4d0003, .port = 5991, .bandwidth_bytes = MIB };
	const struct mig_job *job;
	struct why why;
	uint32_t id;

	pair.work = 0;
	cr_assert_eq(mig_migrate_start(pair.host[0].service, &m, &id, pipe_now_ns, &why), ERR_OK);
	job = pair_wait(&pair, 0, id, 100 * SECOND);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_geq(job->ended_ns - job->started_ns, (job->bytes_sent - MIB / 5) * SECOND / MIB);
	cr_expect_leq(job->ended_ns - job->started_ns, (job->bytes_sent + MIB) * SECOND / MIB);
	cr_expect_geq(job->rate_bytes, 4 * MIB, "the link's own rate is known in spite of the limit");
}

Test(migrate, stops_at_the_best_point_when_the_guest_writes_faster_than_the_link)
{
	const struct mig_job *job;

	pair.link.rate = 2 * MIB;
	pair.work = 50;
	pair.work_pages = 1400;
	job = move(0, MIG_VERIFY_FULL);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_gt(job->downtime_ns, 300 * MS);
	cr_expect_leq(job->rounds, MIG_ROUNDS_MAX + 1);
	cr_expect_geq(job->expected_downtime_ns * 2, job->downtime_ns);
}

Test(migrate, gives_up_instead_when_the_host_says_so)
{
	struct mig_host host = pair.host[0].host;
	const struct mig_job *job;

	host.stuck = MIG_STUCK_FAIL;
	mig_service_destroy(pair.host[0].service);
	pair.host[0].service = mig_service_create(&host);
	pair.link.rate = 2 * MIB;
	pair.work = 50;
	pair.work_pages = 1400;
	job = move(0, MIG_VERIFY_FULL);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "web1 writes too fast"), "%s", job->error);
	pair_run(&pair, SECOND);
	cr_expect_eq(pair.host[0].guest[0]->stops, 0);
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1);
}

Test(migrate, never_harvests_what_a_full_link_can_not_take)
{
	struct fake_guest *g = pair.host[0].guest[0];

	pair.link.rate = 1000;
	pair.link.capacity = 65536;
	pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	pair.work = 0;
	pair_run(&pair, 2 * SECOND);
	/* One chunk in progress at most; the third chunk of 512 pages is untouched. */
	for (unsigned w = 16; w < 23; w++)
		cr_expect_neq(g->dirty[w], 0);
}

Test(migrate, does_a_bounded_share_of_work_in_each_step)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	const struct mig_job *job;
	uint64_t before = 0;
	bool more;

	pair.link.rate = 0;
	do {
		mig_service_step(pair.host[0].service, pipe_now_ns, &more);
		job = mig_job_find(pair.host[0].service, id);
		cr_assert_leq(job->bytes_sent - before, 70000);
		before = job->bytes_sent;
		mig_service_step(pair.host[1].service, pipe_now_ns, &more);
		pipe_now_ns += MS;
	} while (!job->ended_ns);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED);
}

Test(migrate, refused_names_the_reason_and_leaves_the_guest_running)
{
	const struct mig_job *job;

	pair.host[1].no_room = "needs 16 MiB, 3 MiB are free";
	job = move(0, MIG_VERIFY_OFF);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "needs 16 MiB, 3 MiB are free"), "%s", job->error);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_not(pair.host[0].guest[0]->tracking);
}

Test(migrate, state_that_the_destination_can_not_load_is_refused_before_the_stop)
{
	const struct mig_job *job;

	pair.host[1].state_refused = true;
	job = move(0, MIG_VERIFY_OFF);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "not a fake guest's"), "%s", job->error);
	cr_expect_eq(pair.host[0].guest[0]->stops, 0);
}

Test(migrate, state_too_large_is_refused_by_name)
{
	const struct mig_job *job;

	pair.host[0].guest[0]->state_bytes = 600 << 10;
	job = move(0, MIG_VERIFY_OFF);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "614400 bytes of state"), "%s", job->error);
}

Test(migrate, large_state_goes_in_parts)
{
	pair.host[0].guest[0]->state_bytes = 400 << 10;
	cr_assert_eq(move(0, MIG_VERIFY_OFF)->state, MIG_JOB_COMPLETED);
	cr_expect(fake_guest_equal(pair.host[0].guest[0], pair.host[1].guest[0]));
}

Test(migrate, a_guest_on_its_way_is_not_started_on_another)
{
	struct mig_move m = { .vm = "web1", .ipv4 = 0x0a4d0003 };
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_OFF), second;
	struct why why;

	cr_expect_eq(mig_migrate_start(pair.host[0].service, &m, &second, pipe_now_ns, &why), ERR_STATE);
	cr_expect_str_eq(why.text, "web1 is being moved already, by job 1");
	cr_expect_eq(id, 1);
}

Test(migrate, a_guest_that_powers_off_ends_its_migration)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	const struct mig_job *job;

	pair_run(&pair, 50 * MS);
	cr_assert_eq(mig_service_guest_gone(pair.host[0].service, &pair.host[0].guest[0]->guest, "web1 powered off",
					    pipe_now_ns), ERR_OK);
	pair.host[0].guest[0]->life = FAKE_STOPPED;
	pair_run(&pair, SECOND);
	job = mig_job_find(pair.host[0].service, id);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_str_eq(job->error, "web1 powered off");
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1);
}

Test(migrate, leaves_an_incoming_job_at_the_destination)
{
	const struct mig_job *job;

	cr_assert_eq(move(0, MIG_VERIFY_FULL)->state, MIG_JOB_COMPLETED);
	job = mig_job_get(pair.host[1].service, 0);
	cr_assert_not_null(job);
	cr_expect(job->incoming);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED);
	cr_expect_str_eq(job->vm, "web1");
	cr_expect_str_eq(job->peer_name, "lab-a");
	cr_expect_gt(job->pages_sent, 0);
}

Test(migrate, jobs_are_forgotten_after_five_minutes)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);

	pair_wait(&pair, 0, id, 60 * SECOND);
	pair.step_ns = SECOND;
	pair_run(&pair, 290 * SECOND);
	cr_expect_not_null(mig_job_find(pair.host[0].service, id));
	pair_run(&pair, 20 * SECOND);
	cr_expect_null(mig_job_find(pair.host[0].service, id));
}

Test(migrate, progress_never_goes_back_and_ends_at_100)
{
	uint32_t id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	const struct mig_job *job;
	uint16_t last = 0;

	do {
		pair_step(&pair);
		job = mig_job_find(pair.host[0].service, id);
		cr_assert_geq(job->percent, last);
		cr_assert(job->percent < 100 || job->ended_ns);
		last = job->percent;
	} while (!job->ended_ns);
	cr_expect_eq(last, 100);
}

Test(migrate, keeps_the_destination_order_of_section_5_on_the_wire)
{
	struct wire_record r[512];
	unsigned last = 0, n;
	size_t bytes;
	const uint8_t *data;

	cr_assert_eq(move(0, MIG_VERIFY_FULL)->state, MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	data = pipe_sent(pair.pipe[0], 0, &bytes);
	n = wire_records(data, bytes, r, 512);
	cr_assert_gt(n, 5);
	cr_expect_eq(r[0].type, MIG_HELLO);
	cr_expect_eq(r[1].type, MIG_OFFER);
	while (last < n && r[last].type != MIG_STOP)
		last++;
	while (last < n && r[last].type != MIG_STATE)
		last++;
	cr_assert_eq(r[last + 1].type, MIG_COMMIT);
	cr_assert_eq(r[last + 2].type, MIG_DONE);
	data = pipe_sent(pair.pipe[0], 1, &bytes);
	n = wire_records(data, bytes, r, 512);
	cr_expect_eq(r[0].type, MIG_HELLO);
	cr_expect_eq(r[1].type, MIG_ACCEPT);
	cr_expect_eq(r[n - 3].type, MIG_READY);
	cr_expect_eq(r[n - 2].type, MIG_RUNNING);
	cr_expect_eq(r[n - 1].type, MIG_ANSWER);
}
