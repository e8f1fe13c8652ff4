/* SPDX-License-Identifier: MIT */
#include "net/lwip/arch/cc.h"
#include "arch/x86_64/time.h"
#include "lib/random.h"
#include "lwip/sys.h"

/* DHCP transaction ids, the first local port: who can foresee them can answer in a server's place. */
uint32_t net_random(void)
{
	uint32_t v;

	do
		random_bytes(&v, sizeof(v));
	while (!v);
	return v;
}

uint32_t sys_now(void)
{
	return (uint32_t)(time_ns() / 1000000u);
}
