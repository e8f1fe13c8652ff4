/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "lib/uuid.h"

static const char text[] = "00112233-4455-6677-8899-aabbccddeeff";

Test(uuid, text_goes_in_and_out)
{
	uint8_t u[16];
	char out[UUID_TEXT];

	cr_assert_eq(uuid_parse(text, u), ERR_OK);
	for (unsigned i = 0; i < 16; i++)
		cr_expect_eq(u[i], i * 0x11);
	uuid_text(u, out);
	cr_expect_str_eq(out, text);
}

Test(uuid, capitals_are_digits_too)
{
	uint8_t u[16];

	cr_assert_eq(uuid_parse("00112233-4455-6677-8899-AaBbCcDdEeFf", u), ERR_OK);
	cr_expect_eq(u[15], 0xff);
}

Test(uuid, every_shorter_text_is_refused)
{
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		uint8_t u[16];
		char *cut = strndup(text, n);	/* on the heap: reading past its end is found */

		cr_expect_eq(uuid_parse(cut, u), ERR_INVALID, "%s", cut);
		free(cut);
	}
}

Test(uuid, any_character_out_of_place_is_refused)
{
	static const char bad[] = { 'g', 'G', ' ', '/', ':', '@', '`', '_', '\x10', '\xff' };

	for (size_t at = 0; at < sizeof(text) - 1; at++)
		for (unsigned i = 0; i < sizeof(bad); i++) {
			char other[sizeof(text)];
			uint8_t u[16];

			memcpy(other, text, sizeof(text));
			other[at] = bad[i];
			cr_expect_eq(uuid_parse(other, u), ERR_INVALID, "%s", other);
		}
}

Test(uuid, text_behind_it_is_refused)
{
	uint8_t u[16];

	cr_expect_eq(uuid_parse("00112233-4455-6677-8899-aabbccddeeff0", u), ERR_INVALID);
	cr_expect_eq(uuid_parse("00112233-4455-6677-8899-aabbccddeeff ", u), ERR_INVALID);
}

Test(uuid, derived_ones_depend_on_seed_and_name_alone)
{
	uint8_t seed[16] = { 1 }, a[16], b[16];

	uuid_derive(seed, "web", a);
	uuid_derive(seed, "web", b);
	cr_expect_arr_eq(a, b, 16);
	uuid_derive(seed, "wec", b);
	cr_expect_neq(memcmp(a, b, 8), 0);
	cr_expect_neq(memcmp(a + 8, b + 8, 8), 0);
	seed[15] = 1;
	uuid_derive(seed, "web", b);
	cr_expect_neq(memcmp(a, b, 16), 0);
}

Test(uuid, derived_ones_are_version_8_of_the_rfc)
{
	uint8_t u[16];

	for (char c = 'a'; c <= 'z'; c++) {
		uuid_derive((const uint8_t[16]){ 0 }, (char[]){ c, 0 }, u);
		cr_expect_eq(u[6] >> 4, 8);
		cr_expect_eq(u[8] >> 6, 2);
	}
}
