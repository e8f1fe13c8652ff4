/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_raw.h"
#include "tests/fake/mig_wire.h"

/* A destination that is prepared, and whose source died, asks the source back. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define CAPABILITIES (MIG_HEADER + 6 + 8 + 6)	/* in HELLO as it is sent: after magic */
#define WORD (MIG_HEADER + 6 + 1 + 6)		/* in VERDICT: after state */
#define IPV4_A 0x0a4d0002u
#define IPV4_B 0x0a4d0003u
#define IPV4_C 0x0a4d0004u

static struct pair pair;
static struct fake_store store[2];
static struct raw raw;

static void setup(void)
{
	pair_init(&pair, 4 * MIB);
	pair_keep_records(&pair, store);
	pair.host[0].idle = pair.host[1].idle = true;
	fake_guest_work(pair.host[0].guest[0], 100, 50);
	pair.host[0].guest[0]->idle = true;
}

static void teardown(void) { pair_fini(&pair); }
TestSuite(inquire, .init = setup, .fini = teardown);

static const struct mig_dest *holder(void)
{
	for (unsigned i = 0; i < SERVICE_IN; i++)
		if (pair.host[1].service->core.in[i] && pair.host[1].service->core.in[i]->guest)
			return pair.host[1].service->core.in[i];
	return NULL;
}

/* Until D is prepared, of which S has not heard. */
static void until_prepared(void)
{
	pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	while (!holder() || holder()->handoff != HD_PREPARED)
		pair_step(&pair);
}

/* And S dies then and starts again. */
static void source_dies(enum fake_store_fate fate)
{
	until_prepared();
	pair_restart(&pair, 0, fate);
}

/* Connections that D opened, since the test began. */
static unsigned asked(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < pair.pipes; i++)
		n += pair.opener[i] == 1;
	return n;
}

static const struct mig_job *d_job(void) { return break_job(&pair, 1); }

static void expect_kept(const char *words)
{
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 1, "the copy is kept");
	cr_expect(d_job()->in_doubt);
	cr_expect_not_null(strstr(d_job()->doubt, words), "%s", d_job()->doubt);
}

static void expect_freed(const char *words)
{
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0, "the copy is freed");
	cr_expect_eq(d_job()->state, MIG_JOB_FAILED);
	cr_expect_not_null(strstr(d_job()->error, words), "%s", d_job()->error);
	cr_expect_not(break_held(&pair, 1, &(struct why){ "" }), "nothing holds the machine at D");
}

Test(inquire, of_a_source_that_restarted_before_it_committed_frees_the_copy)
{
	struct fake_guest *again;
	uint32_t job;

	source_dies(FAKE_STORE_KEEPS);
	pair_run(&pair, 10 * SECOND);
	expect_freed("lab-a never committed web1");
	cr_expect_eq(asked(), 1);
	/* And the guest, started afresh, can be moved there again. */
	again = fake_guest_new("web1", 4 * MIB);
	again->idle = true;
	pair.host[0].guest[pair.host[0].guests++] = again;
	job = pair_migrate(&pair, 0, MIG_VERIFY_FULL);
	cr_expect_eq(pair_wait(&pair, 0, job, 30 * SECOND)->state, MIG_JOB_COMPLETED);
}

Test(inquire, goes_on_until_the_source_is_back)
{
	until_prepared();
	pair_kill(&pair, 0);
	pair.unplugged = true;
	for (unsigned most = 0, n = 0; n < 120; n++) {
		bool more;

		for (uint64_t end = pipe_now_ns + SECOND; pipe_now_ns < end; pipe_now_ns += 10 * MS)
			mig_service_step(pair.host[1].service, pipe_now_ns, &more);
		most = asked() - most;
		cr_expect_leq(most, 1, "in one second");
		most = asked();
	}
	cr_expect_geq(asked(), 8);
	cr_expect_leq(asked(), 12, "with pauses between: %u", asked());
	expect_kept("");
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	break_heal(&pair, 20 * SECOND);
	expect_freed("lab-a never committed web1");
}

Test(inquire, of_a_source_that_committed_leaves_the_copy_to_it)
{
	break_at_record(&pair, 0, MIG_COMMIT);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_step(&pair);
	/* It can't reach D, D reaches it. */
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (pair.host[0].service->out[i].source)
			pair.host[0].service->out[i].source->ask.note.peer_ipv4 = 0x0a4d0009;
	break_heal(&pair, 20 * SECOND);
	expect_kept("it has committed");
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (pair.host[0].service->out[i].source)
			pair.host[0].service->out[i].source->ask.note.peer_ipv4 = IPV4_B;
	pair_run(&pair, 30 * SECOND);
	cr_expect_not_null(pair_running(&pair, 1));
}

Test(inquire, of_a_source_that_lost_its_records_leaves_the_doubt)
{
	source_dies(FAKE_STORE_FORGETS);
	pair_run(&pair, 30 * SECOND);
	expect_kept("has lost what it kept");
	cr_expect_geq(asked(), 2);
}

Test(inquire, of_a_source_that_is_not_sure_of_its_records_leaves_the_doubt)
{
	until_prepared();
	pair_kill(&pair, 0);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair.host[0].service->core.records.store.proven = false;
	pair_run(&pair, 30 * SECOND);
	expect_kept("can't be sure");
}

Test(inquire, of_a_source_with_an_unreadable_record_leaves_the_doubt)
{
	break_at_record(&pair, 0, MIG_COMMIT);
	pair_kill(&pair, 0);
	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		store[0].entry[i].length = 0;
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	break_heal(&pair, 20 * SECOND);
	expect_kept("can't be read");
}

Test(inquire, is_not_made_of_an_attempt_that_is_remembered_alone)
{
	store[0].limited = true;
	store[0].left = 2;
	source_dies(FAKE_STORE_KEEPS);
	pair_run(&pair, 60 * SECOND);
	expect_kept("waits for lab-a");
	cr_expect_eq(asked(), 0);
}

static void forget_asking(uint8_t *bytes, size_t n)
{
	(void)n;
	if (le16_get(bytes) != MIG_HELLO)
		return;
	bytes[CAPABILITIES + 1] &= (uint8_t)~(MIG_CAP_ASK_BACK >> 8);
	wire_seal(bytes);
}

static void older(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	(void)number;
	pipe_tamper(pipe, 0, forget_asking);
}

Test(inquire, is_not_made_of_an_older_source)
{
	pair.on_connect = older;
	source_dies(FAKE_STORE_KEEPS);
	pair_run(&pair, 60 * SECOND);
	expect_kept("waits for lab-a");
	cr_expect_eq(asked(), 0);
}

/* Whoever has S's address says what it likes, but for the word that it doesn't know. */
static void lie(uint8_t *bytes, size_t n)
{
	for (size_t at = 0; at + MIG_HEADER <= n; at += MIG_HEADER + le32_get(bytes + at + 4)) {
		if (le16_get(bytes + at) != MIG_VERDICT)
			continue;
		bytes[at + WORD] ^= 1;
		wire_seal(bytes + at);
	}
}

static void lies(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	(void)number;
	pipe_tamper(pipe, 1, lie);
}

Test(inquire, does_not_believe_who_has_the_address_of_the_source)
{
	until_prepared();
	pair.on_connect = lies;
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_run(&pair, 20 * SECOND);
	expect_kept("does not prove to be lab-a");
	pair.on_connect = NULL;
	pair_run(&pair, 20 * SECOND);
	expect_freed("lab-a never committed web1");
}

Test(inquire, ends_when_the_source_comes_by_itself)
{
	break_at_record(&pair, 1, MIG_READY);
	cr_expect_not_null(pair_running(&pair, 0), "it went on there");
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0);
	cr_expect_eq(pair_count(&pair, FAKE_RUNNING), 1);
	cr_expect_eq(fake_store_entries(&store[0]), 0);
}

Test(inquire, is_answered_where_the_source_gave_up_and_can_not_reach_the_destination)
{
	break_at_record(&pair, 1, MIG_READY);
	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++)
		pair.host[0].service->notification[i].note.peer_ipv4 = 0x0a4d0009;
	break_heal(&pair, 30 * SECOND);
	expect_freed("connection lost");
}

Test(inquire, where_the_source_was_cancelled_ends_as_cancelled)
{
	struct why why;
	uint32_t job;

	pair.link.delay_ns = 2 * MS;
	job = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	while (!holder() || holder()->handoff != HD_PREPARED)
		pair_step(&pair);
	pipe_cut(pair.pipe[0], false);
	cr_assert_eq(mig_job_cancel(pair.host[0].service, job, pipe_now_ns, &why), ERR_OK);
	pair.unplugged = true;
	pair_run(&pair, SECOND);
	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++)
		pair.host[0].service->notification[i].note.peer_ipv4 = 0x0a4d0009;
	break_heal(&pair, 30 * SECOND);
	cr_expect_eq(pair_count(&pair, FAKE_LOADED), 0);
	cr_expect_eq(d_job()->state, MIG_JOB_CANCELLED, "%s", d_job()->error);
}

Test(inquire, a_copy_that_can_not_be_recorded_as_given_up_goes_all_the_same)
{
	until_prepared();
	store[1].broken = true;
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_run(&pair, 10 * SECOND);
	expect_freed("lab-a never committed web1");
}

/* --- what the source tells to whom ------------------------------------------------------------------------ */

static uint8_t words[2 * MIG_PROOF];

/* Asks S about @attempt with the right words (or not); the type of what follows its HELLO, or of what comes in place of it. */
static uint16_t ask(const uint8_t *attempt, bool right)
{
	uint16_t type;

	cr_assert(mig_core_back(&pair.host[0].service->core, attempt, words));
	words[0] ^= !right;
	raw_open(&raw, &pair, 0, IPV4_C, attempt);
	raw.proof = words;
	raw_hello(&raw, 1, MIG_PURPOSE_INQUIRE);
	raw_let(&raw, 4);
	type = raw_next(&raw);
	if (type == MIG_HELLO)
		type = raw_next(&raw);
	return type;
}

static void expect_verdict(const uint8_t *attempt, uint8_t state)
{
	cr_expect_eq(ask(attempt, true), MIG_VERDICT);
	cr_expect_eq(raw.body[6], state);
	cr_expect_eq(!memcmp(raw.body + WORD - MIG_HEADER, words + MIG_PROOF, MIG_PROOF), state == MIG_VERDICT_NEVER,
		     "the word goes with NEVER alone");
	raw_let(&raw, 4);
	cr_expect(raw_ended(&raw), "one question, one answer");
	raw_close(&raw);
}

Test(inquire, without_the_attempts_word_is_refused)
{
	uint8_t attempt[16];

	until_prepared();
	memcpy(attempt, holder()->stream.attempt, sizeof(attempt));
	cr_expect_eq(ask(attempt, false), MIG_REJECT);
	raw_close(&raw);
	pair_run(&pair, 5 * SECOND);
	cr_expect_not_null(pair_running(&pair, 1));
}

Test(inquire, is_not_decided_while_the_attempt_is_open)
{
	uint8_t attempt[16];

	pair.link.delay_ns = 2 * MS;
	until_prepared();
	memcpy(attempt, holder()->stream.attempt, sizeof(attempt));
	expect_verdict(attempt, MIG_VERDICT_OPEN);
	pair_run(&pair, 5 * SECOND);
	cr_expect_not_null(pair_running(&pair, 1), "and the move goes on");
}

Test(inquire, is_committed_once_that_is_recorded)
{
	uint8_t attempt[16];

	until_prepared();
	memcpy(attempt, holder()->stream.attempt, sizeof(attempt));
	while (!mig_records_get(&pair.host[0].service->core.records, attempt))
		pair_step(&pair);
	pair.unplugged = true;
	expect_verdict(attempt, MIG_VERDICT_COMMITTED);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	expect_verdict(attempt, MIG_VERDICT_COMMITTED);
}

Test(inquire, is_never_after_a_restart_before_that)
{
	uint8_t attempt[16];

	until_prepared();
	memcpy(attempt, holder()->stream.attempt, sizeof(attempt));
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair.unplugged = true;
	expect_verdict(attempt, MIG_VERDICT_NEVER);
}

Test(inquire, of_a_host_without_a_secret_is_refused)
{
	static const uint8_t attempt[16] = { 1 };

	cr_assert(mig_core_back(&pair.host[0].service->core, attempt, words));
	pair.host[0].service->core.host.derive = NULL;
	raw_open(&raw, &pair, 0, IPV4_B, attempt);
	raw.proof = words;
	raw_hello(&raw, 1, MIG_PURPOSE_INQUIRE);
	raw_let(&raw, 4);
	cr_expect_eq(raw_next(&raw), MIG_REJECT);
	raw_close(&raw);
}
