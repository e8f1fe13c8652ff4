/* SPDX-License-Identifier: MIT */
/* rtc.h: the MC146818 real-time clock and 128 bytes of CMOS; its time is a wall base plus guest time. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

#define RTC_CENTURY 0x32u	/* CMOS byte that FADT names */

#define RTC_TABLE(F, A) \
	F(1, 1, uint64_t, base_ns, 0x7FFFFFFFFFFFFFFFull, "wall time (ns since 1970 UTC) at guest time 0") \
	F(2, 1, uint64_t, seen_s, UINT64_MAX, "last wall second for which flags were raised") \
	F(3, 1, uint32_t, index, 0x7F, "port 0x70") \
	F(4, 1, uint32_t, flags, 0x30, "register C: update ended, alarm; the periodic flag is in cmos[12]") \
	A(5, 1, uint8_t, cmos, 128, 0xFF, "registers; the time bytes hold only while SET is 1")
STATE_STRUCT(rtc_state, RTC_TABLE)

struct rtc {
	struct rtc_state s;
	uint64_t period;	/* last one for which PF was raised; not moved: who comes here has one at once */
};

extern const struct device rtc_device;

/* Sets the clock: @wall_seconds since 1970 UTC is now. */
void rtc_set(struct machine *m, uint64_t wall_seconds);
