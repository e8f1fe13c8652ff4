/* SPDX-License-Identifier: MIT */
#include "lib/ipv4.h"
#include <criterion/criterion.h>

Test(ipv4, is_written_as_it_is_read)
{
	char text[IPV4_TEXT];
	uint32_t ipv4;

	cr_assert(ipv4_parse("255.10.0.3", &ipv4));
	cr_expect_eq(ipv4, 0xff0a0003);
	ipv4_text(ipv4, text);
	cr_expect_str_eq(text, "255.10.0.3");
}

Test(ipv4, of_another_form_is_none)
{
	static const char *const wrong[] = {
		"", "10", "10.77.0", "10.77.0.", "10.77.0.3.", "10.77.0.3 ", " 10.77.0.3", "10.77.0.256",
		"10.77.00.3", "10.77.0.03", "10.77.0.0003", "10.-7.0.3", "10.77..3", "a.b.c.d", "10.77.0.99999999999",
	};
	uint32_t ipv4 = 7;

	for (unsigned n = 0; n < sizeof(wrong) / sizeof(wrong[0]); n++)
		cr_expect(!ipv4_parse(wrong[n], &ipv4) && ipv4 == 7, "%s", wrong[n]);
}
