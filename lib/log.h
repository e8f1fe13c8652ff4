/* SPDX-License-Identifier: MIT */
/* log.h: Tern's log: one line per event, given to a sink (COM1). */
#pragma once
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


/* A bug in Tern: logs, dumps and stops this machine. Defined by arch (or by the tests). */
__attribute__((noreturn, format(printf, 1, 2)))
void panic(const char *format, ...);
