/* SPDX-License-Identifier: MIT */
/* tcp_listen.h: what net/tcp_listen.c and net/tcp_channel.c tell each other; for nobody else. */
#pragma once
#include <stdint.h>
#include "lib/channel.h"

struct tcp_pcb;

struct listener {
	void (*accept)(struct channel *ch);
	uint32_t from_ipv4, from_mask;	/* who may connect; 0/0: anyone */
};

/* lwIP's accept callback, with lwIP's errors: @arg is the listener. Makes the channel, or refuses. */
int8_t tcp_listen_accepted(void *arg, struct tcp_pcb *pcb, int8_t e);
