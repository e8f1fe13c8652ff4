/* SPDX-License-Identifier: MIT */
/* fake_peer.c: builds and reads frames; no state but that of each connection. */
#include "tests/fake/fake_peer.h"
#include <stdlib.h>
#include <string.h>
#include "config/config.h"
#include "net/net.h"
#include "tests/fake/fake_e1000.h"
#include "tests/fake/fake_net.h"

static const uint8_t host_mac[6] = { 0x52, 0x54, 0, 0x12, 0x34, 0x50 }, peer_mac[6] = { 2, 0, 0, 0, 0, 9 };
static struct fake_peer *peers[FAKE_PEERS];
static unsigned seen;

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

static uint32_t sum(uint32_t from, const uint8_t *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		from += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (from >> 16)
		from = (from & 0xffff) + (from >> 16);
	return from;
}

uint16_t fake_peer_checksum(const void *p, size_t bytes)
{
	return (uint16_t)~sum(0, p, bytes);
}

void fake_peer_seal(uint32_t from, uint32_t to, uint8_t *segment, size_t bytes)
{
	uint8_t pseudo[12] = { [9] = 6 };

	put32(pseudo, from);
	put32(pseudo + 4, to);
	put16(pseudo + 10, (uint32_t)bytes);
	put16(segment + 16, 0);
	put16(segment + 16, (uint16_t)~sum(sum(0, pseudo, 12), segment, bytes));
}

void fake_peer_frame(const void *frame, size_t bytes)
{
	if (fake_e1000.link && !fake_e1000_receive(frame, bytes)) {
		net_poll(fake_now_ns);
		if (!fake_e1000_receive(frame, bytes))
			abort();
	}
}

void fake_peer_ip(uint32_t from, uint8_t protocol, const void *body, size_t bytes)
{
	uint8_t f[1514] = { 0 }, *ip = f + 14;

	if (bytes > sizeof(f) - 34)
		abort();
	memcpy(f, host_mac, 6);
	memcpy(f + 6, peer_mac, 6);
	put16(f + 12, 0x800);
	ip[0] = 0x45;
	put16(ip + 2, (uint32_t)(20 + bytes));
	ip[8] = 64;
	ip[9] = protocol;
	put32(ip + 12, from);
	put32(ip + 16, FAKE_PEER_HOST);
	put16(ip + 10, fake_peer_checksum(ip, 20));
	memcpy(ip + 20, body, bytes);
	fake_peer_frame(f, 34 + bytes);
}

void fake_peer_tcp(const struct fake_peer *p, uint8_t flags, uint32_t seq, const void *options, size_t option_bytes,
		   const void *data, size_t bytes)
{
	uint8_t s[1480] = { 0 };
	size_t head = 20 + option_bytes;

	if (head > 60 || head % 4 || head + bytes > sizeof(s))
		abort();
	put16(s, p->port);
	put16(s + 2, p->host_port);
	put32(s + 4, seq);
	put32(s + 8, flags & PEER_ACK ? p->ack : 0);
	s[12] = (uint8_t)(head / 4 << 4);
	s[13] = flags;
	put16(s + 14, p->window);
	if (option_bytes)
		memcpy(s + 20, options, option_bytes);
	if (bytes)
		memcpy(s + head, data, bytes);
	fake_peer_seal(p->ipv4, FAKE_PEER_HOST, s, head + bytes);
	fake_peer_ip(p->ipv4, 6, s, head + bytes);
}

void fake_peer_send(struct fake_peer *p, const void *data, size_t bytes)
{
	for (size_t at = 0, piece; at < bytes; at += piece) {
		piece = bytes - at < 1460 ? bytes - at : 1460;
		fake_peer_tcp(p, PEER_ACK | PEER_PSH, p->seq, NULL, 0, (const uint8_t *)data + at, piece);
		p->seq += (uint32_t)piece;
	}
}

static void arp_reply(const uint8_t *request)
{
	uint8_t f[60] = { 0 };

	memcpy(f, host_mac, 6);
	memcpy(f + 6, peer_mac, 6);
	memcpy(f + 12, "\x08\x06\x00\x01\x08\x00\x06\x04\x00\x02", 10);
	memcpy(f + 22, peer_mac, 6);
	memcpy(f + 28, request + 38, 4);
	memcpy(f + 32, host_mac, 6);
	put32(f + 38, FAKE_PEER_HOST);
	fake_peer_frame(f, sizeof(f));
}

static void take_data(struct fake_peer *p, uint32_t seq, const uint8_t *data, size_t bytes)
{
	uint32_t old = p->ack - seq;

	if (bytes > p->largest)
		p->largest = bytes;
	if (old > bytes)
		return;		/* a gap, or all of it known */
	for (size_t i = old; i < bytes; i++)
		p->data[p->bytes++ % sizeof(p->data)] = data[i];
	p->ack += (uint32_t)(bytes - old);
}

static void segment_came(struct fake_peer *p, const uint8_t *s, size_t bytes)
{
	size_t head = (size_t)(s[12] >> 4) * 4;
	uint8_t flags = s[13];
	uint32_t seq = get32(s + 4), before = p->ack;

	p->segments++;
	if (flags & PEER_RST) {
		p->reset = true;
		return;
	}
	if ((flags & PEER_SYN) && !p->open) {
		p->open = true;
		p->ack = seq + 1;
	}
	if (flags & PEER_ACK)
		p->host_acked = get32(s + 8);
	p->host_window = get16(s + 14);
	if (bytes > head)
		take_data(p, seq, s + head, bytes - head);
	if ((flags & PEER_FIN) && seq + (uint32_t)(bytes - head) == p->ack && !p->finished) {
		p->finished = true;
		p->ack++;
	}
	if (p->acks && flags == PEER_SYN)
		fake_peer_tcp(p, PEER_SYN | PEER_ACK, p->seq++, NULL, 0, NULL, 0);
	if (p->acks && !(flags & PEER_SYN) && (p->ack != before || bytes > head))
		fake_peer_tcp(p, PEER_ACK, p->seq, NULL, 0, NULL, 0);
}

/* Is it for this connection? A peer that waits for one takes the first that comes. */
static bool called(struct fake_peer *p, const uint8_t *s)
{
	if (!p->host_port && s[13] == PEER_SYN)
		p->host_port = get16(s);
	return p->host_port == get16(s);
}

static void frame_came(const uint8_t *f, size_t bytes)
{
	const uint8_t *s = f + 34;

	if (get16(f + 12) == 0x806 && get16(f + 20) == 1 && get32(f + 38) != FAKE_PEER_HOST)
		arp_reply(f);
	if (get16(f + 12) != 0x800 || f[23] != 6)
		return;
	bytes = bytes < (size_t)14 + get16(f + 16) ? bytes : (size_t)14 + get16(f + 16);
	for (unsigned i = 0; i < FAKE_PEERS; i++)
		if (peers[i] && peers[i]->ipv4 == get32(f + 30) && peers[i]->port == get16(s + 2) &&
		    called(peers[i], s))
			segment_came(peers[i], s, bytes - 34);
}

static void deliver(void)
{
	const uint8_t *f;
	size_t bytes;

	while ((f = fake_e1000_sent(seen, &bytes))) {
		seen++;
		frame_came(f, bytes);
	}
}

void fake_peer_run(unsigned ms)
{
	while (ms--) {
		fake_now_ns += 1000000;
		do
			deliver();
		while (net_poll(fake_now_ns));
		deliver();
	}
}

void fake_peer_start(void)
{
	static const struct config config = {
		.host_name = "lab-a", .mtu = 1500, .ipv4 = FAKE_PEER_HOST, .netmask = 0xffffff00,
	};
	struct why why;

	fake_e1000_plug();
	pci_scan();
	if (net_start(&config, &why) != ERR_OK)
		abort();
}

static void join(struct fake_peer *p)
{
	unsigned i = 0;

	while (i < FAKE_PEERS && peers[i])
		i++;
	if (i == FAKE_PEERS)
		abort();
	peers[i] = p;
	p->seq = 1000u * p->port;
}

void fake_peer_listen(struct fake_peer *p)
{
	p->host_port = 0;
	join(p);
}

bool fake_peer_open(struct fake_peer *p, const void *options, size_t option_bytes)
{
	join(p);
	fake_peer_tcp(p, PEER_SYN, p->seq++, options, option_bytes, NULL, 0);
	for (unsigned ms = 0; ms < 20 && !p->open && !p->reset; ms++)
		fake_peer_run(1);
	if (!p->open)
		return false;
	fake_peer_tcp(p, PEER_ACK, p->seq, NULL, 0, NULL, 0);
	fake_peer_run(1);
	return !p->reset;
}

void fake_peer_forget(struct fake_peer *p)
{
	for (unsigned i = 0; i < FAKE_PEERS; i++)
		if (peers[i] == p)
			peers[i] = NULL;
}

void fake_peer_forget_all(void)
{
	memset(peers, 0, sizeof(peers));
}
