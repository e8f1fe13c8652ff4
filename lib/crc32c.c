/* SPDX-License-Identifier: MIT */
#include "crc32c.h"
#include <cpuid.h>
#include <stdbool.h>
#include "lib/bytes.h"

#define POLYNOMIAL	0x82f63b78u	/* 0x1edc6f41 with its bits reversed */
#define CPUID1_ECX_SSE42 (1u << 20)

/* slice[k][b]: the CRC of byte b followed by k zero bytes, so that eight bytes cost eight look-ups. */
static uint32_t slice[8][256];
static bool slice_ready;

static void slice_fill(void)
{
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t crc = b;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		slice[0][b] = crc;
	}
	for (int k = 1; k < 8; k++)
		for (uint32_t b = 0; b < 256; b++)
			slice[k][b] = slice[k - 1][b] >> 8 ^ slice[0][slice[k - 1][b] & 0xff];
	slice_ready = true;
}

uint32_t crc32c_table(uint32_t seed, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t crc = ~seed;

	if (!slice_ready)
		slice_fill();
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t v = le64_get(p) ^ crc;

		crc = 0;
		for (int k = 0; k < 8; k++)
			crc ^= slice[7 - k][v >> 8 * k & 0xff];
	}
	for (; n; n--, p++)
		crc = crc >> 8 ^ slice[0][(crc ^ *p) & 0xff];
	return ~crc;
}

static uint32_t crc32c_cpu(uint32_t seed, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t crc = (uint32_t)~seed;

	for (; n >= 8; n -= 8, p += 8)
		__asm__("crc32q %1, %0" : "+r"(crc) : "r"(le64_get(p)));
	for (; n; n--, p++)
		__asm__("crc32b %1, %0" : "+r"(crc) : "r"(*p));
	return ~(uint32_t)crc;
}

uint32_t crc32c(uint32_t seed, const void *data, size_t n)
{
	static enum { UNKNOWN, CPU, TABLE } how;

	if (how == UNKNOWN) {
		unsigned a, b, c, d;

		how = __get_cpuid(1, &a, &b, &c, &d) && (c & CPUID1_ECX_SSE42) ? CPU : TABLE;
	}
	return how == CPU ? crc32c_cpu(seed, data, n) : crc32c_table(seed, data, n);
}
