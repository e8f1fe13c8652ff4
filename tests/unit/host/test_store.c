/* SPDX-License-Identifier: MIT */
/* unit: fake_random fake_uefi_vars */
#include "host/store.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/time.h"
#include "lib/random.h"
#include "tests/fake/fake_uefi_vars.h"

static const uint8_t boot_1[16] = "first boot", boot_2[16] = "second boot", boot_3[16] = "third boot";
static const uint8_t key_a[MIG_STORE_KEY] = "attempt a", key_b[MIG_STORE_KEY] = "attempt b";
#define NAME_A "617474656d7074206100000000000000"

static unsigned seen, unread;
static uint8_t last_key[MIG_STORE_KEY];
static char last[MIG_STORE_BYTES];
static size_t last_length;

uint64_t time_ns(void)
{
	return 0;
}

static void visit(void *arg, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length)
{
	cr_assert_eq(arg, &seen);
	if (key)
		seen++;
	unread += !length;
	memcpy(last_key, key, MIG_STORE_KEY);
	memcpy(last, bytes, length);
	last_length = length;
}

static unsigned entries(void)
{
	const struct mig_store *s = store_seam();

	seen = unread = 0;
	s->each(s->ctx, visit, &seen);
	return seen;
}

static enum err put(const uint8_t *key, const char *words)
{
	const struct mig_store *s = store_seam();

	return s->put(s->ctx, key, words, strlen(words) + 1);
}

static void boot(const uint8_t *id)
{
	store_init(NULL, id);
}

TestSuite(store, .init = fake_uefi_vars_reset);

Test(store, an_entry_is_there_after_a_restart)
{
	boot(boot_1);
	cr_assert_eq(put(key_a, "prepared"), ERR_OK);
	boot(boot_2);
	cr_assert_eq(entries(), 1);
	cr_assert_str_eq(last, "prepared");
}

Test(store, an_entry_is_replaced_not_doubled)
{
	boot(boot_1);
	cr_assert_eq(put(key_a, "prepared"), ERR_OK);
	cr_assert_eq(put(key_a, "owned"), ERR_OK);
	cr_assert_eq(put(key_b, "committed"), ERR_OK);
	boot(boot_2);
	cr_assert_eq(entries(), 2);
	cr_assert_eq(fake_uefi_vars_count(), 4, "with the boot's note and the secret");
}

Test(store, a_dropped_entry_is_gone_after_a_restart)
{
	boot(boot_1);
	cr_assert_eq(put(key_a, "prepared"), ERR_OK);
	store_seam()->drop(NULL, key_a);
	store_seam()->drop(NULL, key_b);
	cr_assert_eq(fake_uefi_vars.removes, 1, "what was never written is not removed");
	boot(boot_2);
	cr_assert_eq(entries(), 0);
}

Test(store, the_first_boot_proves_nothing_and_the_second_does)
{
	boot(boot_1);
	cr_assert_eq(store_state(), STORE_FORGETFUL);
	cr_assert_not(store_seam()->proven);
	cr_assert(strstr(store_text(), "not yet proven to survive a restart"));
	boot(boot_2);
	cr_assert_eq(store_state(), STORE_KEPT);
	cr_assert(store_seam()->proven);
	cr_assert_str_eq(store_text(), "kept by the firmware (boot 2)");
	boot(boot_3);
	cr_assert_str_eq(store_text(), "kept by the firmware (boot 3)");
}

Test(store, finding_this_boot_itself_proves_nothing)
{
	boot(boot_1);
	boot(boot_1);
	cr_assert_eq(store_state(), STORE_FORGETFUL);
}

Test(store, a_damaged_boot_note_proves_nothing)
{
	boot(boot_1);
	cr_assert(fake_uefi_vars_damage("Boot", 12));
	boot(boot_2);
	cr_assert_eq(store_state(), STORE_FORGETFUL);
	boot(boot_3);
	cr_assert_eq(store_state(), STORE_KEPT, "it was written anew");
}

Test(store, without_services_there_is_no_store_and_a_reason)
{
	fake_uefi_vars.init = ERR_UNSUPPORTED;
	boot(boot_1);
	cr_assert_eq(store_state(), STORE_NONE);
	cr_assert_null(store_seam());
	cr_assert(strstr(store_text(), "memory only: the fake firmware"), "%s", store_text());
}

Test(store, a_first_boot_that_can_write_nothing_has_no_store)
{
	fake_uefi_vars.put = ERR_REFUSED;
	boot(boot_1);
	cr_assert_null(store_seam());
	cr_assert(strstr(store_text(), "memory only: writing Boot"), "%s", store_text());
}

Test(store, a_store_that_has_become_full_still_shows_what_it_holds)
{
	boot(boot_1);
	cr_assert_eq(put(key_a, "committed"), ERR_OK);
	fake_uefi_vars.put = ERR_SPACE;
	boot(boot_2);
	cr_assert_eq(store_state(), STORE_FULL);
	cr_assert(store_seam()->proven, "what it holds is believed");
	cr_assert_not(store_seam()->room(NULL, 1));
	cr_assert(strstr(store_text(), "no more until this host restarts, hand-offs go on by boot ids: writing Boot"), "%s", store_text());
	cr_assert_eq(entries(), 1);
	cr_assert_eq(put(key_b, "prepared"), ERR_SPACE);
}

Test(store, near_the_end_of_the_space_only_what_exists_is_replaced)
{
	boot(boot_1);
	cr_assert_eq(put(key_a, "prepared"), ERR_OK);
	fake_uefi_vars.room = STORE_RESERVE - 1;
	boot(boot_2);
	cr_assert_eq(put(key_b, "prepared"), ERR_SPACE);
	cr_assert_eq(put(key_a, "owned"), ERR_OK);
	fake_uefi_vars.room = 50000;
	cr_assert_eq(put(key_b, "prepared"), ERR_OK, "the firmware is asked again");
}

Test(store, its_own_writing_uses_the_space_up)
{
	fake_uefi_vars.room = STORE_RESERVE + 1000;
	boot(boot_1);
	fake_uefi_vars.room = 0;
	for (int i = 0; i < 20; i++)
		cr_assert_eq(put(key_a, "prepared"), i < 1 || fake_uefi_vars_has(NAME_A) ? ERR_OK : ERR_SPACE);
	cr_assert_eq(put(key_b, "prepared"), ERR_SPACE, "20 writings of 150 bytes were counted");
}

Test(store, says_before_the_space_ends_that_there_is_no_room_for_an_attempt)
{
	fake_uefi_vars.room = STORE_RESERVE + 8 * 400;
	boot(boot_1);
	boot(boot_2);
	fake_uefi_vars.room = STORE_RESERVE + 4 * 400;
	cr_assert(store_seam()->room(NULL, 4));
	cr_assert_eq(store_state(), STORE_KEPT);
	cr_assert_not(store_seam()->room(NULL, 8));
	cr_assert_eq(store_state(), STORE_FULL);
	cr_assert(strstr(store_text(), "kept by the firmware, and no more until this host restarts"), "%s", store_text());
	cr_assert_eq(put(key_a, "committed"), ERR_OK, "older attempts have what is left");
	boot(boot_3);
	fake_uefi_vars.room = 50000;
	cr_assert_eq(store_state(), STORE_KEPT);
	fake_uefi_vars.put = ERR_SPACE;
	cr_assert_eq(put(key_b, "committed"), ERR_SPACE);
	cr_assert_eq(store_state(), STORE_FULL, "an attempt that fails is the last one to do so");
	cr_assert_not(store_seam()->room(NULL, 1));
}

Test(store, an_io_error_is_not_taken_for_success)
{
	boot(boot_1);
	fake_uefi_vars.put = ERR_CORRUPT;
	cr_assert_eq(put(key_a, "prepared"), ERR_IO);
	fake_uefi_vars.put = ERR_OK;
	cr_assert_eq(entries(), 0);
}

/* A firmware that reports a failure may have written all the same, and what may be there must be gone after a drop. */
Test(store, an_entry_whose_writing_failed_can_be_dropped)
{
	boot(boot_1);
	fake_uefi_vars.put = ERR_IO;
	cr_assert_eq(put(key_a, "committed"), ERR_IO);
	fake_uefi_vars_write(NAME_A, "half", 5);
	store_seam()->drop(NULL, key_a);
	cr_expect_not(fake_uefi_vars_has(NAME_A));
}

Test(store, holds_as_many_entries_as_it_must_and_no_more)
{
	uint8_t key[MIG_STORE_KEY] = { 0 };

	boot(boot_1);
	for (unsigned i = 0; i < MIG_STORE_ENTRIES; i++) {
		key[0] = (uint8_t)i;
		cr_assert_eq(put(key, "committed"), ERR_OK, "entry %u", i);
	}
	key[0] = MIG_STORE_ENTRIES;
	cr_assert_eq(put(key, "committed"), ERR_SPACE);
	boot(boot_2);
	cr_assert_eq(entries(), MIG_STORE_ENTRIES);
}

Test(store, the_longest_entry_fits_and_a_longer_one_does_not)
{
	static const char bytes[MIG_STORE_BYTES + 1];

	boot(boot_1);
	cr_assert_eq(store_seam()->put(NULL, key_a, bytes, MIG_STORE_BYTES), ERR_OK);
	cr_assert_eq(store_seam()->put(NULL, key_b, bytes, MIG_STORE_BYTES + 1), ERR_INVALID);
	cr_assert_eq(store_seam()->put(NULL, key_b, bytes, 0), ERR_INVALID);
	boot(boot_2);
	cr_assert_eq(entries(), 1);
	cr_assert_eq(last_length, MIG_STORE_BYTES);
}

Test(store, strange_variables_are_left_alone)
{
	static const char junk[600] = "junk";

	boot(boot_1);
	cr_assert_eq(put(key_a, "prepared"), ERR_OK);
	fake_uefi_vars_write("Something", junk, 5);
	fake_uefi_vars_write("00112233445566778899aabbccddeeff", junk, 3);
	fake_uefi_vars_write("00112233445566778899aabbccddee00", junk, 40);
	fake_uefi_vars_write("00112233445566778899aabbccddee01", junk, 600);
	fake_uefi_vars_write("00112233445566778899AABBCCDDEE02", junk, 20);
	fake_uefi_vars_write("????????????????????????????????", junk, 20);
	boot(boot_2);
	cr_assert_eq(store_state(), STORE_KEPT);
	cr_assert_eq(entries(), 4, "what has a record's name may be one that was damaged");
	cr_assert_eq(unread, 3);
	cr_assert_eq(fake_uefi_vars_count(), 9);
}

/* Its key may be the machine's: of one that went away, which must not be started afresh. */
Test(store, of_a_damaged_entry_nothing_but_the_key_is_shown_and_that_can_be_written_again)
{
	boot(boot_1);
	cr_assert_eq(put(key_a, "prepared"), ERR_OK);
	cr_assert(fake_uefi_vars_damage(NAME_A, 9));
	boot(boot_2);
	cr_assert_eq(entries(), 1);
	cr_assert_eq(unread, 1);
	cr_assert_eq(last_length, 0);
	cr_assert_arr_eq(last_key, key_a, MIG_STORE_KEY);
	cr_assert_eq(put(key_a, "aborted"), ERR_OK);
	boot(boot_3);
	cr_assert_eq(entries(), 1);
	cr_assert_str_eq(last, "aborted");
}

/* The longest sentences of arch/x86_64/uefi_vars.c, in both ways to become full. */
Test(store, a_full_one_says_its_reason_to_the_end)
{
	fake_uefi_vars.put_why = "the firmware's variable store is full; firmware often frees old entries only at a restart (EFI_OUT_OF_RESOURCES)";
	boot(boot_1);
	fake_uefi_vars.put = ERR_SPACE;
	cr_assert_eq(put(key_a, "prepared"), ERR_SPACE);
	cr_expect(strstr(store_text(), "not proven to survive a restart"));
	cr_expect(strstr(store_text(), "writing 61747465: the firmware's"), "%s", store_text());
	cr_expect(strstr(store_text(), "(EFI_OUT_OF_RESOURCES)"), "%s", store_text());
	boot(boot_2);
	cr_expect_eq(store_state(), STORE_FULL);
	cr_expect(strstr(store_text(), "(EFI_OUT_OF_RESOURCES)"), "%s", store_text());
}

/* --- the secret beside the records ------------------------------------------------------------------------ */

static uint8_t secret[STORE_SECRET];

static void first_secret(void)
{
	boot(boot_1);
	cr_assert_not_null(store_secret());
	memcpy(secret, store_secret(), sizeof(secret));
}

Test(store, the_secret_is_made_once_and_kept)
{
	unsigned writes;

	first_secret();
	writes = fake_uefi_vars.puts;
	boot(boot_2);
	cr_expect_arr_eq(store_secret(), secret, STORE_SECRET);
	cr_expect_eq(fake_uefi_vars.puts, writes + 1, "the boot's note alone is written anew");
	cr_expect_eq(entries(), 0, "it is no record");
}

Test(store, a_secret_that_is_damaged_or_lost_is_another_afterwards)
{
	first_secret();
	cr_assert(fake_uefi_vars_damage("Secret", 12));
	boot(boot_2);
	cr_assert_not_null(store_secret());
	cr_expect(memcmp(store_secret(), secret, STORE_SECRET));
	fake_uefi_vars_reset();
	boot(boot_3);
	cr_expect(memcmp(store_secret(), secret, STORE_SECRET));
}

Test(store, a_secret_that_can_be_guessed_is_none)
{
	random_seed("x", 1, false);
	boot(boot_1);
	cr_expect_null(store_secret());
	random_seed("y", 1, true);
	boot(boot_2);
	cr_expect_not_null(store_secret());
}

Test(store, without_a_store_there_is_no_secret)
{
	fake_uefi_vars.init = ERR_UNSUPPORTED;
	boot(boot_1);
	cr_expect_null(store_secret());
}

Test(store, where_records_were_overlooked_the_secret_is_not_used)
{
	first_secret();
	for (unsigned i = 0; i < MIG_STORE_ENTRIES; i++)
		cr_assert_eq(put((uint8_t[MIG_STORE_KEY]){ 1, (uint8_t)i }, "a record"), ERR_OK);
	boot(boot_2);
	cr_expect_not_null(store_secret(), "all of them were read");
	fake_uefi_vars_write("ffffffffffffffffffffffffffffffff", "x", 1);
	boot(boot_3);
	cr_expect_null(store_secret());
}
