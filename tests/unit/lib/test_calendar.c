/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <time.h>
#include "lib/calendar.h"

static void expect_as_libc(uint64_t seconds)
{
	struct calendar c = calendar_from(seconds);
	time_t at = (time_t)seconds;
	struct tm tm;

	gmtime_r(&at, &tm);
	cr_expect(c.year == (uint32_t)tm.tm_year + 1900 && c.month == (uint32_t)tm.tm_mon + 1 && c.day == (uint32_t)tm.tm_mday &&
		  c.hour == (uint32_t)tm.tm_hour && c.minute == (uint32_t)tm.tm_min && c.second == (uint32_t)tm.tm_sec &&
		  c.weekday == (uint32_t)tm.tm_wday + 1, "%lu is %u-%u-%u", (unsigned long)seconds, c.year, c.month, c.day);
	cr_expect(calendar_valid(&c));
	cr_expect_eq(calendar_seconds(&c), seconds, "%lu", (unsigned long)seconds);
}

Test(calendar, each_day_is_what_the_c_library_says)
{
	for (uint64_t day = 0; day <= CALENDAR_END / 86400; day++)
		expect_as_libc(day * 86400 + day % 86400);
	expect_as_libc(CALENDAR_END);
}

Test(calendar, behind_its_end_time_stands)
{
	struct calendar c = calendar_from(UINT64_MAX);

	cr_expect(c.year == 9999 && c.month == 12 && c.day == 31 && c.second == 59);
}

Test(calendar, dates_that_do_not_exist_are_not_valid)
{
	static const struct calendar bad[] = {
		{ 1969, 12, 31, 0, 0, 0, 0 }, { 2023, 2, 29, 0, 0, 0, 0 }, { 2100, 2, 29, 0, 0, 0, 0 }, { 2024, 0, 1, 0, 0, 0, 0 },
		{ 2024, 13, 1, 0, 0, 0, 0 }, { 2024, 4, 31, 0, 0, 0, 0 }, { 2024, 1, 0, 0, 0, 0, 0 }, { 2024, 1, 1, 24, 0, 0, 0 },
		{ 2024, 1, 1, 0, 60, 0, 0 }, { 2024, 1, 1, 0, 0, 60, 0 }, { 10000, 1, 1, 0, 0, 0, 0 },
	};
	struct calendar leap = { 2024, 2, 29, 23, 59, 59, 0 };

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_expect_not(calendar_valid(&bad[i]), "%u-%u-%u", bad[i].year, bad[i].month, bad[i].day);
	cr_expect(calendar_valid(&leap));
}

/* UEFI, "GetTime()": local time = UTC - TimeZone, so 12:00 at minus 60 (Berlin) is 11:00 UTC, at 300 (New York) 17:00. */
Test(calendar, a_time_zone_is_taken_away)
{
	struct calendar noon = { 2026, 12, 1, 12, 0, 0, 0 }, first = { 1970, 1, 1, 0, 30, 0, 0 };
	uint64_t utc = calendar_seconds(&noon);

	cr_expect_eq(calendar_utc(&noon, 0), utc);
	cr_expect_eq(calendar_utc(&noon, -60), utc - 3600);
	cr_expect_eq(calendar_utc(&noon, 300), utc + 5 * 3600);
	cr_expect_eq(calendar_utc(&first, -60), 0, "not before 1970");
}
