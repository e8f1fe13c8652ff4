/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/mig_pair.h"

/* Several migrations at once: limits, turns, shares. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;

static void limits(unsigned max_out, unsigned max_in, uint64_t bandwidth)
{
	for (int n = 0; n < 2; n++) {
		struct mig_host host = pair.host[n].host;

		host.max_out = max_out;
		host.max_in = max_in;
		host.bandwidth_bytes = bandwidth;
		mig_service_destroy(pair.host[n].service);
		pair.host[n].service = mig_service_create(&host);
	}
}

static struct fake_guest *add(int n, const char *name)
{
	struct pair_host *h = &pair.host[n];
	struct fake_guest *g = fake_guest_new(name, 4 * MIB);

	g->def.uuid[0] = (uint8_t)(0x30 + 16 * n + h->guests);
	g->random += h->guests * 77 + (unsigned)n;
	fake_guest_work(g, 400, 300);
	return h->guest[h->guests++] = g;
}

/* Host a has web1, a1, a2 and a3, host b has b1 and b2. */
static void setup(void)
{
	pair_init(&pair, 4 * MIB);
	pair.link.rate = 10 * MIB;
	pair.link.delay_ns = MS;
	pair.work = 1;
	pair.work_pages = 100;
	fake_guest_work(pair.host[0].guest[0], 400, 300);
	add(0, "a1");
	add(0, "a2");
	add(0, "a3");
	add(1, "b1");
	add(1, "b2");
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(queue, .init = setup, .fini = teardown);

static uint32_t start(int from, const char *vm, unsigned priority)
{
	struct mig_move move = { .ipv4 = 0x0a4d0002 + (uint32_t)!from, .port = 5991, .verify = MIG_VERIFY_FULL, .priority = priority };
	struct why why = { "" };
	uint32_t id = 0;

	strcpy(move.vm, vm);
	cr_assert_eq(mig_migrate_start(pair.host[from].service, &move, &id, pipe_now_ns, &why), ERR_OK, "%s: %s", vm, why.text);
	return id;
}

static const struct mig_job *job(int n, uint32_t id)
{
	return mig_job_find(pair.host[n].service, id);
}

static unsigned under_way(int n)
{
	unsigned count = 0;

	for (unsigned i = 0; i < mig_job_count(pair.host[n].service); i++) {
		const struct mig_job *j = mig_job_get(pair.host[n].service, i);

		count += !j->incoming && j->state == MIG_JOB_ACTIVE;
	}
	return count;
}

Test(queue, four_guests_change_places_at_once)
{
	uint32_t a1, a2, b1, b2;
	unsigned most = 0;

	limits(2, 2, 0);
	a1 = start(0, "a1", 0);
	a2 = start(0, "a2", 0);
	b1 = start(1, "b1", 0);
	b2 = start(1, "b2", 0);
	while (!job(0, a1)->ended_ns || !job(0, a2)->ended_ns || !job(1, b1)->ended_ns || !job(1, b2)->ended_ns) {
		unsigned now = under_way(0) + under_way(1);

		most = now > most ? now : most;
		pair_step(&pair);
	}
	cr_expect_eq(most, 4);
	for (int n = 0; n < 4; n++) {
		const struct mig_job *j = n < 2 ? job(0, n ? a2 : a1) : job(1, n == 2 ? b1 : b2);

		cr_expect_eq(j->state, MIG_JOB_COMPLETED, "%s: %s", j->vm, j->error);
		cr_expect(j->verified);
		cr_expect_eq(j->hash_source, j->hash_destination, "%s", j->vm);
	}
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 6);
	cr_expect_eq(pair_count(&pair, FAKE_RELEASED), 4);
}

Test(queue, those_beyond_the_limit_wait_by_priority_and_age_and_say_so)
{
	uint32_t first, low, high, young;

	limits(1, 4, 0);
	first = start(0, "web1", 9);
	pair_step(&pair);
	low = start(0, "a1", 5);
	high = start(0, "a2", 1);
	young = start(0, "a3", 1);
	pair_run(&pair, 10 * MS);
	cr_expect_eq(job(0, first)->state, MIG_JOB_ACTIVE, "what has begun is not pushed aside");
	cr_expect_eq(job(0, low)->state, MIG_JOB_NEW);
	cr_expect_eq(job(0, low)->phase, MIG_PHASE_WAITING);
	cr_expect_not_null(strstr(job(0, low)->waits, "max_out"), "%s", job(0, low)->waits);
	cr_expect_not_null(strstr(job(0, low)->waits, "2 go first"), "%s", job(0, low)->waits);
	while (!job(0, low)->ended_ns) {
		cr_assert_leq(under_way(0), 1);
		pair_step(&pair);
	}
	cr_expect_eq(job(0, low)->state, MIG_JOB_COMPLETED, "%s", job(0, low)->error);
	cr_expect_geq(job(0, high)->started_ns, job(0, first)->ended_ns);
	cr_expect_geq(job(0, young)->started_ns, job(0, high)->ended_ns);
	cr_expect_geq(job(0, low)->started_ns, job(0, young)->ended_ns);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 6);
}

Test(queue, one_that_waits_can_be_cancelled_and_costs_its_guest_nothing)
{
	struct why why;
	uint32_t first, second;

	limits(1, 4, 0);
	first = start(0, "web1", 0);
	pair_step(&pair);
	second = start(0, "a1", 0);
	pair_run(&pair, 20 * MS);
	cr_assert_eq(mig_job_cancel(pair.host[0].service, second, pipe_now_ns, &why), ERR_OK);
	cr_expect_eq(job(0, second)->state, MIG_JOB_CANCELLED);
	cr_expect_eq(pair_wait(&pair, 0, first, 100 * SECOND)->state, MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	cr_expect_eq(pair.host[0].guest[1]->life, FAKE_RUNNING);
	cr_expect_eq(pair.host[0].guest[1]->stops, 0);
	second = start(0, "a1", 0);
	cr_expect_eq(pair_wait(&pair, 0, second, 100 * SECOND)->state, MIG_JOB_COMPLETED, "and it may move later");
}

Test(queue, one_that_waits_ends_when_its_guest_stops)
{
	uint32_t second;

	limits(1, 4, 0);
	start(0, "web1", 0);
	pair_step(&pair);
	second = start(0, "a1", 0);
	pair_run(&pair, 20 * MS);
	cr_assert_eq(mig_service_guest_gone(pair.host[0].service, &pair.host[0].guest[1]->guest, "a1 was powered off", pipe_now_ns), ERR_OK);
	cr_expect_eq(job(0, second)->state, MIG_JOB_FAILED);
	cr_expect_str_eq(job(0, second)->error, "a1 was powered off");
}

Test(queue, a_destination_refuses_more_than_it_takes_and_names_the_limit)
{
	uint32_t id[3];
	unsigned failed = 0;

	limits(4, 2, 0);
	id[0] = start(0, "web1", 0);
	id[1] = start(0, "a1", 0);
	id[2] = start(0, "a2", 0);
	for (int n = 0; n < 3; n++) {
		const struct mig_job *j = pair_wait(&pair, 0, id[n], 100 * SECOND);

		if (j->state == MIG_JOB_COMPLETED)
			continue;
		failed++;
		cr_expect_not_null(strstr(j->error, "2 migrations at once (max_in"), "%s", j->error);
	}
	cr_expect_eq(failed, 1);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 6);
}

Test(queue, more_than_can_wait_are_refused_at_once)
{
	struct mig_move move = { .ipv4 = 0x0a4d0003, .port = 5991 };
	struct why why = { "" };
	uint32_t id;

	for (int n = 0; n < 13; n++) {
		char name[8] = { 'g', (char)('a' + n) };

		add(0, name);
	}
	for (unsigned n = 0, taken = 0; n < pair.host[0].guests; n++) {
		enum err e;

		strcpy(move.vm, pair.host[0].guest[n]->def.name);
		e = mig_migrate_start(pair.host[0].service, &move, &id, pipe_now_ns, &why);
		cr_expect_eq(e, taken < 16 ? ERR_OK : ERR_SPACE, "%u: %s", n, why.text);
		taken += e == ERR_OK;
	}
	cr_expect_not_null(strstr(why.text, "16 migrations"), "%s", why.text);
}

Test(queue, the_bandwidth_limit_is_shared_by_those_that_run)
{
	uint32_t id[2];
	uint64_t bytes, ns;

	pair.work = 0;
	limits(4, 4, 2 * MIB);
	for (uint64_t pfn = 0; pfn < 1000; pfn++) {
		fake_guest_fill(pair.host[0].guest[0], pfn, 1);
		fake_guest_fill(pair.host[0].guest[1], pfn, 3);
	}
	id[0] = start(0, "web1", 0);
	id[1] = start(0, "a1", 0);
	pair_run(&pair, 200 * MS);
	bytes = job(0, id[0])->bytes_sent + job(0, id[1])->bytes_sent;
	ns = pipe_now_ns;
	pair_run(&pair, 2 * SECOND);
	bytes = job(0, id[0])->bytes_sent + job(0, id[1])->bytes_sent - bytes;
	ns = pipe_now_ns - ns;
	cr_expect_leq(bytes, 2 * MIB * (ns / MS) / 1000 * 11 / 10, "%llu bytes in 2 s", (unsigned long long)bytes);
	cr_expect_geq(bytes, 2 * MIB * (ns / MS) / 1000 * 8 / 10, "%llu bytes in 2 s", (unsigned long long)bytes);
	cr_expect_geq(job(0, id[1])->bytes_sent, job(0, id[0])->bytes_sent * 8 / 10, "each gets its part");
	cr_expect_eq(pair_wait(&pair, 0, id[0], 100 * SECOND)->state, MIG_JOB_COMPLETED);
	cr_expect_eq(pair_wait(&pair, 0, id[1], 100 * SECOND)->state, MIG_JOB_COMPLETED);
}
