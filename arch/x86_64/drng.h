/* SPDX-License-Identifier: MIT */
/* drng.h: the processor's random numbers (SDM volume 1, "Random Number Generator Instructions"). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "cpu.h"

static inline bool drng_has_rdrand(void)
{
	uint32_t r[4];

	cpuid(1, 0, r);
	return r[2] >> 30 & 1;
}

static inline bool drng_has_rdseed(void)
{
	uint32_t r[4];

	cpuid(0, 0, r);
	if (r[0] < 7)
		return false;
	cpuid(7, 0, r);
	return r[1] >> 18 & 1;
}

/* False: none was ready; try again. */
static inline bool drng_rdrand(uint64_t *v)
{
	uint8_t ok;

	__asm__ volatile("rdrand %0" : "=r"(*v), "=@ccc"(ok));
	return ok;
}

static inline bool drng_rdseed(uint64_t *v)
{
	uint8_t ok;

	__asm__ volatile("rdseed %0\n\tpause" : "=r"(*v), "=@ccc"(ok));
	return ok;
}
