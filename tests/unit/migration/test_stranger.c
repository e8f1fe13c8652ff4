/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_raw.h"
#include "tests/fake/mig_wire.h"

/* Connections that are none of the attempt's own way: early, late, of somebody else. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define CAPABILITIES (MIG_HEADER + 6 + 8 + 6)	/* in HELLO as it is sent: after magic */
#define PROOF (MIG_HEADER + MIG_HELLO_BYTES - 16)	/* the last field */
#define MIG_HELLO_BYTES (14 + 14 + 8 + 8 + 8 + 7 + 22 + 22 + 70 + 38 + 22)
#define IPV4_A 0x0a4d0002u
#define IPV4_C 0x0a4d0004u

static struct pair pair;
static struct fake_store store[2];
static struct raw raw;

static void setup(void) { pair_init_recorded(&pair, store); }
static void teardown(void) { pair_fini(&pair); }
TestSuite(stranger, .init = setup, .fini = teardown);

static const struct mig_source *leaving(void)
{
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (pair.host[0].service->out[i].source)
			return pair.host[0].service->out[i].source;
	return NULL;
}

static const struct mig_dest *holder(void)
{
	for (unsigned i = 0; i < SERVICE_IN; i++)
		if (pair.host[1].service->core.in[i] && pair.host[1].service->core.in[i]->guest)
			return pair.host[1].service->core.in[i];
	return NULL;
}

/* An older source: its HELLO lacks the capability. */
static void forget_proof(uint8_t *bytes, size_t n)
{
	(void)n;
	if (le16_get(bytes) != MIG_HELLO)
		return;
	bytes[CAPABILITIES] &= (uint8_t)~MIG_CAP_PROOF;
	wire_seal(bytes);
}

static void without_proof(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	(void)number;
	pipe_tamper(pipe, 0, forget_proof);
}

/* A settling connection that is there before its attempt's machine is; then all until D has sent READY, which S has not read. */
static void settle_early(void)
{
	/* What the destination will ask for is not known yet to anybody: a source without proofs. */
	pair.on_connect = without_proof;
	pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	raw_open(&raw, &pair, 1, IPV4_A, leaving()->attempt);
	raw_hello(&raw, 0, MIG_PURPOSE_SETTLE);
	raw_let(&raw, 4);
	cr_assert_eq(raw_next(&raw), MIG_HELLO);
	while (!holder() || holder()->handoff != HD_PREPARED)
		pair_step(&pair);
}

static enum mig_record_state recorded(int host)
{
	const struct mig_note *n = mig_records_get(&pair.host[host].service->core.records, raw.attempt);

	return n ? n->state : MIG_RECORD_NONE;
}

Test(stranger, commit_on_an_early_settling_connection_runs_nothing_that_is_not_there)
{
	struct mig_commit commit = { .digest = 0 };

	settle_early();
	raw_put(&raw, MIG_COMMIT, &commit);
	raw_let(&raw, 4);
	cr_expect_eq(raw_next(&raw), MIG_REFUSED, "another digest than the machine's");
	cr_expect_eq(recorded(1), MIG_RECORD_ABORTED);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0, "the copy goes with its record");
	pair_run(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 0));
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	raw_close(&raw);
}

Test(stranger, an_early_settling_connection_takes_the_copy_over_when_it_asks)
{
	struct mig_commit commit = { .digest = 0 };
	struct mig_query query = { .digest = 0 };

	settle_early();
	raw_put(&raw, MIG_QUERY, &query);
	raw_let(&raw, 4);
	cr_assert_eq(raw_next(&raw), MIG_ANSWER);
	cr_expect_eq(raw.body[6], MIG_ANSWER_PREPARED);
	commit.digest = holder()->ready.digest;
	raw_put(&raw, MIG_COMMIT, &commit);
	raw_let(&raw, 4);
	cr_expect_eq(raw_next(&raw), MIG_RUNNING);
	cr_expect_eq(recorded(1), MIG_RECORD_OWNED);
	raw_close(&raw);
}

Test(stranger, abort_on_an_early_settling_connection_frees_the_copy)
{
	struct mig_abort text;

	settle_early();
	mig_abort_set(&text, "given up", false);
	raw_put(&raw, MIG_ABORT, &text);
	raw_let(&raw, 4);
	cr_expect_eq(raw_next(&raw), MIG_REFUSED);
	cr_expect_eq(recorded(1), MIG_RECORD_ABORTED);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0);
	pair_run(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 0));
	raw_close(&raw);
}

Test(stranger, done_on_an_early_settling_connection_changes_nothing)
{
	settle_early();
	raw_put(&raw, MIG_DONE, NULL);
	raw_let(&raw, 4);
	cr_expect_eq(recorded(1), MIG_RECORD_PREPARED);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 1);
	raw_close(&raw);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0);
}

/* The attempt's id is no secret any more: host c knows it, but not what the first connection said. */
static void opens_as(uint32_t ipv4, enum mig_purpose purpose)
{
	raw_open(&raw, &pair, 1, ipv4, leaving()->attempt);
	raw_hello(&raw, 0, purpose);
	raw_let(&raw, 4);
}

static void until_prepared(void)
{
	pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	while (!holder() || holder()->handoff != HD_PREPARED)
		pair_step(&pair);
}

static void expect_the_move_to_end_well(void)
{
	pair_run(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 1));
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	cr_expect_eq(pair.most_running, 1);
	raw_close(&raw);
}

Test(stranger, settles_nothing_that_is_prepared)
{
	static const uint16_t question[] = { MIG_ABORT, MIG_COMMIT, MIG_DONE, MIG_QUERY };
	struct mig_commit commit;
	struct mig_query query = { 0 };
	struct mig_abort text;

	until_prepared();
	commit = (struct mig_commit){ .digest = holder()->ready.digest };
	mig_abort_set(&text, "given up", false);
	for (unsigned i = 0; i < 4; i++) {
		opens_as(i & 1 ? IPV4_A : IPV4_C, MIG_PURPOSE_SETTLE);
		raw_put(&raw, question[i], i == 0 ? (void *)&text : i == 1 ? (void *)&commit : (void *)&query);
		raw_let(&raw, 4);
		cr_expect_eq(raw_next(&raw), MIG_REJECT);
		cr_expect_eq(recorded(1), MIG_RECORD_PREPARED);
		cr_expect_eq(pair_count(&pair, FAKE_LOADED), 1);
		if (i < 3)
			raw_close(&raw);
	}
	expect_the_move_to_end_well();
}

Test(stranger, resumes_nothing_and_cuts_nobody_off)
{
	pair.host[0].host.resume_grace_ns = pair.host[1].host.resume_grace_ns = 30 * SECOND;
	for (int n = 0; n < 2; n++) {
		mig_service_destroy(pair.host[n].service);
		pair.host[n].service = mig_service_create(&pair.host[n].host);
	}
	pair.link.rate = 1u << 20;
	pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	while (!holder() || holder()->pages_records < 1)
		pair_step(&pair);
	opens_as(IPV4_C, MIG_PURPOSE_RESUME);
	cr_expect_eq(raw_next(&raw), MIG_REJECT);
	cr_expect_eq(pair.pipes, 1);
	expect_the_move_to_end_well();
	cr_expect_eq(pair.pipes, 1, "the source never lost its connection");
}

Test(stranger, saying_hello_as_a_restarted_source_drops_no_record)
{
	struct mig_hello hello;

	uint8_t attempt[16];

	pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	memcpy(attempt, leaving()->attempt, sizeof(attempt));
	memcpy(raw.attempt, attempt, sizeof(attempt));
	while (recorded(1) != MIG_RECORD_OWNED)
		pair_step(&pair);
	raw_open(&raw, &pair, 1, IPV4_C, (uint8_t[16]){ 0x33 });
	mig_core_hello(&pair.host[0].service->core, MIG_PURPOSE_MIGRATE, NULL, &hello);
	memset(hello.boot_id, 0x44, sizeof(hello.boot_id));
	hello.capabilities &= ~(MIG_CAP_RECORDS_KEPT | MIG_CAP_RECORDS_FOUND);
	raw_put(&raw, MIG_HELLO, &hello);
	raw_let(&raw, 4);
	memcpy(raw.attempt, attempt, sizeof(attempt));
	cr_expect_eq(recorded(1), MIG_RECORD_OWNED);
	expect_the_move_to_end_well();
}

/* Whoever has the destination's address now: it takes connections, and says what it likes. */
static void lie(uint8_t *bytes, size_t n)
{
	(void)n;
	if (le16_get(bytes) != MIG_HELLO)
		return;
	bytes[PROOF] ^= 1;
	wire_seal(bytes);
}

static void lies(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	(void)number;
	pipe_tamper(pipe, 1, lie);
}

Test(stranger, at_the_address_of_the_destination_is_not_believed)
{
	break_at_record(&pair, 0, MIG_COMMIT);
	pair.on_connect = lies;
	break_heal(&pair, 20 * SECOND);
	cr_expect(break_job(&pair, 0)->in_doubt);
	cr_expect_not_null(strstr(break_job(&pair, 0)->doubt, "does not prove that it is lab-b"), "%s", break_job(&pair, 0)->doubt);
	cr_expect_eq(pair_count(&pair, FAKE_STOPPED), 1, "the copy is kept");
	pair.on_connect = NULL;
	pair_run(&pair, 20 * SECOND);
	cr_expect_not_null(pair_running(&pair, 1));
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
}

Test(stranger, ids_of_attempts_and_proofs_can_not_be_told_from_what_is_public)
{
	uint8_t first[16], second[16];

	mig_core_attempt(&pair.host[0].service->core, first);
	mig_core_attempt(&pair.host[0].service->core, second);
	for (int i = 0; i < 16; i++)
		if (first[i] == pair.host[0].host.boot_id[i] && second[i] == first[i])
			cr_expect(false, "byte %d is the boot id's", i);
	cr_expect(memcmp(first, second, 8) && memcmp(first + 8, second + 8, 8), "all of it is new");
}
