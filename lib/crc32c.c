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

/* The crc32 instruction takes three cycles but one can begin in each: so three stretches of a block go side by side,
 * and are joined by what LANE zero bytes make of a CRC, which is linear in each of its bits. */
#define LANE 1024u

static uint32_t pass[4][256];		/* pass[k][b]: the CRC b << 8 * k after LANE zero bytes */

static inline uint64_t step(uint64_t crc, uint64_t eight)
{
	__asm__("crc32q %1, %0" : "+r"(crc) : "r"(eight));
	return crc;
}

/* Another CPU may do the same at the same time: each entry is written once, with its only value. */
static void pass_fill(void)
{
	uint32_t of_bit[32];

	for (unsigned bit = 0; bit < 32; bit++) {
		uint64_t crc = 1u << bit;

		for (unsigned n = 0; n < LANE / 8; n++)
			crc = step(crc, 0);
		of_bit[bit] = (uint32_t)crc;
	}
	for (unsigned n = 0; n < 4 * 256; n++) {
		uint32_t crc = 0;

		for (unsigned bit = 0; bit < 8; bit++)
			if (n >> bit & 1)
				crc ^= of_bit[n / 256 * 8 + bit];
		pass[n / 256][n % 256] = crc;
	}
}

static inline uint32_t pass_lane(uint64_t crc)
{
	return pass[0][crc & 0xff] ^ pass[1][crc >> 8 & 0xff] ^ pass[2][crc >> 16 & 0xff] ^ pass[3][crc >> 24 & 0xff];
}

static uint32_t crc32c_cpu(uint32_t seed, const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t crc = (uint32_t)~seed;

	for (; n >= 3 * LANE; n -= 3 * LANE, p += 3 * LANE) {
		uint64_t second = 0, third = 0;

		for (unsigned at = 0; at < LANE; at += 8) {
			crc = step(crc, le64_get(p + at));
			second = step(second, le64_get(p + LANE + at));
			third = step(third, le64_get(p + 2 * LANE + at));
		}
		crc = pass_lane(pass_lane(crc) ^ second) ^ third;
	}
	for (; n >= 8; n -= 8, p += 8)
		crc = step(crc, le64_get(p));
	for (; n; n--, p++)
		__asm__("crc32b %1, %0" : "+r"(crc) : "r"(*p));
	return ~(uint32_t)crc;
}

uint32_t crc32c(uint32_t seed, const void *data, size_t n)
{
	static enum { UNKNOWN, CPU, TABLE } how;

	if (how == UNKNOWN) {
		unsigned a, b, c, d;

		if (__get_cpuid(1, &a, &b, &c, &d) && (c & CPUID1_ECX_SSE42)) {
			pass_fill();
			how = CPU;
		} else {
			how = TABLE;
		}
	}
	return how == CPU ? crc32c_cpu(seed, data, n) : crc32c_table(seed, data, n);
}
