/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/vmx/vpid.h"
#include <criterion/criterion.h>
#include <stdbool.h>

Test(vpid, no_two_that_live_are_the_same_however_many_come_and_go)
{
	static bool live[0x10000];
	uint16_t kept = vpid_get();

	for (unsigned i = 0; i < 200000; i++) {
		uint16_t n = vpid_get();

		cr_assert_neq(n, 0);
		cr_assert_neq(n, kept, "after %u", i);
		cr_assert_not(live[n]);
		vpid_put(n);
	}
}

Test(vpid, all_are_given_once_then_none_until_one_is_back)
{
	static bool live[0x10000];

	for (unsigned i = 1; i < 0x10000; i++) {
		uint16_t n = vpid_get();

		cr_assert(n && !live[n], "%u", i);
		live[n] = true;
	}
	cr_assert_eq(vpid_get(), 0);
	vpid_put(777);
	cr_assert_eq(vpid_get(), 777);
	vpid_put(0);
	cr_assert_eq(vpid_get(), 0);
}
