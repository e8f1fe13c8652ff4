/* SPDX-License-Identifier: MIT */
/* log.c: lines of the log, and their lock. */
#include "log.h"
#include <stdarg.h>
#include <string.h>
#include "fmt.h"
#include "spin.h"

#define LOG_LINE  512u		/* bytes of one line; longer text is cut */
/* Tries before a line is written without the lock: a CPU that died while it logged must not silence
 * the panic of another one, or its own. */
#define LOG_TRIES 4000000u

static enum log_level threshold = LOG_INFO;
static void (*sink_text)(const char *text, size_t length);
static uint64_t (*clock_ns)(void);
static struct spin lock;

void log_set_level(enum log_level level)
{
	threshold = level;
}

void log_set_sink(void (*sink)(const char *text, size_t length))
{
	sink_text = sink;
}

void log_set_clock(uint64_t (*clock)(void))
{
	clock_ns = clock;
}

static void emit(const char *line, size_t length)
{
	unsigned tries = 0;
	bool locked;

	while (!(locked = spin_try(&lock)) && tries++ < LOG_TRIES)
		__builtin_ia32_pause();
	if (sink_text)
		sink_text(line, length);
	if (locked)
		spin_unlock(&lock);
}

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	uint64_t us = clock_ns ? clock_ns() / 1000 : 0;
	char line[LOG_LINE];
	va_list args;
	size_t n;

	if (level > threshold)
		return;
	n = (size_t)fmt(line, sizeof(line), "[%5llu.%06llu] %s: ", (unsigned long long)(us / 1000000),
			(unsigned long long)(us % 1000000), area);
	if (n < sizeof(line) - 1) {
		va_start(args, format);
		n += (size_t)fmt_v(line + n, sizeof(line) - n, format, args);
		va_end(args);
	}
	if (n > sizeof(line) - 1)
		n = sizeof(line) - 1;
	/* Text from outside (a file name, a peer's sentence) stays one line and can't steer a terminal. */
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	emit(line, n);
}
