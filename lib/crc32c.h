/* SPDX-License-Identifier: MIT */
/* crc32c.h: the Castagnoli CRC (RFC 3720, appendix B.4) that guards each record on the wire. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* The CRC of @n bytes at @data. @seed is 0 to begin, or the result over the bytes that came before. Uses the
 * CPU's crc32 instruction where CPUID reports it; general registers only. */
uint32_t crc32c(uint32_t seed, const void *data, size_t n);

/* The same from tables alone; what crc32c() falls back to. */
uint32_t crc32c_table(uint32_t seed, const void *data, size_t n);
