/* SPDX-License-Identifier: MIT */
/* unit: fake_pages */
#include "arch/x86_64/vmx/ept.h"
#include <criterion/criterion.h>

Test(ept, the_pointer_says_write_back_four_levels_and_dirty_flags)
{
	struct gpt gpt = { .root = hpa(0x12345000), .ad = true };

	cr_assert_eq(ept_pointer(&gpt), 0x1234505e);
	gpt.ad = false;
	cr_assert_eq(ept_pointer(&gpt), 0x1234501e);
}

Test(ept, a_leaf_is_readable_writable_and_write_back)
{
	cr_assert_eq(ept_format.leaf, 0x33);
	cr_assert_eq(ept_format.execute, 4);
	cr_assert_eq(ept_format.accessed, 0x100);
	cr_assert_eq(ept_format.dirty, 0x200);
}
