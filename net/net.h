/* SPDX-License-Identifier: MIT */
/* net.h: the host's network: one NIC, lwIP over it, and the step that drives both. Boot CPU only; uses extended
 * registers, so never on the exit path. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "config/config.h"
#include "lib/err.h"
#include "lib/why.h"
#include "net/nic/nic.h"

/* Starts the NIC and lwIP with @cfg's address or DHCP; needs pci_scan, page_alloc, time and irq. To be called once.
 * ERR_NOTFOUND: no NIC that Tern drives, @why lists those seen. ERR_IO, ERR_NOMEM: it did not start. ERR_STATE: called
 * before. After a failure every other function here still works and the network stays down. */
enum err net_start(const struct config *cfg, struct why *why) NODISCARD;

/* Takes received frames, runs due timers, sends what channels wrote. True if anything happened that services may
 * want to look at: call it again before idling. */
bool net_poll(uint64_t now_ns);
/* Lets the NIC interrupt once; without it frames wait for net_poll. To be called before idling. */
void net_arm(void);
/* When net_poll must run next without an interrupt of the NIC; at most @now_ns if it has work now. */
uint64_t net_deadline_ns(uint64_t now_ns);

/* The host's address in host byte order; 0 while there is none (no link yet, DHCP unanswered). */
uint32_t net_ipv4(void);
/* True when there is a NIC with link and an address. */
bool net_up(void);

struct net_counters {
	struct nic_counters nic;
	uint64_t recv_no_memory;	/* frames dropped for want of a buffer */
	uint64_t link_changes;
	uint64_t tcp_retransmits, tcp_drops, tcp_checksum_errors, ip_drops;
	uint64_t contained;		/* connections ended by an assertion of lwIP */
	uint64_t memory_bytes, memory_failures;
	uint32_t channels;
};
void net_counters_get(struct net_counters *out);
