/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/svm/asid.h"
#include <criterion/criterion.h>

Test(asid, each_gets_a_number_of_its_own_and_keeps_it)
{
	struct asid a = { 0 }, b = { 0 };

	cr_expect(asid_use(&a, 16) && asid_use(&b, 16));
	cr_expect(a.number && b.number && a.number != b.number);
	cr_expect(!asid_use(&a, 16) && !asid_use(&b, 16));
}

Test(asid, when_all_are_given_out_everybody_gets_a_new_one)
{
	struct asid a[5] = { 0 };

	for (unsigned i = 0; i < 3; i++)
		cr_expect(asid_use(&a[i], 4));
	cr_expect(asid_use(&a[3], 4), "the fourth begins a round");
	cr_expect_eq(a[3].number, a[0].number);
	for (unsigned i = 0; i < 2; i++)
		cr_expect(asid_use(&a[i], 4), "what it had may be another's now");
	cr_expect_not(asid_use(&a[3], 4));
	cr_expect(a[0].number != a[3].number && a[1].number != a[3].number && a[0].number != a[1].number);
	for (unsigned i = 0; i < 5; i++)
		cr_expect(a[i].number < 4, "%u", a[i].number);
}
