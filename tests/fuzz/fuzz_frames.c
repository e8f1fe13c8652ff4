/* SPDX-License-Identifier: MIT */
/* fuzz: net fake_net fake_net_mem fake_pages fake_random */
/* Frames from strangers. Input is a program: one byte says what happens, some more how. Its segments are sealed and
 * numbered from what the host sent last, so that handshakes complete and windows are filled to the byte; bytes that
 * make no sense as that reach the host as they are. No frame may stop the host, and when all connections are gone
 * nothing of their memory is held. */
#include <stdlib.h>
#include <string.h>
#include "net/lwip/mem.h"
#include "net/lwip/stack.h"
#include "lwip/ip4_frag.h"
#include "net/net.h"
#include "net/tcp_channel.h"
#include "tests/fake/fake_e1000.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_net_mem.h"
#include "tests/fake/fake_peer.h"
#include "tests/fake/fuzz_input.h"

#define PORT	5988
#define SLOTS	6u
#define STEPS	600u
#define RUN_MS	20000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fake_peer peer[SLOTS];
static struct channel *channel[SLOTS];
static uint8_t bytes[70000];
static unsigned run_left;

static size_t take(struct input *in, uint8_t *out, size_t most)
{
	size_t n;
	const uint8_t *from = input_bytes(in, most, &n);

	if (n)
		memcpy(out, from, n);
	return n;
}

static void run(unsigned ms)
{
	ms = ms < run_left ? ms : run_left;
	run_left -= ms;
	fake_peer_run(ms);
}

static void keep(struct channel *ch)
{
	for (unsigned i = 0; i < SLOTS; i++)
		if (!channel[i]) {
			channel[i] = ch;
			return;
		}
	ch->ops->abort(ch);
}

static void keep_new(struct channel *ch)
{
	if (ch)
		keep(ch);
}

static void on_accept(struct channel *ch)
{
	keep(ch);
}

/* Lengths and distances that matter: small ones, a segment's, a window's, each a little more or less. */
static uint32_t measure(struct input *in)
{
	static const uint32_t round[] = { 0, 1460, 1452, 536, 65535, 32768, 65536, 524288, 14600, 0x80000000u };
	uint8_t v = input_u8(in);

	if (v < 100)
		return v;
	if (v < 110)
		return input_u16(in);
	return round[v % 10] + (uint32_t)(int8_t)input_u8(in);
}

static void segment(struct input *in, struct fake_peer *p)
{
	uint8_t flags = input_u8(in), how = input_u8(in), option[40] = { 0 };
	struct fake_peer said = *p;
	uint32_t seq = p->seq;
	size_t length = 0, options = 0;

	if (how & 1)
		seq += measure(in);
	if (how & 2)
		seq -= measure(in);
	if (how & 4)
		length = measure(in) % 1441;
	if (how & 8)
		p->window = said.window = input_u16(in);
	if (how & 16)
		said.ack -= measure(in);
	if (how & 32) {
		options = input_u8(in) % 11 * 4;
		take(in, option, options);
	}
	if (how & 64)
		p->acks = !p->acks;
	fake_peer_tcp(&said, flags, seq, option, options, bytes, length);
	if (how & 128)
		p->seq = seq + (uint32_t)length + (flags & (PEER_FIN | PEER_SYN) ? 1 : 0);
}

static void open_peer(struct input *in, struct fake_peer *p)
{
	uint8_t how = input_u8(in), option[40] = { 2, 4, 5, 0xb4, 3, 3, 7, 1, 4, 2, 1, 1 };
	size_t options = how & 1 ? 12 : 0;

	fake_peer_forget(p);
	*p = (struct fake_peer){
		.ipv4 = FAKE_PEER_IPV4 + 2u * (how >> 6), .port = (uint16_t)(4000 + (p - peer) + (how & 0x30) * 16),
		.host_port = how & 2 ? 81 : PORT, .window = how & 4 ? 60000 : input_u16(in), .acks = how & 8,
	};
	if (how & 0x20) {
		options = input_u8(in) % 11 * 4;
		take(in, option, options);
	}
	if ((how & 0xc0) == 0xc0) {
		/* the host calls */
		p->ipv4 = FAKE_PEER_IPV4 + 9;
		p->port = 80;
		fake_peer_listen(p);
		keep_new(tcp_channel_connect(p->ipv4, p->port));
		run(1);
	} else {
		(void)fake_peer_open(p, option, options);
	}
}

/* The whole window in order, without a turn of the services in between. */
static void fill(struct input *in, struct fake_peer *p)
{
	size_t length = measure(in) % sizeof(bytes);

	fake_peer_send(p, bytes, length);
}

static void application(struct input *in)
{
	uint8_t what = input_u8(in);
	struct channel **slot = &channel[what % SLOTS], *ch = *slot;

	if (!ch)
		return;
	switch (what / SLOTS % 5) {
	case 0:
		(void)ch->ops->recv(ch, bytes + sizeof(bytes) / 2, measure(in) % (sizeof(bytes) / 2));
		break;
	case 1:
	case 2:
		(void)ch->ops->send(ch, bytes, measure(in) % sizeof(bytes));
		break;
	case 3:
		*slot = NULL;
		ch->ops->close(ch);
		break;
	case 4:
		*slot = NULL;
		ch->ops->abort(ch);
		break;
	}
}

/* An IPv4 packet, a fragment of one, or what stands in a frame, with a header checksum that holds. */
static void packet(struct input *in)
{
	uint8_t f[1514] = { 0x52, 0x54, 0, 0x12, 0x34, 0x50, 2, 0, 0, 0, 0, 9, 8, 0, 0x45 };
	uint8_t how = input_u8(in), *ip = f + 14;
	size_t body = take(in, f + 34, how & 1 ? input_u8(in) : input_u8(in) * 8u % 1480), head = 20;
	uint16_t sum;

	ip[2] = (uint8_t)((head + body) >> 8);
	ip[3] = (uint8_t)(head + body);
	ip[5] = how >> 6;
	if (how & 2) {
		uint16_t offset = input_u16(in);

		ip[6] = (uint8_t)(offset >> 8);
		ip[7] = (uint8_t)offset;
	}
	ip[8] = 64;
	ip[9] = how & 4 ? 6 : how & 8 ? 17 : how & 16 ? 1 : input_u8(in);
	memcpy(ip + 12, "\x0a\x4d\x00\x01\x0a\x4d\x00\x02", 8);
	if (how & 32)
		memset(ip + 16, 0xff, 4);
	if (ip[9] == 6 && body >= 20)
		fake_peer_seal(FAKE_PEER_IPV4, FAKE_PEER_HOST, f + 34, body);
	if (ip[9] == 1 && body >= 4) {
		memset(f + 36, 0, 2);
		sum = fake_peer_checksum(f + 34, body);
		f[36] = (uint8_t)(sum >> 8);
		f[37] = (uint8_t)sum;
	}
	sum = fake_peer_checksum(ip, head);
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
	fake_peer_frame(f, 34 + body);
}

static void raw(struct input *in)
{
	uint8_t f[1600] = { 0x52, 0x54, 0, 0x12, 0x34, 0x50, 2, 0, 0, 0, 0, 9 };
	size_t length = 12 + take(in, f + 12, input_u8(in) * 6u);

	fake_peer_frame(f, length < 14 ? 14 : length);
}

/* A DHCP server's answer to the last request, or anything like it. */
static void dhcp_answer(struct input *in)
{
	struct dhcp *dhcp = netif_dhcp_data(netif_default);
	uint8_t f[600] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 9, 8, 0, 0x45 }, *d = f + 42;
	size_t options;
	uint16_t sum;

	if (!dhcp && dhcp_start(netif_default) != LWIP_ERR_OK)
		return;
	run(1);
	dhcp = netif_dhcp_data(netif_default);
	d[0] = 2;
	d[1] = 1;
	d[2] = 6;
	memcpy(d + 4, &dhcp->xid, 4);
	if (input_u8(in) & 1)
		for (unsigned i = 0; i < 4; i++)
			d[4 + i] = ((uint8_t *)&dhcp->xid)[3 - i];
	memcpy(d + 16, "\x0a\x4d\x00\x02", 4);
	memcpy(d + 28, f + 6, 6);
	memcpy(d + 28, "\x52\x54\x00\x12\x34\x50", 6);
	memcpy(d + 236, "\x63\x82\x53\x63\x35\x01", 6);
	options = 6 + take(in, d + 242, input_u8(in));
	f[16] = (uint8_t)((28 + 236 + options) >> 8);
	f[17] = (uint8_t)(28 + 236 + options);
	f[22] = 64;
	f[23] = 17;
	memcpy(f + 26, "\x0a\x4d\x00\x01\xff\xff\xff\xff\x00\x43\x00\x44", 12);
	f[38] = (uint8_t)((8 + 236 + options) >> 8);
	f[39] = (uint8_t)(8 + 236 + options);
	sum = fake_peer_checksum(f + 14, 20);
	f[24] = (uint8_t)(sum >> 8);
	f[25] = (uint8_t)sum;
	fake_peer_frame(f, 42 + 236 + options);
}

static void step(struct input *in)
{
	uint8_t op = input_u8(in);
	struct fake_peer *p = &peer[op / 16 % SLOTS];

	switch (op % 16) {
	case 0:
		open_peer(in, p);
		break;
	case 1: case 2: case 3: case 4:
		if (p->ipv4)
			segment(in, p);
		break;
	case 5:
		if (p->ipv4)
			fill(in, p);
		break;
	case 6: case 7: case 8:
		application(in);
		break;
	case 9: case 10:
		run(1 + op / 16);
		break;
	case 11:
		run(50u * input_u8(in));
		break;
	case 12:
		packet(in);
		break;
	case 13:
		raw(in);
		break;
	case 14:
		dhcp_answer(in);
		break;
	case 15:
		if (op & 0x80)
			fake_e1000.link = !fake_e1000.link;
		else
			fake_net_mem_fail_every = input_u8(in);
		break;
	}
}

static void clean_up(void)
{
	static ip4_addr_t address, mask;

	fake_net_mem_fail_every = 0;
	fake_e1000.link = true;
	fake_peer_forget_all();
	memset(peer, 0, sizeof(peer));
	for (unsigned i = 0; i < SLOTS; i++)
		if (channel[i]) {
			channel[i]->ops->abort(channel[i]);
			channel[i] = NULL;
		}
	fake_peer_run(1);
	for (unsigned i = 0; i < SLOTS; i++)
		if (channel[i]) {
			channel[i]->ops->abort(channel[i]);
			channel[i] = NULL;
		}
	while (tcp_active_pcbs)
		tcp_abort(tcp_active_pcbs);
	while (tcp_tw_pcbs)
		tcp_abort(tcp_tw_pcbs);
	for (unsigned i = 0; i < 20; i++)
		ip_reass_tmr();
	if (netif_dhcp_data(netif_default)) {
		dhcp_stop(netif_default);
		dhcp_cleanup(netif_default);
	}
	address.addr = lwip_htonl(FAKE_PEER_HOST);
	mask.addr = lwip_htonl(0xffffff00);
	netif_set_addr(netif_default, &address, &mask, &(ip4_addr_t){ 0 });
	fake_now_ns += 500000000;
	fake_peer_run(2);
	etharp_cleanup_netif(netif_default);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static size_t at_rest;
	struct input in = { data, size };

	if (!at_rest) {
		fake_peer_start();
		if (tcp_channel_listen(PORT, on_accept) != ERR_OK)
			abort();
		clean_up();
		at_rest = net_mem_used();
	}
	run_left = RUN_MS;
	for (unsigned i = 0; i < STEPS && in.left; i++)
		step(&in);
	clean_up();
	if (tcp_channel_count() || net_mem_used() != at_rest)
		abort();
	return 0;
}
