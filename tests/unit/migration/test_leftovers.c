/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/fmt.h"
#include "lib/log.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_raw.h"

/* What is left of hand-offs: seen, dropped by an operator, and giving way with age. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)
#define IPV4_C 0x0a4d0004u
#define NOW_S 1800000000ull
#define DAY_S 86400ull

static struct pair pair;
static struct fake_store store[2];
static struct raw raw;
static uint64_t wall_now_s;
static uint8_t defined;		/* the first byte of the UUID of the machine that b defines */

static uint64_t wall(void *ctx)
{
	(void)ctx;
	return wall_now_s;
}

static bool defines(void *ctx, const uint8_t uuid[16])
{
	(void)ctx;
	return defined && uuid[0] == defined;
}

static char logged[4096];

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	size_t at = strlen(logged);
	va_list args;

	(void)level;
	(void)area;
	va_start(args, format);
	vsnprintf(logged + at, sizeof(logged) - at, format, args);
	va_end(args);
}

void panic(const char *format, ...)
{
	cr_assert_fail("%s", format);
	abort();
}

static void restart(enum fake_store_fate fate)
{
	struct pair_host *h = &pair.host[1];

	pair_restart(&pair, 1, fate);
	mig_service_destroy(h->service);
	h->host.wall_s = wall;
	h->host.defines = defines;
	h->service = mig_service_create(&h->host);
}

static void setup(void)
{
	wall_now_s = NOW_S;
	defined = 0;
	pair_init(&pair, 4 * MIB);
	pair_keep_records(&pair, store);
	restart(FAKE_STORE_KEEPS);
	pair.host[0].idle = pair.host[1].idle = true;
	pair.host[0].guest[0]->idle = true;
}

static void teardown(void) { pair_fini(&pair); }
TestSuite(leftovers, .init = setup, .fini = teardown);

static struct mig_service *b(void) { return pair.host[1].service; }

/* b keeps a record of machine @vm, that came from the host at IPV4_C + @from, or went there. */
static struct mig_note leave(enum mig_record_state state, bool source, unsigned vm, unsigned from, uint64_t age_s)
{
	struct mig_note n = { .peer_name = "lab-c", .peer_ipv4 = IPV4_C + from, .source = source, .when_s = wall_now_s - age_s, .peer_port = 5991 };
	struct why why;

	fmt(n.vm, sizeof(n.vm), "c%u", vm);
	n.attempt[0] = (uint8_t)vm;
	n.attempt[1] = (uint8_t)from;
	n.attempt[15] = 0xa7;
	n.vm_uuid[0] = (uint8_t)vm;
	if (state == MIG_RECORD_AWAY)
		cr_assert_eq(mig_away_put(&b()->core.records, &n, NULL, NULL, &why), ERR_OK);
	else
		cr_assert_eq(mig_records_put(&b()->core.records, &n, state, &why), ERR_OK);
	return n;
}

static struct mig_leftover only(void)
{
	struct mig_leftover left;

	cr_assert(mig_service_record_get(b(), 0, &left));
	cr_assert_not(mig_service_record_get(b(), 1, &(struct mig_leftover){ 0 }));
	return left;
}

static unsigned stored(void)
{
	unsigned n = 0;

	for (int i = 0; i < MIG_STORE_ENTRIES; i++)
		n += store[1].entry[i].used;
	return n;
}

static void expect_drop(enum err told, const char *risk)
{
	struct why why = { "" };
	uint64_t id = only().id;

	cr_expect_eq(mig_service_record_drop(b(), id, false, &why), told);
	cr_expect_not_null(strstr(why.text, risk), "%s", why.text);
	if (told != ERR_REFUSED)
		return;
	cr_expect_eq(stored(), 1);
	cr_expect_eq(mig_service_record_drop(b(), id, true, &why), ERR_OK, "%s", why.text);
	cr_expect_not(mig_service_record_get(b(), 0, &(struct mig_leftover){ 0 }));
	cr_expect_eq(stored(), 0);
	cr_expect_eq(mig_service_record_drop(b(), id, true, &why), ERR_NOTFOUND);
}

/* --- seen and dropped ------------------------------------------------------------------------------------- */

Test(leftovers, are_all_shown_once_with_numbers_of_their_own)
{
	struct mig_leftover left;

	leave(MIG_RECORD_OWNED, false, 1, 0, 0);
	leave(MIG_RECORD_AWAY, true, 2, 0, 0);
	store[1].entry[9].used = true;
	store[1].entry[9].length = 5;
	memset(store[1].entry[9].key, 0xee, MIG_STORE_KEY);
	restart(FAKE_STORE_KEEPS);
	cr_assert(mig_service_record_get(b(), 0, &left));
	cr_expect_str_eq(left.state, "LOST");
	cr_expect(left.holds && !left.source && left.when_s == NOW_S);
	cr_expect_str_eq(left.vm, "c1");
	cr_assert(mig_service_record_get(b(), 1, &left));
	cr_expect_str_eq(left.state, "AWAY");
	cr_expect(left.holds && left.source);
	cr_assert(mig_service_record_get(b(), 2, &left));
	cr_expect_str_eq(left.state, "UNREADABLE");
	cr_expect(left.id != 0 && !left.vm[0]);
	cr_expect_not(mig_service_record_get(b(), 3, &left));
	cr_expect_eq(mig_service_record_count(b()), 3);
}

Test(leftovers, of_a_machine_that_runs_here_go_and_leave_their_source_in_doubt)
{
	leave(MIG_RECORD_OWNED, false, 1, 0, 0);
	expect_drop(ERR_REFUSED, "should lab-c ask what became of c1, it would not be told, and stay in doubt");
}

Test(leftovers, of_how_a_machine_came_go_and_leave_it_here)
{
	leave(MIG_RECORD_CAME, false, 1, 0, 0);
	expect_drop(ERR_REFUSED, "lab-c could not claim c1 back from here");
}

Test(leftovers, that_an_attempt_was_given_up_go_also_after_a_restart)
{
	leave(MIG_RECORD_ABORTED, false, 1, 0, 0);
	restart(FAKE_STORE_KEEPS);
	expect_drop(ERR_REFUSED, "should lab-c ask");
}

Test(leftovers, of_what_went_to_a_host_that_is_gone_go_with_the_telling)
{
	leave(MIG_RECORD_DONE, true, 1, 0, 0);
	restart(FAKE_STORE_KEEPS);
	pair_run(&pair, SECOND);
	cr_assert_eq(service_notifications(b()), 1);
	expect_drop(ERR_REFUSED, "lab-c would not be told that it may forget c1");
	pair_run(&pair, SECOND);
	cr_expect_eq(service_notifications(b()), 0);
}

Test(leftovers, of_an_attempt_that_was_taken_back_may_leave_a_copy_there)
{
	leave(MIG_RECORD_ABORTED, true, 1, 0, 0);
	restart(FAKE_STORE_KEEPS);
	pair_run(&pair, SECOND);
	expect_drop(ERR_REFUSED, "a copy of c1 that lab-c may hold stays there until an operator gives it up");
	cr_expect_eq(service_notifications(b()), 0);
}

Test(leftovers, that_hold_a_machine_say_so_and_let_it_go)
{
	struct mig_note n = leave(MIG_RECORD_AWAY, true, 1, 0, 0);
	struct why why;

	cr_assert(mig_service_vm_held(b(), n.vm_uuid, &why));
	expect_drop(ERR_REFUSED, "starting it here could run it twice");
	cr_expect_not(mig_service_vm_held(b(), n.vm_uuid, &why));
}

Test(leftovers, that_a_job_sees_to_are_the_jobs)
{
	struct why why;

	leave(MIG_RECORD_COMMITTED, true, 1, 0, 0);
	restart(FAKE_STORE_KEEPS);
	pair_run(&pair, SECOND);
	cr_expect(only().open);
	cr_expect_eq(mig_service_record_drop(b(), only().id, true, &why), ERR_STATE);
	cr_expect_not_null(strstr(why.text, "force"), "%s", why.text);
	cr_expect_eq(fake_store_entries(&store[1]), 1);
}

Test(leftovers, of_hosts_that_are_gone_keep_moves_waiting_until_an_operator_drops_one)
{
	struct mig_service *a = pair.host[0].service;
	struct mig_leftover left;
	const struct mig_job *j;
	struct why why;
	uint32_t job;

	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++) {
		struct mig_note n = { .attempt = { 3, (uint8_t)i }, .vm = "c", .source = true, .peer_ipv4 = 0x0a4d0009, .peer_port = 5991 };

		cr_assert_eq(mig_records_put(&a->core.records, &n, MIG_RECORD_DONE, &why), ERR_OK);
		mig_records_orphan(&a->core.records, n.attempt);
	}
	pair_run(&pair, 100 * MS);
	job = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	pair_run(&pair, 100 * MS);
	j = mig_job_find(a, job);
	cr_expect_eq(j->state, MIG_JOB_NEW);
	cr_expect_not_null(strstr(j->waits, "an operator drops their records: 16 are left"), "%s", j->waits);
	cr_assert(mig_service_record_get(a, 0, &left));
	cr_assert_eq(mig_service_record_drop(a, left.id, true, &why), ERR_OK);
	j = pair_wait(&pair, 0, job, 30 * SECOND);
	cr_expect_eq(j->state, MIG_JOB_COMPLETED, "%s", j->error);
}

Test(leftovers, that_cannot_be_read_go_by_an_operators_word)
{
	store[1].entry[0].used = true;
	store[1].entry[0].length = 5;
	memset(store[1].entry[0].key, 0xee, MIG_STORE_KEY);
	logged[0] = 0;
	restart(FAKE_STORE_KEEPS);
	cr_expect_null(strstr(logged, "eeeeeeeeee"), "its key may be a secret: %s", logged);
	cr_expect_not_null(strstr(logged, "eeeeeeee.. can't be used"), "%s", logged);
	expect_drop(ERR_REFUSED, "can't be read");
}

/* --- giving way ------------------------------------------------------------------------------------------- */

static uint16_t offer_from(unsigned from, enum mig_purpose purpose)
{
	uint8_t attempt[MIG_ATTEMPT] = { 0x55, (uint8_t)from };
	struct mig_offer o = { .memory_bytes = 2 * MIB, .vcpus = 1, .name = "new" };
	struct mig_hello hello;
	uint16_t type;

	o.flags = purpose == MIG_PURPOSE_CHECK ? MIG_OFFER_CHECK : 0;
	memset(o.uuid, 0x77, sizeof(o.uuid));
	raw_open(&raw, &pair, 1, IPV4_C + from, attempt);
	mig_core_hello(&pair.host[0].service->core, purpose, NULL, &hello);
	memset(hello.uuid, 0xcc, sizeof(hello.uuid));
	raw_put(&raw, MIG_HELLO, &hello);
	raw_put(&raw, MIG_OFFER, &o);
	raw_let(&raw, 6);
	cr_expect_eq(raw_next(&raw), MIG_HELLO);
	type = raw_next(&raw);
	raw_close(&raw);
	return type;
}

static unsigned kept_from(unsigned from)
{
	return mig_records_unsettled(&b()->core.records, IPV4_C + from);
}

/* @count of its machines came from the host numbered @from. */
static void leave_owned(unsigned from, unsigned count, uint64_t age_s)
{
	for (unsigned i = 0; i < count; i++)
		leave(MIG_RECORD_OWNED, false, 1 + i, from, age_s);
}

Test(leftovers, that_are_young_keep_their_places)
{
	leave_owned(0, MIG_RECORDS_PEER, 6 * DAY_S);
	cr_expect_eq(offer_from(0, MIG_PURPOSE_MIGRATE), MIG_REJECT);
	cr_expect_eq(kept_from(0), MIG_RECORDS_PEER);
}

Test(leftovers, that_are_old_keep_them_while_there_is_room)
{
	leave_owned(0, MIG_RECORDS_PEER - 1, 400 * DAY_S);
	cr_expect_eq(offer_from(0, MIG_PURPOSE_MIGRATE), MIG_ACCEPT);
	cr_expect_eq(kept_from(0), MIG_RECORDS_PEER - 1);
}

Test(leftovers, that_are_old_give_way_to_a_move_from_the_same_host)
{
	leave(MIG_RECORD_OWNED, false, 40, 0, 9 * DAY_S);
	leave_owned(0, MIG_RECORDS_PEER - 1, 8 * DAY_S);
	cr_expect_eq(offer_from(0, MIG_PURPOSE_CHECK), MIG_ACCEPT);
	cr_expect_eq(kept_from(0), MIG_RECORDS_PEER, "a check has no effect");
	cr_expect_eq(offer_from(0, MIG_PURPOSE_MIGRATE), MIG_ACCEPT);
	cr_expect_eq(kept_from(0), MIG_RECORDS_PEER - 1);
	cr_expect_null(mig_records_get(&b()->core.records, (uint8_t[MIG_ATTEMPT]){ 40, 0, [15] = 0xa7 }), "the oldest goes");
}

Test(leftovers, of_hosts_that_hold_most_places_give_way_first)
{
	leave_owned(3, MIG_RECORDS_IN - 2 * MIG_RECORDS_PEER, 30 * DAY_S);
	leave_owned(1, MIG_RECORDS_PEER, 8 * DAY_S);
	leave_owned(2, MIG_RECORDS_PEER, 8 * DAY_S);
	cr_expect_eq(offer_from(0, MIG_PURPOSE_MIGRATE), MIG_ACCEPT);
	cr_expect_eq(kept_from(3), MIG_RECORDS_IN - 2 * MIG_RECORDS_PEER, "an honest host's few stay, though they are older");
	cr_expect_eq(kept_from(1) + kept_from(2), 2 * MIG_RECORDS_PEER - 1);
}

Test(leftovers, of_machines_that_this_host_can_start_never_give_way)
{
	defined = 1;
	leave(MIG_RECORD_OWNED, false, 1, 0, 400 * DAY_S);
	leave_owned(0, MIG_RECORDS_PEER, 8 * DAY_S);
	cr_expect_eq(offer_from(0, MIG_PURPOSE_MIGRATE), MIG_ACCEPT);
	cr_expect_not_null(mig_records_get(&b()->core.records, (uint8_t[MIG_ATTEMPT]){ 1, 0, [15] = 0xa7 }));
}

Test(leftovers, without_a_wall_clock_are_as_old_as_this_boot)
{
	struct mig_age age = { .now_ns = 7 * DAY_S * SECOND - 1 };

	wall_now_s = 0;
	leave_owned(0, 1, 0);
	cr_expect_null(mig_records_oldest(&b()->core.records, 0, &age));
	age.now_ns++;
	cr_expect_not_null(mig_records_oldest(&b()->core.records, 0, &age));
	cr_expect_null(mig_records_oldest(&b()->core.records, IPV4_C + 1, &age), "of another host");
}

Test(leftovers, that_gave_way_leave_their_source_in_doubt_and_nothing_worse)
{
	const struct mig_job *j;
	uint32_t job = pair_migrate(&pair, 0, MIG_VERIFY_OFF);
	const struct mig_note *n = NULL;

	while (!pair_running(&pair, 1))
		pair_step(&pair);
	for (unsigned c = 0; c < pair.pipes; c++)
		pipe_cut(pair.pipe[c], false);
	for (unsigned i = 0; i < MIG_RECORDS && !n; i++)
		if (b()->core.records.note[i].state == MIG_RECORD_OWNED)
			n = &b()->core.records.note[i];
	cr_assert_not_null(n);
	mig_records_remove(&b()->core.records, n->attempt);
	pair_run(&pair, 60 * SECOND);
	j = mig_job_find(pair.host[0].service, job);
	cr_expect(j->in_doubt && !j->ended_ns, "%s", j->error);
	cr_expect_not_null(strstr(j->doubt, "has no record"), "%s", j->doubt);
	cr_expect_eq(pair.most_running, 1);
}
