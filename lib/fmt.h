/* SPDX-License-Identifier: MIT */
/* fmt.h: formatted text with general registers only, so that exit handlers may log. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* Conversions: %d %i %u %x %X %p %s %c %%, with flags '-' and '0', width (also '*'), '.precision' for
 * %s, and length hh h l ll z. Writes at most room bytes with the final NUL; returns the length the
 * whole text would have (as snprintf does). Never fails; an unknown conversion is copied as it is. */
int fmt_v(char *out, size_t room, const char *format, va_list args);
__attribute__((format(printf, 3, 4)))
int fmt(char *out, size_t room, const char *format, ...);
