/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* The types of migration besides Live: Resume, whose guest stands still from before the first page on, and Restart, whose guest
 * powers off and begins anew. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;
static struct fake_guest *web1;

static void setup(void)
{
	pair_init(&pair, 16 * MIB);
	pair.link.rate = 20 * MIB;
	pair.link.delay_ns = MS;
	web1 = pair.host[0].guest[0];
	fake_guest_work(web1, 3000, 1500);
	pair.host[1].idle = true;
	pair.work = 2;
	pair.work_pages = 64;
	pair.type = MIG_MOVE_RESUME;
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(types, .init = setup, .fini = teardown);

static const struct mig_job *move(int from, enum mig_verify verify)
{
	return pair_wait(&pair, from, pair_migrate(&pair, from, verify), 100 * SECOND);
}

Test(types, resume_moves_a_guest_that_stands_still_with_memory_and_state_equal)
{
	const struct mig_job *job = move(0, MIG_VERIFY_FULL);
	struct fake_guest *new = pair.host[1].guest[0];

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_eq(job->type, MIG_MOVE_RESUME);
	cr_expect_eq(mig_job_get(pair.host[1].service, 0)->type, MIG_MOVE_RESUME);
	cr_expect_eq(job->hash_source, job->hash_destination);
	cr_expect(fake_guest_equal(web1, new));
	cr_expect_eq(job->rounds, 1);
	cr_expect_eq(web1->tracked, 0, "nothing writes, so nothing is tracked");
	cr_expect_eq(web1->stops, 1);
	cr_expect_eq(new->runs, 1);
	cr_expect_eq(pair.most_running, 1);
	cr_expect_eq(job->percent, 100);
}

Test(types, resume_sends_its_dry_run_then_stop_then_the_first_page)
{
	static struct wire_record record[256];
	static const uint16_t order[] = { MIG_HELLO, MIG_OFFER, MIG_STATE, MIG_STOP, MIG_PAGES };
	const uint8_t *data;
	unsigned n = 0, records;
	size_t bytes;

	cr_assert_eq(move(0, MIG_VERIFY_OFF)->state, MIG_JOB_COMPLETED);
	data = pipe_sent(pair.pipe[0], 0, &bytes);
	records = wire_records(data, bytes, record, 256);
	for (unsigned i = 0; i < records && n < sizeof(order) / sizeof(order[0]); i++)
		if (record[i].type != MIG_HEARTBEAT)
			cr_assert_eq(record[i].type, order[n++], "record %u is %s", i, mig_type_name(record[i].type));
	cr_expect_eq(n, sizeof(order) / sizeof(order[0]));
}

Test(types, resume_goes_there_and_back_again)
{
	pair.host[1].idle = false;
	cr_assert_eq(move(0, MIG_VERIFY_FULL)->state, MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	cr_expect_eq(move(1, MIG_VERIFY_FULL)->state, MIG_JOB_COMPLETED);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_eq(pair.most_running, 1);
}

Test(types, a_refused_resume_does_not_stop_the_guest)
{
	pair.host[1].no_room = "no room";
	cr_expect_eq(move(0, MIG_VERIFY_OFF)->state, MIG_JOB_FAILED);
	cr_expect_eq(web1->stops, 0);
}

Test(types, a_resume_whose_state_the_destination_cannot_load_does_not_stop_the_guest)
{
	const struct mig_job *job;

	pair.host[1].state_refused = true;
	job = move(0, MIG_VERIFY_OFF);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "can't load the state"), "%s", job->error);
	cr_expect_eq(web1->stops, 0);
}

Test(types, resume_takes_longer_than_the_allowed_downtime_and_says_how_long)
{
	const struct mig_job *job;
	uint64_t sum = 0, page_bytes = 750 * PAGE_SIZE;	/* noise: half of what was written */

	pair.host[0].host.max_downtime_ms = 1;
	pair.host[0].host.stuck = MIG_STUCK_FAIL;
	job = move(0, MIG_VERIFY_OFF);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_geq(job->downtime_ns, page_bytes * 1000 / (20 * MIB / MS) / 1000 * 1000 / 1000);
	cr_expect_geq(pair.host[1].guest[0]->stopped_ns, job->term[MIG_TERM_PAGES].real_ns);
	for (unsigned t = 0; t < job->terms; t++)
		sum += job->term[t].real_ns;
	cr_expect_eq(sum, job->downtime_ns, "the terms explain all of it");
	cr_expect_eq(job->max_downtime_ns, 0, "it does not count");
}

Test(types, the_budget_of_a_resume_foretells_what_its_pages_take)
{
	const struct mig_job *job;
	const struct mig_job_term *pages;

	for (uint64_t pfn = 0; pfn < 4096; pfn++)
		fake_guest_fill(web1, pfn, 1);
	job = move(0, MIG_VERIFY_OFF);
	pages = &job->term[MIG_TERM_PAGES];
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_gt(pages->budget_ns, pages->real_ns / 2, "%zu against %zu", (size_t)pages->budget_ns, (size_t)pages->real_ns);
	cr_expect_lt(pages->budget_ns, pages->real_ns * 2, "%zu against %zu", (size_t)pages->budget_ns, (size_t)pages->real_ns);
	cr_expect_gt(job->term[MIG_TERM_STATE_LOAD].budget_ns, 0, "from the dry run");
}

Test(types, a_resume_keeps_to_its_bandwidth)
{
	uint64_t start = pipe_now_ns;

	pair.host[0].host.bandwidth_bytes = 2 * MIB;
	for (uint64_t pfn = 0; pfn < 2048; pfn++)
		fake_guest_fill(web1, pfn, 1);
	mig_service_destroy(pair.host[0].service);
	pair.host[0].service = mig_service_create(&pair.host[0].host);
	cr_expect_eq(move(0, MIG_VERIFY_OFF)->state, MIG_JOB_COMPLETED);
	cr_expect_geq(pipe_now_ns - start, 7 * SECOND / 2, "8 MiB at 2 MiB/s");
	cr_expect_leq(pipe_now_ns - start, 5 * SECOND);
}

Test(types, a_failed_resume_says_how_long_the_guest_stood)
{
	const struct mig_job *job;
	uint32_t id;

	for (uint64_t pfn = 0; pfn < 4096; pfn++)
		fake_guest_fill(web1, pfn, 1);
	id = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	while (!web1->stops)
		pair_step(&pair);
	pair_run(&pair, 200 * MS);
	pipe_cut(pair.pipe[0], false);
	job = pair_wait(&pair, 0, id, 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_eq(web1->life, FAKE_RUNNING);
	cr_expect_geq(job->downtime_ns, 200 * MS);
	cr_expect_leq(job->downtime_ns, SECOND);
}

/* --- Restart ---------------------------------------------------------------------------------------- */

/* The guest does what the power button asks for. */
static void power_off(void)
{
	web1->life = FAKE_OFF;
	cr_assert_eq(mig_service_guest_gone(pair.host[0].service, &web1->guest, "it powered off", pipe_now_ns), ERR_OK);
}

static uint32_t restart(void)
{
	pair.type = MIG_MOVE_RESTART;
	return pair_migrate(&pair, 0, MIG_VERIFY_FULL);
}

static const struct mig_job *step_until_button(uint32_t id)
{
	while (!web1->buttons) {
		pair_step(&pair);
		cr_assert_not(mig_job_find(pair.host[0].service, id)->ended_ns, "%s", mig_job_find(pair.host[0].service, id)->error);
	}
	return mig_job_find(pair.host[0].service, id);
}

static void expect_a_fresh_guest_on_b(const struct mig_job *job)
{
	struct fake_guest *new = pair_running(&pair, 1);

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_eq(job->type, MIG_MOVE_RESTART);
	cr_expect_eq(mig_job_get(pair.host[1].service, 0)->type, MIG_MOVE_RESTART);
	cr_expect_eq(job->hash_source, job->hash_destination);
	cr_assert_not_null(new);
	cr_expect_eq(new->counter, 0, "it begins anew");
	cr_expect_eq(new->chunk[0][PAGE_SIZE], 'K');
	cr_expect_eq(new->chunk[0][2 * PAGE_SIZE], 0, "nothing of the old memory");
	cr_expect_eq(web1->life, FAKE_RELEASED);
	cr_expect_eq(web1->prepares, 1);
	cr_expect_eq(pair.most_running, 1);
}

Test(types, a_reset_is_a_power_off_only_while_a_restart_waits_for_one)
{
	struct mig_service *m = pair.host[0].service;
	uint32_t id = restart();

	cr_expect_not(mig_service_guest_awaits_off(m, &web1->guest));
	step_until_button(id);
	cr_expect(mig_service_guest_awaits_off(m, &web1->guest));
	power_off();
	pair_wait(&pair, 0, id, 100 * SECOND);
	cr_expect_not(mig_service_guest_awaits_off(m, &web1->guest));
}

Test(types, restart_waits_for_the_guest_to_power_off_and_begins_anew_elsewhere)
{
	uint32_t id = restart();
	const struct mig_job *job = step_until_button(id);

	cr_expect_eq(job->phase, MIG_PHASE_SHUTDOWN);
	pair_run(&pair, 10 * SECOND);
	cr_expect_eq(web1->life, FAKE_RUNNING, "it may take its time, and a quiet link is not a dead one");
	power_off();
	expect_a_fresh_guest_on_b(pair_wait(&pair, 0, id, 30 * SECOND));
	cr_expect_leq(job->downtime_ns, SECOND);
}

Test(types, restart_switches_off_a_guest_that_does_not_hear)
{
	uint32_t id = restart();
	const struct mig_job *job = step_until_button(id);
	uint64_t start = pipe_now_ns;

	expect_a_fresh_guest_on_b(pair_wait(&pair, 0, id, 100 * SECOND));
	cr_expect_geq(job->ended_ns - start, MIG_SHUTDOWN_WAIT_MS * MS);
	cr_expect_leq(job->ended_ns - start, (MIG_SHUTDOWN_WAIT_MS + 2000) * MS);
}

Test(types, restart_moves_a_guest_that_is_off_and_starts_it_there)
{
	web1->life = FAKE_OFF;
	expect_a_fresh_guest_on_b(pair_wait(&pair, 0, restart(), 30 * SECOND));
	cr_expect_eq(web1->buttons, 0);
}

Test(types, only_restart_moves_a_guest_that_is_off)
{
	struct mig_move m = { .vm = "web1", .ipv4 = 0x0a4d0003, .port = 5991, .type = MIG_MOVE_RESUME };
	struct why why = { "" };
	uint32_t id;

	web1->life = FAKE_OFF;
	cr_expect_eq(mig_migrate_start(pair.host[0].service, &m, &id, pipe_now_ns, &why), ERR_NOTFOUND);
	m.type = MIG_MOVE_LIVE;
	cr_expect_eq(mig_check_start(pair.host[0].service, &m, &id, pipe_now_ns, &why), ERR_NOTFOUND);
	m.type = MIG_MOVE_RESTART;
	cr_expect_eq(mig_check_start(pair.host[0].service, &m, &id, pipe_now_ns, &why), ERR_OK);
}

Test(types, a_refused_restart_does_not_touch_the_guest)
{
	pair.host[1].no_room = "no room";
	cr_expect_eq(pair_wait(&pair, 0, restart(), 30 * SECOND)->state, MIG_JOB_FAILED);
	cr_expect_eq(web1->buttons, 0);
	cr_expect_eq(web1->life, FAKE_RUNNING);
}

Test(types, a_restart_that_fails_after_the_power_off_starts_the_guest_where_it_was)
{
	uint32_t id = restart();
	const struct mig_job *job = step_until_button(id);

	power_off();
	while (!web1->prepares)
		pair_step(&pair);
	pipe_cut(pair.pipe[0], false);
	pair_wait(&pair, 0, id, 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "started again here"), "%s", job->error);
	cr_expect_eq(web1->life, FAKE_RUNNING);
	cr_expect_eq(web1->resumes, 1);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY) + pair_count(&pair, FAKE_LOADED), 0);
}

Test(types, a_failed_restart_leaves_a_guest_off_that_was_off)
{
	const struct mig_job *job;
	uint32_t id;

	web1->life = FAKE_OFF;
	id = restart();
	while (!web1->prepares)
		pair_step(&pair);
	pipe_cut(pair.pipe[0], false);
	job = pair_wait(&pair, 0, id, 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_eq(web1->life, FAKE_OFF);
	cr_expect_null(strstr(job->error, "started again"), "%s", job->error);
}

/* The button can't be taken back: whatever ends the attempt, the guest that obeyed it starts again. */
static void ends_while_powering_off(bool cancel, bool obeys)
{
	uint32_t id = restart();
	const struct mig_job *job = step_until_button(id);
	struct why why;

	if (cancel)
		cr_assert_eq(mig_job_cancel(pair.host[0].service, id, pipe_now_ns, &why), ERR_OK);
	else
		pipe_cut(pair.pipe[0], false);
	pair_run(&pair, SECOND);
	cr_expect_eq(job->ended_ns, 0);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 0, "the destination waits no longer");
	if (obeys)
		power_off();
	pair_wait(&pair, 0, id, 100 * SECOND);
	cr_expect_eq(job->state, cancel ? MIG_JOB_CANCELLED : MIG_JOB_FAILED);
	cr_expect_eq(!!strstr(job->error, "started again here"), obeys, "%s", job->error);
	cr_expect_eq(web1->life, FAKE_RUNNING);
	cr_expect_eq(web1->prepares, obeys);
}

Test(types, a_cancel_while_the_guest_powers_off_starts_it_again) { ends_while_powering_off(true, true); }
Test(types, a_cut_while_the_guest_powers_off_starts_it_again) { ends_while_powering_off(false, true); }
Test(types, a_cancel_lets_a_guest_that_does_not_hear_run_on) { ends_while_powering_off(true, false); }
Test(types, a_cut_lets_a_guest_that_does_not_hear_run_on) { ends_while_powering_off(false, false); }

Test(types, a_guest_that_cannot_be_started_anew_is_off_and_the_job_says_so)
{
	uint32_t id = restart();
	const struct mig_job *job = step_until_button(id);

	web1->broken = true;
	power_off();
	pair_wait(&pair, 0, id, 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, "its kernel is gone"), "%s", job->error);
	cr_expect_eq(web1->life, FAKE_OFF);
}

Test(types, a_guest_that_powers_off_by_itself_on_the_way_is_moved_all_the_same)
{
	uint32_t id = restart();

	while (mig_job_find(pair.host[0].service, id)->phase != MIG_PHASE_OFFER)
		pair_step(&pair);
	power_off();
	expect_a_fresh_guest_on_b(pair_wait(&pair, 0, id, 30 * SECOND));
	cr_expect_eq(web1->buttons, 0);
}

Test(types, a_restarted_guest_runs_nowhere_before_the_destination_owns_it)
{
	uint32_t id = restart();
	const struct mig_job *job = step_until_button(id);

	power_off();
	while (job->phase != MIG_PHASE_COMMIT && !job->ended_ns)
		pair_step(&pair);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 0, "nobody runs it before D says so");
	expect_a_fresh_guest_on_b(pair_wait(&pair, 0, id, 30 * SECOND));
}
