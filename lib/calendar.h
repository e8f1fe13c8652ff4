/* SPDX-License-Identifier: MIT */
/* calendar.h: seconds since 1970 UTC and dates of the Gregorian calendar. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct calendar {
	uint32_t year, month, day;	/* month and day from 1 */
	uint32_t hour, minute, second;
	uint32_t weekday;		/* 1 is Sunday; calendar_seconds doesn't look at it */
};

/* The last second of year 9999: what lies behind it reads as that. */
#define CALENDAR_END 253402300799ull

#define CALENDAR_DAY		86400u
#define CALENDAR_ERA_YEARS	400u
#define CALENDAR_ERA_DAYS	146097u		/* of 400 years: the calendar repeats after these */
#define CALENDAR_TO_1970		719468u		/* days from 1 March of year 0 */

/* Years are counted from March, so that the leap day is a year's last and the lengths of months follow a line. */
static inline struct calendar calendar_from(uint64_t seconds)
{
	uint64_t in = seconds > CALENDAR_END ? CALENDAR_END : seconds, days = in / CALENDAR_DAY + CALENDAR_TO_1970;
	uint32_t rest = (uint32_t)(in % CALENDAR_DAY), of_era = (uint32_t)(days % CALENDAR_ERA_DAYS);
	uint32_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;

	return (struct calendar){
		.year = (uint32_t)(days / CALENDAR_ERA_DAYS) * CALENDAR_ERA_YEARS + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9, .day = of_year - (153 * month + 2) / 5 + 1,
		.hour = rest / 3600, .minute = rest / 60 % 60, .second = rest % 60,
		.weekday = (uint32_t)((in / CALENDAR_DAY + 4) % 7 + 1),
	};
}

static inline uint32_t calendar_month_days(uint32_t year, uint32_t month)
{
	static const uint8_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* A date that exists, from 1970 to 9999, and a time without leap seconds. */
static inline bool calendar_valid(const struct calendar *c)
{
	return c->year >= 1970 && c->year <= 9999 && c->month >= 1 && c->month <= 12 && c->day >= 1 &&
	       c->day <= calendar_month_days(c->year, c->month) && c->hour < 24 && c->minute < 60 && c->second < 60;
}

/* @c must be valid. */
static inline uint64_t calendar_seconds(const struct calendar *c)
{
	uint64_t year = c->month <= 2 ? c->year - 1 : c->year, month = (c->month + 9) % 12;
	uint64_t days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + c->day - 1 -
			CALENDAR_TO_1970;

	return days * CALENDAR_DAY + c->hour * 3600 + c->minute * 60 + c->second;
}

/* The same moment in UTC where @c is local time @minutes behind it (west of Greenwich; UEFI's EFI_TIME.TimeZone); not
 * before 1970. */
static inline uint64_t calendar_utc(const struct calendar *c, int minutes)
{
	uint64_t local = calendar_seconds(c), by = (uint64_t)(minutes < 0 ? -minutes : minutes) * 60;

	if (minutes >= 0)
		return local + by;
	return local > by ? local - by : 0;
}
