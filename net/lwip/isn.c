/* SPDX-License-Identifier: MIT */
/* isn.c: TCP's initial sequence numbers after RFC 6528: a clock of 4 us ticks, so that a connection between the same
 * two ports begins above the one before it, and a keyed hash of both ends, so that nobody learns from his own
 * connections where another's stand. */
#include "net/lwip/arch/cc.h"
#include <string.h>
#include <bearssl_hmac.h>
#include "arch/x86_64/time.h"
#include "lib/random.h"

#define TICK_NS 4000u

uint32_t net_tcp_isn(uint32_t local_ip, uint16_t local_port, uint32_t remote_ip, uint16_t remote_port)
{
	static br_hmac_key_context secret;
	static bool made;
	struct { uint32_t ip[2]; uint16_t port[2]; } ends = { { local_ip, remote_ip }, { local_port, remote_port } };
	uint8_t hash[br_sha256_SIZE];
	br_hmac_context h;
	uint32_t v;

	if (!made) {
		uint8_t key[32];

		random_bytes(key, sizeof(key));
		br_hmac_key_init(&secret, &br_sha256_vtable, key, sizeof(key));
		memset(key, 0, sizeof(key));
		made = true;
	}
	br_hmac_init(&h, &secret, 0);
	br_hmac_update(&h, &ends, sizeof(ends));
	br_hmac_out(&h, hash);
	memcpy(&v, hash, sizeof(v));
	return v + (uint32_t)(time_ns() / TICK_NS);
}
