/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_pages fake_random */
/* Peers that hold memory and time, and honest ones beside them. */
#include "net/tcp_channel.h"
#include <criterion/criterion.h>
#include <string.h>
#include "net/lwip/mem.h"
#include "net/lwip/stack.h"
#include "net/net.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_peer.h"

#define PORT	5988
#define OPEN	40u
#define MIB	(1u << 20)

static struct channel *open[OPEN];
static unsigned accepted;
static uint8_t answer[MIB];
static struct fake_peer peer[OPEN];

static void on_accept(struct channel *ch)
{
	open[accepted++ % OPEN] = ch;
}

static void listening(void)
{
	fake_peer_start();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_OK);
}

static void connects(struct fake_peer *p, uint32_t ipv4, unsigned n, uint16_t window)
{
	*p = (struct fake_peer){ .ipv4 = ipv4, .port = (uint16_t)(4000 + n), .host_port = PORT, .window = window };
	cr_assert(fake_peer_open(p, NULL, 0), "connection %u", n);
}

/* Asks, and gets 100000 bytes back within a second. */
static void is_served(unsigned n)
{
	struct fake_peer p;
	struct channel *ch;
	size_t sent = 0, got = 0;

	connects(&p, FAKE_PEER_IPV4 + 100 + n, n, 60000);
	ch = open[(accepted - 1) % OPEN];
	p.acks = true;
	for (unsigned ms = 0; ms < 500 && got < 1000; ms++) {
		if (ms % 50 == 0)
			fake_peer_tcp(&p, PEER_ACK, p.seq, NULL, 0, answer, 1000);
		fake_peer_run(1);
		got += ch->ops->recv(ch, answer, sizeof(answer));
	}
	cr_assert_eq(got, 1000);
	p.seq += 1000;
	for (unsigned ms = 0; ms < 1000 && p.bytes < 100000; ms++) {
		sent += ch->ops->send(ch, answer, 100000 - sent);
		fake_peer_run(1);
	}
	cr_assert_eq(p.bytes, 100000, "honest connection %u got %zu", n, (size_t)p.bytes);
	ch->ops->close(ch);
	fake_peer_forget(&p);
}

static void everything_is_pushed(unsigned channels)
{
	for (unsigned i = 0; i < channels; i++)
		while (open[i] && open[i]->ops->send(open[i], answer, sizeof(answer)))
			;
}

Test(tcp_fair, four_peers_with_tiny_windows_leave_room_for_honest_ones)
{
	listening();
	for (unsigned i = 0; i < 4; i++)
		connects(&peer[i], FAKE_PEER_IPV4 + 10 + i, i, 4);
	for (unsigned s = 0; s < 10; s++) {
		everything_is_pushed(4);
		fake_peer_run(100);
	}
	for (unsigned n = 0; n < 11; n++)
		is_served(n);
}

Test(tcp_fair, one_address_with_many_connections_leaves_room_too)
{
	listening();
	for (unsigned i = 0; i < 30; i++)
		connects(&peer[i], FAKE_PEER_IPV4, i, i % 2 ? 4 : 0);
	for (unsigned s = 0; s < 5; s++) {
		everything_is_pushed(30);
		fake_peer_run(100);
	}
	for (unsigned n = 0; n < 5; n++)
		is_served(n);
}

Test(tcp_fair, a_tiny_window_does_not_make_tiny_segments_of_what_is_queued)
{
	size_t before;

	listening();
	connects(&peer[0], FAKE_PEER_IPV4, 0, 4);
	before = net_mem_used();
	cr_assert_eq(open[0]->ops->send(open[0], answer, 100000), 100000);
	cr_assert_lt(net_mem_used() - before, 300000);
}

Test(tcp_fair, a_peer_whose_window_says_one_byte_of_segment_size_gets_no_smaller_ones_than_536)
{
	listening();
	peer[0] = (struct fake_peer){ .ipv4 = FAKE_PEER_IPV4, .port = 4000, .host_port = PORT, .window = 60000,
				      .acks = true };
	cr_assert(fake_peer_open(&peer[0], "\x02\x04\x00\x01", 4));
	cr_assert_eq(open[0]->ops->send(open[0], answer, 5360), 5360);
	fake_peer_run(50);
	cr_assert_eq(peer[0].bytes, 5360);
	cr_assert_eq(peer[0].largest, 536);
}

Test(tcp_fair, a_peer_that_takes_next_to_nothing_for_a_minute_is_reset)
{
	listening();
	connects(&peer[0], FAKE_PEER_IPV4, 0, 0);
	peer[0].acks = true;
	cr_assert_eq(open[0]->ops->send(open[0], answer, 50000), 50000);
	for (unsigned s = 0; s < 70 && !peer[0].reset; s++) {
		/* It is alive: it answers each probe, and now and then takes a byte. */
		fake_peer_tcp(&peer[0], PEER_ACK, peer[0].seq, NULL, 0, NULL, 0);
		fake_peer_run(1000);
	}
	cr_assert(peer[0].reset);
	cr_assert_eq(open[0]->ops->status(open[0]), ERR_TIMEOUT);
	open[0]->ops->close(open[0]);
	fake_peer_run(100);
	cr_assert_lt(net_mem_used(), 8192);
}

Test(tcp_fair, data_out_of_order_for_ever_leaves_room_too)
{
	listening();
	for (unsigned i = 0; i < 30; i++) {
		peer[i] = (struct fake_peer){ .ipv4 = FAKE_PEER_IPV4 + 10 + i, .port = (uint16_t)(4000 + i),
					      .host_port = PORT, .window = 1000 };
		cr_assert(fake_peer_open(&peer[i], "\x03\x03\x07\x01", 4));
		for (uint32_t at = 1460; at < 520000; at += 1460)
			fake_peer_tcp(&peer[i], PEER_ACK, peer[i].seq + at, NULL, 0, answer, 1460);
		fake_peer_run(1);
	}
	for (unsigned n = 0; n < 5; n++)
		is_served(n);
}

Test(tcp_fair, single_bytes_out_of_order_leave_room_too)
{
	listening();
	for (unsigned i = 0; i < 30; i++) {
		connects(&peer[i], FAKE_PEER_IPV4 + 10 + i, i, 1000);
		for (uint32_t at = 1; at < 2000; at += 2) {
			fake_peer_tcp(&peer[i], PEER_ACK, peer[i].seq + at, NULL, 0, answer, 1);
			if (at % 64 == 1)
				fake_peer_run(1);
		}
	}
	cr_assert_eq(net_mem_failures(), 0);
	for (unsigned n = 0; n < 5; n++)
		is_served(n);
}

Test(tcp_fair, bytes_that_nobody_reads_leave_room_too)
{
	listening();
	for (unsigned i = 0; i < 30; i++) {
		peer[i] = (struct fake_peer){ .ipv4 = FAKE_PEER_IPV4 + 10 + i, .port = (uint16_t)(4000 + i),
					      .host_port = PORT, .window = 1000 };
		cr_assert(fake_peer_open(&peer[i], "\x03\x03\x07\x01", 4));
		fake_peer_send(&peer[i], answer, 520000);
		fake_peer_run(1);
	}
	for (unsigned n = 0; n < 5; n++)
		is_served(n);
}

Test(tcp_fair, one_address_has_a_bound_of_connections)
{
	struct fake_peer more = { .ipv4 = FAKE_PEER_IPV4, .port = 5000, .host_port = PORT, .window = 100 };

	listening();
	for (unsigned i = 0; i < TCP_CHANNELS_OF_ADDRESS; i++)
		connects(&peer[i], FAKE_PEER_IPV4, i, 60000);
	cr_assert_not(fake_peer_open(&more, NULL, 0));
	is_served(0);
}

Test(tcp_fair, connections_that_are_never_completed_keep_nobody_out)
{
	struct fake_peer half = { .host_port = PORT, .window = 1000 };

	listening();
	for (unsigned i = 0; i < 2000; i++) {
		half.ipv4 = FAKE_PEER_IPV4 + 10 + i % 50;
		half.port = (uint16_t)(6000 + i);
		fake_peer_tcp(&half, PEER_SYN, 77, NULL, 0, NULL, 0);
		if (i % 50 == 0)
			fake_peer_run(1);
	}
	is_served(0);
}

Test(tcp_fair, only_who_is_admitted_may_connect)
{
	struct fake_peer stranger = { .ipv4 = FAKE_PEER_IPV4 + 20, .port = 4100, .host_port = PORT, .window = 1000 };

	listening();
	tcp_channel_admit(PORT, FAKE_PEER_IPV4 & ~15u, ~15u);
	cr_assert_not(fake_peer_open(&stranger, NULL, 0));
	cr_assert(stranger.reset, "refused, not left to wait");
	cr_assert_eq(accepted, 0);
	connects(&peer[0], FAKE_PEER_IPV4, 0, 1000);
	cr_assert_eq(accepted, 1);
	tcp_channel_admit(PORT, 0xffffffff, 0xffffffff);
	peer[1] = (struct fake_peer){ .ipv4 = FAKE_PEER_IPV4 + 9, .port = 4001, .host_port = PORT };
	cr_assert_not(fake_peer_open(&peer[1], NULL, 0), "nobody");
}

Test(tcp_fair, an_assertion_of_lwip_ends_the_connection_that_it_works_for)
{
	struct net_counters c;

	listening();
	connects(&peer[0], FAKE_PEER_IPV4, 0, 60000);
	connects(&peer[1], FAKE_PEER_IPV4 + 9, 1, 60000);
	cr_assert_eq(open[0]->ops->send(open[0], answer, 1000), 1000);
	fake_peer_run(1);
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (p->remote_port == 4000)
			p->snd_queuelen = 0;	/* "pcb->snd_queuelen >= pbuf_clen(next->p)" */
	fake_peer_tcp(&peer[0], PEER_ACK, peer[0].seq, NULL, 0, NULL, 0);
	fake_peer_run(5);
	net_counters_get(&c);
	cr_assert_eq(c.contained, 1);
	cr_assert(peer[0].reset);
	cr_assert_eq(open[0]->ops->status(open[0]), ERR_IO);
	open[0]->ops->close(open[0]);
	cr_assert_eq(open[1]->ops->status(open[1]), ERR_OK);
	is_served(0);
	fake_peer_run(200000);
}

Test(tcp_fair, an_assertion_while_the_owner_writes_ends_that_connection)
{
	listening();
	connects(&peer[0], FAKE_PEER_IPV4, 0, 60000);
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		p->snd_queuelen = 1;	/* "pbufs on queue => at least one queue non-empty" */
	cr_assert_eq(open[0]->ops->send(open[0], answer, 1000), 0);
	cr_assert_eq(open[0]->ops->status(open[0]), ERR_IO);
	open[0]->ops->close(open[0]);
	is_served(0);
}
