/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/load.h"
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* Runs of the model (tests/model/traces.txt) drive both ends: each record that the model's hand-off knows arrives when the
 * trace says so, links die and hosts lose their memory where the trace says so. */

#define SECOND 1000000000ull
#define MIB (1ull << 20)

static struct pair pair;
static unsigned released[PAIR_PIPES][2];	/* records of the model that may have arrived */
static struct fake_store store[2];
static char trace[64][40];
static bool open_gates, durable, filled, s_crashed, d_crashed, followed;
static char received_by;		/* whose turn it was last */
static uint32_t job;
static unsigned end_s, end_d;	/* of the guest at both ends, as the model left them */

static const struct { const char *name; uint16_t type; uint8_t state; } names[] = {
	{ "OFFER", MIG_OFFER, 0 }, { "ACCEPT", MIG_ACCEPT, 0 }, { "REJECT", MIG_REJECT, 0 }, { "STATE", MIG_STATE, 0 },
	{ "READY", MIG_READY, 0 }, { "COMMIT", MIG_COMMIT, 0 }, { "RUNNING", MIG_RUNNING, 0 }, { "DONE", MIG_DONE, 0 },
	{ "QUERY", MIG_QUERY, 0 }, { "ANS_PREPARED", MIG_ANSWER, MIG_ANSWER_PREPARED },
	{ "ANS_NONE", MIG_ANSWER, 0 }, { "REFUSED", MIG_REFUSED, 0 }, { "ABORT", MIG_ABORT, 0 },
};

/* Connection @number of the model, which counts those that S opens; PAIR_PIPES: there is none yet. D asks back as it likes. */
static unsigned connection(unsigned number)
{
	for (unsigned c = 0; c < pair.pipes; c++)
		if (!pair.opener[c] && !number--)
			return c;
	return PAIR_PIPES;
}

/* Is it one of the records that the model has? Rounds and the dry run it has not. */
static bool modelled(const uint8_t *bytes, const struct wire_record *r)
{
	if (r->type == MIG_STATE)
		return !(le32_get(bytes + r->at + 32) & MIG_STATE_DRY);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].type == r->type)
			return true;
	return false;
}

/* Lets what is not in the model flow, and as many as were released of what is. */
static void gate(void)
{
	static struct wire_record record[512];

	for (unsigned c = 0; c < pair.pipes; c++) {
		for (int from = 0; from < 2 && !pair.opener[c]; from++) {
			size_t bytes, n = 0, held = 0;
			const uint8_t *data = pipe_sent(pair.pipe[c], from, &bytes);
			unsigned records = wire_records(data, bytes, record, 512);

			while (n < records && (!modelled(data, &record[n]) || held++ < released[c][from]))
				n++;
			pipe_hold(pair.pipe[c], from, open_gates ? UINT64_MAX :
				  n ? record[n - 1].at + record[n - 1].length : 0);
		}
	}
}

static void step(void)
{
	gate();
	pair_step(&pair);
}

/* The next record of the model from that end; NULL: none was sent yet. */
static const struct wire_record *next_record(unsigned c, int from, const uint8_t **data)
{
	static struct wire_record record[512];
	size_t bytes;
	unsigned records, held = 0;

	*data = pipe_sent(pair.pipe[c], from, &bytes);
	records = wire_records(*data, bytes, record, 512);
	for (unsigned n = 0; n < records; n++)
		if (modelled(*data, &record[n]) && held++ == released[c][from])
			return &record[n];
	return NULL;
}

static bool receive(const char *to, unsigned number, const char *name)
{
	unsigned c = connection(number);
	int from = to[0] == 'd' ? 0 : 1;
	const struct wire_record *r = NULL;
	const uint8_t *data;

	for (int n = 0; n < 3000 && c < pair.pipes && !(r = next_record(c, from, &data)); n++)
		step();
	/* In the model a record may outlive its connection's death; here it dies with it. */
	if (!r || pipe_is_cut(pair.pipe[c]))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i].name, name))
			continue;
		if (names[i].type != r->type ||
		    (r->type == MIG_ANSWER && data[r->at + 32 + 6] != names[i].state))
			return false;
	}
	released[c][from]++;
	for (int n = 0; n < 8; n++)
		step();
	return true;
}

/* Its store takes no more: @kind 1 says so when it is asked for room, 2 fails without notice. */
static void fill(int host, unsigned kind)
{
	store[host].limited = filled = true;
	store[host].left = 0;
	store[host].silent = kind == 2;
}

/* @full: its next start does not take room back either. */
static void crash(int host, bool full)
{
	*(host ? &d_crashed : &s_crashed) = true;
	pair_kill(&pair, host);
	store[host].limited = full;
	store[host].silent = false;
	pair_restart(&pair, host, FAKE_STORE_KEEPS);
}

/* False: the code went another way than the model; from there on it is on its own. */
static bool play(const char *line)
{
	char what[16] = "", to[4] = "", name[16] = "";
	unsigned c = 0;
	struct why why;

	if (sscanf(line, "recv %3s %u %15s", to, &c, name) == 3) {
		received_by = to[0];
		return receive(to, c, name);
	}
	if (sscanf(line, "told %3s", to) == 1) {
		for (int n = 0; n < 20000 && pair_count(&pair, FAKE_LOADED); n++)
			step();
		return !pair_count(&pair, FAKE_LOADED);
	}
	if (sscanf(line, "dead %3s %u", to, &c) == 2) {
		c = connection(c);
		if (c < pair.pipes)
			pipe_cut(pair.pipe[c], false);
		for (int n = 0; n < 8; n++)
			step();
		return c < pair.pipes;
	}
	if (sscanf(line, "end %u %u", &end_s, &end_d) == 2)
		return true;
	if (sscanf(line, "open %u", &c) == 1) {
		for (int n = 0; n < 20000 && connection(c) == PAIR_PIPES; n++)
			step();
		return connection(c) != PAIR_PIPES;
	}
	if (sscanf(line, "full %3s %u", to, &c) == 2) {
		if (c == 1)
			fill(to[0] == 'd', c);
		return true;
	}
	if (sscanf(line, "%15s %3s %u", what, to, &c) >= 1 && !strcmp(what, "crash")) {
		crash(to[0] == 'd', c);
		/* In the model it may have died before it recorded what it received last; here it has recorded it. */
		return !durable || received_by != to[0];
	}
	if (!strcmp(what, "cancel"))
		return !mig_job_cancel(pair.host[0].service, job, pipe_now_ns, &why);
	return true;
}

/* Whose event it is; 0: nobody's. */
static char actor(const char *line)
{
	char what[16], who[4] = "";

	if (sscanf(line, "%15s %3s", what, who) < 2 || !strcmp(what, "full"))
		return 0;
	return !strcmp(what, "open") ? 's' : who[0];
}

/* The model tells after an event that a writing failed in it. */
static void foresee(unsigned at, unsigned lines)
{
	char who = actor(trace[at]), host[4];
	unsigned kind;

	for (unsigned n = at + 1; who && n < lines && actor(trace[n]) != who; n++)
		if (sscanf(trace[n], "full %3s %u", host, &kind) == 2 && host[0] == who && kind == 2)
			fill(who == 'd', kind);
}

static void begin(void)
{
	memset(store, 0, sizeof(store));
	memset(released, 0, sizeof(released));
	open_gates = s_crashed = d_crashed = filled = false;
	followed = true;
	received_by = 0;
	pair_init(&pair, 2 * MIB);
	if (durable)
		pair_keep_records(&pair, store);
	pair.host[0].idle = pair.host[1].idle = true;
	fake_guest_work(pair.host[0].guest[0], 40, 20);
	pair.host[0].guest[0]->idle = true;
	job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
}

static bool in_doubt(int host)
{
	for (unsigned i = 0; i < mig_job_count(pair.host[host].service); i++)
		if (mig_job_get(pair.host[host].service, i)->in_doubt)
			return true;
	return false;
}

/* Messages pass again: the doubt ends, or is shown where the model says that it must stay. */
static void judge(unsigned number)
{
	unsigned running, left;
	const struct mig_job *j;
	int where;

	open_gates = true;
	for (uint64_t end = pipe_now_ns + 60 * SECOND; pipe_now_ns < end;)
		step();
	running = pair_count(&pair, FAKE_RUNNING);
	left = pair_count(&pair, FAKE_EMPTY) + pair_count(&pair, FAKE_LOADED) + pair_count(&pair, FAKE_STOPPED);
	cr_assert_leq(pair.most_running, 1, "trace %u: two ran", number);
	if (!s_crashed && !d_crashed) {
		cr_assert_eq(running, 1, "trace %u: it runs nowhere", number);
		cr_assert_eq(left, 0, "trace %u: a copy is left", number);
		if (pair_running(&pair, 1))
			cr_assert(fake_guest_equal(pair.host[0].guest[0], pair_running(&pair, 1)),
				  "trace %u: memory differs", number);
	} else if (left) {
		cr_assert(in_doubt(0) || in_doubt(1), "trace %u: a copy is left and no job shows a doubt", number);
		cr_assert_eq(running, 0, "trace %u: one side guessed", number);
	}
	/* What the model calls running (4) and stopped or loaded (2, 3) is so here, where it was followed to its end. */
	if (followed) {
		cr_assert_eq(pair_running(&pair, 0) != NULL, end_s == 4, "trace %u: S differs from the model", number);
		cr_assert_eq(pair_running(&pair, 1) != NULL, end_d == 4, "trace %u: D differs from the model", number);
		cr_assert_eq(left != 0, end_s == 3 || end_d == 2, "trace %u: what is left differs", number);
	}
	if (!running || left)
		return;
	where = pair_running(&pair, 1) != NULL;
	/* Without room for the marker of its leaving it would stay. */
	store[0].limited = store[1].limited = false;
	j = pair_wait(&pair, where, pair_migrate(&pair, where, MIG_VERIFY_FULL), 60 * SECOND);
	/* A store that fails without notice costs one attempt on either side. */
	for (int n = 0; n < 2 && filled && j->state != MIG_JOB_COMPLETED; n++)
		j = pair_wait(&pair, where, pair_migrate(&pair, where, MIG_VERIFY_FULL), 60 * SECOND);
	cr_assert_eq(j->state, MIG_JOB_COMPLETED, "trace %u: the next attempt: %s", number, j->error);
}

static void replay(unsigned lines)
{
	durable = !strcmp(trace[0], "durable\n");
	begin();
	for (unsigned n = durable; n < lines && followed; n++) {
		foresee(n, lines);
		followed = play(trace[n]);
	}
}

Test(model_traces, leave_one_guest_or_a_doubt_that_shows)
{
	FILE *f = fopen("tests/model/traces.txt", "r");
	unsigned traces = 0, whole = 0, full = 0, lines = 0;

	cr_assert_not_null(f);
	while (lines < 64 && fgets(trace[lines], sizeof(trace[0]), f)) {
		if (trace[lines][0] != '\n') {
			lines++;
			continue;
		}
		replay(lines);
		judge(++traces);
		pair_fini(&pair);
		whole += followed;
		full += filled && followed;
		lines = 0;
	}
	cr_assert(feof(f), "trace %u is too long", traces + 1);
	fclose(f);
	printf("%u traces of the model, %u followed to their end, in %u of these a store was full\n", traces, whole, full);
	cr_assert_gt(traces, 100);
	cr_assert_gt(whole, traces / 3);
	cr_assert_gt(full, 20);
}
