/* SPDX-License-Identifier: MIT */
/* uuid.h: UUIDs as 16 bytes in text order (RFC 4122). */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "lib/err.h"

#define UUID_TEXT 37

/* ERR_INVALID unless @text is 8-4-4-4-12 hexadecimal digits. */
enum err uuid_parse(const char *text, uint8_t out[16]) NODISCARD;
void uuid_text(const uint8_t uuid[16], char out[UUID_TEXT]);
/* A UUID that depends only on @seed and @name (version 8, RFC 9562). */
void uuid_derive(const uint8_t seed[16], const char *name, uint8_t out[16]);
