/* SPDX-License-Identifier: MIT */
/* fake_wire.c: a queue of packets from lwIP to itself, which may lose some. */
#include "tests/fake/fake_wire.h"
#include <stdlib.h>
#include <string.h>
#include "net/lwip/stack.h"
#include "net/tcp_channel.h"
#include "tests/fake/fake_net.h"

#define QUEUE 4096

bool fake_wire_cut, fake_wire_no_scaling;
unsigned fake_wire_loss_per_1000, fake_wire_packets, fake_wire_lost;
static struct netif wire;
static struct pbuf *queue[QUEUE];
static unsigned in, out;

/* Overwrites the window scale option of a SYN by three NOPs (RFC 7323, 2.2). */
static void forget_scaling(struct pbuf *p)
{
	struct tcp_hdr *tcp = (struct tcp_hdr *)((uint8_t *)p->payload + IP_HLEN);
	uint8_t *o = (uint8_t *)(tcp + 1), *end = (uint8_t *)tcp + TCPH_HDRLEN_BYTES(tcp);
	ip4_addr_t self = { lwip_htonl(FAKE_WIRE_IPV4) };

	if (!(TCPH_FLAGS(tcp) & TCP_SYN))
		return;
	while (o < end && *o) {
		if (*o == 3)
			memset(o, 1, 3);
		o += *o == 1 ? 1 : o[1];
	}
	tcp->chksum = 0;
	pbuf_remove_header(p, IP_HLEN);
	tcp->chksum = inet_chksum_pseudo(p, IP_PROTO_TCP, p->tot_len, &self, &self);
	pbuf_add_header(p, IP_HLEN);
}

static err_t output(struct netif *n, struct pbuf *p, const ip4_addr_t *to)
{
	(void)n, (void)to;
	fake_wire_packets++;
	if (fake_wire_cut || (unsigned)rand() % 1000 < fake_wire_loss_per_1000) {
		fake_wire_lost++;
		return LWIP_ERR_OK;
	}
	if (in - out == QUEUE)
		abort();
	p = pbuf_clone(PBUF_RAW, PBUF_RAM, p);
	if (p && fake_wire_no_scaling)
		forget_scaling(p);
	queue[in++ % QUEUE] = p;
	return LWIP_ERR_OK;
}

static err_t up(struct netif *n)
{
	n->output = output;
	n->mtu = 1500;
	return LWIP_ERR_OK;
}

void fake_wire_up(void)
{
	ip4_addr_t address = { lwip_htonl(FAKE_WIRE_IPV4) }, mask = { lwip_htonl(0xffffff00) }, none = { 0 };

	lwip_init();
	netif_add(&wire, &address, &mask, &none, NULL, up, ip4_input);
	netif_set_up(&wire);
	netif_set_link_up(&wire);
}

void fake_wire_down(void)
{
	netif_set_down(&wire);
}

void fake_wire_step(void)
{
	tcp_channel_poll(fake_now_ns);
	while (in != out) {
		struct pbuf *p = queue[out++ % QUEUE];

		if (p)
			ip4_input(p, &wire);
		if (in == out)
			tcp_channel_poll(fake_now_ns);
	}
}

void fake_wire_run(unsigned ms)
{
	while (ms--) {
		fake_now_ns += 1000000;
		sys_check_timeouts();
		fake_wire_step();
	}
}
