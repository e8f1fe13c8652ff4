/* SPDX-License-Identifier: MIT */
/* unit: lib/log.c */
#include "lib/log.h"
#include <criterion/criterion.h>
#include <string.h>

static char seen[4096];
static size_t seen_bytes;

static void sink(const char *text, size_t length)
{
	cr_assert_lt(seen_bytes + length, sizeof(seen));
	memcpy(seen + seen_bytes, text, length);
	seen_bytes += length;
	seen[seen_bytes] = '\0';
}

static uint64_t clock_value;
static uint64_t clock_read(void) { return clock_value; }

Test(log, a_line_carries_time_area_and_text)
{
	log_set_sink(sink);
	log_set_clock(clock_read);
	clock_value = 1234567999;
	log_info("vmx", "revision %u", 4u);
	cr_expect_str_eq(seen, "[    1.234567] vmx: revision 4\n");
}

Test(log, lines_above_the_level_are_dropped)
{
	log_set_sink(sink);
	log_debug("vm", "hidden");
	cr_expect_eq(seen_bytes, 0u);
	log_set_level(LOG_DEBUG);
	log_debug("vm", "shown");
	cr_expect_str_eq(seen, "[    0.000000] vm: shown\n");
}

Test(log, control_characters_do_not_break_a_line)
{
	log_set_sink(sink);
	log_warn("cim", "name \"%s\"", "a\nb\033[2J");
	cr_expect_str_eq(seen, "[    0.000000] cim: name \"a?b?[2J\"\n");
}

Test(log, a_long_line_is_cut_and_still_ends_in_newline)
{
	char big[2000];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	log_set_sink(sink);
	log_error("net", "%s", big);
	cr_expect_eq(seen_bytes, 512u);
	cr_expect_eq(seen[511], '\n');
	cr_expect_eq(memchr(seen, '\n', 511), NULL);
}

static void say(uint64_t now_ns)
{
	log_limited(now_ns, LOG_WARN, "net", "again");
}

static unsigned told(const char *what)
{
	unsigned n = 0;

	for (const char *at = seen; (at = strstr(at, what)); at++)
		n++;
	return n;
}

Test(log, what_strangers_cause_is_written_a_few_times_and_then_counted)
{
	log_set_sink(sink);
	for (unsigned i = 0; i < 1000; i++)
		say(5 + i);
	cr_expect_eq(told("again"), LOG_LIMIT_LINES);
	say(5 + LOG_LIMIT_NS);
	cr_expect_eq(told("again"), LOG_LIMIT_LINES + 1);
	cr_expect_eq(told("and 990 more like the next one"), 1);
	say(5 + 2 * LOG_LIMIT_NS);
	cr_expect_eq(told("more like"), 1);
}
