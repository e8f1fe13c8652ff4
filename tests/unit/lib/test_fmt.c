/* SPDX-License-Identifier: MIT */
#include "lib/fmt.h"
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The C library is the reference for everything that fmt.h promises. */
#define SAME(...)									\
	do {										\
		char ours[256], theirs[256];						\
		int n = fmt(ours, sizeof(ours), __VA_ARGS__);				\
		int m = snprintf(theirs, sizeof(theirs), __VA_ARGS__);			\
		cr_expect_str_eq(ours, theirs);						\
		cr_expect_eq(n, m, "length %d, libc says %d for \"%s\"", n, m, theirs);	\
	} while (0)

Test(fmt, integers_print_as_libc_prints_them)
{
	SAME("%d %i %u", 0, -1, 1u);
	SAME("%d %d", INT_MAX, INT_MIN);
	SAME("%lld %llu", LLONG_MIN, ULLONG_MAX);
	SAME("%ld %lu %zu", LONG_MIN, ULONG_MAX, (size_t)77);
	SAME("%x %X %llx", 0xbeefu, 0xbeefu, 0xfedcba9876543210ull);
	SAME("%hhu %hu %hhd", 511, 65537, 200);
}

Test(fmt, width_flags_and_star_are_honoured)
{
	SAME("[%5d] [%-5d] [%05d]", 42, 42, 42);
	SAME("[%05d] [%5d]", -42, -42);
	SAME("[%016llx]", 0x1234ull);
	SAME("[%*d] [%*d]", 6, 1, -6, 1);
	SAME("[%2d]", 12345);
}

Test(fmt, strings_keep_to_their_precision_and_width)
{
	SAME("%s|%8s|%-8s|", "abc", "abc", "abc");
	SAME("%.2s|%8.2s|%.*s|", "abc", "abc", 1, "abc");
	SAME("%c%c%%", 'o', 'k');
}

Test(fmt, precision_bounds_a_string_without_a_terminator)
{
	char raw[3] = { 'x', 'y', 'z' }, out[8];

	fmt(out, sizeof(out), "%.3s", raw);
	cr_expect_str_eq(out, "xyz");
}

Test(fmt, a_null_string_and_pointers_are_shown)
{
	const char *volatile nothing = NULL;
	char out[32];

	fmt(out, sizeof(out), "%s", nothing);
	cr_expect_str_eq(out, "(null)");
	fmt(out, sizeof(out), "%p", (void *)0x1234);
	cr_expect_str_eq(out, "0x1234");
}

Test(fmt, text_is_cut_at_the_room_and_the_whole_length_returned)
{
	char out[8];

	memset(out, '#', sizeof(out));
	cr_expect_eq(fmt(out, 4, "%s", "abcdef"), 6);
	cr_expect_str_eq(out, "abc");
	cr_expect_eq(out[4], '#');
	cr_expect_eq(fmt(NULL, 0, "%d", 1234), 4);
}

Test(fmt, an_unknown_conversion_is_copied)
{
	char out[32];
	const char *volatile odd = "a%qb%";

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
	fmt(out, sizeof(out), odd);
	cr_expect_str_eq(out, "a%qb%");
}
