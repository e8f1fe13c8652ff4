/* SPDX-License-Identifier: MIT */
#include "lib/random.h"
#include <criterion/criterion.h>
#include <string.h>

/* Computed with Python's hmac and hashlib after NIST SP 800-90A Rev. 1, 10.1.2. */
Test(random, numbers_are_those_of_hmac_drbg_with_sha_256)
{
	static const uint8_t first[40] = {
		0x2a, 0x24, 0x8b, 0xdf, 0xc6, 0x46, 0xe2, 0xa0, 0x11, 0xae, 0x0d, 0x97, 0x26, 0x02, 0xba, 0xb1, 0x2d, 0xea, 0x00, 0xdd,
		0x26, 0xe4, 0x34, 0x09, 0x4b, 0xd2, 0x8d, 0xbd, 0xbe, 0x51, 0x4f, 0xc5, 0xdb, 0x57, 0x7c, 0xfb, 0x57, 0xaa, 0xd2, 0xbd,
	};
	static const uint8_t second[16] = {
		0x8d, 0xb5, 0xb4, 0x9c, 0x9b, 0xbb, 0x21, 0x24, 0xf5, 0xbe, 0xce, 0xea, 0x11, 0xe1, 0x17, 0xb9,
	};
	uint8_t out[40];

	random_seed("the first seed", 14, true);
	random_bytes(out, sizeof(out));
	cr_expect_arr_eq(out, first, sizeof(first));
	random_seed("and another", 11, false);
	random_bytes(out, sizeof(second));
	cr_expect_arr_eq(out, second, sizeof(second));
}

Test(random, only_a_secret_seed_makes_it_strong_and_it_stays_so)
{
	cr_expect_not(random_is_strong());
	random_seed("12:00", 5, false);
	cr_expect_not(random_is_strong());
	random_seed("secret", 6, true);
	cr_expect(random_is_strong());
	random_seed("12:01", 5, false);
	cr_expect(random_is_strong());
}

Test(random, numbers_do_not_repeat_even_without_a_seed)
{
	uint64_t seen[1000];

	for (unsigned i = 0; i < 1000; i++) {
		seen[i] = random_u64();
		for (unsigned k = 0; k < i; k++)
			cr_assert_neq(seen[i], seen[k]);
	}
}

Test(random, any_number_of_bytes_is_filled_and_no_more)
{
	for (size_t n = 0; n < 80; n++) {
		uint8_t seen[88] = { 0 };

		for (unsigned turn = 0; turn < 20; turn++) {
			uint8_t out[88] = { 0 };

			random_bytes(out, n);
			for (size_t i = 0; i < sizeof(out); i++)
				seen[i] |= out[i];
		}
		for (size_t i = 0; i < sizeof(seen); i++)
			cr_expect_eq(seen[i] != 0, i < n, "%zu bytes, byte %zu", n, i);
	}
}
