/* SPDX-License-Identifier: MIT */
#include "net/tcp_policy.h"

size_t tcp_policy_room(size_t left, size_t mine, size_t address)
{
	size_t channel_room = left / 2 > mine ? left / 2 - mine : 0;
	size_t address_room = left > address ? left - address : 0;

	return channel_room < address_room ? channel_room : address_room;
}

bool tcp_policy_stalled(struct tcp_progress *p, size_t unacked, uint64_t acked, uint64_t now_ns)
{
	if (!unacked) {
		p->since_ns = 0;
		return false;
	}
	if (p->since_ns && now_ns - p->since_ns < TCP_POLICY_SPAN_NS)
		return false;
	if (p->since_ns && acked - p->acked_before < TCP_POLICY_LEAST)
		return true;
	p->since_ns = now_ns;
	p->acked_before = acked;
	return false;
}
