/* SPDX-License-Identifier: MIT */
#include "net/lwip/port.h"
#include "arch/x86_64/time.h"
#include "lwip/sys.h"

static uint64_t state = 0x9e3779b97f4a7c15ull;

/* splitmix64 over a state that arrival times keep stirring. */
static uint64_t next(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

void port_stir(uint64_t seed)
{
	state ^= seed;
	state = next();
}

uint32_t net_random(void)
{
	uint32_t v;

	port_stir(time_tsc());
	do
		v = (uint32_t)(next() >> 32);
	while (!v);
	return v;
}

uint32_t sys_now(void)
{
	return (uint32_t)(time_ns() / 1000000u);
}
