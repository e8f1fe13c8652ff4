/* SPDX-License-Identifier: MIT */
/* unit: migration/[a-z]*.c lib/crc32c.c lib/err.c lib/fmt.c lib/pages.c lib/state.c lib/why.c tests/fake/fake_guest.c tests/fake/fake_log.c tests/fake/fake_store.c tests/fake/mig_pair.c tests/fake/mig_wire.c tests/fake/pipe.c */
/* libs: -Lbuild/deps/host -lthird */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* The types of migration besides Live: Resume, whose guest stands still from before the first page on. */

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
