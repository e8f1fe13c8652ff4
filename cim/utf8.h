/* SPDX-License-Identifier: MIT */
/* utf8.h: is it UTF-8? (RFC 3629) */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Bytes of the character at @p (1 to 4), 0 if the @left > 0 bytes there don't begin with a valid one. */
size_t utf8_length(const char *p, size_t left);
bool utf8_valid(const char *p, size_t length);
