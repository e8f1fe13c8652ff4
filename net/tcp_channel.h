/* SPDX-License-Identifier: MIT */
/* tcp_channel.h: byte channels (lib/channel.h) over lwIP's TCP. Received bytes open the peer's window only
 * when they are read. Nothing here calls back except @accept, and that only from tcp_channel_poll. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/err.h"
#include "lib/channel.h"

#define TCP_CHANNELS_MAX 64u
#define TCP_CHANNELS_OF_ADDRESS 40u	/* that one address may have opened */

/* A channel whose status is ERR_AGAIN until connected, for five seconds at most (then ERR_TIMEOUT). A failure to
 * start shows in status too; NULL only when there are TCP_CHANNELS_MAX already or memory is out. */
struct channel *tcp_channel_connect(uint32_t ipv4, uint16_t port);

/* Gives each connection to @port to @accept, which owns @ch from then on (close or abort it, also at once).
 * ERR_EXISTS: the port is taken; ERR_NOMEM. */
enum err tcp_channel_listen(uint16_t port, void (*accept)(struct channel *ch)) NODISCARD;

/* From now on only hosts of @ipv4/@mask may connect to @port, which is listened to; others are reset, which the log
 * says. 0/0: anyone, as after tcp_channel_listen. */
void tcp_channel_admit(uint16_t port, uint32_t ipv4, uint32_t mask);

/* For net_poll: hands new connections out, sends what was written, ends connects whose time is over. True if
 * anything happened since the last call that an owner of a channel may want to look at. */
bool tcp_channel_poll(uint64_t now_ns);
/* When tcp_channel_poll should run next, UINT64_MAX if it need not. */
uint64_t tcp_channel_deadline_ns(uint64_t now_ns);
/* Channels open now. */
unsigned tcp_channel_count(void);
