/* SPDX-License-Identifier: MIT */
/* fake_peer.h: machines on the network that speak Ethernet, ARP, IPv4 and TCP by hand, honestly or not, to a host
 * behind the fake e1000. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAKE_PEER_HOST	0x0a4d0002u	/* 10.77.0.2/24 is the host; every other address of the net is a peer's */
#define FAKE_PEER_IPV4	0x0a4d0001u
#define FAKE_PEERS	80u

enum { PEER_FIN = 1, PEER_SYN = 2, PEER_RST = 4, PEER_PSH = 8, PEER_ACK = 16 };

/* One connection as its peer sees it. Zero but for the members before the blank line before fake_peer_open. */
struct fake_peer {
	uint32_t ipv4;
	uint16_t port, host_port;
	uint16_t window;		/* announced, not scaled: the option is not sent */
	bool acks;			/* acknowledges everything that comes, as an honest peer does */

	uint32_t seq;			/* of the next byte to send */
	uint32_t ack;			/* of the next byte expected from the host */
	uint32_t host_acked;		/* the highest acknowledgement number that came */
	uint16_t host_window;
	bool open, finished, reset;	/* SYN and ACK, FIN, RST came */
	unsigned segments;		/* that came, whatever they were */
	uint64_t bytes;			/* of data that came in order */
	size_t largest;			/* data of one segment */
	uint8_t data[2048];		/* the last bytes that came, byte n at n % 2048 */
};

/* Plugs the card in and starts net/net.c with a static address; to be called once per test. */
void fake_peer_start(void);
/* A millisecond each: timers, frames in and out. */
void fake_peer_run(unsigned ms);
/* Gives a whole frame to the host's card; polls the host first if its ring is full. */
void fake_peer_frame(const void *frame, size_t bytes);
/* An IPv4 packet to the host, checksum made. */
void fake_peer_ip(uint32_t from, uint8_t protocol, const void *body, size_t bytes);
/* A segment with these flags, number, options (padded to four bytes by the caller) and data; the acknowledgement number
 * is p->ack, the window p->window. Leaves p->seq alone. */
void fake_peer_tcp(const struct fake_peer *p, uint8_t flags, uint32_t seq, const void *options, size_t option_bytes,
		   const void *data, size_t bytes);
/* Sends data in order, in segments of up to 1460 bytes, and moves p->seq. */
void fake_peer_send(struct fake_peer *p, const void *data, size_t bytes);
/* The internet checksum of @bytes at @p (RFC 1071). */
uint16_t fake_peer_checksum(const void *p, size_t bytes);
/* Puts the checksum into a TCP segment from @from to @to. */
void fake_peer_seal(uint32_t from, uint32_t to, uint8_t *segment, size_t bytes);
/* Joins the peers that see frames; SYN with @options, runs until answered. False if it was refused or not answered in
 * 20 ms. */
bool fake_peer_open(struct fake_peer *p, const void *options, size_t option_bytes);
/* Joins them and waits for the host to connect to @p's port; the SYN is answered if @p acknowledges by itself. */
void fake_peer_listen(struct fake_peer *p);
/* Leaves them, without a word to the host. */
void fake_peer_forget(struct fake_peer *p);
void fake_peer_forget_all(void);
