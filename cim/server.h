/* SPDX-License-Identifier: MIT */
/* server.h: the CIM server: connections in, answers out. No I/O of its own: channels and host/manage.h. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/channel.h"

struct cim_config {			/* 0 everywhere gives the defaults */
	unsigned connections;		/* at once; default and maximum 16 */
	uint32_t request_bytes;		/* largest body; default 256 KiB */
	uint64_t request_ns;		/* for a request to arrive whole, an answer to leave; default 30 s */
	uint64_t idle_ns;		/* between requests; default 120 s */
};

/* Once, before anything else. Ends connections that a former call left. */
void cim_server_init(const struct cim_config *config);
/* Takes ownership of @ch. An address may hold three quarters of the connections, a further one gets 503 and is closed.
 * When all are taken one that only waits for its client, be it one that takes next to nothing of its answer, gives way
 * if its address holds many more than @ch's (share.h); if there is none, @ch gets 503 too. */
void cim_server_accept(struct channel *ch);
/* Serves the connections, each in turn and not for long: the work of one call is bounded, however much they ask for.
 * True if there may be more to do now. Never blocks. */
bool cim_server_step(uint64_t now_ns);
/* When step must be called at the latest, as a time; UINT64_MAX: not before a channel has news. */
uint64_t cim_server_deadline(void);
