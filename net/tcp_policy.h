/* SPDX-License-Identifier: MIT */
/* tcp_policy.h: how much of lwIP's memory a connection may hold, and when one moves too little of it. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TCP_POLICY_SPAN_NS	60000000000ull
#define TCP_POLICY_LEAST	4096u	/* bytes acknowledged in a span, or everything */

/* Bytes that a channel may queue further, when it holds @mine, all channels to its peer's address together hold
 * @address, and @left bytes are free for queued data: a channel may hold half of what is left, an address all of it. As
 * what is left shrinks, so does what each may hold, and something is always left for who comes next (dynamic
 * thresholds). */
size_t tcp_policy_room(size_t left, size_t mine, size_t address);

struct tcp_progress {
	uint64_t since_ns;		/* begin of the span; 0: nothing is queued */
	uint64_t acked_before;		/* in all, then */
};
/* True if bytes have waited for a whole span and the peer acknowledged fewer than TCP_POLICY_LEAST in it: its window is
 * tiny, or closed. @unacked bytes wait now, @acked were acknowledged in all. To be called now and then. */
bool tcp_policy_stalled(struct tcp_progress *p, size_t unacked, uint64_t acked, uint64_t now_ns);
