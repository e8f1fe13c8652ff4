/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "migration/protocol.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* Every fault at every record: the link dies there, before or after the record has arrived; then nothing more, or the next
 * connection loses its answer too, or a host loses its memory at once or a little later; and an operator cancels, at
 * either side, or doesn't. watch() says what must hold at every moment, judge() how it must end. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define SETTLE_S 60	/* at most: doubts stay */
#define QUIET_S 12	/* twice the time after which a connection is dead */
#define NEXT_S 60

enum crash { CRASH_NONE, CUT_AGAIN, CRASH_S, CRASH_D, CRASH_S_LATER, CRASH_D_LATER, CRASHES };
enum cancel { CANCEL_NONE, CANCEL_S, CANCEL_S_LATER, CANCEL_D, CANCELS };

static const char *const crash_name[] = { "no more", "the next connection's answer is lost", "S crashes", "D crashes", "S crashes a moment later",
	"D crashes a moment later" };
static const char *const cancel_name[] = { "no cancel", "cancel at S", "cancel at S after 1 s", "cancel at D" };

struct fault {
	int from;
	unsigned number;		/* of the record */
	bool arrives, silent;
	enum crash crash;
	enum cancel cancel;
};

static struct pair pair;
static struct wire_record record[2][256];
static unsigned records[2];
static struct fault fault;

/* What was seen of a case up to now. */
static struct {
	uint32_t job;
	bool struck, crashed[2], ran_at_d, resumed_at_s, prepared, cancelled_at_s;
} seen;

/* Text of the case, for messages. */
static const char *what(void)
{
	static char text[200];

	snprintf(text, sizeof(text), "%s %u (%s) of %c %s, %s, %s, %s: ", mig_type_name(record[fault.from][fault.number].type),
		 fault.number, fault.silent ? "silent" : "loud", "SD"[fault.from], fault.arrives ? "arrives" : "is lost",
		 crash_name[fault.crash], cancel_name[fault.cancel], seen.struck ? "struck" : "not struck");
	return text;
}

#define EXPECT(condition, ...) cr_assert(condition, "%s%s", what(), __VA_ARGS__)

static void on_connect(struct pair *p, unsigned number, struct pipe *pipe)
{
	const struct wire_record *r = &record[fault.from][fault.number];

	(void)p;
	if (!number && records[0])
		pipe_cut_after(pipe, fault.from, r->at + r->length - !fault.arrives, fault.silent);
	if (number == 1 && fault.crash == CUT_AGAIN)
		pipe_cut_after(pipe, 1, record[1][0].length + 1, fault.silent);	/* behind HELLO */
}

static void start(void)
{
	pair_init(&pair, 2 * MIB);
	pair.on_connect = on_connect;
	pair.link.rate = 20 * MIB;
	pair.link.delay_ns = MS;
	pair.host[1].idle = true;
	fake_guest_work(pair.host[0].guest[0], 100, 30);
	pair.work = 1;
	pair.work_pages = 16;
	memset(&seen, 0, sizeof(seen));
	seen.job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
}

/* What a whole migration puts on the wire, to know where the faults can strike. */
static void record_a_clean_run(void)
{
	records[0] = records[1] = 0;
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

static bool sent_commit(void)
{
	struct wire_record r[256];
	size_t bytes;
	const uint8_t *data = pipe_sent(pair.pipe[0], 0, &bytes);
	unsigned n = wire_records(data, bytes, r, 256);

	for (unsigned i = 0; i < n; i++)
		if (r[i].type == MIG_COMMIT)
			return true;
	return false;
}

static bool is(int host, enum fake_guest_life life)
{
	for (unsigned i = 0; i < pair.host[host].guests; i++)
		if (pair.host[host].guest[i]->life == life)
			return true;
	return false;
}

static const struct mig_job *job_of(int host, uint32_t id)
{
	return mig_job_find(pair.host[host].service, id);
}

/* What must hold at every moment. */
static void watch(void)
{
	const struct fake_guest *s = seen.crashed[0] ? NULL : pair.host[0].guest[0];
	const struct fake_guest *d = pair.host[1].guests ? pair.host[1].guest[0] : NULL;

	EXPECT(pair_count(&pair, FAKE_RUNNING) <= 1, "two run");
	seen.ran_at_d |= d && d->runs;
	seen.prepared |= d && d->life == FAKE_LOADED;
	seen.resumed_at_s |= s && s->resumes;
	EXPECT(!seen.ran_at_d || !seen.resumed_at_s, "an image that ran at D runs at S");
	EXPECT(!s || s->life != FAKE_RELEASED || seen.ran_at_d, "S freed what never ran at D");
	if (seen.prepared && d && d->life == FAKE_DISCARDED)
		EXPECT(seen.resumed_at_s || (s && s->life != FAKE_RELEASED), "D dropped the last copy");
}

static void crash(int n)
{
	for (unsigned i = 0; i < pair.pipes; i++)
		pipe_cut(pair.pipe[i], fault.silent);
	seen.crashed[n] = true;
	pair_reboot(&pair, n);
}

static void cancel(int host)
{
	struct why why;
	const struct mig_job *j = mig_job_get(pair.host[host].service, 0);

	if (j && !mig_job_cancel(pair.host[host].service, j->id, pipe_now_ns, &why) && host == 0)
		seen.cancelled_at_s = true;
}

static void strike(void)
{
	seen.struck = true;
	if (fault.cancel == CANCEL_S || fault.cancel == CANCEL_D)
		cancel(fault.cancel == CANCEL_D);
	if (fault.crash == CRASH_S || fault.crash == CRASH_D)
		crash(fault.crash == CRASH_D);
	for (int n = 0; n < 4; n++) {
		pair_step(&pair);
		watch();
	}
	if (fault.crash == CRASH_S_LATER || fault.crash == CRASH_D_LATER)
		crash(fault.crash == CRASH_D_LATER);
}

/* Steps until the fault strikes, then until all has been quiet for long enough. */
static void run(void)
{
	uint64_t end = pipe_now_ns + 60 * SECOND, later, busy_ns;

	while (!pair.pipes || !pipe_is_cut(pair.pipe[0])) {
		pair_step(&pair);
		watch();
		EXPECT(pipe_now_ns < end, "the fault does not strike");
	}
	strike();
	busy_ns = pipe_now_ns;
	later = pipe_now_ns + SECOND;
	pair.step_ns = 20 * MS;
	for (end = pipe_now_ns + SETTLE_S * SECOND; pipe_now_ns < end && pipe_now_ns - busy_ns < QUIET_S * SECOND; watch()) {
		pair_step(&pair);
		if (!pair_quiet(&pair))
			busy_ns = pipe_now_ns;
		if (fault.cancel == CANCEL_S_LATER && later && pipe_now_ns >= later) {
			cancel(0);
			later = 0;
		}
	}
}

static unsigned records_of(int host, enum mig_record_state state)
{
	const struct mig_records *r = &pair.host[host].service->core.records;
	unsigned n = 0;

	for (unsigned i = 0; i < MIG_RECORDS; i++)
		n += r->note[i].state == state;
	return n;
}

/* Nothing is open: no attempt, no connection with a guest, nothing to settle, no copy, no record that binds. */
static void expect_nothing_left(void)
{
	for (int n = 0; n < 2; n++) {
		struct mig_service *m = pair.host[n].service;

		EXPECT(!m->core.coming, "a reception is open");
		EXPECT(!service_notifications(m), "something is left to settle");
		for (unsigned i = 0; i < SERVICE_OUT; i++)
			EXPECT(!m->out[i].source, "a source is left");
		for (unsigned i = 0; i < SERVICE_IN; i++)
			EXPECT(!m->core.in[i] || !m->core.in[i]->guest, "a destination is left");
		for (unsigned i = 0; i < mig_job_count(m); i++)
			EXPECT(mig_job_get(m, i)->ended_ns, "a job has not ended");
		EXPECT(!records_of(n, MIG_RECORD_PREPARED) && !records_of(n, MIG_RECORD_COMMITTED), "a record binds");
		/* DONE never comes from an S that has forgotten. */
		EXPECT(!records_of(n, MIG_RECORD_OWNED) || seen.crashed[0], "an OWNED record is left");
	}
	EXPECT(!pair_count(&pair, FAKE_EMPTY) && !pair_count(&pair, FAKE_LOADED) && !pair_count(&pair, FAKE_STOPPED),
	       "a copy is left");
}

static void expect_next_attempt(int from)
{
	const struct mig_job *j;

	pair.on_connect = NULL;
	pair.step_ns = MS;
	j = pair_wait(&pair, from, pair_migrate(&pair, from, MIG_VERIFY_FULL), NEXT_S * SECOND);
	EXPECT(j->state == MIG_JOB_COMPLETED, j->error);
	EXPECT(pair_running(&pair, !from) && pair_count(&pair, FAKE_RUNNING) == 1, "the next attempt moved it elsewhere");
}

/* In doubt at @host: it holds the guest, runs nothing, and says why. */
static void expect_doubt(int host, enum fake_guest_life life)
{
	const struct mig_job *j = mig_job_get(pair.host[host].service, 0);

	EXPECT(pair_count(&pair, FAKE_RUNNING) == 0 && is(host, life), "in doubt without its guest");
	EXPECT(j && j->in_doubt && j->doubt[0] && j->doubt_since_ns, "the doubt does not show");
}

/* Where the guest must be when all is quiet; gives the host that runs it, -1 if none may. */
static int judge(void)
{
	const struct fake_guest *s = seen.crashed[0] ? NULL : pair.host[0].guest[0];
	const struct mig_job *j = job_of(0, seen.job);

	if (seen.cancelled_at_s)
		EXPECT(!seen.ran_at_d, "cancelled, and it ran at D");
	if (seen.crashed[0] && !seen.ran_at_d) {
		if (is(1, FAKE_LOADED))
			expect_doubt(1, FAKE_LOADED);
		else
			expect_nothing_left();
		return -1;
	}
	if (seen.crashed[1] && s->life == FAKE_STOPPED) {
		EXPECT(sent_commit(), "in doubt before COMMIT");
		expect_doubt(0, FAKE_STOPPED);
		return -1;
	}
	expect_nothing_left();
	if (seen.crashed[1] && s->life == FAKE_RELEASED)
		return -1;	/* it ran at D, and died with it */
	EXPECT(pair_count(&pair, FAKE_RUNNING) == 1, s ? "S's job is over, nobody runs" : "nobody runs");
	EXPECT(!s || (j->state == MIG_JOB_COMPLETED) == !!pair_running(&pair, 1), "the job ended otherwise than the guest");
	if (s && pair_running(&pair, 1))
		EXPECT(fake_guest_equal(s, pair_running(&pair, 1)), "memory differs");
	return pair_running(&pair, 1) != NULL;
}

static void try_one(void)
{
	int where;

	start();
	run();
	where = judge();
	if (where >= 0)
		expect_next_attempt(where);
	pair_fini(&pair);
}

static void matrix(int from, bool silent)
{
	unsigned cases = 0;

	record_a_clean_run();
	for (unsigned n = 0; n < records[from]; n++)
		for (int arrives = 0; arrives < 2; arrives++)
			for (enum crash c = 0; c < CRASHES; c++)
				for (enum cancel k = 0; k < (silent ? CANCEL_S_LATER : CANCELS); k++, cases++) {
					fault = (struct fault){ from, n, arrives, silent, c, k };
					try_one();
				}
	printf("%u cases at %u records of %s\n", cases, records[from], from ? "the destination" : "the source");
}

Test(fault_matrix, at_each_record_of_the_source) { matrix(0, false); }
Test(fault_matrix, at_each_record_of_the_destination) { matrix(1, false); }
Test(fault_matrix, in_silence_at_each_record_of_the_source) { matrix(0, true); }
Test(fault_matrix, in_silence_at_each_record_of_the_destination) { matrix(1, true); }
