/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/pages.h"
#include "migration/protocol.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* A link that dies before STOP and comes back: the migration goes on with what has arrived. The guest writes all the time, in
 * pages that go as deltas too, and both hosts' hashes of its memory are compared at the end of each case. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define CONNECTIONS 4

static struct pair pair;
static struct wire_record record[2][512];
static unsigned records[2];
static uint64_t longest[2];		/* bytes that a clean resume exchange and what follows puts on the second connection */
static struct { uint64_t at; int from; bool silent, armed; } cut[CONNECTIONS];
static uint64_t grace_ns[2];

static uint64_t spare_chunks(void *ctx)
{
	(void)ctx;
	return 64;
}

static void on_connect(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	if (number < CONNECTIONS && cut[number].armed)
		pipe_cut_after(pipe, cut[number].from, cut[number].at, cut[number].silent);
}

static void start(void)
{
	static bool memory;

	if (!memory)
		pages_add((uint64_t)(uintptr_t)aligned_alloc(CHUNK_SIZE, 32 * MIB), 32 * MIB);
	memory = true;
	pair_init(&pair, 4 * MIB);
	for (int n = 0; n < 2; n++) {
		struct pair_host *h = &pair.host[n];

		mig_service_destroy(h->service);
		h->host.resume_grace_ns = grace_ns[n];
		h->host.spare_chunks = spare_chunks;
		/* A batch makes the content so small that little is left to cut. */
		h->host.encodings = 1u << MIG_ENC_ZERO | 1u << MIG_ENC_RAW | 1u << MIG_ENC_LZ4 | 1u << MIG_ENC_DELTA;
		h->service = mig_service_create(&h->host);
	}
	pair.on_connect = on_connect;
	pair.link.rate = 4 * MIB;
	pair.link.delay_ns = MS;
	fake_guest_work(pair.host[0].guest[0], 300, 100);
	pair.work = 1;
	pair.work_pages = 64;
}

static void setup(void)
{
	memset(cut, 0, sizeof(cut));
	grace_ns[0] = grace_ns[1] = 30 * SECOND;
}

TestSuite(resume, .init = setup);

static uint32_t begin(void)
{
	struct mig_move move = { .vm = "web1", .ipv4 = 0x0a4d0003, .port = 5991, .verify = MIG_VERIFY_FULL, .max_downtime_ms = 12 };
	struct why why = { "" };
	uint32_t job = 0;

	start();
	cr_assert_eq(mig_migrate_start(pair.host[0].service, &move, &job, pipe_now_ns, &why), ERR_OK, "%s", why.text);
	return job;
}

static void arm(unsigned connection, int from, uint64_t at, bool silent)
{
	cut[connection].at = at;
	cut[connection].from = from;
	cut[connection].silent = silent;
	cut[connection].armed = true;
}

static void record_connection(unsigned number)
{
	for (int from = 0; from < 2; from++) {
		size_t bytes;
		const uint8_t *data = pipe_sent(pair.pipe[number], from, &bytes);

		records[from] = wire_records(data, bytes, record[from], 512);
		longest[from] = bytes;
	}
}

/* What a migration puts on the wire, to know where to cut: on its connection @number. */
static void record_a_run(unsigned number)
{
	const struct mig_job *job = pair_wait(&pair, 0, begin(), 60 * SECOND);

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_assert_geq(job->rounds, 3, "%u rounds", job->rounds);
	pair_run(&pair, SECOND);
	cr_assert_eq(pair.pipes, number + 1);
	record_connection(number);
	pair_fini(&pair);
}

/* Where the first record of @type begins. */
static uint64_t begin_of(int from, uint16_t type)
{
	for (unsigned n = 0; n < records[from]; n++)
		if (record[from][n].type == type)
			return record[from][n].at;
	cr_assert_fail("no such record");
	return 0;
}

/* Where the last record of D before READY, but its final ROUND_ACK, begins. */
static uint64_t last_before_stop(void)
{
	uint64_t at = 0, before = 0;

	for (unsigned n = 0; record[1][n].type != MIG_READY; n++) {
		if (record[1][n].type == MIG_HEARTBEAT)
			continue;
		before = at;
		at = record[1][n].at;
	}
	return before;
}

/* Runs until the job has ended and nothing half-loaded is left. */
static const struct mig_job *run(uint32_t id)
{
	const struct mig_job *job = pair_wait(&pair, 0, id, 300 * SECOND);

	cr_assert(job->ended_ns, "phase %s", mig_phase_name(job->phase));
	for (int n = 0; n < 60 && (pair_count(&pair, FAKE_EMPTY) || pair_count(&pair, FAKE_LOADED)); n++)
		pair_run(&pair, SECOND);
	return mig_job_find(pair.host[0].service, id);
}

static void expect_one(const struct mig_job *job, bool must_complete, const char *what, uint64_t at)
{
	int where = job->state == MIG_JOB_COMPLETED;

	cr_assert(where || !must_complete, "%s at %zu: %s", what, (size_t)at, job->error);
	cr_assert_eq(pair.most_running, 1, "%s at %zu: two ran", what, (size_t)at);
	cr_assert_eq(pair_count(&pair, FAKE_RUNNING), 1, "%s at %zu: %s", what, (size_t)at, job->error);
	cr_assert_not_null(pair_running(&pair, where), "%s at %zu: it runs elsewhere", what, (size_t)at);
	cr_assert_eq(pair_count(&pair, FAKE_EMPTY) + pair_count(&pair, FAKE_LOADED) + pair_count(&pair, FAKE_STOPPED), 0,
		     "%s at %zu: a copy is left", what, (size_t)at);
	if (!where)
		return;
	cr_assert(job->verified, "%s at %zu", what, (size_t)at);
	cr_assert_eq(job->hash_source, job->hash_destination, "%s at %zu", what, (size_t)at);
	cr_assert_eq(pair.host[1].guest[0]->runs, 1);
	cr_assert_eq(pair.host[1].guests, 1, "%s at %zu: started again", what, (size_t)at);
}

static void cut_everywhere(bool silent)
{
	unsigned cases = 0, resumed = 0;

	record_a_run(0);
	for (int from = 0; from < 2; from++) {
		/* Bytes of S after OFFER and before STOP, of D after ACCEPT and before its last answer in the rounds is read. */
		uint64_t first = from ? begin_of(1, MIG_ACCEPT) + 60 : begin_of(0, MIG_PAGES) + 1, last = from ? last_before_stop() :
			begin_of(0, MIG_STOP);

		for (unsigned n = 0; n < records[from]; n++) {
			for (int inside = 0; inside < 2; inside++, cases++) {
				uint64_t at = record[from][n].at + (inside ? 20 : 0);
				bool rounds = at >= first && at <= last;
				const struct mig_job *job;

				arm(0, from, at, silent);
				job = run(begin());
				expect_one(job, rounds, from ? "cut of D" : "cut of S", at);
				cr_assert(!rounds || job->reconnects == 1, "cut of %d at %zu: %u reconnects", from, (size_t)at,
					  job->reconnects);
				resumed += job->reconnects;
				pair_fini(&pair);
			}
		}
	}
	printf("%u cuts, %u resumed\n", cases, resumed);
	cr_assert_gt(resumed, 20);
}

Test(resume, after_a_cut_at_every_record) { cut_everywhere(false); }
Test(resume, after_a_silent_cut_at_every_record) { cut_everywhere(true); }

/* The second connection dies at every byte of the exchange and at every record that follows. */
static void cut_twice(bool silent)
{
	unsigned cases = 0, twice = 0;
	uint64_t first;

	record_a_run(0);
	first = record[0][5].at + 1000;
	cr_assert_lt(first, begin_of(0, MIG_STOP));
	arm(0, 0, first, silent);
	record_a_run(1);
	for (int from = 0; from < 2; from++) {
		uint64_t stop = from ? last_before_stop() : begin_of(0, MIG_STOP);
		uint64_t exchange = from ? begin_of(1, MIG_RESUMED) + 80 : begin_of(0, MIG_RESUME) + 80;

		for (uint64_t at = 0; at < longest[from]; cases++) {
			const struct mig_job *job;

			arm(0, 0, first, silent);
			arm(1, from, at, silent);
			job = run(begin());
			expect_one(job, at <= stop, from ? "second cut of D" : "second cut of S", at);
			twice += job->reconnects;
			pair_fini(&pair);
			at += at < exchange ? 7 : from ? 40 : 9001;
		}
	}
	printf("%u second cuts, %u reconnects\n", cases, twice);
	cr_assert_gt(twice, cases);
}

Test(resume, when_the_second_connection_is_cut_too) { cut_twice(false); }
Test(resume, when_the_second_connection_is_cut_in_silence) { cut_twice(true); }

/* Cuts the first connection in round @round and leaves no way to make another one. */
static uint32_t unplug_in_round(uint32_t round)
{
	uint32_t id = begin();

	while (mig_job_find(pair.host[0].service, id)->rounds < round)
		pair_step(&pair);
	pair_run(&pair, 20 * MS);
	cr_assert_eq(mig_job_find(pair.host[0].service, id)->phase, MIG_PHASE_ROUNDS);
	pipe_cut(pair.pipe[0], false);
	pair.unplugged = true;
	return id;
}

static const struct mig_job *job_of(int host, uint32_t id)
{
	return mig_job_find(pair.host[host].service, id);
}

Test(resume, goes_on_counting_rounds_and_sends_no_page_again_that_had_arrived)
{
	const struct mig_job *job;
	uint64_t before;
	uint32_t id;

	id = begin();
	fake_guest_work(pair.host[0].guest[0], 3000, 800);
	while (job_of(0, id)->bytes_sent < MIB * 3 / 2)
		pair_step(&pair);
	cr_assert_eq(job_of(0, id)->rounds, 1);
	pipe_cut(pair.pipe[0], false);
	pair.unplugged = true;
	before = job_of(0, id)->bytes_sent;
	pair_run(&pair, 9 * SECOND);
	job = job_of(0, id);
	cr_expect_eq(job->phase, MIG_PHASE_ROUNDS);
	cr_expect_neq(job->lost_ns, 0);
	cr_expect_eq(job->lost_until_ns - job->lost_ns, 30 * SECOND);
	cr_expect_str_eq(job->lost, "connection lost: connection or device failed");
	cr_expect_eq(job_of(1, 1)->lost_until_ns - job_of(1, 1)->lost_ns, 30 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 1, "kept meanwhile");
	cr_expect_not_null(pair_running(&pair, 0), "and the guest runs");
	pair.unplugged = false;
	job = run(id);
	expect_one(job, true, "a cut in round 1", before);
	cr_expect_eq(job->reconnects, 1);
	cr_expect_eq(job_of(1, 1)->reconnects, 1);
	cr_expect_eq(job->lost_ns, 0);
	cr_expect_gt(job->rounds, 2);
	cr_expect_gt(job->bytes_sent, before);
	cr_expect_lt(job->bytes_sent, 4 * MIB, "%zu bytes, %zu of them before the cut", (size_t)job->bytes_sent, (size_t)before);
	pair_fini(&pair);
}

Test(resume, keeps_what_the_guest_writes_while_there_is_no_link)
{
	uint32_t id = unplug_in_round(2);
	const struct mig_job *job;
	struct fake_guest *old;

	pair_run(&pair, 3 * SECOND);
	/* Once, into a page that had gone out long ago, and never again. */
	fake_guest_fill(pair.host[0].guest[0], 600, 77);
	fake_guest_fill(pair.host[0].guest[0], 99, 78);
	pair_run(&pair, 3 * SECOND);
	pair.host[1].idle = true;
	pair.unplugged = false;
	job = run(id);
	old = pair.host[0].guest[0];
	expect_one(job, true, "written meanwhile", 0);
	cr_expect_eq(pair.host[1].guest[0]->chunk[0][99 * PAGE_SIZE + 5], 78);
	cr_expect_eq(memcmp(pair.host[1].guest[0]->chunk[1] + 88 * PAGE_SIZE, old->chunk[1] + 88 * PAGE_SIZE, PAGE_SIZE), 0);
	pair_fini(&pair);
}

/* In round 2 more is dirty in one chunk than a record takes: what was harvested and is not sent yet is known to nobody else. */
Test(resume, sends_what_was_harvested_and_had_not_gone_out)
{
	for (uint64_t sent = 20000; sent < 1000000; sent += 70000) {
		const struct mig_job *job;
		uint64_t before;
		uint32_t id = begin();

		pair.work = 0;
		for (uint64_t pfn = 512; pfn < 900; pfn++)
			fake_guest_fill(pair.host[0].guest[0], pfn, 1);
		while (job_of(0, id)->bytes_sent < MIB)
			pair_step(&pair);
		cr_assert_eq(job_of(0, id)->rounds, 1);
		for (uint64_t pfn = 0; pfn < 250; pfn++)
			fake_guest_fill(pair.host[0].guest[0], pfn, (uint8_t)(2 * (pfn % 100) + 1));
		while (job_of(0, id)->rounds < 2)
			pair_step(&pair);
		before = job_of(0, id)->bytes_sent;
		while (job_of(0, id)->bytes_sent < before + sent && job_of(0, id)->rounds == 2 && !job_of(0, id)->ended_ns &&
		       job_of(0, id)->phase == MIG_PHASE_ROUNDS)
			pair_step(&pair);
		pipe_cut(pair.pipe[0], false);
		job = run(id);
		expect_one(job, false, "in the middle of a chunk", sent);
		cr_assert(job->state == MIG_JOB_COMPLETED || sent > 900000, "%zu: %s", (size_t)sent, job->error);
		pair_fini(&pair);
	}
}

Test(resume, ends_when_the_grace_time_is_over_with_all_freed_and_nothing_recorded)
{
	uint64_t cut_ns;
	uint32_t id = unplug_in_round(2);
	const struct mig_job *job;

	cut_ns = pipe_now_ns;
	job = pair_wait(&pair, 0, id, 100 * SECOND);
	cr_assert_eq(job->state, MIG_JOB_FAILED);
	cr_expect_str_eq(job->error, "the link to lab-b was lost (connection lost: connection or device failed) and did not come back "
			 "within 30 s");
	cr_expect_leq(job->ended_ns - cut_ns, 32 * SECOND);
	cr_expect_geq(job->ended_ns - cut_ns, 30 * SECOND);
	pair_run(&pair, 8 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1);
	cr_expect_eq(job_of(1, 1)->state, MIG_JOB_FAILED);
	cr_expect_str_eq(job_of(1, 1)->error, "the link to lab-a was lost (connection lost: connection or device failed) and did not "
			 "come back within 30 s");
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_eq(pair.host[0].guest[0]->stops, 0);
	cr_expect_not(pair.host[0].guest[0]->tracking);
	pair.unplugged = false;
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	pair_fini(&pair);
}

Test(resume, can_be_cancelled_while_there_is_no_link_and_the_destination_is_told_when_there_is_one)
{
	uint32_t id = unplug_in_round(2);

	pair_run(&pair, 2 * SECOND);
	cr_assert_eq(mig_job_cancel(pair.host[0].service, id, pipe_now_ns, NULL), ERR_OK);
	cr_expect_eq(job_of(0, id)->state, MIG_JOB_CANCELLED);
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_RUNNING);
	cr_expect_not(pair.host[0].guest[0]->tracking);
	pair_run(&pair, 2 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 1, "nobody could tell it");
	pair.unplugged = false;
	pair_run(&pair, 9 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1, "told");
	cr_expect_eq(job_of(1, 1)->state, MIG_JOB_CANCELLED);
	cr_expect_str_eq(job_of(1, 1)->error, "cancelled at the source");
	pair_fini(&pair);
}

Test(resume, cancelled_without_a_link_is_ended_at_the_destination_by_its_grace_time)
{
	uint32_t id = unplug_in_round(2);
	unsigned connections;

	pair_run(&pair, 2 * SECOND);
	cr_assert_eq(mig_job_cancel(pair.host[0].service, id, pipe_now_ns, NULL), ERR_OK);
	pair_run(&pair, 30 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1);
	pair_run(&pair, 20 * SECOND);
	connections = pair.pipes;
	pair_run(&pair, 60 * SECOND);
	cr_expect_eq(pair.pipes, connections, "the source has stopped telling it");
	pair_fini(&pair);
}

Test(resume, cancelled_by_the_destinations_operator_ends_the_attempt_when_the_link_is_back)
{
	uint32_t id = unplug_in_round(2);
	const struct mig_job *job;

	pair_run(&pair, 2 * SECOND);
	cr_assert_eq(mig_job_cancel(pair.host[1].service, 1, pipe_now_ns, NULL), ERR_OK);
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1);
	pair.unplugged = false;
	job = pair_wait(&pair, 0, id, 20 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_str_eq(job->error, "the link was lost, and can't be resumed: lab-b holds nothing of this attempt");
	cr_expect_not_null(pair_running(&pair, 0));
	pair_fini(&pair);
}

Test(resume, finds_a_destination_that_has_restarted_and_fails_at_once)
{
	uint32_t id = unplug_in_round(2);
	const struct mig_job *job;

	pair_run(&pair, 2 * SECOND);
	pair_reboot(&pair, 1);
	pair.unplugged = false;
	job = pair_wait(&pair, 0, id, 20 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	/* The new boot has no grace time in this test, and would say that it holds nothing anyway. */
	cr_expect_not_null(strstr(job->error, "holds nothing of this attempt"), "%s", job->error);
	cr_expect_not_null(pair_running(&pair, 0));
	pair_fini(&pair);
}

static void without(int host)
{
	const struct mig_job *job;
	uint32_t id;

	grace_ns[host] = 0;
	id = begin();
	while (job_of(0, id)->rounds < 2)
		pair_step(&pair);
	pipe_cut(pair.pipe[0], false);
	job = pair_wait(&pair, 0, id, SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_str_eq(job->error, "10.77.0.3 port 5991: connection lost: connection or device failed");
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1);
	cr_expect_eq(pair.pipes, 1);
	pair_fini(&pair);
}

Test(resume, is_not_tried_by_a_source_without_grace_time) { without(0); }
Test(resume, is_not_tried_with_a_destination_without_grace_time) { without(1); }

/* S hears nothing any more and opens a new connection; D still reads the old one. */
Test(resume, replaces_a_half_open_connection_of_the_same_attempt)
{
	const struct mig_job *job;
	uint32_t id = begin();
	size_t sent;

	while (job_of(0, id)->rounds < 2)
		pair_step(&pair);
	pipe_sent(pair.pipe[0], 1, &sent);
	pipe_hold(pair.pipe[0], 1, sent);
	job = run(id);
	expect_one(job, true, "half-open", 0);
	cr_expect_eq(job->reconnects, 1);
	cr_expect_eq(pair.pipes, 2);
	pair_fini(&pair);
}

/* --- lies ------------------------------------------------------------------------------------------- */

static struct { uint16_t type; unsigned field; uint64_t value; unsigned bytes; bool seen; } lie;

/* In the first record of lie.type: byte lie.field of its body and the following become lie.value. */
static void change(uint8_t *bytes, size_t n)
{
	struct wire_record r[64];
	unsigned count = wire_records(bytes, n, r, 64);

	for (unsigned i = 0; i < count && !lie.seen; i++) {
		if (r[i].type != lie.type)
			continue;
		memcpy(bytes + r[i].at + MIG_HEADER + lie.field, &lie.value, lie.bytes);
		wire_seal(bytes + r[i].at);
		lie.seen = true;
	}
}

static int liar;

static void on_lying_connect(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	if (number)
		pipe_tamper(pipe, liar, change);
}

/* Cuts, and lets @who tell a lie on the way back; gives why the attempt failed. */
static const char *lied(int who, uint16_t type, unsigned field, uint64_t value, unsigned bytes)
{
	const struct mig_job *job;
	uint32_t id = begin();

	liar = who;
	memset(&lie, 0, sizeof(lie));
	lie.type = type;
	lie.field = field;
	lie.value = value;
	lie.bytes = bytes;
	pair.on_connect = on_lying_connect;
	while (job_of(0, id)->rounds < 2)
		pair_step(&pair);
	pair_run(&pair, 20 * MS);
	pipe_cut(pair.pipe[0], false);
	job = pair_wait(&pair, 0, id, 60 * SECOND);
	cr_assert(lie.seen);
	cr_assert_eq(job->state, MIG_JOB_FAILED);
	cr_assert_not_null(pair_running(&pair, 0), "%s", job->error);
	cr_assert_eq(pair.host[0].guest[0]->stops, 0);
	/* Told by its source that nothing follows, or ended by its grace time. */
	pair_run(&pair, 50 * SECOND);
	cr_assert_eq(pair_count(&pair, FAKE_DISCARDED), 1);
	return job_of(0, id)->error;
}

#define EXPECT_LIE(sentence, ...) do {							\
	const char *why_ = lied(__VA_ARGS__);						\
	cr_expect_not_null(strstr(why_, sentence), "%s", why_);				\
	pair_fini(&pair);								\
} while (0)

/* Fields of tables are {tag, width, count} and values: the first value is at byte 6. HELLO: magic, capabilities (20),
 * version_min (34), version_max (42), port (50), purpose (58), boot_id (65), uuid (87). */
Test(resume, refuses_a_destination_that_speaks_of_records_never_sent)
{
	EXPECT_LIE("RESUMED speaks of 1000000 records of pages", 1, MIG_RESUMED, 6, 1000000, 8);
	EXPECT_LIE("RESUMED speaks of 0 records of pages", 1, MIG_RESUMED, 6, 0, 8);
	EXPECT_LIE("RESUMED speaks of 18446744073709551615 records", 1, MIG_RESUMED, 6, UINT64_MAX, 8);
}

Test(resume, refuses_another_destination_or_another_hello)
{
	EXPECT_LIE("has restarted since", 1, MIG_HELLO, 65, 0x1111, 2);
	EXPECT_LIE("HELLO on the way back differs from the first: purpose 4, capabilities 0x1", 1, MIG_HELLO, 20, 1, 8);
	EXPECT_LIE("HELLO on the way back differs from the first: purpose 3", 1, MIG_HELLO, 58, 3, 1);
}

Test(resume, refuses_another_source_by_name)
{
	EXPECT_LIE("another boot of a host began this attempt", 0, MIG_HELLO, 65, 0x1111, 2);
	EXPECT_LIE("10.77.0.2 is another host than lab-a, with which this attempt began", 0, MIG_HELLO, 87, 0x1111, 2);
	EXPECT_LIE("HELLO differs from the one that began this attempt", 0, MIG_HELLO, 20, 0x11 | 1u << 20, 8);
}

Test(resume, refuses_a_source_that_begins_another_round)
{
	EXPECT_LIE("RESUME begins round 1, here it is 2", 0, MIG_RESUME, 6, 1, 4);
	EXPECT_LIE("RESUME begins round 4, here it is 2", 0, MIG_RESUME, 6, 4, 4);
	EXPECT_LIE("RESUME begins round 4294967295, here it is 2", 0, MIG_RESUME, 6, UINT32_MAX, 4);
}

/* --- a stranger ------------------------------------------------------------------------------------- */

static uint8_t said[1024];
static size_t said_bytes;

/* Sends @bytes to host b on a connection of its own; what it answers is in said. */
static void speak(const uint8_t *bytes, size_t length)
{
	struct pipe_options o = { 0 };
	struct pipe *pipe = pipe_new(&o);
	struct channel *mine = pipe_end(pipe, 0);

	mig_service_accept(pair.host[1].service, pipe_end(pipe, 1), pipe_now_ns);
	cr_assert_eq(mine->ops->send(mine, bytes, length), length);
	for (int n = 0; n < 20; n++)
		mig_service_step(pair.host[1].service, pipe_now_ns += 1000, &(bool){ false });
	said_bytes = mine->ops->recv(mine, said, sizeof(said));
	mine->ops->close(mine);
	pipe_drop(pipe);
}

/* The resuming source's HELLO, of which @change is made. */
static size_t resuming_hello(uint8_t *hello, unsigned at, uint8_t mask)
{
	size_t bytes, length = record[0][0].length;

	memcpy(hello, pipe_sent(pair.pipe[0], 0, &bytes), length);
	hello[32 + 58] = MIG_PURPOSE_RESUME;
	/* The last field is the proof: what D said first. */
	memcpy(hello + length - MIG_PROOF, pipe_sent(pair.pipe[0], 1, &bytes) + length - MIG_PROOF, MIG_PROOF);
	hello[at] ^= mask;
	wire_seal(hello);
	return length;
}

Test(resume, of_an_attempt_that_is_unknown_or_another_boots_takes_nothing_from_the_one_that_waits)
{
	const struct mig_job *job;
	uint8_t hello[512];
	uint32_t id;
	size_t bytes;

	id = unplug_in_round(2);
	pair_run(&pair, SECOND);
	records[0] = wire_records(pipe_sent(pair.pipe[0], 0, &bytes), 400, record[0], 512);
	speak(hello, resuming_hello(hello, 16, 1));
	cr_expect_eq(said[0], MIG_REJECT);
	cr_expect_not_null(memmem(said, said_bytes, "lab-b holds nothing of this attempt", 35));
	speak(hello, resuming_hello(hello, 32 + 65, 1));
	cr_expect_eq(said[0], MIG_REJECT);
	cr_expect_not_null(memmem(said, said_bytes, "another boot", 12));
	speak(hello, resuming_hello(hello, 100, 0));
	cr_expect_eq(said[0], MIG_HELLO, "the right one is taken");
	pair.unplugged = false;
	job = run(id);
	expect_one(job, true, "after strangers spoke", 0);
	pair_fini(&pair);
}
