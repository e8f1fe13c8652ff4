/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/core.h"
#include "migration/dest.h"
#include "migration/digest.h"
#include "tests/fake/mig_pair.h"
#include "tests/fake/mig_wire.h"

/* Peers that send damaged or lying records: each is refused by name, and exactly one guest is left. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define ROOM (256 << 10)

static struct pair pair;
static uint8_t *wire;			/* what the source of a clean run sent */
static size_t wire_bytes;
static struct wire_record record[256];
static unsigned records;
static size_t answer_bytes;

static void start(void)
{
	pair_init(&pair, 2 * MIB);
	/* Batches hide where a page is in a record. */
	pair_encodings(&pair, 0, 1u << MIG_ENC_ZERO | 1u << MIG_ENC_RAW | 1u << MIG_ENC_LZ4);
	for (uint64_t pfn = 0; pfn < 3; pfn++)
		fake_guest_fill(pair.host[0].guest[0], pfn, (uint8_t)(2 * pfn + 1));
	fake_guest_fill(pair.host[0].guest[0], 3, 2);
	pair.host[0].guest[0]->state_bytes = 100;
}

static void setup(void)
{
	const uint8_t *sent;

	start();
	cr_assert_eq(pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND)->state,
		     MIG_JOB_COMPLETED);
	pair_run(&pair, SECOND);
	pipe_sent(pair.pipe[0], 1, &answer_bytes);
	wire = malloc(ROOM);
	sent = pipe_sent(pair.pipe[0], 0, &wire_bytes);
	memcpy(wire, sent, wire_bytes);
	records = wire_records(wire, wire_bytes, record, 256);
	pair_fini(&pair);
	start();
}

static void teardown(void)
{
	pair_fini(&pair);
	free(wire);
}

TestSuite(lies, .init = setup, .fini = teardown);

/* Plays @bytes of @data to host b as its source; returns b's last words (an ABORT's text), "" if there are none. */
static const char *play(const uint8_t *data, size_t bytes)
{
	static char text[256];
	struct pipe_options o = { .capacity = ROOM };
	struct pipe *p = pipe_new(&o);
	struct channel *mine = pipe_end(p, 0), *theirs = pipe_end(p, 1);
	struct wire_record r[64];
	const uint8_t *answers;
	size_t sent = 0, got;
	bool more = true;

	theirs->peer_ipv4 = 0x0a4d0002;
	mig_service_accept(pair.host[1].service, theirs, pipe_now_ns);
	for (int n = 0; n < 400 && (more || sent < bytes); n++) {
		sent += mine->ops->send(mine, data + sent, bytes - sent);
		mig_service_step(pair.host[1].service, pipe_now_ns += 1000, &more);
	}
	/* A record that never becomes whole ends by silence. */
	for (int n = 0; n < 8; n++)
		mig_service_step(pair.host[1].service, pipe_now_ns += SECOND, &more);
	answers = pipe_sent(p, 1, &got);
	text[0] = 0;
	for (unsigned n = 0, count = wire_records(answers, got, r, 64); n < count; n++)
		if (r[n].type == MIG_ABORT)
			mig_text_copy(text, sizeof(text), answers + r[n].at + 32 + 6, 200);
	mine->ops->close(mine);
	mig_service_step(pair.host[1].service, pipe_now_ns, &more);
	mig_service_step(pair.host[1].service, pipe_now_ns, &more);
	pipe_drop(p);
	return text;
}

static void fresh_destination(void)
{
	pair_reboot(&pair, 1);
}

static unsigned find(uint16_t type)
{
	for (unsigned n = 0; n < records; n++)
		if (record[n].type == type)
			return n;
	cr_assert_fail("no such record");
	return 0;
}

Test(lies, the_recorded_stream_itself_is_believed)
{
	cr_expect_str_eq(play(wire, wire_bytes), "the peer was silent for 6 s", "nothing else was wrong");
	cr_expect_eq(pair.host[1].guest[0]->runs, 1);
}

Test(lies, every_damaged_byte_of_the_source_is_noticed)
{
	size_t until = record[find(MIG_COMMIT)].at + record[find(MIG_COMMIT)].length;

	for (size_t at = 0; at < until; at++) {
		/* Of the page contents and the opaque blobs every 61st byte will do. */
		if (at % 61 && at > 600 && at < record[find(MIG_ROUND_END)].at && at % 4096 > 64)
			continue;
		wire[at] ^= (uint8_t)(1u << at % 8);
		play(wire, wire_bytes);
		wire[at] ^= (uint8_t)(1u << at % 8);
		for (unsigned g = 0; g < pair.host[1].guests; g++) {
			cr_assert_eq(pair.host[1].guest[g]->runs, 0, "byte %zu was believed", at);
			cr_assert(pair.host[1].guest[g]->life == FAKE_DISCARDED ||
				  pair.host[1].guest[g]->life == FAKE_LOADED, "byte %zu left a guest", at);
			/* A prepared copy waits for ever, and only COMMIT was damaged then. */
			if (pair.host[1].guest[g]->life == FAKE_LOADED)
				cr_assert_geq(at, record[find(MIG_COMMIT)].at);
		}
		fresh_destination();
	}
}

static unsigned flip_at;

static void flip(struct pair *p, unsigned number, struct pipe *pipe)
{
	if (number == 0)
		pipe_flip(pipe, 1, flip_at, (uint8_t)(1u << flip_at % 8));
	(void)p;
}

Test(lies, every_damaged_byte_of_the_destination_leaves_exactly_one_guest)
{
	for (flip_at = 0; flip_at < answer_bytes; flip_at++) {
		const struct mig_job *job;

		pair_fini(&pair);
		start();
		pair.on_connect = flip;
		job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 100 * SECOND);
		cr_assert(job->ended_ns, "byte %u: phase %s", flip_at, mig_phase_name(job->phase));
		pair_run(&pair, 8 * SECOND);
		cr_assert_eq(pair.most_running, 1);
		cr_assert_eq(pair_count(&pair, FAKE_RUNNING), 1, "byte %u", flip_at);
		cr_assert_eq(pair_count(&pair, FAKE_EMPTY) + pair_count(&pair, FAKE_LOADED), 0, "byte %u", flip_at);
	}
}

/* Changes a little-endian value in the body of the first record of @type, seals it and plays all up to it. */
static void lie(uint16_t type, size_t offset, unsigned width, uint64_t value, const char *expected)
{
	unsigned n = find(type);
	uint8_t *r = wire + record[n].at;
	const char *said;

	memcpy(r + 32 + offset, &value, width);
	wire_seal(r);
	said = play(wire, record[n].at + record[n].length);
	cr_expect_not_null(strstr(said, expected), "it said: %s", said);
	for (unsigned g = 0; g < pair.host[1].guests; g++)
		cr_expect_eq(pair.host[1].guest[g]->life, FAKE_DISCARDED);
}

/* Table bodies: a field's value follows 6 bytes of tag, width and count. */
Test(lies, a_foreign_magic) { lie(MIG_HELLO, 6, 8, 1, ""); cr_expect_eq(pair.host[1].guests, 0); }
Test(lies, memory_that_is_no_multiple) { lie(MIG_OFFER, 6, 8, 4096, "not a multiple of 2 MiB"); }
Test(lies, memory_beyond_all_bounds) { lie(MIG_OFFER, 6, 8, 1ull << 50, "OFFER.memory_bytes"); }
Test(lies, a_check_that_is_none) { lie(MIG_OFFER, 20, 4, 1, "do not agree"); }
Test(lies, a_page_of_another_round) { lie(MIG_PAGES, 0, 4, 7, "PAGES is of round 7, expected 1"); }
Test(lies, fewer_entries_than_data) { lie(MIG_PAGES, 4, 4, 1, "bytes after its last entry"); }
Test(lies, more_entries_than_data) { lie(MIG_PAGES, 4, 4, 1000, "PAGES ends inside an entry"); }
Test(lies, a_page_beyond_memory) { lie(MIG_PAGES, 8, 8, 510, "the guest has 0x200"); }
Test(lies, a_page_number_that_wraps) { lie(MIG_PAGES, 8, 8, UINT64_MAX, "the guest has 0x200"); }
/* The entry of page 3, which goes as LZ4, follows three raw pages. */
#define LZ4_ENTRY (8 + 16 + 3 * 4096)
Test(lies, an_lz4_block_of_no_bytes) { lie(MIG_PAGES, LZ4_ENTRY + 14, 2, 0, "impossible entry"); }
Test(lies, an_lz4_block_longer_than_a_page) { lie(MIG_PAGES, LZ4_ENTRY + 14, 2, 4096, "impossible entry"); }
Test(lies, an_lz4_block_of_two_pages) { lie(MIG_PAGES, LZ4_ENTRY + 8, 4, 2, "impossible entry"); }
Test(lies, an_lz4_block_that_is_noise) { lie(MIG_PAGES, LZ4_ENTRY + 16, 4, 0xffffffff, "damaged LZ4 block for page 0x3"); }
Test(lies, more_pages_than_data) { lie(MIG_PAGES, 16, 4, 900, "ends inside the data"); }
Test(lies, no_pages_at_all) { lie(MIG_PAGES, 16, 4, 0, "impossible entry: 0 pages"); }
Test(lies, an_unknown_encoding) { lie(MIG_PAGES, 20, 2, 9, "unknown encoding 9"); }
Test(lies, a_round_that_counts_wrong) { lie(MIG_ROUND_END, 6, 8, 9, "ROUND_END of round 1 counts 9"); }
Test(lies, a_round_out_of_order) { lie(MIG_ROUND_END, 34, 4, 3, "ROUND_END of round 3"); }
Test(lies, state_larger_than_granted) { lie(MIG_STATE, 4, 4, 0x7fffffff, "granted were"); }
Test(lies, state_with_a_gap) { lie(MIG_STATE, 8, 4, 5, "does not follow"); }
Test(lies, state_with_unknown_flags) { lie(MIG_STATE, 0, 4, 6, "unknown flags"); }
Test(lies, a_stop_for_another_round) { lie(MIG_STOP, 6, 4, 9, "STOP comes twice"); }

static void lie_in_header(uint16_t type, size_t offset, unsigned width, uint32_t value, const char *expected)
{
	uint8_t *r = wire + record[find(type)].at;
	const char *said;

	memcpy(r + offset, &value, width);
	if (offset != 4)
		wire_seal(r);
	said = play(wire, wire_bytes);
	cr_expect_not_null(strstr(said, expected), "it said: %s", said);
	for (unsigned g = 0; g < pair.host[1].guests; g++)
		cr_expect_eq(pair.host[1].guest[g]->runs, 0);
}

Test(lies, an_unknown_record) { lie_in_header(MIG_PAGES, 0, 2, 77, "unknown mandatory record of type 0x004d"); }
Test(lies, a_record_out_of_place) { lie_in_header(MIG_OFFER, 0, 2, MIG_READY, "over its cap"); }
Test(lies, a_reserved_field) { lie_in_header(MIG_PAGES, 2, 2, 1, "reserved header field"); }
Test(lies, an_oversize_record) { lie_in_header(MIG_PAGES, 4, 4, 0x10001, "over its cap of 65536"); }
Test(lies, a_sequence_number_again) { lie_in_header(MIG_PAGES, 8, 4, 1, "has sequence number 1, expected 2"); }
Test(lies, another_attempt) { lie_in_header(MIG_PAGES, 16, 4, 1, "belongs to another attempt"); }
Test(lies, an_answer_from_the_asking_side) { lie_in_header(MIG_ROUND_END, 0, 2, MIG_ACCEPT, "ACCEPT may not come now"); }

Test(lies, an_unknown_optional_record_is_skipped)
{
	/* After the pages: their checksums, which the digest is made of, cover their numbers. tests/wire puts it anywhere. */
	unsigned n = find(MIG_COMMIT);
	size_t at = record[n].at, left = wire_bytes - at;

	memmove(wire + at + 40, wire + at, left);
	memset(wire + at, 0, 40);
	memcpy(wire + at + 16, wire + 16, 16);
	le16_put(wire + at, 0x8123);
	le32_put(wire + at + 4, 8);
	le32_put(wire + at + 8, n);
	wire_seal(wire + at);
	for (; n < records; n++) {
		uint8_t *r = wire + record[n].at + 40;

		le32_put(r + 8, n + 1);
		wire_seal(r);
	}
	cr_expect_str_eq(play(wire, wire_bytes + 40), "the peer was silent for 6 s");
	cr_expect_eq(pair.host[1].guest[0]->runs, 1);
}

Test(lies, a_commit_with_another_digest_is_refused_and_frees_the_copy)
{
	uint8_t *r = wire + record[find(MIG_COMMIT)].at;

	r[32 + 6] ^= 1;
	wire_seal(r);
	play(wire, record[find(MIG_COMMIT)].at + record[find(MIG_COMMIT)].length);
	cr_expect_eq(pair.host[1].guest[0]->runs, 0);
	cr_expect_eq(pair.host[1].guest[0]->life, FAKE_DISCARDED);
}

Test(lies, an_attempt_played_again_changes_nothing)
{
	play(wire, wire_bytes - record[records - 1].length);	/* without DONE: OWNED stays */
	cr_expect_eq(pair.host[1].guest[0]->runs, 1);
	pair.host[1].guest[0]->life = FAKE_RELEASED;		/* it has moved on since */
	play(wire, wire_bytes - record[records - 1].length);
	cr_expect_eq(pair.host[1].guests, 1, "no second copy is made");
}

Test(lies, http_on_the_migration_port_is_turned_away)
{
	const char *get = "GET / HTTP/1.1\r\nHost: lab-b\r\nUser-Agent: something\r\n\r\n";

	play((const uint8_t *)get, strlen(get));
	cr_expect_eq(pair.host[1].guests, 0);
}

Test(lies, a_thousand_connections_that_say_nothing_leave_room_for_a_migration)
{
	struct pipe_options o = { 0 };
	bool more;

	for (int n = 0; n < 1000; n++) {
		struct pipe *p = pipe_new(&o);

		mig_service_accept(pair.host[1].service, pipe_end(p, 1), pipe_now_ns);
		pipe_drop(p);
		mig_service_step(pair.host[1].service, pipe_now_ns, &more);
	}
	pair_run(&pair, 6 * SECOND);
	cr_expect_eq(pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND)->state,
		     MIG_JOB_COMPLETED);
}

/* The @sequence-th record of a connection that settles, its HELLO or a heartbeat, to host b. */
static void settle(struct channel *ch, uint32_t sequence)
{
	size_t length = sequence ? 32 : record[0].length;
	uint8_t r[1024];

	memcpy(r, wire, length);
	r[32 + 50] = MIG_PURPOSE_SETTLE;
	if (sequence) {
		le16_put(r, MIG_HEARTBEAT);
		le32_put(r + 4, 0);
		le32_put(r + 8, sequence);
	}
	wire_seal(r);
	ch->ops->send(ch, r, length);
}

Test(lies, connections_that_settle_nothing_and_stay_leave_room_for_a_migration)
{
	struct pipe_options o = { 0 };
	struct channel *mine[30];
	struct pipe *p[30];

	for (int n = 0; n < 30; n++) {
		p[n] = pipe_new(&o);
		mine[n] = pipe_end(p[n], 0);
		mig_service_accept(pair.host[1].service, pipe_end(p[n], 1), pipe_now_ns);
	}
	for (uint32_t beat = 0; beat < 35; beat++) {
		for (int n = 0; n < 30; n++)
			settle(mine[n], beat);
		pair_run(&pair, SECOND);
	}
	cr_expect_eq(pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND)->state,
		     MIG_JOB_COMPLETED);
	for (int n = 0; n < 30; n++) {
		mine[n]->ops->close(mine[n]);
		pipe_drop(p[n]);
	}
}

/* Changes the value of the first field of READY. */
static void other_digest(uint8_t *bytes, size_t n)
{
	if (n < 40 || le16_get(bytes) != MIG_READY)
		return;
	bytes[32 + 6] ^= 1;
	wire_seal(bytes);
}

/* Claims that nothing was verified. */
static void unverified(uint8_t *bytes, size_t n)
{
	if (n < 40 || le16_get(bytes) != MIG_READY)
		return;
	bytes[le32_get(bytes + 4) + 31] = 0;
	wire_seal(bytes);
}

static void other_round(uint8_t *bytes, size_t n)
{
	if (n < 40 || le16_get(bytes) != MIG_ROUND_ACK)
		return;
	bytes[le32_get(bytes + 4) + 32 - 4] ^= 4;	/* the last field is the round */
	wire_seal(bytes);
}

/* Says that loading took for ever. */
static void slow_loader(uint8_t *bytes, size_t n)
{
	if (n < 40 || le16_get(bytes) != MIG_ROUND_ACK)
		return;
	for (int i = 0; i < 8; i++)
		bytes[32 + 6 + i] = 0xff;
	wire_seal(bytes);
}

static void (*change)(uint8_t *bytes, size_t n);

static void tamper(struct pair *p, unsigned number, struct pipe *pipe)
{
	if (number == 0)
		pipe_tamper(pipe, 1, change);
	(void)p;
}

static void destination_lies(void (*how)(uint8_t *bytes, size_t n), const char *expected)
{
	const struct mig_job *job;

	change = how;
	pair.on_connect = how ? tamper : NULL;
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(job->error, expected), "%s", job->error);
	cr_expect_not_null(pair_running(&pair, 0));
	pair_run(&pair, 10 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED) + pair_count(&pair, FAKE_EMPTY), 0);
	pair.host[1].corrupt = false;
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
}

Test(lies, a_destination_with_another_digest) { destination_lies(other_digest, "the digest at lab-b is"); }
Test(lies, a_destination_that_did_not_verify) { destination_lies(unverified, "does not carry what was asked for"); }
Test(lies, a_destination_that_acknowledges_another_round) { destination_lies(other_round, "not asked for"); }

Test(lies, a_destination_that_claims_to_need_for_ever_is_moved_to_at_the_best_point)
{
	const struct mig_job *job;

	change = slow_loader;
	pair.on_connect = tamper;
	pair.work = 20;
	pair.link.rate = 4ull << 20;
	pair.host[0].guest[0]->idle = false;
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_OFF), 60 * SECOND);
	cr_expect_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_geq(job->term[MIG_TERM_PAGES].budget_ns, MIG_SECOND);
}

/* Says that loading and hashing took for ever. */
static void slow_state(uint8_t *bytes, size_t n)
{
	if (n < 40 || le16_get(bytes) != MIG_READY)
		return;
	memset(bytes + 32 + 2 * 14 + 6, 0xff, 8);
	memset(bytes + 32 + 3 * 14 + 6, 0xff, 8);
	wire_seal(bytes);
}

Test(lies, no_part_of_the_downtime_is_reported_longer_than_all_of_it)
{
	const struct mig_job *job;

	change = slow_state;
	pair.on_connect = tamper;
	job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_FULL), 60 * SECOND);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	for (unsigned t = 0; t < job->terms; t++)
		cr_expect_leq(job->term[t].real_ns, job->downtime_ns, "%s", job->term[t].name);
}

Test(lies, a_destination_whose_memory_differs)
{
	pair.host[1].corrupt = true;
	destination_lies(NULL, "memory differs");
}
