/* SPDX-License-Identifier: MIT */
#include "random.h"
#include <string.h>
#include "cpu.h"
#include "time.h"

#define RDRAND_ECX (1u << 30)
#define TRIES 10

static uint64_t state;

static uint64_t hardware(void)
{
	uint32_t r[4];
	uint64_t v = 0;
	uint8_t ok = 0;

	cpuid(1, 0, r);
	if (!(r[2] & RDRAND_ECX))
		return 0;
	for (int i = 0; i < TRIES && !ok; i++)
		__asm__ volatile("rdrand %0" : "=r"(v), "=@ccc"(ok));
	return ok ? v : 0;
}

/* A 64-bit finalizer spreads the few changing bits of the TSC. */
uint64_t random_u64(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull + (time_tsc() ^ hardware());

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void random_bytes(void *out, size_t n)
{
	while (n) {
		uint64_t v = random_u64();
		size_t part = n < 8 ? n : 8;

		memcpy(out, &v, part);
		out = (char *)out + part;
		n -= part;
	}
}
