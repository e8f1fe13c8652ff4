/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/crc32c.h"

/* RFC 3720, appendix B.4. */
Test(crc32c, gives_the_values_of_rfc_3720)
{
	uint8_t b[32];

	memset(b, 0, sizeof(b));
	cr_expect_eq(crc32c(0, b, 32), 0x8a9136aau);
	memset(b, 0xff, sizeof(b));
	cr_expect_eq(crc32c(0, b, 32), 0x62a8ab43u);
	for (int i = 0; i < 32; i++)
		b[i] = (uint8_t)i;
	cr_expect_eq(crc32c(0, b, 32), 0x46dd794eu);
	cr_expect_eq(crc32c(0, "123456789", 9), 0xe3069283u);
}

Test(crc32c, tables_and_instruction_agree_at_every_length_and_alignment)
{
	uint8_t b[80];

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(i * 37 + 11);
	for (size_t from = 0; from < 8; from++)
		for (size_t n = 0; from + n <= sizeof(b); n++)
			cr_assert_eq(crc32c(7, b + from, n), crc32c_table(7, b + from, n));
}

Test(crc32c, tables_and_instruction_agree_on_what_is_done_in_lanes)
{
	static uint8_t b[20000];
	uint32_t x = 1;

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
	for (size_t n = 3060; n < 3090; n++)
		cr_assert_eq(crc32c(0, b + n % 8, n), crc32c_table(0, b + n % 8, n));
	for (size_t n = 6140; n < sizeof(b); n += 997)
		cr_assert_eq(crc32c(5, b, n), crc32c_table(5, b, n));
}

Test(crc32c, continues_from_the_previous_result)
{
	const char text[] = "the quick brown fox jumps over it";

	for (size_t cut = 0; cut < sizeof(text); cut++)
		cr_assert_eq(crc32c(crc32c(0, text, cut), text + cut, sizeof(text) - cut),
			     crc32c(0, text, sizeof(text)));
}
