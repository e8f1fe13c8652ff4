/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/protocol.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_wire.h"

/* A step that says "nothing more" is not called again until something happens or a deadline passes: with work left over it
 * must not say so. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define PIECE 32	/* a record without a body */

static struct pair pair;

/* A host that sleeps for long shows each needless sleep in the downtime. */
static void sleepy_pair(uint64_t memory_bytes)
{
	pair_init(&pair, memory_bytes);
	pair.step_ns = 100 * MS;
	fake_guest_work(pair.host[0].guest[0], 300, 100);
	pair.work = 1;
	pair.work_pages = 32;
}

Test(wakeups, a_final_pass_over_much_clean_memory_is_done_without_sleep)
{
	const struct mig_job *job;

	sleepy_pair(4096 * MIB);
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_OFF), 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_lt(job->downtime_ns, 50 * MS, "stopped for %u ms", (unsigned)(job->downtime_ns / MS));
	pair_fini(&pair);
}

/* Steps until @job ends, holding what the hosts say about a guest that stands against where it stands; how often each said so. */
static void count_stands(uint32_t job, unsigned stands[2])
{
	const struct mig_job *j = mig_job_find(pair.host[0].service, job);

	stands[0] = stands[1] = 0;
	for (unsigned i = 0; !j->ended_ns; i++) {
		bool stopped = pair.host[0].guest[0]->life == FAKE_STOPPED;

		cr_assert_lt(i, 1000000, "it does not end");
		for (int n = 0; n < 2; n++) {
			bool said = mig_service_stands(pair.host[n].service);

			cr_assert(stopped || !said, "host %d says so of a guest that runs", n);
			stands[n] += said;
		}
		pair_step(&pair);
	}
	for (int n = 0; n < 2; n++)
		cr_expect(!mig_service_stands(pair.host[n].service));
}

Test(wakeups, both_hosts_know_that_a_guest_stands_for_their_answers)
{
	unsigned stands[2];

	pair_init(&pair, 4 * MIB);
	pair.link.delay_ns = 10 * MS;
	count_stands(pair_migrate(&pair, 0, MIG_VERIFY_FULL), stands);
	/* Last pages and state on their way to b; READY, COMMIT and RUNNING each 10 steps. */
	cr_expect_geq(stands[0], 40);
	cr_expect_geq(stands[1], 20, "from STOP on to COMMIT");
	pair_fini(&pair);
}

Test(wakeups, nobody_stays_awake_for_a_guest_that_stands_all_the_while)
{
	unsigned stands[2];

	pair_init(&pair, 4 * MIB);
	pair.link.delay_ns = 10 * MS;
	pair.type = MIG_MOVE_RESUME;
	count_stands(pair_migrate(&pair, 0, MIG_VERIFY_FULL), stands);
	cr_expect_eq(stands[0] + stands[1], 0);
	pair_fini(&pair);
}

Test(wakeups, nobody_stays_awake_while_in_doubt)
{
	pair_init(&pair, 4 * MIB);
	break_at_record(&pair, 1, MIG_RUNNING);
	pair_run(&pair, SECOND);
	cr_expect_not(break_job(&pair, 0)->ended_ns, "the source does not know");
	for (int n = 0; n < 2; n++)
		cr_expect(!mig_service_stands(pair.host[n].service));
	pair_fini(&pair);
}

/* @bytes as one end would send them, all at once. */
static void send_at_once(struct channel *ch, const uint8_t *bytes, size_t length)
{
	cr_assert_eq(ch->ops->send(ch, bytes, length), length);
}

/* Heartbeats @from @sequence on, of the attempt of the record at @like; returns how many bytes. */
static size_t heartbeats(uint8_t *out, const uint8_t *like, uint32_t sequence, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint8_t *r = out + (size_t)i * PIECE;

		memset(r, 0, PIECE);
		le16_put(r, MIG_HEARTBEAT);
		le32_put(r + 8, sequence + i);
		memcpy(r + 16, like + 16, 16);
		wire_seal(r);
	}
	return (size_t)count * PIECE;
}

/* Stations of a recorded migration: what end @from sent before its first record of type @before, *records records. */
static size_t recorded(int from, uint16_t before, uint8_t *out, size_t room, unsigned *records)
{
	static struct wire_record record[256];
	const uint8_t *data;
	unsigned n, end = 0;
	size_t bytes;

	pair_init(&pair, 4 * MIB);
	cr_assert_eq(pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_OFF), 60 * SECOND)->state, MIG_JOB_COMPLETED);
	data = pipe_sent(pair.pipe[0], from, &bytes);
	n = wire_records(data, bytes, record, 256);
	while (end < n && record[end].type != before)
		end++;
	cr_assert_lt(end, n);
	cr_assert_leq(record[end].at, room);
	memcpy(out, data, record[end].at);
	pair_fini(&pair);
	*records = end;
	return record[end].at;
}

static size_t put_abort(uint8_t *out, const uint8_t *like, uint32_t sequence)
{
	struct mig_abort text = { .text = "never mind" };
	size_t body;

	memcpy(out, like, PIECE);
	le16_put(out, MIG_ABORT);
	le32_put(out + 8, sequence);
	cr_assert_eq(state_save(mig_type_table(MIG_ABORT), &text, 1, out + PIECE, 512, &body, NULL), ERR_OK);
	le32_put(out + 4, (uint32_t)body);
	wire_seal(out);
	return PIECE + body;
}

/* HELLO and OFFER, many small records, and an ABORT come in one piece: the ABORT must be heard without further news. */
Test(wakeups, a_destination_goes_on_while_whole_records_are_left)
{
	static uint8_t bytes[65536];
	unsigned records;
	size_t length = recorded(0, MIG_ROUND_END, bytes, sizeof(bytes) / 2, &records);
	struct pipe_options o = { .capacity = sizeof(bytes) };
	struct channel *source;
	struct pipe *pipe;
	bool more = true;

	length += heartbeats(bytes + length, bytes, records, 100);
	length += put_abort(bytes + length, bytes, records + 100);

	pair_init(&pair, 4 * MIB);
	pipe = pipe_new(&o);
	source = pipe_end(pipe, 0);
	mig_service_accept(pair.host[1].service, pipe_end(pipe, 1), pipe_now_ns);
	send_at_once(source, bytes, length);
	while (more)
		mig_service_step(pair.host[1].service, pipe_now_ns += 1000, &more);
	cr_expect_eq(pair_count(&pair, FAKE_DISCARDED), 1, "the guest was made and is thrown away");
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 0);
	source->ops->close(source);
	pair_fini(&pair);
	pipe_drop(pipe);
}

/* Its copy it keeps, but others on that host may sleep. */
Test(wakeups, a_source_that_never_decides_keeps_nobody_awake)
{
	static uint8_t bytes[1 << 20], beat[PIECE];
	unsigned records;
	size_t length = recorded(0, MIG_COMMIT, bytes, sizeof(bytes), &records);
	struct pipe_options o = { .capacity = sizeof(bytes) };
	struct mig_service *b;
	struct channel *source;
	struct pipe *pipe;
	bool more = true;

	pair_init(&pair, 4 * MIB);
	b = pair.host[1].service;
	pipe = pipe_new(&o);
	source = pipe_end(pipe, 0);
	mig_service_accept(b, pipe_end(pipe, 1), pipe_now_ns);
	send_at_once(source, bytes, length);
	while (more)
		mig_service_step(b, pipe_now_ns += 1000, &more);
	cr_expect(mig_service_stands(b));
	for (unsigned second = 0; second < 30; second++) {
		heartbeats(beat, bytes, records + second, 1);
		send_at_once(source, beat, sizeof(beat));
		mig_service_step(b, pipe_now_ns += SECOND, &more);
	}
	cr_expect(!mig_service_stands(b));
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 1, "it waits for the decision");
	source->ops->close(source);
	pair_fini(&pair);
	pipe_drop(pipe);
}

static struct channel *near_end;

static struct channel *connect_near(void *ctx, uint32_t ipv4, uint16_t port, struct why *why)
{
	(void)ctx;
	(void)ipv4;
	(void)port;
	(void)why;
	return near_end;
}

/* HELLO of the destination, many small records, and an ABORT. */
Test(wakeups, a_source_goes_on_while_whole_records_are_left)
{
	static uint8_t bytes[65536];
	unsigned records;
	size_t length = recorded(1, MIG_ACCEPT, bytes, sizeof(bytes) / 2, &records);
	struct pipe_options o = { .capacity = sizeof(bytes) };
	struct channel *destination;
	struct pipe *pipe;
	bool more = true;
	uint32_t job;

	length += heartbeats(bytes + length, bytes, records, 100);
	length += put_abort(bytes + length, bytes, records + 100);
	pair_init(&pair, 4 * MIB);
	mig_service_destroy(pair.host[0].service);
	pair.host[0].host.connect = connect_near;
	pair.host[0].service = mig_service_create(&pair.host[0].host);
	pipe = pipe_new(&o);
	near_end = pipe_end(pipe, 0);
	destination = pipe_end(pipe, 1);
	job = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	send_at_once(destination, bytes, length);
	while (more)
		mig_service_step(pair.host[0].service, pipe_now_ns += 1000, &more);
	cr_expect_eq(mig_job_find(pair.host[0].service, job)->state, MIG_JOB_FAILED);
	destination->ops->close(destination);
	pair_fini(&pair);
	pipe_drop(pipe);
}
