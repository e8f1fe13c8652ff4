/* SPDX-License-Identifier: MIT */
/* fake_log.c: the log of unit tests: silent unless TERN_TEST_LOG is set; panic() aborts the test. */
#include "tests/fake/fake_log.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "lib/log.h"

unsigned fake_log_warnings;

static void line(const char *area, const char *format, va_list args)
{
	fprintf(stderr, "%s: ", area);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	va_list args;

	fake_log_warnings += level == LOG_WARN;
	if (!getenv("TERN_TEST_LOG"))
		return;
	va_start(args, format);
	line(area, format, args);
	va_end(args);
}

void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	line("panic", format, args);
	va_end(args);
	abort();
}
