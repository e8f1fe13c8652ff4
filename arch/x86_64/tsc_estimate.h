/* SPDX-License-Identifier: MIT */
/* tsc_estimate.h: how fast the TSC runs, from readings of another counter between two readings of the TSC. No hardware
 * here. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/err.h"

#define TSC_SLOTS	48u		/* parts of the base line, each with its best reading */
#define TSC_LATE	16u		/* readings that lengthen it afterwards */
#define TSC_SAMPLES	(TSC_SLOTS + TSC_LATE)
#define TSC_DEAD_READS	4096u		/* so many in a row that lead nowhere: it stands still, or shows anything */

struct tsc_counter {
	uint64_t hz;		/* at least 1 */
	uint32_t mask;		/* of the bits it has: it wraps behind them */
	/* by how many ticks a reading may be off: a tick, or more where an emulator counts in microseconds */
	uint32_t grain;
};

/* The counter showed @count at some moment while the TSC went from @before to @after. */
struct tsc_sample {
	uint64_t before, after;
	uint32_t count;
};

/* Both ends belong to it. high 0: nothing is known. */
struct tsc_range { uint64_t low_hz, high_hz; };

enum tsc_series_state { TSC_SERIES_RUNS, TSC_SERIES_DONE, TSC_SERIES_DEAD };

/* Readings over a base line. Of each slot the one with the shortest way from @before to @after is kept, so that a pause
 * in the middle of a reading costs that reading. */
struct tsc_series {
	struct tsc_counter counter;
	enum tsc_series_state state;
	/* elapsed: ticks since the first reading, without whole wraps that nobody saw */
	uint64_t slot_ticks, elapsed;
	uint32_t last, far_count;
	bool far;		/* the newest reading lay far from the one before */
	uint32_t reads, unchanged;	/* unchanged: readings in a row that led nowhere */
	struct tsc_sample sample[TSC_SAMPLES];
	unsigned samples;
	uint64_t slot;			/* of the newest sample */
};

/* Starts anew with a base line of @base_ns. */
void tsc_series_start(struct tsc_series *s, const struct tsc_counter *counter, uint64_t base_ns);
/* One more reading. DONE: the base line is over, DEAD: the counter leads nowhere; what comes after that changes
 * nothing. */
void tsc_series_add(struct tsc_series *s, const struct tsc_sample *sample);
/* A reading after DONE, which lengthens the base line by the time since: to be called up to TSC_LATE times, each with
 * the best of some readings. */
void tsc_series_late(struct tsc_series *s, const struct tsc_sample *sample);

/* The TSC's frequency by what @s has. A pause, even one in which the counter wraps many times, makes it no worse but
 * less sure; a quarter of the readings may be wild. ERR_SHORT: too few readings, ERR_STATE: they contradict each
 * other. */
enum err tsc_estimate(const struct tsc_series *s, struct tsc_range *out) NODISCARD;

/* What most of @range agree on in *out (Marzullo's algorithm); returns how many. Those with high 0 are left out. */
unsigned tsc_agree(const struct tsc_range *range, unsigned count, struct tsc_range *out);

uint64_t tsc_range_middle(const struct tsc_range *r);
/* Half the range's width in millionths of its middle, rounded up. */
uint32_t tsc_range_ppm(const struct tsc_range *r);
