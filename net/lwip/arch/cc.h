/* SPDX-License-Identifier: MIT */
/* cc.h: what lwIP asks of its platform: assertion, random numbers, memory. */
#pragma once
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "lib/log.h"
#include "net/lwip/mem.h"

#define LWIP_NO_UNISTD_H	1
#ifndef SSIZE_MAX
#define SSIZE_MAX		LONG_MAX
#endif

/* Ends the connection that lwIP works for (net/lwip/guard.h), or panics. */
void net_assert_failed(const char *text, const char *file, int line) __attribute__((noreturn));
#define LWIP_PLATFORM_ASSERT(text)	net_assert_failed(text, __FILE__, __LINE__)
#define LWIP_PLATFORM_DIAG(x)		do { } while (0)

/* From lib/random.h, never 0. */
uint32_t net_random(void);
/* The number that a connection between these ends begins with, now (RFC 6528). */
uint32_t net_tcp_isn(uint32_t local_ip, uint16_t local_port, uint32_t remote_ip, uint16_t remote_port);
#define LWIP_RAND()			net_random()
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) \
	net_tcp_isn((local_ip)->addr, local_port, (remote_ip)->addr, remote_port)

/* Called with each segment for a known port before lwIP looks at it: whose it is, and whether that may be. */
struct tcp_pcb;
struct tcp_hdr;
struct pbuf;
signed char net_tcp_segment(struct tcp_pcb *pcb, struct tcp_hdr *header, struct pbuf *p);
#define LWIP_HOOK_TCP_INPACKET_PCB(pcb, header, optlen, opt1len, opt2, p)	net_tcp_segment(pcb, header, p)
/* Bytes, and pieces of them, that may wait out of order for one connection now. */
uint32_t net_tcp_ooseq_max(void);
uint16_t net_tcp_ooseq_pieces(void);
#define TCP_OOSEQ_BYTES_LIMIT(pcb)	net_tcp_ooseq_max()
#define TCP_OOSEQ_PBUFS_LIMIT(pcb)	net_tcp_ooseq_pieces()
