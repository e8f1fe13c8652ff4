/* SPDX-License-Identifier: MIT */
/* unit: arch/x86_64/random.c */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/random.h"
#include "arch/x86_64/time.h"

/* A clock that stands: what differs must come from elsewhere. */
uint64_t time_tsc(void)
{
	return 42;
}

Test(random, numbers_do_not_repeat)
{
	uint64_t seen[1000];

	for (unsigned i = 0; i < 1000; i++) {
		seen[i] = random_u64();
		for (unsigned k = 0; k < i; k++)
			cr_assert_neq(seen[i], seen[k]);
	}
}

Test(random, every_bit_is_sometimes_set_and_sometimes_not)
{
	uint64_t ones = 0, zeros = 0;

	for (unsigned i = 0; i < 200; i++) {
		uint64_t v = random_u64();

		ones |= v;
		zeros |= ~v;
	}
	cr_expect_eq(ones & zeros, UINT64_MAX);
}

Test(random, any_number_of_bytes_is_filled_and_no_more)
{
	for (size_t n = 0; n < 40; n++) {
		uint8_t seen[48] = { 0 };

		for (unsigned turn = 0; turn < 20; turn++) {
			uint8_t out[48] = { 0 };

			random_bytes(out, n);
			for (size_t i = 0; i < sizeof(out); i++)
				seen[i] |= out[i];
		}
		for (size_t i = 0; i < sizeof(seen); i++)
			cr_expect_eq(seen[i] != 0, i < n, "%zu bytes, byte %zu", n, i);
	}
}
