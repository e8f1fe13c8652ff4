/* SPDX-License-Identifier: MIT */
/* tcp_closing.h: connections that no channel owns: half open ones, closed ones until their peer has taken everything,
 * those in TIME_WAIT. How many there may be, what they hold, how long they stay. For net/tcp_channel.c and
 * net/tcp_listen.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tcp_pcb;

/* All connections, with and without a channel: lwIP keeps each in a block of 512 bytes, of which there are 1024. */
#define TCP_PCBS_MAX 384u
#define TCP_PCBS_OF_ADDRESS 96u

/* Closes @pcb, to which no channel points any more. What was written still goes out, but the connection is reset when
 * its peer takes nothing for five seconds, or hasn't taken everything after a minute. */
void tcp_closing_begin(struct tcp_pcb *pcb);

/* One more connection with @ipv4 is about to begin: if it would be one too many of that address, or in all, the oldest
 * goes that no channel owns; half open ones only when there is no other. */
void tcp_closing_evict(uint32_t ipv4);

/* Memory that the closed connections with @ipv4 hold at most, as tcp_policy_room counts. */
size_t tcp_closing_held(uint32_t ipv4);
/* Resets the one that has held most for longest without moving it, if its KiB times ms are more than @weight. */
bool tcp_closing_reclaim(uint64_t weight);
