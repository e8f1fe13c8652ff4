/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "cim/buf.h"
#include "cim/utf8.h"

Test(buf, grows_and_stays_terminated)
{
	struct buf b = { 0 };

	for (int n = 0; n < 1000; n++)
		buf_fmt(&b, "%04d", n);
	cr_assert_eq(b.length, 4000);
	cr_assert_eq(strlen(b.data), 4000);
	buf_drop(&b, 3996);
	cr_assert_str_eq(b.data, "0999");
	buf_free(&b);
}

Test(buf, a_limit_makes_it_fail_for_good)
{
	struct buf b = { .limit = 10 };

	buf_str(&b, "12345678");
	buf_str(&b, "90a");
	buf_str(&b, "x");
	cr_assert(b.failed);
	cr_assert_eq(b.length, 8);
	buf_free(&b);
}

Test(buf, xml_text_is_escaped_and_made_valid)
{
	struct buf b = { 0 };

	buf_xml(&b, "<a b=\"c\">&\r\n\x01\xff\xc3\xa4");
	cr_assert_str_eq(b.data, "&lt;a b=&quot;c&quot;&gt;&amp;&#13;\n??\xc3\xa4");
	buf_free(&b);
}

Test(utf8, knows_good_from_bad)
{
	static const struct { const char *text; bool valid; } table[] = {
		{ "plain", true }, { "\xc3\xa4", true }, { "\xe2\x82\xac", true }, { "\xf0\x9f\x90\xa6", true },
		{ "\xc0\xaf", false }, { "\xe0\x80\x80", false }, { "\xed\xa0\x80", false },
		{ "\xf5\x80\x80\x80", false },
		{ "\xe2\x82", false }, { "\x80", false }, { "\xf4\x90\x80\x80", false }, { "\xef\xbf\xbf", false },
	};

	for (size_t n = 0; n < sizeof(table) / sizeof(table[0]); n++)
		cr_expect_eq(utf8_valid(table[n].text, strlen(table[n].text)), table[n].valid, "row %zu", n);
}
