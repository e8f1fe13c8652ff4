/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/service_parts.h"
#include "tests/fake/mig_claim.h"
#include "tests/fake/mig_raw.h"

/* Claims that must not be granted, or not be believed, though an honest host makes or answers them. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define IPV4_A 0x0a4d0002u
#define IPV4_C 0x0a4d0004u

static struct pair pair;
static struct fake_store store[2];
static struct raw raw, trap;
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
TestSuite(claims, .init = setup, .fini = teardown);

static enum err claim_once(int host)
{
	return mig_service_vm_claim(pair.host[host].service, uuid, pipe_now_ns, &why);
}

static enum err claim(int host)
{
	uint64_t end = pipe_now_ns + 60 * SECOND;
	enum err e;

	while ((e = claim_once(host)) == ERR_AGAIN && pipe_now_ns < end)
		pair_step(&pair);
	return e;
}

static bool held(int host)
{
	return mig_service_vm_held(pair.host[host].service, uuid, &why);
}

static struct mig_records *records(int host) { return &pair.host[host].service->core.records; }

/* Asks host b as the host @as from @ipv4; @why is its sentence. */
static enum mig_located_state ask_raw(int as, uint32_t ipv4, const struct mig_locate_record *ask)
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
	mig_text_copy(why.text, sizeof(why.text), out.text, sizeof(out.text));
	return (enum mig_located_state)out.state;
}

/* a's claim of what went to b. */
static struct mig_locate_record claim_record(void)
{
	const struct mig_note *n = mig_away_get(records(0), uuid);
	struct mig_locate_record ask = { .flags = MIG_LOCATE_CLAIM };

	memcpy(ask.uuid, uuid, sizeof(ask.uuid));
	memcpy(ask.attempt, n->attempt, sizeof(ask.attempt));
	memcpy(ask.proof, n->peer_proof, sizeof(ask.proof));
	return ask;
}

/* Host b's word that the machine went on to c. */
static struct mig_note gone_on(bool proves)
{
	struct mig_note on = *mig_away_get(records(0), uuid);

	pair.host[1].guest[0]->life = FAKE_RELEASED;
	memset(on.attempt, 0x5a, sizeof(on.attempt));
	memset(on.own_proof, 0x11, sizeof(on.own_proof));
	memset(on.peer_proof, 0x22, sizeof(on.peer_proof));
	memset(on.peer_uuid, 0x33, sizeof(on.peer_uuid));
	strcpy(on.peer_name, "lab-c");
	on.peer_ipv4 = IPV4_C;
	on.proves = proves;
	cr_assert_eq(mig_away_put(records(1), &on, NULL, NULL, &why), ERR_OK);
	return on;
}

/* --- who is believed -------------------------------------------------------------------------------------------- */

static struct channel *(*connect_pair)(void *ctx, uint32_t ipv4, uint16_t port, struct why *why);

static struct channel *connect_trap(void *ctx, uint32_t ipv4, uint16_t port, struct why *w)
{
	return ipv4 == IPV4_C ? raw_called(&trap, &pair, 0, ipv4) : connect_pair(ctx, ipv4, port, w);
}

/* Connections of host a to c come here. */
static void trap_c(void)
{
	connect_pair = pair.host[0].service->core.host.connect;
	pair.host[0].service->core.host.connect = connect_trap;
}

/* The claim may come to the trap, which says b's HELLO, which is public, and RELEASED with @proof. */
static enum err claim_at_trap(const uint8_t *proof, bool *came)
{
	struct mig_located lie = { .state = MIG_LOCATED_RELEASED, .given = 1 };
	enum err e = ERR_AGAIN;

	memset(&trap, 0, sizeof(trap));
	memcpy(lie.proof, proof, sizeof(lie.proof));
	for (int n = 0; n < 200 && e == ERR_AGAIN; n++) {
		uint16_t type = trap.pipe ? raw_next(&trap) : 0;

		if (type == MIG_HELLO)
			raw_hello(&trap, 1, MIG_PURPOSE_LOCATE);
		else if (type == MIG_LOCATE)
			raw_put(&trap, MIG_LOCATED, &lie);
		pair_step(&pair);
		e = claim_once(0);
	}
	*came = trap.pipe;
	if (*came)
		raw_close(&trap);
	return e;
}

Test(claims, are_not_followed_to_where_it_went_without_proofs)
{
	static const uint8_t zeros[MIG_PROOF];
	bool came;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	gone_on(false);
	trap_c();
	cr_expect_eq(claim_at_trap(zeros, &came), ERR_STATE);
	cr_expect_not(came, "c is not asked");
	cr_expect_str_eq(why.text, "web1 moved from lab-b on to lab-c, by a move without proofs: it can't be claimed there from here");
	cr_expect(held(0), "a may start what runs at c");
}

Test(claims, that_began_without_proofs_believe_proofs_alone_where_there_are_some)
{
	struct mig_note on;
	bool came;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	on = gone_on(true);
	((struct mig_note *)mig_away_get(records(0), uuid))->proves = false;
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		records(1)->note[i].proves = false;
	/* The uuid of c is public, and that of b (which the trap says) is what b says now of c. */
	memcpy(((struct mig_note *)mig_away_get(records(1), uuid))->peer_uuid, pair.host[1].host.uuid, 16);
	trap_c();
	cr_expect_eq(claim_at_trap(on.peer_proof, &came), ERR_STATE, "c would say what b said");
	cr_expect(came);
	cr_expect_not_null(strstr(why.text, "does not show that it is the host"), "%s", why.text);
	cr_expect(held(0));
	cr_expect_eq(claim_at_trap(on.own_proof, &came), ERR_OK, "%s", why.text);
}

/* --- what went on from here, and that is forgotten --------------------------------------------------------------- */

static bool defines_nothing(void *ctx, const uint8_t *u) { (void)ctx; (void)u; return false; }

static void b_defines_nothing(struct pair_host *h)
{
	if (h->number == 1)
		h->host.defines = defines_nothing;
}

static void b_starts_anew_and_defines_nothing(void)
{
	pair.prepare = b_defines_nothing;
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
}

/* So many other machines leave b that its marker of web1 gives way. */
static void let_marker_give_way(struct mig_note n)
{
	for (unsigned i = 0; i < MIG_AWAYS; i++) {
		memset(n.vm_uuid, 0x80 + (int)i, sizeof(n.vm_uuid));
		n.attempt[0] = (uint8_t)i;
		cr_assert_eq(mig_away_put(records(1), &n, defines_nothing, NULL, &why), ERR_OK);
	}
	cr_assert_null(mig_away_get(records(1), uuid));
}

Test(claims, are_refused_when_the_marker_of_where_it_went_on_gave_way)
{
	struct mig_locate_record ask;
	struct mig_note n;

	b_starts_anew_and_defines_nothing();
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	n = gone_on(true);
	ask = claim_record();
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_MOVED);
	let_marker_give_way(n);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_REFUSED, "it runs at c");
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_REFUSED, "it runs at c");
}

/* OWNED of b becomes CAME only when a says DONE. */
Test(claims, are_refused_when_done_came_after_the_marker_gave_way)
{
	struct mig_locate_record ask;
	struct mig_note n;

	b_starts_anew_and_defines_nothing();
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	ask = claim_record();
	n = *mig_came_get(records(1), uuid, ask.attempt);
	cr_assert_eq(mig_records_put(records(1), &n, MIG_RECORD_OWNED, &why), ERR_OK);
	let_marker_give_way(gone_on(true));
	mig_came_put(records(1), mig_records_get(records(1), n.attempt));
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_REFUSED, "it runs at c");
}

static void use_up(int host)
{
	store[host].limited = true;
	store[host].left = 0;
}

Test(claims, are_refused_after_a_move_on_that_was_recorded_in_memory_alone)
{
	struct mig_locate_record ask;

	b_starts_anew_and_defines_nothing();
	claim_move(&pair, 0);
	ask = claim_record();
	/* Host a is c from now on. */
	pair_restart(&pair, 0, FAKE_STORE_FORGETS);
	use_up(1);
	claim_move(&pair, 1);
	cr_assert_not_null(pair_running(&pair, 0), "it runs at c");
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_MOVED, "in this boot b still knows");
	store[1].limited = false;
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_REFUSED, "it runs at c");
}

/* The same before a has said DONE: after its restart b must not come to CAME by that. */
Test(claims, are_refused_after_a_move_on_in_memory_alone_before_done)
{
	struct mig_locate_record ask;
	struct mig_note n;

	b_starts_anew_and_defines_nothing();
	claim_move(&pair, 0);
	ask = claim_record();
	n = *mig_came_get(records(1), uuid, ask.attempt);
	cr_assert_eq(mig_records_put(records(1), &n, MIG_RECORD_OWNED, &why), ERR_OK);
	pair_restart(&pair, 0, FAKE_STORE_FORGETS);
	use_up(1);
	claim_move(&pair, 1);
	cr_assert_not_null(pair_running(&pair, 0), "it runs at c");
	store[1].limited = false;
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect_null(mig_records_get(records(1), n.attempt));
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_REFUSED, "it runs at c");
}

/* --- what is not known ------------------------------------------------------------------------------------------- */

/* An entry of b's that says nothing any more; it could be of its next move of web1. */
static void damage_one(void)
{
	for (unsigned i = 0; i < MIG_STORE_ENTRIES; i++) {
		if (store[1].entry[i].used)
			continue;
		store[1].entry[i].used = true;
		memset(store[1].entry[i].key, 0x99, MIG_STORE_KEY);
		memset(store[1].entry[i].bytes, 0xee, MIG_STORE_BYTES);
		store[1].entry[i].length = MIG_STORE_BYTES;
		return;
	}
}

Test(claims, are_refused_by_a_host_that_can_not_read_all_its_records)
{
	struct mig_leftover left;
	struct mig_locate_record ask;

	claim_move(&pair, 0);
	ask = claim_record();
	pair_kill(&pair, 1);
	damage_one();
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_REFUSED);
	cr_expect_not_null(strstr(why.text, "not all records of lab-b can be read, so web1 may have gone on"), "%s", why.text);
	cr_expect_eq(pair.host[1].given_up, 0);
	/* An operator drops it. */
	for (unsigned i = 0; mig_service_record_get(pair.host[1].service, i, &left); i++)
		if (!strcmp(left.state, "UNREADABLE"))
			cr_assert_eq(mig_service_record_drop(pair.host[1].service, left.id, true, &why), ERR_OK);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_RELEASED, "%s", why.text);
}

Test(claims, are_granted_of_what_came_after_records_that_can_not_be_read)
{
	pair_kill(&pair, 1);
	damage_one();
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	cr_expect_eq(claim(0), ERR_OK, "%s", why.text);
}

static void b_proves_nothing(struct pair_host *h)
{
	if (h->number == 1)
		h->proven = false;
}

Test(claims, are_refused_by_a_host_that_may_have_lost_records)
{
	struct mig_locate_record ask;

	claim_move(&pair, 0);
	ask = claim_record();
	pair.prepare = b_proves_nothing;
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_REFUSED);
	cr_expect_not_null(strstr(why.text, "can't tell whether its restart left it all of its records"), "%s", why.text);
}

/* --- two that want it -------------------------------------------------------------------------------------------- */

Test(claims, are_refused_while_another_was_told_that_it_may_start_it)
{
	struct mig_locate_record ask, question = { .flags = 0 };

	claim_move(&pair, 0);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	ask = claim_record();
	memcpy(question.uuid, uuid, sizeof(uuid));
	cr_assert_eq(ask_raw(1, IPV4_C, &question), MIG_LOCATED_NOT_HERE, "c starts it now");
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_REFUSED, "a starts it now");
	cr_expect_not_null(strstr(why.text, "that it may start web1: try again in "), "%s", why.text);
	cr_expect_eq(pair.host[1].given_up, 0);
	pair_run(&pair, 21 * SECOND);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_RELEASED, "%s", why.text);
}

Test(claims, are_granted_to_the_one_that_was_told_that_it_may_start_it)
{
	struct mig_locate_record ask, question = { .flags = 0 };

	claim_move(&pair, 0);
	pair_restart(&pair, 1, FAKE_STORE_KEEPS);
	ask = claim_record();
	memcpy(question.uuid, uuid, sizeof(uuid));
	cr_assert_eq(ask_raw(0, IPV4_A, &question), MIG_LOCATED_NOT_HERE);
	cr_expect_eq(ask_raw(0, IPV4_A, &ask), MIG_LOCATED_RELEASED, "%s", why.text);
}

/* --- what is recorded of it --------------------------------------------------------------------------------------- */

Test(claims, that_could_not_be_recorded_are_not_granted_when_made_again)
{
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	store[1].broken = true;
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_not(held(1), "%s", why.text);
	cr_expect_eq(claim(0), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "could not record that it gives web1 up"), "%s", why.text);
	cr_expect_eq(pair.host[1].given_up, 0);
	store[1].broken = false;
	cr_expect_eq(claim(0), ERR_OK, "%s", why.text);
}

Test(claims, go_to_the_port_of_who_took_the_machine_back)
{
	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	pair.host[0].service->core.host.port = 6001;
	/* Its own connections still go to the usual one. */
	((struct mig_note *)mig_away_get(records(0), uuid))->peer_port = MIG_PORT;
	cr_assert_eq(claim(0), ERR_OK, "%s", why.text);
	cr_expect_eq(mig_away_get(records(1), uuid)->peer_port, 6001);
}

Test(claims, know_the_port_of_who_a_machine_came_from)
{
	pair.host[0].service->core.host.port = 6001;
	claim_move(&pair, 0);
	cr_expect_eq(mig_came_get(records(1), uuid, mig_away_get(records(0), uuid)->attempt)->peer_port, 6001);
	cr_expect_eq(mig_away_get(records(0), uuid)->peer_port, MIG_PORT, "where it connected to");
}

/* b's ANSWER to a's DONE was lost: a asks on. */
Test(claims, go_the_other_way_though_done_was_under_way)
{
	struct mig_note done;

	claim_move(&pair, 0);
	claim_power_off(&pair, 1);
	done = *mig_away_get(records(0), uuid);
	done.settles = false;
	cr_assert_eq(mig_records_put(records(0), &done, MIG_RECORD_DONE, &why), ERR_OK);
	cr_assert_eq(claim(0), ERR_OK, "%s", why.text);
	/* Now b answers it. */
	cr_expect(service_forget(pair.host[0].service, done.attempt));
	cr_expect_eq(claim(1), ERR_OK, "%s", why.text);
	cr_expect(held(0));
}
