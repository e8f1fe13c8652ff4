/* SPDX-License-Identifier: MIT */
/* clock.h: conversion between guest nanoseconds and the ticks of a chip's clock, exact and saturating. */
#pragma once
#include <stdint.h>

#define CLOCK_NEVER	UINT64_MAX	/* a deadline that doesn't come */
#define NS_PER_SECOND	1000000000ull

/* a * b / c with a 128-bit product; UINT64_MAX if the quotient needs more than 64 bits or @c is 0.
 * *rest (may be NULL) tells whether the division left a remainder. One MUL and one DIV: no libgcc. */
static inline uint64_t clock_mul_div(uint64_t a, uint64_t b, uint64_t c, uint64_t *rest)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product, quotient, remainder;

	if (high >= c) {
		if (rest)
			*rest = 0;
		return UINT64_MAX;
	}
	__asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "a"(low), "d"(high), "rm"(c) : "cc");
	if (rest)
		*rest = remainder;
	return quotient;
}

static inline uint64_t clock_add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Whole ticks of a clock of @hz in @ns. */
static inline uint64_t clock_ticks(uint64_t ns, uint64_t hz)
{
	return clock_mul_div(ns, hz, NS_PER_SECOND, 0);
}

/* The smallest ns for which clock_ticks(ns, hz) >= @ticks. */
static inline uint64_t clock_ns(uint64_t ticks, uint64_t hz)
{
	uint64_t rest, ns = clock_mul_div(ticks, NS_PER_SECOND, hz, &rest);

	return clock_add(ns, rest != 0);
}

/* Time from @start to @now; 0 if @start lies ahead (only a foreign image can say so). */
static inline uint64_t clock_since(uint64_t start, uint64_t now)
{
	return now > start ? now - start : 0;
}
