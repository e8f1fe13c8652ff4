/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_pages fake_random */
/* Strangers whose connections the host closes at once (cim/server.c's 503, migration/dest.c's end of who brings no
 * record), and who take neither the word nor the close. */
#include "net/tcp_closing.h"
#include <criterion/criterion.h>
#include <string.h>
#include "net/lwip/mem.h"
#include "net/lwip/stack.h"
#include "net/net.h"
#include "net/tcp_channel.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_peer.h"

#define PORT	5988
#define FLOOD	8000u	/* more than lwIP's memory has blocks for */

static const char *word = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
static bool refuses;
static size_t word_bytes;
static struct channel *kept;
static uint8_t buffer[400000];
static struct fake_peer before = {
	.ipv4 = FAKE_PEER_IPV4 + 108, .port = 4000, .host_port = PORT, .window = 60000, .acks = true,
};

static void on_accept(struct channel *ch)
{
	if (!refuses) {
		kept = ch;
		return;
	}
	if (word_bytes)
		ch->ops->send(ch, word_bytes > strlen(word) ? (void *)buffer : (void *)word, word_bytes);
	ch->ops->close(ch);
}

static unsigned pcbs(void)
{
	unsigned n = 0;

	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		n++;
	for (struct tcp_pcb *p = tcp_tw_pcbs; p; p = p->next)
		n++;
	return n;
}

/* A host that listens, and one connection that lives. */
static struct channel *start(void)
{
	fake_peer_start();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_OK);
	refuses = false;
	cr_assert(fake_peer_open(&before, NULL, 0));
	refuses = true;
	return kept;
}

static void flood(unsigned addresses, unsigned connections)
{
	for (unsigned i = 0; i < connections; i++) {
		struct fake_peer p = { .ipv4 = FAKE_PEER_IPV4 + 2 + i % addresses, .port = (uint16_t)(5000 + i),
				       .host_port = PORT, .window = 1000 };

		cr_assert(fake_peer_open(&p, NULL, 0), "connection %u", i);
		fake_peer_forget(&p);
		if (i % 100 == 0)	/* what is open lives, and says so */
			fake_peer_tcp(&before, PEER_ACK, before.seq - 1, NULL, 0, NULL, 0);
	}
}

static void others_are_served(struct channel *old)
{
	struct fake_peer honest = { .ipv4 = FAKE_PEER_IPV4 + 109, .port = 4000, .host_port = PORT, .window = 60000,
				    .acks = true };
	uint64_t bytes = before.bytes;
	struct net_counters c;

	refuses = false;
	cr_assert(fake_peer_open(&honest, NULL, 0), "an honest host can't connect");
	cr_assert_eq(kept->ops->send(kept, buffer, 4096), 4096);
	cr_assert_eq(old->ops->status(old), ERR_OK, "a connection of before is lost");
	fake_peer_send(&before, buffer, 1460);
	cr_assert_eq(old->ops->send(old, buffer, 4096), 4096);
	fake_peer_run(100);	/* what was refused first is offered again */
	cr_assert_eq(old->ops->recv(old, buffer, sizeof(buffer)), 1460);
	cr_assert_eq(before.bytes - bytes, 4096);
	cr_assert_eq(honest.bytes, 4096);
	net_counters_get(&c);
	cr_assert_eq(c.recv_no_memory, 0);
	fake_peer_forget(&honest);
}

Test(linger_flood, one_address_that_takes_neither_word_nor_close_leaves_room_for_others, .timeout = 300)
{
	struct channel *old = start();
	size_t left = net_mem_left();

	word_bytes = strlen(word);
	flood(1, FLOOD);
	cr_assert_leq(pcbs(), TCP_PCBS_OF_ADDRESS + 1);
	cr_assert_eq(net_mem_left(), left);
	cr_assert_eq(net_mem_failures(), 0);
	others_are_served(old);
}

Test(linger_flood, one_address_to_which_nothing_is_said_leaves_room_too, .timeout = 300)
{
	struct channel *old = start();
	size_t left = net_mem_left();

	flood(1, FLOOD);
	cr_assert_leq(pcbs(), TCP_PCBS_OF_ADDRESS + 1);
	cr_assert_eq(net_mem_left(), left);
	cr_assert_eq(net_mem_failures(), 0);
	others_are_served(old);
}

Test(linger_flood, many_addresses_leave_room_too, .timeout = 300)
{
	struct channel *old = start();
	size_t left = net_mem_left();

	word_bytes = strlen(word);
	flood(100, FLOOD);
	cr_assert_leq(pcbs(), TCP_PCBS_MAX);
	cr_assert_eq(net_mem_left(), left);
	cr_assert_eq(net_mem_failures(), 0);
	others_are_served(old);
}

Test(linger_flood, closed_connections_count_for_what_their_address_holds)
{
	struct channel *old = start();
	size_t left = net_mem_left();

	word_bytes = sizeof(buffer);
	flood(1, 40);
	cr_assert_geq(net_mem_left(), left / 4, "an address may hold half of it");
	others_are_served(old);
}

Test(linger_flood, closed_connections_that_hold_memory_make_way_when_others_need_it)
{
	struct channel *old = start();

	word_bytes = sizeof(buffer);
	flood(60, 60);
	others_are_served(old);
	for (unsigned ms = 0; ms < 100; ms++) {
		(void)kept->ops->send(kept, buffer, sizeof(buffer));
		fake_peer_run(1);
	}
	cr_assert_geq(kept->ops->unacked(kept), 60000);
}

Test(linger_flood, what_is_closed_and_not_taken_is_gone_after_five_seconds)
{
	start();
	word_bytes = strlen(word);
	flood(1, 10);
	cr_assert_geq(pcbs(), 11);
	for (unsigned s = 0; s < 7; s++) {
		fake_peer_tcp(&before, PEER_ACK, before.seq - 1, NULL, 0, NULL, 0);
		fake_peer_run(1000);
	}
	cr_assert_eq(pcbs(), 1);
}
