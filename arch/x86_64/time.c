/* SPDX-License-Identifier: MIT */
#include "time.h"
#include "cpu.h"
#include "io.h"
#include "lib/log.h"

#define PIT_HZ		1193182u
#define PIT_CH2		0x42
#define PIT_COMMAND	0x43
#define PORT_B		0x61
#define OUT2		0x20
#define SAMPLE_TICKS	(PIT_HZ / 50)	/* 20 ms */
#define SAMPLES		3

static uint64_t tsc_start, tsc_khz;
static uint64_t ns_scale;	/* ns = tsc * ns_scale >> 32 */
static uint64_t wall_at_start;

uint64_t time_tsc(void)
{
	uint32_t lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return (uint64_t)hi << 32 | lo;
}

/* TSC ticks while counter 2 of the 8254 counts SAMPLE_TICKS down in mode 0. */
static uint64_t sample(void)
{
	uint64_t start, end, limit = 1ull << 36;

	out8(PORT_B, (uint8_t)((in8(PORT_B) & ~3u) | 1));	/* gate on, speaker off */
	out8(PIT_COMMAND, 0xb0);				/* counter 2, both bytes, mode 0 */
	out8(PIT_CH2, SAMPLE_TICKS & 0xff);
	out8(PIT_CH2, SAMPLE_TICKS >> 8);
	start = time_tsc();
	do
		end = time_tsc();
	while (!(in8(PORT_B) & OUT2) && end - start < limit);
	return end - start;
}

void time_init(void)
{
	uint64_t best = ~0ull;

	for (int i = 0; i < SAMPLES; i++) {
		uint64_t t = sample();

		if (t < best)
			best = t;
	}
	tsc_khz = best * PIT_HZ / SAMPLE_TICKS / 1000;
	if (tsc_khz < 1000)
		panic("the 8254 gives no usable time: TSC would run at %llu kHz", (unsigned long long)tsc_khz);
	ns_scale = (1000000ull << 32) / tsc_khz;
	tsc_start = time_tsc();
}

uint64_t time_tsc_to_ns(uint64_t tsc)
{
	return (uint64_t)((unsigned __int128)tsc * ns_scale >> 32);
}

uint64_t time_ns_to_tsc(uint64_t ns)
{
	return (uint64_t)((unsigned __int128)ns * tsc_khz / 1000000);
}

uint64_t time_ns(void)
{
	return time_tsc_to_ns(time_tsc() - tsc_start);
}

uint32_t time_tsc_khz(void)
{
	return (uint32_t)tsc_khz;
}

void time_delay_us(uint32_t us)
{
	uint64_t end = time_tsc() + time_ns_to_tsc((uint64_t)us * 1000);

	while (time_tsc() < end)
		cpu_relax();
}

void time_set_wall(uint64_t seconds)
{
	wall_at_start = seconds - time_ns() / 1000000000ull;
}

uint64_t time_wall_seconds(void)
{
	return wall_at_start + time_ns() / 1000000000ull;
}
