/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/protocol.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_pair.h"

/* How often a move writes into the stores, which firmware wears out and fills up by; and what is saved there is missed by nobody. */

#define SECOND 1000000000ull
#define MIB (1ull << 20)

static struct pair pair;
static struct fake_store store[2];

static bool defines_none(void *ctx, const uint8_t uuid[16])
{
	(void)ctx, (void)uuid;
	return false;
}

/* Host @n starts again, and goes by what its tern.conf says: web1 is a's. */
static void configure(int n)
{
	struct pair_host *h = &pair.host[n];

	mig_service_destroy(h->service);
	h->host.defines = n ? defines_none : NULL;
	h->service = mig_service_create(&h->host);
}

static void restart(int n, enum fake_store_fate fate)
{
	pair_restart(&pair, n, fate);
	configure(n);
}

static void setup(void)
{
	pair_init(&pair, 4 * MIB);
	pair_keep_records(&pair, store);
	configure(0);
	configure(1);
}

static void teardown(void) { pair_fini(&pair); }
TestSuite(record_puts, .init = setup, .fini = teardown);

static void move(int from)
{
	const struct mig_job *j = pair_wait(&pair, from, pair_migrate(&pair, from, MIG_VERIFY_OFF), 30 * SECOND);

	cr_assert_eq(j->state, MIG_JOB_COMPLETED, "%s", j->error);
	pair_run(&pair, SECOND);
}

/* What a move from @from cost: puts at its source and destination, and drops there. */
static void expect_cost(int from, unsigned source, unsigned destination, unsigned source_drops, unsigned destination_drops)
{
	const struct fake_store before[2] = { store[0], store[1] };
	const struct fake_store *s = &store[from], *d = &store[!from], *s0 = &before[from], *d0 = &before[!from];

	move(from);
	cr_expect_eq(s->puts - s0->puts, source, "%u puts at the source", s->puts - s0->puts);
	cr_expect_eq(d->puts - d0->puts, destination, "%u puts at the destination", d->puts - d0->puts);
	cr_expect_eq(s->operations - s0->operations - source, source_drops, "of the source");
	cr_expect_eq(d->operations - d0->operations - destination, destination_drops, "of the destination");
}

Test(record_puts, of_a_move_are_two_and_three)
{
	expect_cost(0, 2, 3, 1, 0);
	cr_expect_eq(fake_store_entries(&store[0]), 1, "AWAY");
	cr_expect_eq(fake_store_entries(&store[1]), 0);
}

Test(record_puts, of_a_move_to_who_can_start_the_machine_are_as_many)
{
	move(0);
	expect_cost(1, 2, 3, 1, 1);
	cr_expect_eq(fake_store_entries(&store[0]), 0);
	cr_expect_eq(fake_store_entries(&store[1]), 1, "AWAY");
}

Test(record_puts, of_ten_moves_leave_no_more_than_the_markers)
{
	for (int n = 0; n < 10; n++)
		move(n & 1);
	cr_expect_eq(fake_store_entries(&store[0]), 0);
	cr_expect_eq(fake_store_entries(&store[1]), 1);
}

/* --- DONE that AWAY stands for ------------------------------------------------------------------------------- */

Test(record_puts, without_done_still_tell_after_a_restart)
{
	break_at_record(&pair, 0, MIG_DONE);
	cr_assert_eq(fake_store_entries(&store[0]), 2, "COMMITTED and AWAY");
	restart(0, FAKE_STORE_KEEPS);
	cr_expect_eq(mig_job_count(pair.host[0].service), 0, "nothing is in doubt");
	cr_expect(break_held(&pair, 0, &(struct why){ "" }));
	break_heal(&pair, 20 * SECOND);
	cr_expect_eq(fake_store_entries(&store[0]), 1);
	cr_expect_eq(fake_store_entries(&store[1]), 0);
}

Test(record_puts, without_done_do_not_bring_a_doubt_back_with_a_lost_drop)
{
	move(0);
	restart(0, FAKE_STORE_LOSES_DROP);
	cr_assert_eq(fake_store_entries(&store[0]), 2, "COMMITTED is there again");
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(mig_job_count(pair.host[0].service), 0);
	cr_expect_eq(fake_store_entries(&store[0]), 1);
	cr_expect(break_held(&pair, 0, &(struct why){ "" }), "it is away");
}

Test(record_puts, without_done_write_it_when_the_machine_comes_back_first)
{
	const struct mig_job *j;

	/* D is not told; then the machine comes home, so that AWAY goes. */
	break_at_record(&pair, 0, MIG_DONE);
	pair.unplugged = false;
	j = pair_wait(&pair, 1, pair_migrate(&pair, 1, MIG_VERIFY_OFF), 60 * SECOND);
	cr_assert_eq(j->state, MIG_JOB_COMPLETED, "%s", j->error);
	pair_run(&pair, 20 * SECOND);
	cr_expect_eq(fake_store_entries(&store[0]), 0);
	restart(0, FAKE_STORE_KEEPS);
	pair_run(&pair, SECOND);
	cr_expect_eq(mig_job_count(pair.host[0].service), 0);
	cr_expect_not(break_held(&pair, 0, &(struct why){ "" }));
}

/* AWAY of @n's machine goes while the DONE of its attempt was told to nobody. */
Test(record_puts, without_done_write_it_when_the_marker_gives_way)
{
	struct mig_records *r = &pair.host[0].service->core.records;
	struct mig_note n = { .vm = "c1", .attempt = { 1 }, .vm_uuid = { 2 }, .source = true, .settles = true, .peer_ipv4 = 1 };
	struct why why;

	cr_assert_eq(mig_records_put(r, &n, MIG_RECORD_COMMITTED, &why), ERR_OK);
	cr_assert_eq(mig_away_put(r, &n, NULL, NULL, &why), ERR_OK);
	cr_assert_eq(mig_records_put(r, &n, MIG_RECORD_DONE, &why), ERR_OK);
	cr_assert_eq(store[0].puts, 2);
	mig_away_home(r, n.vm_uuid);
	cr_expect_eq(fake_store_entries(&store[0]), 1);
	restart(0, FAKE_STORE_KEEPS);
	r = &pair.host[0].service->core.records;
	cr_assert_not_null(mig_records_get(r, n.attempt));
	cr_expect_eq(mig_records_get(r, n.attempt)->state, MIG_RECORD_DONE);
}

Test(record_puts, without_done_drop_what_it_cannot_replace)
{
	struct mig_records *r = &pair.host[0].service->core.records;
	struct mig_note n = { .vm = "c1", .attempt = { 1 }, .vm_uuid = { 2 }, .source = true, .settles = true, .peer_ipv4 = 1 };
	struct why why;

	cr_assert_eq(mig_records_put(r, &n, MIG_RECORD_COMMITTED, &why), ERR_OK);
	cr_assert_eq(mig_away_put(r, &n, NULL, NULL, &why), ERR_OK);
	cr_assert_eq(mig_records_put(r, &n, MIG_RECORD_DONE, &why), ERR_OK);
	store[0].broken = true;
	mig_away_home(r, n.vm_uuid);
	store[0].broken = false;
	restart(0, FAKE_STORE_KEEPS);
	cr_expect_null(mig_records_get(&pair.host[0].service->core.records, n.attempt), "it would be in doubt");
}

Test(record_puts, a_marker_of_a_copy_given_up_settles_nothing)
{
	struct mig_records *r = &pair.host[0].service->core.records;
	struct mig_note n = { .vm = "c1", .attempt = { 1 }, .vm_uuid = { 2 }, .source = true, .peer_ipv4 = 1 };
	struct why why;

	cr_assert_eq(mig_records_put(r, &n, MIG_RECORD_COMMITTED, &why), ERR_OK);
	cr_assert_eq(mig_away_put(r, &n, NULL, NULL, &why), ERR_OK);
	restart(0, FAKE_STORE_KEEPS);
	cr_expect_eq(mig_records_get(&pair.host[0].service->core.records, n.attempt)->state, MIG_RECORD_COMMITTED, "an operator forgot it, D may still refuse");
}

/* --- VOID that nothing needs ------------------------------------------------------------------------------------ */

Test(record_puts, what_came_and_is_settled_takes_no_place_after_a_restart)
{
	move(0);
	restart(1, FAKE_STORE_LOSES_DROP);
	cr_expect_eq(mig_records_unsettled(&pair.host[1].service->core.records, 0), 0);
}

Test(record_puts, of_what_left_before_its_source_said_done_do_not_say_that_it_is_home)
{
	struct mig_records *r = &pair.host[0].service->core.records;
	struct mig_note came = { .vm = "c1", .attempt = { 1 }, .vm_uuid = { 2 }, .peer_ipv4 = 1 };
	struct mig_note left = { .vm = "c1", .attempt = { 3 }, .vm_uuid = { 2 }, .source = true, .peer_ipv4 = 1 };
	struct why why;

	cr_assert_eq(mig_records_put(r, &came, MIG_RECORD_OWNED, &why), ERR_OK);
	cr_assert_eq(mig_away_put(r, &left, NULL, NULL, &why), ERR_OK);
	mig_came_put(r, mig_records_get(r, came.attempt));
	restart(0, FAKE_STORE_KEEPS);
	cr_expect(mig_service_vm_held(pair.host[0].service, left.vm_uuid, &why), "it runs elsewhere");
	cr_expect_not_null(strstr(why.text, "moved to"), "%s", why.text);
}

Test(record_puts, a_lost_drop_of_a_guest_that_came_home_leaves_it_to_this_host)
{
	move(0);
	move(1);
	restart(0, FAKE_STORE_LOSES_DROP);
	cr_expect_not(break_held(&pair, 0, &(struct why){ "" }), "the machine may start afresh: it died here");
	cr_expect_eq(fake_store_entries(&store[0]), 0);
}
