/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/fmt.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_raw.h"

/* A host that begins and never ends: what it may hold here, for how long, and that others get in. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define IPV4_C 0x0a4d0004u

static struct pair pair;
static struct fake_store store[2];
static struct raw raw[24];

static void setup(void) { pair_init_recorded(&pair, store); }
static void teardown(void) { pair_fini(&pair); }
TestSuite(quota, .init = setup, .fini = teardown);

/* The host at @ipv4 offers its machine number @n of @bytes to host b. */
static void offer_from(unsigned n, uint32_t ipv4, enum mig_move_type type, uint64_t bytes)
{
	uint8_t attempt[MIG_ATTEMPT] = { 0x55, (uint8_t)n };
	struct mig_offer o = { .memory_bytes = bytes, .vcpus = 1, .move_type = (uint16_t)type };
	struct mig_hello hello;

	fmt((char *)o.name, sizeof(o.name), "c%u", n);
	memset(o.uuid, (int)n + 1, sizeof(o.uuid));
	raw_open(&raw[n], &pair, 1, ipv4, attempt);
	mig_core_hello(&pair.host[0].service->core, MIG_PURPOSE_MIGRATE, NULL, &hello);
	memset(hello.uuid, 0xcc, sizeof(hello.uuid));
	raw_put(&raw[n], MIG_HELLO, &hello);
	raw_put(&raw[n], MIG_OFFER, &o);
	raw_let(&raw[n], 6);
	cr_expect_eq(raw_next(&raw[n]), MIG_HELLO);
}

/* Host c does. */
static void offer_of(unsigned n, enum mig_move_type type, uint64_t bytes)
{
	offer_from(n, IPV4_C, type, bytes);
}

static void offer(unsigned n, enum mig_move_type type)
{
	offer_of(n, type, 2 * MIB);
}

/* @seconds in which c says nothing but that it lives, on its first @count connections. */
static void beat(unsigned count, unsigned seconds)
{
	while (seconds--) {
		for (unsigned n = 0; n < count; n++)
			if (!raw_ended(&raw[n]))
				raw_put(&raw[n], MIG_HEARTBEAT, NULL);
		pair_run(&pair, SECOND);
	}
}

static void expect_move(void)
{
	const struct mig_job *j = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_OFF), 30 * SECOND);

	cr_expect_eq(j->state, MIG_JOB_COMPLETED, "%s", j->error);
}

Test(quota, of_time_ends_a_move_that_is_nothing_but_heartbeats)
{
	offer(0, MIG_MOVE_LIVE);
	cr_expect_eq(raw_next(&raw[0]), MIG_ACCEPT);
	beat(1, 118);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 1, "a slow host has its time");
	beat(1, 4);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 0);
	cr_expect_eq(raw_next(&raw[0]), MIG_ABORT);
	cr_expect_not_null(strstr(break_job(&pair, 1)->error, "nothing but heartbeats came for 120 s"), "%s", break_job(&pair, 1)->error);
	raw_close(&raw[0]);
}

Test(quota, of_time_lets_a_guest_power_off_before_a_restart)
{
	offer(0, MIG_MOVE_RESTART);
	beat(1, 200);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 1);
	beat(1, 720);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 0);
	raw_close(&raw[0]);
}

Test(quota, of_time_ends_a_connection_that_asks_for_ever)
{
	struct mig_query query = { 0 };

	raw_open(&raw[0], &pair, 1, IPV4_C, (uint8_t[MIG_ATTEMPT]){ 1 });
	raw_hello(&raw[0], 0, MIG_PURPOSE_SETTLE);
	for (unsigned n = 0; n < 4 && !raw_ended(&raw[0]); n++) {
		raw_put(&raw[0], MIG_QUERY, &query);
		beat(1, 16);
	}
	cr_expect(raw_ended(&raw[0]));
	raw_close(&raw[0]);
}

Test(quota, of_guests_gives_an_honest_host_its_turn)
{
	for (unsigned n = 0; n < MIG_MOVES_DEFAULT; n++) {
		offer(n, MIG_MOVE_LIVE);
		cr_expect_eq(raw_next(&raw[n]), MIG_ACCEPT);
	}
	beat(MIG_MOVES_DEFAULT, 11);
	expect_move();
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), MIG_MOVES_DEFAULT - 1, "one gave way");
	for (unsigned n = 0; n < MIG_MOVES_DEFAULT; n++)
		raw_close(&raw[n]);
}

Test(quota, of_guests_ends_nobodys_move_for_an_offer_that_is_refused)
{
	for (unsigned n = 0; n < MIG_MOVES_DEFAULT; n++)
		offer(n, MIG_MOVE_LIVE);
	beat(MIG_MOVES_DEFAULT, 12);
	cr_assert_eq(pair_count(&pair, FAKE_EMPTY), MIG_MOVES_DEFAULT);
	/* From d, and can't be taken in any case. */
	pair.host[1].no_room = "no";
	offer_from(9, IPV4_C + 1, MIG_MOVE_LIVE, 2 * MIB);
	cr_expect_eq(raw_next(&raw[9]), MIG_REJECT);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), MIG_MOVES_DEFAULT);
	for (unsigned n = 0; n < MIG_MOVES_DEFAULT; n++)
		raw_close(&raw[n]);
	raw_close(&raw[9]);
}

/* They are gone, and their guests wait for them to come back. */
Test(quota, of_guests_gives_an_honest_host_its_turn_before_the_grace_of_others_ends)
{
	for (int n = 0; n < 2; n++)
		pair.host[n].service->core.host.resume_grace_ns = 30 * SECOND;
	for (unsigned n = 0; n < MIG_MOVES_DEFAULT; n++) {
		offer(n, MIG_MOVE_LIVE);
		cr_expect_eq(raw_next(&raw[n]), MIG_ACCEPT);
		raw_close(&raw[n]);
	}
	pair_run(&pair, 11 * SECOND);
	cr_assert_eq(pair_count(&pair, FAKE_EMPTY), MIG_MOVES_DEFAULT, "they have 30 s");
	expect_move();
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), MIG_MOVES_DEFAULT - 1, "one gave way");
}

Test(quota, of_connections_is_by_address)
{
	for (unsigned n = 0; n < 20; n++)
		raw_open(&raw[n], &pair, 1, IPV4_C, (uint8_t[MIG_ATTEMPT]){ 1 });
	for (unsigned n = 0; n < 20; n++)
		cr_expect_eq(raw_ended(&raw[n]), n >= MIG_CONNECTIONS_PEER, "connection %u", n);
	expect_move();
	for (unsigned n = 0; n < 20; n++)
		raw_close(&raw[n]);
}

/* --- memory ------------------------------------------------------------------------------------------------- */

static uint64_t memory_left(void)
{
	uint64_t left = 10 * MIB;

	for (unsigned i = 0; i < pair.host[1].guests; i++) {
		const struct fake_guest *g = pair.host[1].guest[i];

		left -= g->life == FAKE_RELEASED || g->life == FAKE_DISCARDED ? 0 : g->def.memory_bytes;
	}
	return left;
}

static bool fits(void *ctx, uint64_t bytes)
{
	(void)ctx;
	return bytes <= memory_left();
}

static uint64_t spare(void *ctx)
{
	(void)ctx;
	return memory_left() / CHUNK_SIZE;
}

static struct mig_guest *(*create)(void *ctx, const struct mig_definition *def, struct why_list *reasons);

static struct mig_guest *create_if_it_fits(void *ctx, const struct mig_definition *def, struct why_list *reasons)
{
	if (!fits(ctx, def->memory_bytes))
		why_add(reasons, "too little memory");
	return reasons->count ? NULL : create(ctx, def, reasons);
}

/* b has 10 MiB; web1 needs 4. */
static void limit_memory(void)
{
	struct mig_host *h = &pair.host[1].service->core.host;

	create = h->guest_create;
	h->guest_create = create_if_it_fits;
	h->memory_fits = fits;
	h->spare_chunks = spare;
}

static const char *try_move(void)
{
	return pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_OFF), 30 * SECOND)->error;
}

Test(quota, of_memory_gives_an_honest_host_what_a_move_does_not_fill)
{
	limit_memory();
	offer_of(0, MIG_MOVE_LIVE, 10 * MIB);
	cr_expect_eq(raw_next(&raw[0]), MIG_ACCEPT);
	beat(1, 5);
	cr_expect_not_null(strstr(try_move(), "too little memory"), "a slow host has its time");
	beat(1, 6);
	expect_move();
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 0);
	raw_close(&raw[0]);
}

Test(quota, of_memory_takes_no_more_than_is_needed_and_only_for_what_then_fits)
{
	limit_memory();
	offer_of(0, MIG_MOVE_LIVE, 4 * MIB);
	beat(1, 3);
	offer_of(1, MIG_MOVE_LIVE, 4 * MIB);
	beat(2, 12);
	expect_move();
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 1, "the one that stood longer went");
	cr_expect(raw_ended(&raw[0]) && !raw_ended(&raw[1]));
	offer_from(2, IPV4_C + 1, MIG_MOVE_LIVE, 8 * MIB);
	cr_expect_eq(raw_next(&raw[2]), MIG_REJECT);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 1, "nothing went for what has no room all the same");
	for (unsigned n = 0; n < 3; n++)
		raw_close(&raw[n]);
}

/* Two of c stand still: one would give way for its place, but what then fits is too little. */
Test(quota, of_memory_ends_nobodys_move_for_what_has_no_room_all_the_same)
{
	limit_memory();
	pair.host[1].service->core.host.max_in = 2;
	offer_of(0, MIG_MOVE_LIVE, 4 * MIB);
	offer_of(1, MIG_MOVE_LIVE, 4 * MIB);
	beat(2, 12);
	offer_from(2, IPV4_C + 1, MIG_MOVE_LIVE, 12 * MIB);
	cr_expect_eq(raw_next(&raw[2]), MIG_REJECT);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 2);
	pair.host[1].no_room = "no";
	offer_from(3, IPV4_C + 1, MIG_MOVE_LIVE, 4 * MIB);
	cr_expect_eq(raw_next(&raw[3]), MIG_REJECT);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 2);
	for (unsigned n = 0; n < 4; n++)
		raw_close(&raw[n]);
}

Test(quota, of_memory_lets_a_guest_power_off_before_a_restart)
{
	limit_memory();
	offer_of(0, MIG_MOVE_RESTART, 10 * MIB);
	beat(1, 50);
	cr_expect_not_null(strstr(try_move(), "too little memory"));
	beat(1, 21);
	expect_move();
	raw_close(&raw[0]);
}

Test(quota, of_memory_is_not_taken_by_who_has_a_move_under_way)
{
	limit_memory();
	offer_of(0, MIG_MOVE_LIVE, 8 * MIB);
	beat(1, 11);
	offer_of(1, MIG_MOVE_LIVE, 4 * MIB);
	cr_expect_eq(raw_next(&raw[1]), MIG_REJECT);
	cr_expect_eq(pair_count(&pair, FAKE_EMPTY), 1);
	raw_close(&raw[0]);
	raw_close(&raw[1]);
}

static void leave_owned(unsigned from, unsigned count)
{
	struct mig_note n = { .peer_name = "lab-c", .peer_ipv4 = IPV4_C + from, .vm = "c" };
	struct why why;

	for (unsigned i = 0; i < count; i++) {
		n.attempt[0] = (uint8_t)(1 + i);
		n.attempt[1] = (uint8_t)from;
		n.vm_uuid[0] = (uint8_t)(1 + i);
		cr_assert_eq(mig_records_put(&pair.host[1].service->core.records, &n, MIG_RECORD_OWNED, &why), ERR_OK);
	}
}

Test(quota, of_records_is_by_address_and_leaves_what_goes_out_its_own)
{
	const struct mig_job *j;

	leave_owned(0, MIG_RECORDS_PEER);
	offer(0, MIG_MOVE_LIVE);
	cr_expect_eq(raw_next(&raw[0]), MIG_REJECT);
	raw_close(&raw[0]);
	expect_move();
	leave_owned(1, MIG_RECORDS_PEER);
	leave_owned(2, MIG_RECORDS_IN - 2 * MIG_RECORDS_PEER);
	j = pair_wait(&pair, 1, pair_migrate(&pair, 1, MIG_VERIFY_OFF), 30 * SECOND);
	cr_expect_eq(j->state, MIG_JOB_COMPLETED, "what leaves does not wait for them: %s", j->error);
}

Test(quota, of_records_is_an_operators_to_raise)
{
	struct mig_service *m = pair.host[1].service;
	struct mig_leftover left;
	struct why why = { "" };

	leave_owned(0, MIG_RECORDS_PEER);
	cr_assert(mig_service_record_get(m, MIG_RECORDS_PEER - 1, &left));
	cr_expect_str_eq(left.state, "OWNED");
	cr_expect(!left.source && !left.open && left.peer_ipv4 == IPV4_C);
	cr_expect_not(mig_service_record_get(m, MIG_RECORDS_PEER, &left));
	cr_assert(mig_service_record_get(m, 0, &left));
	cr_expect_eq(mig_service_record_drop(m, left.id, false, &why), ERR_REFUSED);
	cr_expect_not_null(strstr(why.text, "lab-c"), "%s", why.text);
	cr_expect_eq(mig_service_record_drop(m, left.id, true, &why), ERR_OK);
	cr_expect_eq(mig_service_record_drop(m, left.id, true, &why), ERR_NOTFOUND);
	offer(0, MIG_MOVE_LIVE);
	cr_expect_eq(raw_next(&raw[0]), MIG_ACCEPT);
	raw_close(&raw[0]);
}

/* Records of a few bytes that name a thousand pages each. */
Test(quota, of_pages_bounds_what_one_step_loads)
{
	struct { struct mig_pages_head head; struct mig_pages_entry entry; } __attribute__((packed)) body = {
		{ .round = 1, .entries = 1 }, { .count = 512, .encoding = MIG_ENC_ZERO } };
	const struct mig_dest *d;
	uint64_t before, most = 0;

	offer(0, MIG_MOVE_LIVE);
	cr_expect_eq(raw_next(&raw[0]), MIG_ACCEPT);
	for (unsigned i = 0; i < 64; i++)
		raw_put_bytes(&raw[0], MIG_PAGES, &body, sizeof(body));
	d = pair.host[1].service->core.in[0];
	do {
		before = d->load.zero_pages;
		raw_let(&raw[0], 1);
		most = d->load.zero_pages - before > most ? d->load.zero_pages - before : most;
	} while (d->load.zero_pages != before);
	cr_expect_eq(d->load.zero_pages, 64 * 512, "all of it came");
	cr_expect_leq(most, MIG_RECORD_PAGES, "%llu pages in one step", (unsigned long long)most);
	raw_close(&raw[0]);
}
