/* SPDX-License-Identifier: MIT */
/* channel.h: a byte channel, the seam between TCP and who talks: migration, CIM, consoles. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "lib/err.h"

struct channel;

struct channel_ops {
	/* Takes up to @length bytes for sending, in order; returns how many it took, 0 when full.
	 * Bytes are copied: the caller may reuse @data at once. */
	size_t (*send)(struct channel *ch, const void *data, size_t length);
	/* Copies up to @room received bytes; 0 when there are none now. */
	size_t (*recv)(struct channel *ch, void *out, size_t room);
	/* ERR_AGAIN while connecting, ERR_OK when open, ERR_CLOSED when the peer has closed and every
	 * byte was read, ERR_REFUSED/ERR_TIMEOUT/ERR_IO when it failed. */
	enum err (*status)(struct channel *ch);
	/* Bytes taken by send and not yet acknowledged by the peer's TCP. */
	size_t (*unacked)(struct channel *ch);
	/* Closes (flushing what was sent, without blocking) and frees. @ch is dead afterwards. */
	void (*close)(struct channel *ch);
	/* As close, but resets the connection: the peer sees an error. */
	void (*abort)(struct channel *ch);
};

/* Embedded as the first member by each implementation. */
struct channel {
	const struct channel_ops *ops;
	uint32_t peer_ipv4;		/* host byte order, 0 if unknown */
	uint16_t peer_port;
};
