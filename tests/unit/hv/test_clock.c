/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "hv/dev/clock.h"

Test(clock, products_beyond_64_bits_are_exact)
{
	uint64_t rest;

	cr_assert_eq(clock_mul_div(1ull << 63, 1000000007, 1ull << 33, &rest), (1ull << 30) * 1000000007);
	cr_assert_eq(rest, 0);
	cr_assert_eq(clock_mul_div(UINT64_MAX, UINT64_MAX, UINT64_MAX, &rest), UINT64_MAX);
	cr_assert_eq(clock_mul_div(7, 3, 4, &rest), 5);
	cr_assert_eq(rest, 1);
}

Test(clock, what_does_not_fit_saturates_instead_of_faulting)
{
	cr_assert_eq(clock_mul_div(UINT64_MAX, 2, 1, NULL), UINT64_MAX);
	cr_assert_eq(clock_mul_div(1, 1, 0, NULL), UINT64_MAX);
	cr_assert_eq(clock_mul_div(0, 0, 0, NULL), UINT64_MAX);
	cr_assert_eq(clock_add(UINT64_MAX, 1), UINT64_MAX);
}

Test(clock, a_tick_is_reached_at_its_ns_and_not_before)
{
	static const uint64_t hz[] = { 1, 1193182, 3579545, 1000000000, 2999997000, 70000000 };

	for (unsigned i = 0; i < sizeof(hz) / sizeof(hz[0]); i++)
		for (uint64_t ticks = 1; ticks < 1000000; ticks = ticks * 7 + 1) {
			uint64_t ns = clock_ns(ticks, hz[i]);

			cr_assert_geq(clock_ticks(ns, hz[i]), ticks, "%lu Hz, %lu", hz[i], ticks);
			cr_assert_lt(clock_ticks(ns - 1, hz[i]), ticks, "%lu Hz, %lu", hz[i], ticks);
		}
}

Test(clock, a_start_in_the_future_has_not_begun)
{
	cr_assert_eq(clock_since(5, 3), 0);
	cr_assert_eq(clock_since(3, 5), 2);
}
