/* SPDX-License-Identifier: MIT */
/* lwipopts.h: how Tern configures lwIP: no threads, raw API, IPv4, few connections with large windows. */
#pragma once

#define NO_SYS				1
#define LWIP_NETCONN			0
#define LWIP_SOCKET			0
#define SYS_LIGHTWEIGHT_PROT		0
#define LWIP_TIMERS			1
#define LWIP_TIMERS_CUSTOM		1	/* net/lwip/timers.c */

/* All memory, pools included, comes from net/lwip/mem.c, which bounds each size by itself. */
#define MEM_LIBC_MALLOC			1
#define MEMP_MEM_MALLOC			1
#define mem_clib_malloc			net_mem_alloc
#define mem_clib_free			net_mem_free
#define mem_clib_calloc			net_mem_calloc
#define MEM_ALIGNMENT			16

#define LWIP_IPV4			1
#define LWIP_IPV6			0
#define LWIP_ARP			1
#define ARP_QUEUEING			1
#define ARP_TABLE_SIZE			127	/* lwIP's most; entries that others push out cost a second */
#define ETH_PAD_SIZE			0
#define IP_FORWARD			0
#define IP_REASSEMBLY			1
#define IP_REASS_MAX_PBUFS		64
#define IP_FRAG				1
#define LWIP_ICMP			1
#define LWIP_RAW			0
#define LWIP_DNS			0
#define LWIP_UDP			1
#define LWIP_DHCP			1
#define LWIP_ACD			0
#define LWIP_NETIF_HOSTNAME		1
#define LWIP_NETIF_LINK_CALLBACK	1
#define LWIP_NETIF_STATUS_CALLBACK	1
#define LWIP_NETIF_LOOPBACK		0
#define LWIP_HAVE_LOOPIF		0

#define LWIP_TCP			1
#define TCP_MSS				1460
#define TCP_MIN_SND_MSS			536	/* every IPv4 host takes as much (RFC 9293, 3.7.1) */
#define LWIP_WND_SCALE			1
#define TCP_RCV_SCALE			4
#define TCP_WND				(512 * 1024)
#define TCP_SND_BUF			(512 * 1024)
#define TCP_SNDLOWAT			(32 * 1024)
#define TCP_SND_QUEUELEN		((4 * TCP_SND_BUF) / TCP_MSS)
/* Windows also travel on acknowledgements, so a packet of its own is worth it only for a large step; but a peer
 * without window scaling sees 64 KiB at most, and the step must be well below that. */
#define TCP_WND_UPDATE_THRESHOLD	(16 * 1024)
#define TCP_QUEUE_OOSEQ			1
#define LWIP_TCP_SACK_OUT		1
#define LWIP_TCP_KEEPALIVE		1
#define LWIP_TCP_TIMESTAMPS		0
#define TCP_LISTEN_BACKLOG		1
/* A closed connection waits four seconds for segments of it that are still under way (TIME_WAIT, twice this), not two
 * minutes: net/README.md says why. */
#define TCP_MSL				2000u
/* 100 ms ticks of the slow timer: retransmission on a LAN after 0.3 s instead of 1.5 s. */
#define TCP_TMR_INTERVAL		50

#define LWIP_CHECKSUM_ON_COPY		1
#define LWIP_CHKSUM_ALGORITHM		3

#define LWIP_STATS			1
#define LWIP_STATS_DISPLAY		0
#define MEM_STATS			0
#define MEMP_STATS			0
#define SYS_STATS			0
#define MIB2_STATS			1
