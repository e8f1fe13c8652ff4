/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "migration/protocol.h"
#include "migration/records.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_wire.h"

/* Every way to break one move by one link death, one crash and one cancel: at each record on the wire, and before and after each
 * writing of a record to the store, of either host, with a store that keeps, forgets or loses its last drop. A host that
 * starts again starts web1 afresh where it has it in its tern.conf and nothing holds it: host 0 and, after it ran there, host 1. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

enum where { AT_NOTHING, AT_RECORD, AT_STORE };

struct fault {
	enum where where;
	int from;			/* whose record, or whose store */
	unsigned number;		/* of the record, or of twice the operation (+ 1: after it) */
};

static struct pair pair;
static struct fake_store store[2];
static struct wire_record record[2][256];
static unsigned records[2];
static struct fault crash, cut, cancel;
static int victim;
static enum fake_store_fate fate;
static uint32_t job;
static unsigned cases, crashes, cancels;
static bool armed, crashed, cancelled;

static void stored(void *arg, bool after)
{
	int host = arg == &store[1];

	if (armed && crash.where == AT_STORE && !crashed && crash.from == host &&
	    crash.number == 2 * (store[host].operations - 1) + after) {
		crashed = true;
		pair_kill(&pair, host);
	}
}

static void on_connect(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	if (armed && number == 0 && cut.where == AT_RECORD)
		pipe_cut_after(pipe, cut.from, record[cut.from][cut.number].at, false);
}

/* Sent, in the first connection. */
static bool reached(const struct fault *f)
{
	size_t bytes;

	if (!armed || f->where != AT_RECORD || !pair.pipes)
		return false;
	(void)pipe_sent(pair.pipe[0], f->from, &bytes);
	return bytes > record[f->from][f->number].at;
}

static bool fresh_start(int host)
{
	struct why why;
	struct fake_guest *g;

	if (break_held(&pair, host, &why))
		return false;
	g = fake_guest_new("web1", 4 * MIB);
	g->idle = true;
	pair.host[host].guest[pair.host[host].guests++] = g;
	return true;
}

static void step(void)
{
	struct why why;

	if (!crashed && reached(&crash)) {
		crashed = true;
		pair_kill(&pair, victim);
	}
	if (!cancelled && reached(&cancel)) {
		cancelled = true;
		/* It may be too late, or the job may have gone with its host. */
		cancels += mig_job_cancel(pair.host[0].service, job, pipe_now_ns, &why) == ERR_OK;
	}
	pair_step(&pair);
	for (int n = 0; n < 2; n++) {
		if (!pair.host[n].dead)
			continue;
		pair_restart(&pair, n, fate);
		/* What its tern.conf has; without its records nothing could hold it back, so nobody starts it. */
		if (n == 0 && fate != FAKE_STORE_FORGETS)
			(void)fresh_start(n);
	}
}

static void start(void)
{
	crashed = cancelled = false;
	armed = true;
	pair_init(&pair, 4 * MIB);
	pair_keep_records(&pair, store);
	for (int n = 0; n < 2; n++) {
		store[n].around = stored;
		store[n].arg = &store[n];
	}
	pair.on_connect = on_connect;
	pair.step_ns = 5 * MS;
	pair.host[0].idle = pair.host[1].idle = true;
	fake_guest_work(pair.host[0].guest[0], 60, 30);
	pair.host[0].guest[0]->idle = true;
	job = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
}

static unsigned copies(int host, enum fake_guest_life life)
{
	unsigned n = 0;

	for (unsigned i = 0; i < pair.host[host].guests; i++)
		n += pair.host[host].guest[i]->life == life;
	return n;
}

static bool in_doubt(int host)
{
	for (unsigned i = 0; i < mig_job_count(pair.host[host].service); i++)
		if (mig_job_get(pair.host[host].service, i)->in_doubt)
			return true;
	return false;
}

static const char *fault_text(void)
{
	static char text[120];

	snprintf(text, sizeof(text), "crash of %d (%d %d %u, fate %d), cut (%d %d %u), cancel (%d %d %u)", victim, crash.where, crash.from,
		 crash.number, fate, cut.where, cut.from, cut.number, cancel.where, cancel.from, cancel.number);
	return text;
}

static bool settled(void)
{
	bool loading = copies(1, FAKE_EMPTY) || copies(0, FAKE_EMPTY);
	const struct mig_job *j = mig_job_find(pair.host[0].service, job);

	return !loading && (!j || j->ended_ns) && !in_doubt(0) && !in_doubt(1);
}

/* Nothing may be left but markers, how it came and what was given up; a later move must work. */
static void expect_clean(int where)
{
	static const uint8_t allowed[] = { [MIG_RECORD_ABORTED] = 1, [MIG_RECORD_AWAY] = 1, [MIG_RECORD_VOID] = 1, [MIG_RECORD_CAME] = 1 };
	const struct mig_job *j;

	pair_run(&pair, 10 * SECOND);
	for (int n = 0; n < 2; n++)
		for (int i = 0; i < MIG_STORE_ENTRIES; i++)
			cr_assert(!store[n].entry[i].used || (store[n].entry[i].bytes[12] < sizeof(allowed) && allowed[store[n].entry[i].bytes[12]]),
				  "%s: state %u is left at %d", fault_text(), store[n].entry[i].bytes[12], n);
	armed = false;
	j = pair_wait(&pair, where, pair_migrate(&pair, where, MIG_VERIFY_FULL), 60 * SECOND);
	cr_assert_eq(j->state, MIG_JOB_COMPLETED, "%s: the next move: %s", fault_text(), j->error);
	cr_assert_eq(j->hash_source, j->hash_destination);
}

static void judge(void)
{
	unsigned here, there;
	struct why why = { "" };

	for (int n = 0; n < 400 && !(n > 20 && settled()); n++)
		for (int k = 0; k < 10; k++)
			step();
	here = copies(0, FAKE_RUNNING);
	there = copies(1, FAKE_RUNNING);
	cr_assert_leq(pair.most_running, 1, "%s: two ran", fault_text());
	cr_assert_leq(here + there, 1, "%s", fault_text());
	cr_assert_eq(copies(0, FAKE_EMPTY) + copies(1, FAKE_EMPTY), 0, "%s: half a copy is left", fault_text());
	if (here + there) {
		cr_assert(!there || !in_doubt(0) || fate == FAKE_STORE_FORGETS, "%s: it runs there and here is doubt", fault_text());
		cr_assert_not(copies(0, FAKE_STOPPED), "%s: a copy is left", fault_text());
		if (!copies(1, FAKE_LOADED) && fate != FAKE_STORE_FORGETS)
			expect_clean(there != 0);
		return;
	}
	/* It runs nowhere: a complete copy is in doubt, which shows, or it died with a host, and one of them may start it again. */
	cr_assert(crashed, "%s: it runs nowhere", fault_text());
	if (copies(0, FAKE_STOPPED))
		cr_assert(in_doubt(0) && break_held(&pair, 0, &why), "%s: no doubt shows", fault_text());
	else if (copies(1, FAKE_LOADED))
		cr_assert(in_doubt(1), "%s: no doubt shows there", fault_text());
	else if (fate != FAKE_STORE_FORGETS)
		cr_assert(!break_held(&pair, 0, &why) || !break_held(&pair, 1, &why), "%s: it may start nowhere: %s", fault_text(), why.text);
}

static void play(void)
{
	start();
	judge();
	pair_fini(&pair);
	cases++;
	crashes += crashed;
}

/* What a whole move sends and stores, to know where to break it. */
static void learn(void)
{
	memset(&crash, 0, sizeof(crash));
	memset(&cut, 0, sizeof(cut));
	memset(&cancel, 0, sizeof(cancel));
	cases = crashes = cancels = 0;
	start();
	cr_assert_eq(pair_wait(&pair, 0, job, 60 * SECOND)->state, MIG_JOB_COMPLETED);
	pair_run(&pair, 2 * SECOND);
	for (int from = 0; from < 2; from++) {
		size_t bytes;
		const uint8_t *data = pipe_sent(pair.pipe[0], from, &bytes);

		records[from] = wire_records(data, bytes, record[from], 256);
		cr_assert_geq(store[from].operations, 3);
	}
	pair_fini(&pair);
}

static void with_each_fate(void)
{
	for (int f = FAKE_STORE_KEEPS; f <= FAKE_STORE_LOSES_DROP; f++) {
		fate = (enum fake_store_fate)f;
		play();
	}
}

/* Calls @then with @f at each record of both directions. */
static void at_each_record(struct fault *f, void (*then)(void))
{
	for (int from = 0; from < 2; from++)
		for (unsigned n = 0; n < records[from]; n++) {
			*f = (struct fault){ AT_RECORD, from, n };
			then();
		}
	f->where = AT_NOTHING;
}

static void crash_at_each_record(void)
{
	for (victim = 0; victim < 2; victim++)
		at_each_record(&crash, with_each_fate);
}

static void crash_at_each_store(void)
{
	for (victim = 0; victim < 2; victim++) {
		crash = (struct fault){ AT_STORE, victim, 0 };
		do {
			with_each_fate();
			crash.number++;
		} while (crashed);	/* until the move has no such operation any more */
	}
	crash.where = AT_NOTHING;
}

static void report(const char *what)
{
	printf("%u cases, %u crashes, %u cancels that came in time: %s\n", cases, crashes, cancels, what);
	cr_assert_gt(crashes, 30, "the crashes were never reached");
}

Test(crash, of_either_host_at_every_record_of_a_move)
{
	learn();
	crash_at_each_record();
	report("crash at each record");
}

Test(crash, of_either_host_around_every_writing_of_its_store)
{
	learn();
	crash_at_each_store();
	report("crash around each store operation");
}

Test(crash, around_every_writing_of_a_store_and_a_link_that_died_at_any_record)
{
	learn();
	at_each_record(&cut, crash_at_each_store);
	report("link death at each record x crash around each store operation");
}

Test(crash, around_every_writing_of_a_store_and_cancel_at_any_record)
{
	learn();
	at_each_record(&cancel, crash_at_each_store);
	report("cancel at each record x crash around each store operation");
}

static void crash_that_keeps(void)
{
	fate = FAKE_STORE_KEEPS;
	for (victim = 0; victim < 2; victim++) {
		crash = (struct fault){ AT_STORE, victim, 0 };
		do {
			play();
			crash.number++;
		} while (crashed);
	}
}

static void cut_at_each_record(void)
{
	at_each_record(&cut, crash_that_keeps);
}

Test(crash, around_every_writing_of_a_store_and_a_link_that_died_and_cancel, .timeout = 600)
{
	learn();
	for (unsigned n = 0; n < records[0]; n++) {
		cancel = (struct fault){ AT_RECORD, 0, n };
		cut_at_each_record();
	}
	report("cancel at each record of the source x link death at each record x crash around each store operation");
}
