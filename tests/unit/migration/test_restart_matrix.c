/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "migration/protocol.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* Hosts that keep records die between any two actions: around each operation on a store, in a migration that goes well or whose
 * link dies at any record; the store keeps what it has, or loses a removal, or all; the other host dies too, or not. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define NO_CUT (-1)
#define SETTLE_S 60	/* at most: doubts stay */
#define QUIET_S 12	/* twice the time after which a connection is dead */

enum when { BEFORE, AFTER, AFTER_THE_STEP, WHENS };
struct death { int cut_from; unsigned cut_record; int host; unsigned operation; enum when when; bool both; enum fake_store_fate fate; };

static const uint8_t web1[16] = { [0 ... 15] = 0x77 };	/* its uuid */
static struct pair pair;
static struct fake_store store[2];
static struct wire_record record[2][256];
static unsigned records[2];
static struct death death;
static unsigned operations;	/* on the store of the host that is to die */
static struct {
	uint32_t job;
	bool died[2], ran_at_d, ran_again_at_s, released, committed_kept, owned_kept;
	unsigned pipes;			/* connections up to the death */
} seen;

static const char *what(void)
{
	static const char *const fate[] = { "is kept", "is lost", "loses a removal" };
	static const char *const when[] = { "before", "after", "at the end of the step of" };
	static char text[240];
	const struct wire_record *r = death.cut_from >= 0 ? &record[death.cut_from][death.cut_record] : NULL;

	snprintf(text, sizeof(text), "%s of %c is lost, %c dies %s operation %u%s, what it stored %s: ",
		 r ? mig_type_name(r->type) : "nothing", r ? "SD"[death.cut_from] : '-', "SD"[death.host],
		 when[death.when], death.operation, death.both ? ", the other too" : "", fate[death.fate]);
	return text;
}

#define EXPECT(condition, ...) cr_assert(condition, "%s%s", what(), __VA_ARGS__)

static void die(void)
{
	seen.ran_at_d |= pair.host[1].guests && pair.host[1].guest[0]->runs;
	seen.pipes = pair.pipes;
	pair_kill(&pair, death.host);
}

static void around(void *arg, bool after)
{
	(void)arg;
	if (death.when == (after ? AFTER : BEFORE) && operations == death.operation && !pair.host[death.host].dead &&
	    !seen.died[death.host])
		die();
	operations += after;
}

static void on_connect(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	if (!number && death.cut_from >= 0)
		pipe_cut_after(pipe, death.cut_from, record[death.cut_from][death.cut_record].at + 1, false);
}

static void start(void)
{
	pair_init(&pair, 2 * MIB);
	pair_keep_records(&pair, store);
	pair.on_connect = on_connect;
	pair.link.rate = 20 * MIB;
	pair.link.delay_ns = MS;
	pair.host[1].idle = true;
	fake_guest_work(pair.host[0].guest[0], 100, 30);
	pair.work = 1;
	pair.work_pages = 16;
	memset(&seen, 0, sizeof(seen));
	operations = 0;
	store[death.host].around = around;
	seen.job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
}

static void record_a_clean_run(void)
{
	death = (struct death){ .cut_from = NO_CUT, .operation = UINT32_MAX };
	start();
	cr_assert_eq(pair_wait(&pair, 0, seen.job, 60 * SECOND)->state, MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	for (int from = 0; from < 2; from++) {
		size_t bytes;
		const uint8_t *data = pipe_sent(pair.pipe[0], from, &bytes);

		records[from] = wire_records(data, bytes, record[from], 256);
	}
	pair_fini(&pair);
}

/* The guest of the attempt at @host, NULL if it died with the host. */
static const struct fake_guest *guest(int host)
{
	return pair.host[host].dead || !pair.host[host].guests ? NULL : pair.host[host].guest[0];
}

static void watch(void)
{
	const struct fake_guest *s = guest(0), *d = guest(1);

	EXPECT(!s || !d || s->life != FAKE_RUNNING || d->life != FAKE_RUNNING, "two run");
	seen.ran_at_d |= d && d->runs;
	seen.ran_again_at_s |= s && s->resumes;
	EXPECT(!seen.ran_at_d || !seen.ran_again_at_s, "an image that ran at D runs at S");
	EXPECT(!s || s->life != FAKE_RELEASED || seen.ran_at_d, "S freed what never ran at D");
	/* A D that was started again has lost it: S's copy is the last one. */
	if (s && s->life == FAKE_RELEASED && !seen.released)
		EXPECT(!seen.died[1] || pair.pipes == seen.pipes, "S freed the last copy on the word of a D that died");
	seen.released |= s && s->life == FAKE_RELEASED;
}

static bool recorded(int host, enum mig_record_state state)
{
	const struct mig_records *r = &pair.host[host].service->core.records;

	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (r->note[i].state == state)
			return true;
	return false;
}

static void restart(int host)
{
	pair_restart(&pair, host, death.fate);
	seen.died[host] = true;
	if (host)
		seen.owned_kept = recorded(1, MIG_RECORD_OWNED);
	else
		seen.committed_kept = recorded(0, MIG_RECORD_COMMITTED);
	if (!host && seen.committed_kept) {
		struct why why;

		EXPECT(mig_service_vm_held(pair.host[0].service, web1, &why), "S would start afresh what it committed");
	}
}

/* False: the host never came to that operation. */
static bool run(void)
{
	uint64_t end = pipe_now_ns + SETTLE_S * SECOND, busy_ns = pipe_now_ns;

	while (pipe_now_ns < end && pipe_now_ns - busy_ns < QUIET_S * SECOND) {
		if (!pair.host[death.host].dead)
			pair_step(&pair);
		if (death.when == AFTER_THE_STEP && operations > death.operation && !seen.died[death.host])
			die();
		if (pair.host[death.host].dead) {
			restart(death.host);
			if (death.both)
				restart(!death.host);
			end = pipe_now_ns + SETTLE_S * SECOND;
		}
		watch();
		if (pair.pipes && pipe_is_cut(pair.pipe[0]))
			pair.step_ns = 20 * MS;
		if (!pair_quiet(&pair))
			busy_ns = pipe_now_ns;
	}
	return seen.died[death.host];
}

static bool doubt_shows(int host)
{
	const struct mig_job *j = mig_job_get(pair.host[host].service, 0);

	return j && j->in_doubt && j->doubt[0];
}

static void expect_settled(void)
{
	EXPECT(pair_quiet(&pair), "something is under way for ever");
	EXPECT(!pair_count(&pair, FAKE_EMPTY) && !pair_count(&pair, FAKE_LOADED) && !pair_count(&pair, FAKE_STOPPED), "a copy is left");
	for (int n = 0; n < 2; n++)
		EXPECT(!recorded(n, MIG_RECORD_PREPARED) && !recorded(n, MIG_RECORD_COMMITTED), "a record binds");
}

static void expect_next_attempt(int from)
{
	const struct mig_job *j;

	pair.on_connect = NULL;
	pair.step_ns = MS;
	j = pair_wait(&pair, from, pair_migrate(&pair, from, MIG_VERIFY_FULL), SETTLE_S * SECOND);
	EXPECT(j->state == MIG_JOB_COMPLETED, j->error);
	EXPECT(pair_running(&pair, !from) && pair_count(&pair, FAKE_RUNNING) == 1, "the next attempt moved it elsewhere");
}

/* S lost its memory, D has its own. */
static void judge_source_died(bool kept)
{
	if (pair_count(&pair, FAKE_LOADED)) {
		EXPECT(!kept, "S has its records, D still waits");
		EXPECT(doubt_shows(1), "D waits and does not show it");
		return;
	}
	EXPECT(!seen.ran_at_d || pair_running(&pair, 1), "it ran at D and does not any more");
	EXPECT(!kept || !seen.committed_kept || pair_running(&pair, 1), "S had committed, D does not run it");
	expect_settled();
	if (pair_running(&pair, 1) && kept) {
		struct why why;

		EXPECT(mig_service_vm_held(pair.host[0].service, pair.host[1].guest[0]->def.uuid, &why), "S would start it afresh");
	}
	if (pair_running(&pair, 1) && !kept)
		expect_next_attempt(1);
}

/* D lost its memory, S has its own. */
static void judge_destination_died(bool kept)
{
	const struct fake_guest *s = guest(0);

	if (s->life == FAKE_STOPPED) {
		EXPECT(!kept || seen.owned_kept, "in doubt although D knows that it never ran");
		EXPECT(doubt_shows(0), "S holds a copy and does not show why");
		return;
	}
	EXPECT(s->life == FAKE_RUNNING || s->life == FAKE_RELEASED, "S holds a copy in another life");
	expect_settled();
	if (s->life == FAKE_RUNNING)
		expect_next_attempt(0);
}

/* What outlived both is promises: they end, and nothing runs. */
static void judge_both_died(bool kept)
{
	EXPECT(!pair_count(&pair, FAKE_RUNNING), "something runs that died");
	if (kept)
		expect_settled();
}

/* False: there is no such operation. */
static bool try_one(void)
{
	bool struck, kept = death.fate != FAKE_STORE_FORGETS;

	start();
	struck = run();
	if (struck && death.both)
		judge_both_died(kept);
	else if (struck && death.host)
		judge_destination_died(kept);
	else if (struck)
		judge_source_died(kept);
	pair_fini(&pair);
	return struck;
}

static void matrix(int host)
{
	unsigned cases = 0;

	record_a_clean_run();
	for (int from = NO_CUT; from < 2; from++)
		for (unsigned cut = 0; cut < (from < 0 ? 1 : records[from]); cut++)
			for (unsigned way = 0; way < 6 * WHENS; way++)
				for (unsigned n = 0; ; n++, cases++) {
					death = (struct death){ from, cut, host, n, (enum when)(way / 6), way & 1,
								(enum fake_store_fate)(way / 2 % 3) };
					if (!try_one())
						break;
				}
	printf("%u deaths of the %s\n", cases, host ? "destination" : "source");
	cr_assert_gt(cases, 100);
}

Test(restart_matrix, the_source_dies_around_each_operation_on_its_store) { matrix(0); }
Test(restart_matrix, the_destination_dies_around_each_operation_on_its_store) { matrix(1); }
