/* SPDX-License-Identifier: MIT */
#include "stack_guard.h"
#include <stdint.h>
#include "lib/log.h"
#include "lib/random.h"

/* The names are the compiler's (-mstack-protector-guard=global). The lowest byte is zero: it ends the strings that
 * could overwrite the rest. */
extern uintptr_t __stack_chk_guard;
void __stack_chk_fail(void) __attribute__((noreturn));

uintptr_t __stack_chk_guard = 0x7e51cf0a3b7d5900;

STACK_UNGUARDED void stack_guard_draw(void)
{
	__stack_chk_guard = random_u64() & ~0xffull;
}

/* Nothing of that function's frame is to be believed any more, so it is named by where it calls this. */
void __stack_chk_fail(void)
{
	extern char image_start[];

	panic("the function at image offset %llx wrote past the end of an array on its stack",
	      (unsigned long long)((uintptr_t)__builtin_return_address(0) - (uintptr_t)image_start));
}
