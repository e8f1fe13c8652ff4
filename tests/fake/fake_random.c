/* SPDX-License-Identifier: MIT */
/* fake_random.c: lib/random.h whose numbers are the same in each run of a test. */
#include "lib/random.h"

static uint64_t state;
static bool strong = true;

void random_seed(const void *seed, size_t bytes, bool secret)
{
	for (size_t i = 0; i < bytes; i++)
		state = state * 31 + ((const uint8_t *)seed)[i];
	strong = secret;
}

bool random_is_strong(void)
{
	return strong;
}

/* xorshift64*, one step for each byte. */
void random_bytes(void *out, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		state = state ? state : 0x9e3779b97f4a7c15ull;
		state ^= state >> 12;
		state ^= state << 25;
		state ^= state >> 27;
		((uint8_t *)out)[i] = (uint8_t)(state * 0x2545f4914f6cdd1dull >> 56);
	}
}

uint64_t random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof(v));
	return v;
}
