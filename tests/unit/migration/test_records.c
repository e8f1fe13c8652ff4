/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/bytes.h"
#include "lib/crc32c.h"
#include "migration/record_entry.h"
#include "migration/records.h"
#include "tests/fake/fake_store.h"

static struct mig_records r;
static struct fake_store store;
static const uint8_t boot_a[16] = { 0xa }, boot_b[16] = { 0xb };

static void load(const uint8_t *boot)
{
	struct mig_store seam = fake_store_seam(&store, true);

	memset(&r, 0, sizeof(r));
	mig_records_load(&r, &seam, boot);
}

static void setup(void) { load(boot_a); }
TestSuite(records, .init = setup);

static struct mig_note note(uint8_t id)
{
	return (struct mig_note){
		.attempt = { id }, .vm = "web1", .vm_uuid = { 0x77, id }, .peer_name = "lab-b", .peer_ipv4 = 0x0a4d0003,
		.peer_port = 5991, .peer_uuid = { 0x11 }, .peer_boot = { 0xb0 }, .peer_keeps = true, .digest = 7000u + id,
		.when_s = 1795400000, .source = id & 1,
	};
}

static enum err put(uint8_t id, enum mig_record_state state)
{
	struct mig_note n = note(id);
	struct why why;

	return mig_records_put(&r, &n, state, &why);
}

static const struct mig_note *get(uint8_t id)
{
	return mig_records_get(&r, (uint8_t[16]){ id });
}

Test(records, are_found_replaced_and_removed_by_attempt)
{
	cr_expect_null(get(1));
	cr_assert_eq(put(1, MIG_RECORD_PREPARED), ERR_OK);
	cr_assert_eq(put(2, MIG_RECORD_PREPARED), ERR_OK);
	cr_assert_eq(put(1, MIG_RECORD_OWNED), ERR_OK);
	cr_expect_eq(get(1)->state, MIG_RECORD_OWNED);
	cr_expect_eq(get(2)->digest, 7002);
	mig_records_remove(&r, (uint8_t[16]){ 1 });
	cr_expect_null(get(1));
	cr_expect_not_null(get(2));
	cr_expect_eq(fake_store_entries(&store), 1);
}

Test(records, what_is_still_open_is_never_forgotten_for_something_new)
{
	for (uint8_t id = 1; id <= MIG_RECORDS; id++)
		cr_assert_eq(put(id, id % 2 ? MIG_RECORD_OWNED : MIG_RECORD_PREPARED), ERR_OK);
	cr_expect_not(mig_records_room(&r));
	cr_expect_eq(put(100, MIG_RECORD_PREPARED), ERR_SPACE);
	cr_assert_eq(put(5, MIG_RECORD_ABORTED), ERR_OK, "an existing one keeps its place");
	cr_assert_eq(put(200, MIG_RECORD_PREPARED), ERR_OK, "the aborted one may go");
	cr_expect_null(get(5));
	cr_expect_eq(fake_store_entries(&store), MIG_RECORDS, "and leaves the store");
}

Test(records, come_back_after_a_restart_as_they_were)
{
	const struct mig_note *n;
	struct mig_note was = note(3);

	cr_assert_eq(put(3, MIG_RECORD_COMMITTED), ERR_OK);
	load(boot_b);
	n = get(3);
	cr_assert_not_null(n);
	cr_expect_eq(n->state, MIG_RECORD_COMMITTED);
	cr_expect(n->restored && n->source && n->peer_keeps);
	cr_expect_eq(n->digest, was.digest);
	cr_expect_str_eq(n->vm, "web1");
	cr_expect_str_eq(n->peer_name, "lab-b");
	cr_expect_eq(n->peer_ipv4, was.peer_ipv4);
	cr_expect_eq(n->peer_port, was.peer_port);
	cr_expect_eq(n->when_s, was.when_s);
	cr_expect_arr_eq(n->vm_uuid, was.vm_uuid, 16);
	cr_expect_arr_eq(n->peer_uuid, was.peer_uuid, 16);
	cr_expect_arr_eq(n->peer_boot, was.peer_boot, 16);
	cr_expect_arr_eq(n->own_boot, boot_a, 16);
	cr_assert_eq(put(4, MIG_RECORD_PREPARED), ERR_OK);
	cr_expect_gt(get(4)->order, n->order, "order goes on through boots");
	load(boot_b);
	cr_expect_not(get(4)->restored, "the same boot's are not of an earlier one");
}

static void damage(unsigned at, uint8_t mask, bool reseal)
{
	uint8_t *bytes = store.entry[0].bytes;
	uint32_t crc;

	bytes[at] ^= mask;
	if (!reseal)
		return;
	memset(bytes + 4, 0, 4);
	crc = crc32c(0, bytes, MIG_ENTRY_BYTES);
	memcpy(bytes + 4, &crc, 4);
}

static void expect_kept_and_unused(const char *what)
{
	load(boot_b);
	cr_expect_null(get(2), "%s", what);
	cr_expect_eq(fake_store_entries(&store), 1, "%s: it must be kept", what);
	cr_expect(r.strange[0].used, "%s", what);
}

Test(records, that_are_damaged_anywhere_are_kept_and_not_believed)
{
	for (unsigned at = 0; at < MIG_ENTRY_BYTES; at++) {
		memset(&store, 0, sizeof(store));
		load(boot_a);
		cr_assert_eq(put(2, MIG_RECORD_OWNED), ERR_OK);
		damage(at, 0x10, false);
		expect_kept_and_unused("damaged");
	}
}

Test(records, that_are_too_short_or_of_another_version_or_state_are_kept_and_not_believed)
{
	cr_assert_eq(put(2, MIG_RECORD_OWNED), ERR_OK);
	store.entry[0].length = MIG_ENTRY_BYTES - 1;
	expect_kept_and_unused("short");
	store.entry[0].length = MIG_ENTRY_BYTES;
	damage(8, 2, true);
	expect_kept_and_unused("another version");
	cr_expect(r.strange[0].uuid_known);
	damage(8, 2, false);
	damage(12, 0x40, true);
	expect_kept_and_unused("unknown state");
	damage(12, 0x40, true);
	store.entry[0].key[3] ^= 1;
	expect_kept_and_unused("under another key");
}

Test(records, that_can_not_be_read_are_all_noted)
{
	unsigned noted = 0;

	for (unsigned n = 0; n < MIG_STORE_ENTRIES; n++) {
		store.entry[n].used = true;
		store.entry[n].key[0] = (uint8_t)n;
		store.entry[n].length = 3;
	}
	load(boot_b);
	for (unsigned n = 0; n < MIG_STRANGE; n++)
		noted += r.strange[n].used;
	cr_expect_eq(noted, MIG_STORE_ENTRIES, "%u of %u", noted, MIG_STORE_ENTRIES);
}

Test(records, that_could_not_be_stored_promise_nothing)
{
	store.broken = true;
	cr_expect_eq(put(1, MIG_RECORD_PREPARED), ERR_IO);
	cr_expect_null(get(1));
	cr_expect_eq(put(3, MIG_RECORD_COMMITTED), ERR_IO);
	cr_expect_null(get(3));
	store.broken = false;
	cr_assert_eq(put(4, MIG_RECORD_PREPARED), ERR_OK);
	store.broken = true;
	cr_expect_eq(put(4, MIG_RECORD_OWNED), ERR_IO);
	cr_expect_eq(get(4)->state, MIG_RECORD_PREPARED);
	cr_expect_eq(put(4, MIG_RECORD_ABORTED), ERR_IO);
	cr_expect_eq(get(4)->state, MIG_RECORD_ABORTED, "what ends a promise holds all the same");
}

Test(records, leave_no_commit_behind_an_abort_that_could_not_be_stored)
{
	cr_assert_eq(put(3, MIG_RECORD_COMMITTED), ERR_OK);
	store.broken = true;
	cr_expect_eq(put(3, MIG_RECORD_ABORTED), ERR_IO);
	cr_expect_eq(fake_store_entries(&store), 0);
}

static bool defines_low(void *ctx, const uint8_t *uuid)
{
	(void)ctx;
	return uuid[1] < 10;
}

Test(records, of_machines_that_left_give_way_only_where_they_could_not_start_here)
{
	struct why why;
	struct mig_note n;

	for (uint8_t id = 0; id < MIG_AWAYS; id++) {
		n = note(id);
		cr_assert_eq(mig_away_put(&r, &n, defines_low, NULL, &why), ERR_OK);
	}
	n = note(100);
	cr_expect_not(mig_away_room(&r, n.vm_uuid, NULL, NULL));
	cr_assert_eq(mig_away_put(&r, &n, defines_low, NULL, &why), ERR_OK);
	cr_expect_null(mig_away_get(&r, (uint8_t[16]){ 0x77, 10 }), "the oldest of the others");
	load(boot_b);
	cr_expect_not_null(mig_away_get(&r, (uint8_t[16]){ 0x77, 0 }));
	cr_expect_not_null(mig_away_get(&r, n.vm_uuid));
	cr_expect_eq(fake_store_entries(&store), MIG_AWAYS);
}

Test(records, of_a_machine_that_came_back_stay_away_also_when_the_drop_is_lost)
{
	struct why why;
	struct mig_note n = note(1);

	cr_assert_eq(mig_away_put(&r, &n, NULL, NULL, &why), ERR_OK);
	cr_expect_not_null(mig_away_get(&r, n.vm_uuid));
	mig_away_home(&r, n.vm_uuid);
	cr_expect_eq(fake_store_entries(&store), 0);
	fake_store_restart(&store, FAKE_STORE_LOSES_DROP);
	cr_assert_eq(fake_store_entries(&store), 1);
	load(boot_b);
	cr_expect_null(mig_away_get(&r, n.vm_uuid));
	cr_expect_eq(fake_store_entries(&store), 0);
}

Test(records, of_an_attempt_keep_to_the_store_or_to_memory_from_its_beginning)
{
	struct mig_note strict = note(2), late = note(4);
	struct why why;

	mig_records_begin(&r, &strict, 0);
	cr_assert_eq(mig_records_put(&r, &strict, MIG_RECORD_PREPARED, &why), ERR_OK);
	store.limited = true;
	mig_records_begin(&r, &late, 0);
	cr_expect(mig_records_found(&r) && !mig_records_kept(&r));
	cr_expect_eq(mig_records_put(&r, &late, MIG_RECORD_PREPARED, &why), ERR_OK);
	cr_expect_eq(mig_records_put(&r, &strict, MIG_RECORD_OWNED, &why), ERR_SPACE);
	cr_expect_eq(get(2)->state, MIG_RECORD_PREPARED);
	store.limited = false;
	cr_expect_eq(mig_records_put(&r, &late, MIG_RECORD_OWNED, &why), ERR_OK);
	cr_expect_eq(get(4)->state, MIG_RECORD_OWNED);
	cr_expect_eq(fake_store_entries(&store), 1, "a part of an attempt would be believed");
	mig_records_begin(&r, &late, 0);
	cr_expect(late.in_memory, "not before the next boot");
	load(boot_b);
	cr_expect(mig_records_kept(&r));
	cr_expect_null(get(4));
	cr_expect_eq(get(2)->state, MIG_RECORD_PREPARED);
}

Test(records, have_room_asked_for_all_attempts_under_way)
{
	struct mig_note n = note(2);

	store.limited = true;
	store.left = 3 * MIG_RECORD_PUTS;
	mig_records_begin(&r, &n, 2);
	cr_expect_not(n.in_memory);
	mig_records_begin(&r, &n, 3);
	cr_expect(n.in_memory);
}

Test(records, of_version_1_are_read_and_prove_nothing)
{
	struct mig_note n = note(2), out;
	uint8_t bytes[MIG_ENTRY_BYTES];
	struct why why = { "" };

	n.state = MIG_RECORD_COMMITTED;
	n.proves = true;
	memset(n.own_proof, 0x51, sizeof(n.own_proof));
	mig_entry_pack(&n, bytes);
	cr_assert_eq(mig_entry_unpack(bytes, sizeof(bytes), &out, &why), ERR_OK, "%s", why.text);
	cr_expect(out.proves && !memcmp(out.own_proof, n.own_proof, sizeof(n.own_proof)));
	bytes[8] = 1;
	bytes[10] = 224;
	bytes[11] = bytes[13] = 0;
	memset(bytes + 4, 0, 4);
	le32_put(bytes + 4, crc32c(0, bytes, 224));
	cr_assert_eq(mig_entry_unpack(bytes, 224, &out, &why), ERR_OK, "%s", why.text);
	cr_expect(!out.proves && !memcmp(out.attempt, n.attempt, sizeof(n.attempt)));
	cr_expect_eq(mig_entry_unpack(bytes, 223, &out, &why), ERR_SHORT);
}
