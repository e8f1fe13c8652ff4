/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/service_parts.h"
#include "tests/fake/fake_log.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_claim.h"
#include "tests/fake/mig_raw.h"

/* Where a machine is: asked before it is started by itself, and claimed back from where it ended. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define IPV4_A 0x0a4d0002u
#define IPV4_B 0x0a4d0003u
#define IPV4_C 0x0a4d0004u

static struct pair pair;
static struct fake_store store[2];
static struct raw raw;
static struct why why;
static uint8_t uuid[16];

static void setup(void)
{
	pair_init(&pair, 4 * MIB);
	pair_keep_records(&pair, store);
	memset(uuid, 0x77, sizeof(uuid));
	why = (struct why){ "" };
}

static void teardown(void) { pair_fini(&pair); }
TestSuite(locate, .init = setup, .fini = teardown);

static enum err claim(int host)
{
	uint64_t end = pipe_now_ns + 60 * SECOND;
	enum err e;

	while ((e = mig_service_vm_claim(pair.host[host].service, uuid, pipe_now_ns, &why)) == ERR_AGAIN && pipe_now_ns < end)
		pair_step(&pair);
	return e;
}

/* As host/ does: looks again and again for @ns, or until it is known. */
static enum err seek(int host, uint64_t ns)
{
	uint64_t end = pipe_now_ns + ns;
	enum err e;

	while ((e = mig_service_vm_seek(pair.host[host].service, uuid, "web1", pipe_now_ns, &why)) == ERR_AGAIN && pipe_now_ns < end)
		pair_step(&pair);
	return e;
}

static bool held(int host)
{
	return mig_service_vm_held(pair.host[host].service, uuid, &why);
}

static struct mig_records *records(int host) { return &pair.host[host].service->core.records; }

Test(locate, a_machine_that_ended_where_it_went_is_given_back)
{
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	cr_expect(held(0));
	cr_expect_eq(claim(0), ERR_OK, "%s", why.text);
	cr_expect_not(held(0), "%s", why.text);
	cr_expect(held(1));
	cr_expect_not_null(strstr(why.text, "moved to lab-a"), "%s", why.text);
	cr_expect_eq(pair.host[1].given_up, 1);
	cr_expect_eq(fake_store_entries(&store[0]), 0, "the marker is gone");
	cr_expect_eq(fake_store_entries(&store[1]), 1, "it is there now");
}

Test(locate, a_machine_that_runs_where_it_went_stays_there)
{
	claim_move(&pair, 0);
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_str_eq(why.text, "web1 runs on lab-b");
	cr_expect(held(0));
	cr_expect_not(held(1));
	cr_expect_not_null(pair_running(&pair, 1));
}

Test(locate, what_was_given_up_is_told_again)
{
	struct mig_note away;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	away = *mig_away_get(records(0), uuid);
	cr_assert_eq(claim(0), ERR_OK);
	/* As if the answer had not come. */
	cr_assert_eq(mig_away_put(records(0), &away, NULL, NULL, &why), ERR_OK);
	cr_expect_eq(claim(0), ERR_OK, "%s", why.text);
	cr_expect_not(held(0));
	cr_expect_eq(pair.host[1].given_up, 1);
}

Test(locate, what_can_not_be_asked_stays_held_and_the_reason_names_it)
{
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	pair.unplugged = true;
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_str_eq(why.text, "lab-b (10.77.0.3) can't be asked whether it runs web1: no connection within 5 s");
	cr_expect(held(0));
	pair.unplugged = false;
	cr_expect_eq(claim(0), ERR_OK);
}

Test(locate, a_host_that_restarted_answers_from_its_records)
{
	claim_move(&pair, 0);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect_eq(claim(0), ERR_OK, "%s", why.text);
	cr_expect_not(held(0));
	cr_expect(held(1));
}

Test(locate, a_host_that_restarted_and_forgot_can_not_give_it_back)
{
	claim_move(&pair, 0);
	pair_restart(&pair, 1, FAKE_STORE_FORGETS);
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "does not show that it is the host that web1 went to"), "%s", why.text);
	cr_expect_not_null(strstr(why.text, "the records of lab-b do not say"), "%s", why.text);
	cr_expect(held(0));
	cr_expect_eq(mig_service_vm_reclaim(pair.host[0].service, uuid, true, &why), ERR_OK);
}

Test(locate, both_may_restart_and_the_claim_still_proves_itself)
{
	claim_move(&pair, 0);
	pair_restart(&pair, 0, FAKE_STORE_KEEPS);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect_eq(claim(0), ERR_OK, "%s", why.text);
}

Test(locate, a_claim_goes_the_other_way_as_well)
{
	struct fake_guest *g;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	cr_assert_eq(claim(0), ERR_OK);
	/* It runs at a again, and ends there. */
	g = pair.host[0].guest[0];
	g->life = FAKE_RUNNING;
	cr_expect_eq(claim(1), ERR_STATE);
	cr_expect_str_eq(why.text, "web1 runs on lab-a");
	claim_power_off(&pair, 0);
	cr_expect_eq(claim(1), ERR_OK, "%s", why.text);
	cr_expect(held(0));
	cr_expect_not(held(1));
}

Test(locate, what_moved_there_and_back_is_claimed_by_its_last_move)
{
	claim_move(&pair, 0);
	claim_move(&pair, 1);
	cr_expect_not(held(0));
	claim_power_off(&pair, 0);
	cr_expect_eq(claim(1), ERR_OK, "%s", why.text);
	cr_expect(held(0));
}

Test(locate, a_host_that_can_not_record_what_it_gives_up_keeps_it)
{
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	store[1].broken = true;
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "could not record that it gives web1 up"), "%s", why.text);
	cr_expect(held(0));
	cr_expect_eq(pair.host[1].given_up, 0);
}

Test(locate, an_answer_that_does_not_prove_itself_is_not_believed)
{
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (records(1)->note[i].state == MIG_RECORD_CAME)
			records(1)->note[i].peer_proof[3] ^= 1;
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "does not show"), "%s", why.text);
	cr_expect(held(0));
}

/* Asks host b as the host @as from @ipv4. */
static struct mig_located ask_raw(int as, uint32_t ipv4, const struct mig_locate_record *ask)
{
	static const uint8_t attempt[MIG_ATTEMPT] = { 1, 2, 3 };
	struct mig_record r = { .type = MIG_LOCATED };
	struct mig_located out = { 0 };

	raw_open(&raw, &pair, 1, ipv4, attempt);
	raw_hello(&raw, as, MIG_PURPOSE_LOCATE);
	raw_let(&raw, 2);
	cr_assert_eq(raw_next(&raw), MIG_HELLO);
	raw_put(&raw, MIG_LOCATE, ask);
	raw_let(&raw, 2);
	cr_assert_eq(raw_next(&raw), MIG_LOCATED);
	r.body = raw.body;
	r.length = raw.length;
	cr_assert_eq(mig_stream_parse(&r, &out, &why), ERR_OK, "%s", why.text);
	raw_close(&raw);
	return out;
}

static struct mig_locate_record claim_record(const struct mig_note *n)
{
	struct mig_locate_record ask = { .flags = MIG_LOCATE_CLAIM };

	memcpy(ask.uuid, uuid, sizeof(ask.uuid));
	memcpy(ask.attempt, n->attempt, sizeof(ask.attempt));
	memcpy(ask.proof, n->peer_proof, sizeof(ask.proof));
	return ask;
}

Test(locate, a_stranger_has_nothing_given_up)
{
	struct mig_locate_record ask;
	struct mig_located said;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	ask = claim_record(mig_away_get(records(0), uuid));
	ask.proof[0] ^= 1;
	said = ask_raw(0, IPV4_A, &ask);
	cr_expect_eq(said.state, MIG_LOCATED_REFUSED, "the uuid and address of lab-a are not enough");
	ask = claim_record(mig_away_get(records(0), uuid));
	ask.attempt[0] ^= 1;
	said = ask_raw(0, IPV4_A, &ask);
	cr_expect_eq(said.state, MIG_LOCATED_REFUSED);
	cr_expect_eq(said.proof[0] | said.proof[1] | said.proof[2] | said.proof[3], 0, "a stranger is told no proof");
	cr_expect_eq(pair.host[1].given_up, 0);
	cr_expect_not(held(1));
}

Test(locate, without_proofs_the_address_and_the_uuid_are_what_counts)
{
	struct mig_locate_record ask;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		records(1)->note[i].proves = false;
	ask = claim_record(mig_away_get(records(0), uuid));
	cr_expect_eq(ask_raw(0, IPV4_C, &ask).state, MIG_LOCATED_REFUSED);
	cr_expect_eq(ask_raw(1, IPV4_A, &ask).state, MIG_LOCATED_REFUSED);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask).state, MIG_LOCATED_RELEASED);
}

/* What the model found: b takes back at once what it has just given up, before a has heard of it. */
Test(locate, of_two_that_claim_it_of_each_other_one_gets_it)
{
	struct mig_locate_record ask;
	struct mig_note away;
	struct why other;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	away = *mig_away_get(records(0), uuid);
	ask = claim_record(&away);
	cr_assert_eq(ask_raw(0, IPV4_A, &ask).state, MIG_LOCATED_RELEASED);
	/* a has not heard it. */
	cr_expect_eq(claim(1), ERR_STATE);
	cr_expect_str_eq(why.text, "lab-b gave web1 back to lab-a, which has not taken it yet: it can be started there");
	cr_expect(held(1));
	cr_expect_eq(claim(0), ERR_OK, "%s", why.text);
	/* A claim that was under way since before that is too old now. */
	cr_expect_eq(ask_raw(0, IPV4_A, &ask).state, MIG_LOCATED_RELEASED, "the same again");
	cr_expect_eq(claim(1), ERR_OK, "%s", why.text);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask).state, MIG_LOCATED_REFUSED);
	cr_expect(!mig_service_vm_held(pair.host[1].service, uuid, &other), "%s", other.text);
	cr_expect_eq(claim(0), ERR_OK, "%s", why.text);
}

/* Host b's word that the machine went on to @ipv4. */
static struct mig_note gone_on(uint32_t ipv4)
{
	struct mig_note on = *mig_away_get(records(0), uuid);

	memset(on.attempt, 0x5a, sizeof(on.attempt));
	memset(on.own_proof, 0x11, sizeof(on.own_proof));
	memset(on.peer_proof, 0x22, sizeof(on.peer_proof));
	memset(on.peer_uuid, 0x33, sizeof(on.peer_uuid));
	strcpy(on.peer_name, "lab-c");
	on.peer_ipv4 = ipv4;
	cr_assert_eq(mig_away_put(records(1), &on, NULL, NULL, &why), ERR_OK);
	return on;
}

Test(locate, where_it_went_on_to_is_told_only_to_who_left_it_there)
{
	struct mig_locate_record ask;
	struct mig_located said;
	struct mig_note on;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	pair.host[1].guest[0]->life = FAKE_RELEASED;
	on = gone_on(IPV4_C);
	ask = claim_record(mig_away_get(records(0), uuid));
	said = ask_raw(0, IPV4_A, &ask);
	cr_expect_eq(said.state, MIG_LOCATED_MOVED);
	cr_expect_str_eq((char *)said.name, "lab-c");
	cr_expect_eq(said.ipv4, IPV4_C);
	cr_expect(!memcmp(said.attempt, on.attempt, sizeof(said.attempt)) && !memcmp(said.own_proof, on.own_proof, sizeof(said.own_proof)) &&
		  !memcmp(said.peer_proof, on.peer_proof, sizeof(said.peer_proof)));
	ask.proof[0] ^= 1;
	said = ask_raw(0, IPV4_A, &ask);
	cr_expect_eq(said.state, MIG_LOCATED_REFUSED);
	ask = (struct mig_locate_record){ .flags = 0 };
	memcpy(ask.uuid, uuid, sizeof(ask.uuid));
	said = ask_raw(0, IPV4_A, &ask);
	cr_expect_eq(said.state, MIG_LOCATED_MOVED);
	cr_expect_eq(said.own_proof[0] | said.peer_proof[0] | said.attempt[0], 0, "no secrets for who only asks");
}

Test(locate, a_claim_follows_the_machine_and_its_hops_are_counted)
{
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	pair.host[1].guest[0]->life = FAKE_RELEASED;
	gone_on(0x0a4d0009);	/* nobody is there */
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "lab-c (10.77.0.9) can't be asked"), "%s", why.text);
	cr_expect(held(0));
}

Test(locate, a_claim_is_not_sent_round_for_ever)
{
	struct mig_note on, came;
	unsigned before;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	pair.host[1].guest[0]->life = FAKE_RELEASED;
	/* b says that it went to c, and c, which is b itself, that it went to c. */
	on = gone_on(IPV4_B);
	came = on;
	memcpy(came.own_proof, on.peer_proof, sizeof(came.own_proof));
	memcpy(came.peer_proof, on.own_proof, sizeof(came.peer_proof));
	cr_assert_eq(mig_records_put(records(1), &came, MIG_RECORD_CAME, &why), ERR_OK);
	before = pair.pipes;
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "moved on too often"), "%s", why.text);
	cr_expect_eq(pair.pipes, before + 5);
	cr_expect(held(0));
}

Test(locate, a_machine_that_is_nowhere_may_be_started)
{
	pair.host[0].guest[0]->life = FAKE_RELEASED;
	cr_expect_not(mig_service_knows_peers(pair.host[0].service));
	cr_expect_eq(seek(0, 0), ERR_OK, "a host that knows no other asks none");
	pair.host[0].peer = IPV4_B;
	cr_expect(mig_service_knows_peers(pair.host[0].service));
	cr_expect_eq(seek(0, SECOND), ERR_OK, "%s", why.text);
	cr_expect_not(held(0));
	cr_expect(held(1), "who said 'not here' does not start it meanwhile");
	cr_expect_not_null(strstr(why.text, "lab-a has asked for it"), "%s", why.text);
	pair_run(&pair, 21 * SECOND);
	cr_expect_not(held(1), "%s", why.text);
}

Test(locate, a_machine_that_runs_elsewhere_is_not_started)
{
	claim_move(&pair, 0);
	/* a's store has lost the marker. */
	pair_restart(&pair, 0, FAKE_STORE_FORGETS);
	pair.host[0].peer = IPV4_B;
	cr_expect_eq(seek(0, 5 * SECOND), ERR_REFUSED);
	cr_expect_str_eq(why.text, "10.77.0.3 says: it runs on lab-b");
}

Test(locate, a_machine_that_is_off_elsewhere_is_not_started)
{
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	pair_restart(&pair, 0, FAKE_STORE_FORGETS);
	pair.host[0].peer = IPV4_B;
	cr_expect_eq(seek(0, 5 * SECOND), ERR_REFUSED);
	cr_expect_str_eq(why.text, "10.77.0.3 says: it is on lab-b, and is off there");
}

Test(locate, a_peer_that_can_not_be_asked_is_named_and_asked_again)
{
	pair.host[0].guest[0]->life = FAKE_RELEASED;
	pair.host[0].peer = IPV4_B;
	pair.unplugged = true;
	cr_expect_eq(seek(0, 30 * SECOND), ERR_AGAIN);
	cr_expect_str_eq(why.text, "10.77.0.3 can't be asked whether it runs web1: no connection within 5 s");
	cr_expect_leq(pair.pipes, 6, "with pauses that grow: %u", pair.pipes);
	pair.unplugged = false;
	cr_expect_eq(seek(0, 65 * SECOND), ERR_OK, "%s", why.text);
}

/* Hosts that take their time for HELLO and for the answer, which is NOT_HERE: c, and b too if @both is set. */
static struct raw slow;
static unsigned slow_answers[2];	/* of b, of c */

static struct channel *slow_connect(void *ctx, uint32_t ipv4, uint16_t port, struct why *w)
{
	(void)ctx, (void)port, (void)w;
	return raw_called(&slow, &pair, 0, ipv4);
}

static void answer_slowly(void)
{
	struct mig_located said = { .state = MIG_LOCATED_NOT_HERE };
	struct raw answered;

	slow_answers[slow.ipv4 == IPV4_C]++;
	raw_put(&slow, MIG_LOCATED, &said);
	/* The next one is asked in the step that reads it. */
	answered = slow;
	slow.pipe = NULL;
	pair_step(&pair);
	raw_close(&answered);
}

static enum err seek_slow(bool both, uint64_t hello_ns, uint64_t answer_ns, uint64_t ns)
{
	uint64_t end = pipe_now_ns + ns, at = 0;
	enum err e = ERR_AGAIN;

	pair.host[0].guest[0]->life = FAKE_RELEASED;
	pair.host[0].service->core.host.connect = slow_connect;
	for (; pipe_now_ns < end && e == ERR_AGAIN; pair_step(&pair)) {
		bool is = both || slow.ipv4 == IPV4_C;
		uint16_t type;

		pipe_now_ns += 9 * MS;
		e = mig_service_vm_seek(pair.host[0].service, uuid, "web1", pipe_now_ns, &why);
		if (!slow.pipe)
			continue;
		type = raw_next(&slow);
		if (type == MIG_HELLO || type == MIG_LOCATE)
			at = pipe_now_ns;
		if (slow.sequence == 0 && pipe_now_ns - at > hello_ns * is) {
			raw_hello(&slow, 1, MIG_PURPOSE_LOCATE);
			at = pipe_now_ns;
		} else if (slow.sequence == 1 && pipe_now_ns - at > answer_ns * is) {
			answer_slowly();
		}
	}
	if (slow.pipe)
		raw_close(&slow);
	return e;
}

static unsigned peers_b_and_c(void *ctx, uint32_t *ipv4, unsigned room)
{
	(void)ctx;
	cr_assert_geq(room, 2);
	ipv4[0] = IPV4_B;
	ipv4[1] = IPV4_C;
	return 2;
}

Test(locate, a_peer_that_answers_slowly_is_believed_from_the_question_on)
{
	pair.host[0].peer = IPV4_C;
	cr_expect_eq(seek_slow(false, 4800 * MS, 5700 * MS, 60 * SECOND), ERR_OK, "%s", why.text);
	cr_expect_eq(slow_answers[1], 1);
}

Test(locate, an_answer_that_grew_old_while_others_were_asked_is_asked_for_again_alone)
{
	pair.host[0].service->core.host.peers = peers_b_and_c;
	cr_expect_eq(seek_slow(false, 4800 * MS, 5700 * MS, 60 * SECOND), ERR_OK, "%s", why.text);
	cr_expect(slow_answers[0] == 2 && slow_answers[1] == 1, "%u %u", slow_answers[0], slow_answers[1]);
}

Test(locate, answers_that_are_too_old_when_the_last_one_comes_are_told_and_asked_for_again_with_pauses)
{
	pair.host[0].service->core.host.peers = peers_b_and_c;
	cr_expect_eq(seek_slow(true, 4800 * MS, 5700 * MS, 600 * SECOND), ERR_AGAIN);
	cr_expect_str_eq(why.text, "the hosts that may run it answer too slowly: when the last one had, the word of 10.77.0.3 was over 10 s old");
	cr_expect_geq(slow_answers[1], 6, "%u", slow_answers[1]);
	cr_expect_leq(slow_answers[1], 20, "%u", slow_answers[1]);
}

static struct mig_note strangers_record(void)
{
	struct mig_note n = { .peer_ipv4 = 0x0a4d0009, .vm = "junk", .peer_name = "stranger" };

	memset(n.attempt, 0x51, sizeof(n.attempt));
	memset(n.vm_uuid, 0x52, sizeof(n.vm_uuid));
	return n;
}

Test(locate, who_is_known_by_the_record_of_another_machine_is_not_asked)
{
	struct mig_note n = strangers_record();

	cr_assert_eq(mig_records_put(records(0), &n, MIG_RECORD_ABORTED, &why), ERR_OK);
	memset(n.vm_uuid, 0x53, sizeof(n.vm_uuid));
	cr_assert_eq(mig_away_put(records(0), &n, NULL, NULL, &why), ERR_OK);
	pair.host[0].guest[0]->life = FAKE_RELEASED;
	cr_expect_eq(seek(0, SECOND), ERR_OK, "%s", why.text);
	/* By one of its own he is. */
	n.attempt[0]++;
	memcpy(n.vm_uuid, uuid, sizeof(n.vm_uuid));
	cr_assert_eq(mig_records_put(records(0), &n, MIG_RECORD_ABORTED, &why), ERR_OK);
	cr_expect_eq(seek(0, 10 * SECOND), ERR_AGAIN);
	cr_expect_not_null(strstr(why.text, "10.77.0.9"), "%s", why.text);
}

static unsigned many_peers(void *ctx, uint32_t *ipv4, unsigned room)
{
	(void)ctx;
	for (unsigned i = 0; i < room; i++)
		ipv4[i] = IPV4_C + i;
	return room;
}

static struct channel *no_connection(void *ctx, uint32_t ipv4, uint16_t port, struct why *w)
{
	(void)ctx, (void)ipv4, (void)port;
	why_set(w, "this host has no network");
	return NULL;
}

Test(locate, more_hosts_than_can_be_asked_are_told_once)
{
	unsigned before = fake_log_warnings;

	pair.host[0].guest[0]->life = FAKE_RELEASED;
	pair.host[0].service->core.host.peers = many_peers;
	pair.host[0].service->core.host.connect = no_connection;
	cr_expect_eq(seek(0, 300 * SECOND), ERR_AGAIN);
	cr_expect_eq(fake_log_warnings, before + 2, "that, and who can't be asked: %u", fake_log_warnings - before);
	cr_expect_not_null(strstr(why.text, "10.77.0.4"), "%s", why.text);
}

Test(locate, two_hosts_of_one_uuid_that_wait_for_each_other_are_told_so)
{
	pair.host[0].guest[0]->life = FAKE_RELEASED;
	pair.host[0].peer = IPV4_B;
	pair.host[1].waits = true;
	memcpy(pair.host[0].service->core.host.uuid, pair.host[1].host.uuid, 16);
	cr_expect_eq(seek(0, 5 * SECOND), ERR_AGAIN);
	cr_expect_not_null(strstr(why.text, "lab-b (10.77.0.3) has the same UUID as this host"), "%s", why.text);
}

Test(locate, a_peer_that_does_not_let_it_ask_is_named)
{
	pair.host[0].guest[0]->life = FAKE_RELEASED;
	pair.host[0].peer = IPV4_B;
	pair.host[1].refuse_all = true;
	cr_expect_eq(seek(0, 5 * SECOND), ERR_AGAIN);
	cr_expect_not_null(strstr(why.text, "lab-b takes no migrations from 10.77.0.2"), "%s", why.text);
}

Test(locate, of_two_that_define_it_and_come_up_together_one_starts_it)
{
	bool ok[2] = { false, false };

	pair.host[0].guest[0]->life = FAKE_RELEASED;
	for (int n = 0; n < 2; n++) {
		pair.host[n].peer = n ? IPV4_A : IPV4_B;
		pair.host[n].waits = true;
	}
	for (uint64_t end = pipe_now_ns + 30 * SECOND; pipe_now_ns < end; pair_step(&pair))
		for (int n = 0; n < 2; n++)
			if (!ok[n] && !held(n))
				ok[n] = mig_service_vm_seek(pair.host[n].service, uuid, "web1", pipe_now_ns, &why) == ERR_OK;
	cr_expect(ok[0], "the one of the lower uuid");
	cr_expect_not(ok[1]);
}

Test(locate, two_that_come_up_together_with_machines_of_their_own_both_start_them)
{
	pair.host[0].guest[0]->life = FAKE_RELEASED;
	pair.host[0].peer = IPV4_B;
	pair.host[1].peer = IPV4_A;
	pair.host[0].waits = true;
	cr_expect_eq(seek(0, SECOND), ERR_OK);
	pair.host[0].waits = false;
	pair.host[1].waits = true;
	memset(uuid, 0x78, sizeof(uuid));
	cr_expect_eq(seek(1, SECOND), ERR_OK);
}

Test(locate, a_machine_that_is_not_settled_is_neither_here_nor_free)
{
	break_at_record(&pair, 1, MIG_RUNNING);
	pair.host[0].peer = pair.host[1].peer = 0;
	cr_expect_eq(claim(0), ERR_STATE, "COMMITTED is no marker to claim by");
	break_heal(&pair, 0);
	cr_expect_neq(seek(1, SECOND), ERR_OK, "a has it in doubt");
}
