/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/stack_guard.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include "lib/random.h"

extern uintptr_t __stack_chk_guard;
void __stack_chk_fail(void);
char image_start[1];

Test(stack_guard, is_drawn_anew_and_ends_strings)
{
	uintptr_t fixed = __stack_chk_guard, first;

	stack_guard_draw();
	first = __stack_chk_guard;
	stack_guard_draw();
	cr_expect_neq(first, fixed);
	cr_expect_neq(first, __stack_chk_guard);
	cr_expect_eq(first & 0xff, 0);
	cr_expect_eq(__stack_chk_guard & 0xff, 0);
	cr_expect_neq(first >> 32, 0);
}

Test(stack_guard, a_guard_that_has_changed_is_a_panic, .signal = SIGABRT)
{
	__stack_chk_fail();
}
