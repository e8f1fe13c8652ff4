/* SPDX-License-Identifier: MIT */
#include "entropy.h"
#include "arch/x86_64/drng.h"

/* RDRAND is never exhausted for long (ten tries, SDM); RDSEED refills at its own pace, other CPUs draw from it too. */
#define RDRAND_TRIES 10
#define RDSEED_TRIES 1000

static bool rdrand(uint64_t *v)
{
	for (unsigned i = 0; i < RDRAND_TRIES; i++)
		if (drng_rdrand(v))
			return true;
	return false;
}

static bool rdseed(uint64_t *v)
{
	for (unsigned i = 0; i < RDSEED_TRIES; i++)
		if (drng_rdseed(v))
			return true;
	return false;
}

/* A broken generator repeats itself; a working one repeats 64 bits within a seed once in 2^53 boots. */
static bool repeats(const uint64_t w[ENTROPY_WORDS])
{
	for (unsigned i = 0; i < ENTROPY_WORDS; i++)
		for (unsigned k = 0; k < i; k++)
			if (w[i] == w[k])
				return true;
	return false;
}

static bool fill(bool seed, uint64_t out[ENTROPY_WORDS])
{
	for (unsigned i = 0; i < ENTROPY_WORDS; i++)
		if (!(seed ? rdseed(&out[i]) : rdrand(&out[i])))
			return false;
	return !repeats(out);
}

const char *entropy_cpu(uint64_t out[ENTROPY_WORDS])
{
	if (drng_has_rdseed() && fill(true, out))
		return "RDSEED";
	if (drng_has_rdrand() && fill(false, out))
		return "RDRAND";
	return 0;
}
