/* SPDX-License-Identifier: MIT */
#include "lib/random.h"
#include <bearssl_rand.h>

static br_hmac_drbg_context drbg;
static bool strong;

void random_seed(const void *seed, size_t bytes, bool secret)
{
	if (drbg.vtable)
		br_hmac_drbg_update(&drbg, seed, bytes);
	else
		br_hmac_drbg_init(&drbg, &br_sha256_vtable, seed, bytes);
	strong = strong || secret;
}

bool random_is_strong(void)
{
	return strong;
}

void random_bytes(void *out, size_t bytes)
{
	if (!drbg.vtable)
		random_seed("", 0, false);
	br_hmac_drbg_generate(&drbg, out, bytes);
}

uint64_t random_u64(void)
{
	uint64_t v;

	random_bytes(&v, sizeof(v));
	return v;
}
