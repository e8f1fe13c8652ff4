/* SPDX-License-Identifier: MIT */
/* log.h: Tern's log: one line per event, given to a sink (COM1). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Lines above @level are dropped. */
void log_set_level(enum log_level level);
/* @sink receives each finished line ('\n' included); NULL for none. */
void log_set_sink(void (*sink)(const char *text, size_t length));
/* @clock gives nanoseconds since boot for the time stamp; NULL stamps 0. */
void log_set_clock(uint64_t (*clock)(void));

/* @area is a short lower-case word: boot, vmx, vm, net, cim, mig. No newline in @format. */
__attribute__((format(printf, 3, 4)))
void log_write(enum log_level level, const char *area, const char *format, ...);

#define log_error(area, ...) log_write(LOG_ERROR, area, __VA_ARGS__)
#define log_warn(area, ...)  log_write(LOG_WARN, area, __VA_ARGS__)
#define log_info(area, ...)  log_write(LOG_INFO, area, __VA_ARGS__)
#define log_debug(area, ...) log_write(LOG_DEBUG, area, __VA_ARGS__)

/* What a stranger can cause as often as he likes is written with log_limited: LOG_LIMIT_LINES lines of one place in
 * the source in LOG_LIMIT_NS, the rest is counted, and the count told with the next line of that place. Only for the
 * CPU that serves. */
#define LOG_LIMIT_LINES 10u
#define LOG_LIMIT_NS	10000000000ull

struct log_limit { uint64_t since_ns; unsigned lines, held; };

/* May a line of this place be written at @now_ns? Writes how many were not. */
static inline bool log_limit_allows(struct log_limit *l, uint64_t now_ns, enum log_level level, const char *area)
{
	if (!l->lines || now_ns - l->since_ns >= LOG_LIMIT_NS) {
		if (l->held)
			log_write(level, area, "and %u more like the next one", l->held);
		*l = (struct log_limit){ .since_ns = now_ns };
	}
	if (l->lines == LOG_LIMIT_LINES) {
		l->held++;
		return false;
	}
	l->lines++;
	return true;
}

#define log_limited(now_ns, level, area, ...) do {				\
	static struct log_limit limit_;						\
										\
	if (log_limit_allows(&limit_, now_ns, level, area))			\
		log_write(level, area, __VA_ARGS__);				\
} while (0)

/* A bug in Tern: logs, dumps and stops this machine. Defined by arch (or by the tests). */
__attribute__((noreturn, format(printf, 1, 2)))
void panic(const char *format, ...);
