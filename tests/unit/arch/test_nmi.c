/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/nmi.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/cpu_access.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/io.h"
#include "lib/log.h"

static void (*handler)(struct intr_frame *);
static uint8_t reason;
static unsigned lines;
static char said[200];

uint8_t in8(uint16_t port)
{
	cr_assert_eq(port, 0x61);
	return reason;
}

void intr_set_handler(uint8_t vector, void (*h)(struct intr_frame *))
{
	cr_assert_eq(vector, 2);
	handler = h;
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	va_list args;

	cr_assert(level == LOG_WARN && !strcmp(area, "cpu"));
	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	lines++;
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	abort();
}

static void nmi(uint8_t why)
{
	struct intr_frame f = { .vector = 2 };

	reason = why;
	handler(&f);
}

TestSuite(nmi, .init = nmi_init);

Test(nmi, of_unknown_reason_is_counted_and_told_later)
{
	nmi(0);
	nmi(0x30);
	nmi(0xff);	/* no such port */
	cr_expect_eq(lines, 0, "an NMI comes in the middle of anything");
	nmi_report();
	cr_expect_eq(lines, 1);
	cr_expect(strstr(said, "3 NMIs"), "%s", said);
	nmi_report();
	cr_expect_eq(lines, 1, "once");
}

Test(nmi, a_storm_does_not_fill_the_log)
{
	for (unsigned i = 0; i < 1000; i++) {
		nmi(0);
		nmi_report();
	}
	cr_expect_eq(lines, 10);
	cr_expect(strstr(said, "only counted"), "%s", said);
}

Test(nmi, that_ended_a_guests_turn_goes_through_the_same_handler)
{
	nmi_after_exit();
	cr_expect_eq(fake_cpu.software_nmis, 1, "whose IRET unblocks the next");
}

Test(nmi, lost_data_stops_the_host, .signal = SIGABRT) { nmi(0x80); }
Test(nmi, a_failed_card_stops_the_host, .signal = SIGABRT) { nmi(0x40); }
