/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/encode_delta.h"

static uint8_t old[PAGE_SIZE], new[PAGE_SIZE], copy[PAGE_SIZE], delta[PAGE_SIZE];
static uint32_t state = 1;

static unsigned below(unsigned n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static void setup(void)
{
	for (unsigned n = 0; n < PAGE_SIZE; n++)
		old[n] = new[n] = (uint8_t)below(256);
}

TestSuite(delta, .init = setup);

static size_t round_trip(size_t room)
{
	size_t n = mig_delta_encode(old, new, delta, room);

	if (!n)
		return 0;
	cr_assert_leq(n, room);
	cr_assert(mig_delta_valid(delta, n));
	cr_assert(mig_delta_fits(old, delta));
	memcpy(copy, old, PAGE_SIZE);
	mig_delta_apply(copy, delta, n);
	cr_assert_arr_eq(copy, new, PAGE_SIZE);
	return n;
}

Test(delta, of_an_unchanged_page_is_four_bytes)
{
	cr_expect_eq(round_trip(PAGE_SIZE), 4);
}

Test(delta, of_256_bytes_costs_a_run_head_and_the_base_more)
{
	for (unsigned n = 0; n < 256; n++)
		new[1000 + n] = (uint8_t)~new[1000 + n];
	cr_expect_eq(round_trip(PAGE_SIZE), 256 + 8);
}

Test(delta, holds_changes_at_both_ends)
{
	new[0]++;
	new[PAGE_SIZE - 1]++;
	cr_expect_eq(round_trip(PAGE_SIZE), 4 + 5 + 5);
}

Test(delta, any_change_comes_back_or_does_not_fit)
{
	for (unsigned turn = 0; turn < 20000; turn++) {
		for (unsigned runs = below(6); runs; runs--) {
			unsigned from = below(PAGE_SIZE), count = below(below(8) ? 40 : PAGE_SIZE);

			for (unsigned n = from; n < PAGE_SIZE && n < from + count; n++)
				new[n] = (uint8_t)below(256);
		}
		if (!round_trip(below(2) ? 2048 : 4 + below(2000)))
			cr_assert_neq(memcmp(old, new, PAGE_SIZE), 0);
		memcpy(old, new, PAGE_SIZE);
	}
}

Test(delta, that_would_be_longer_than_its_room_is_none)
{
	for (unsigned n = 0; n < PAGE_SIZE; n += 16)
		new[n]++;
	cr_expect_eq(mig_delta_encode(old, new, delta, 256 * 5 + 3), 0);
	cr_expect_eq(mig_delta_encode(old, new, delta, 256 * 5 + 4), 256 * 5 + 4);
	cr_expect_eq(mig_delta_encode(old, old, delta, 3), 0);
}

Test(delta, against_another_version_does_not_fit)
{
	new[5]++;
	cr_assert_gt(mig_delta_encode(old, new, delta, PAGE_SIZE), 0);
	cr_expect_not(mig_delta_fits(new, delta));
}

Test(delta, with_a_cut_or_too_long_run_is_not_valid)
{
	size_t n;

	new[5]++;
	new[4000]++;
	n = mig_delta_encode(old, new, delta, PAGE_SIZE);
	cr_assert_eq(n, 14);
	for (size_t cut = 0; cut < n; cut++)
		cr_expect_eq(mig_delta_valid(delta, cut), cut == 4 || cut == 9, "cut at %u", (unsigned)cut);
	le16_put(delta + 6, 0);
	cr_expect_not(mig_delta_valid(delta, n), "a run of no bytes");
	le16_put(delta + 6, 1);
	le16_put(delta + 9, 4089);
	cr_expect(mig_delta_valid(delta, n), "ends with the page");
	le16_put(delta + 9, 4090);
	cr_expect_not(mig_delta_valid(delta, n), "passes the end of the page");
	le16_put(delta + 9, 65535);
	cr_expect_not(mig_delta_valid(delta, n), "wraps");
}
