/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_pages fake_random */
/* Clients that behave: they take what is said and the close, and close too. The host, which closed first, waits for
 * what may still be under way. */
#include "net/tcp_closing.h"
#include <criterion/criterion.h>
#include "net/lwip/mem.h"
#include "net/lwip/stack.h"
#include "net/net.h"
#include "net/tcp_channel.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_peer.h"

#define PORT	5988
#define CLIENTS	8000u	/* more than lwIP's memory has blocks for */

static struct channel *kept;
static bool refuses;
static unsigned accepted;

static void on_accept(struct channel *ch)
{
	accepted++;
	if (refuses)
		ch->ops->close(ch);
	else
		kept = ch;
}

static unsigned waiting(void)
{
	unsigned n = 0;

	for (struct tcp_pcb *p = tcp_tw_pcbs; p; p = p->next)
		n++;
	return n;
}

static void start(void)
{
	fake_peer_start();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_OK);
}

/* The host has closed; the client does, too. */
static void close_too(struct fake_peer *p)
{
	fake_peer_run(1);
	cr_assert(p->finished);
	fake_peer_tcp(p, PEER_FIN | PEER_ACK, p->seq++, NULL, 0, NULL, 0);
	fake_peer_run(1);
}

static struct fake_peer client(uint32_t ipv4, unsigned port)
{
	return (struct fake_peer){ .ipv4 = ipv4, .port = (uint16_t)port, .host_port = PORT, .window = 60000,
				   .acks = true };
}

Test(time_wait, short_connections_one_after_another_leave_room_for_others, .timeout = 300)
{
	struct fake_peer before = client(FAKE_PEER_IPV4 + 8, 4000), honest = client(FAKE_PEER_IPV4 + 9, 4000);
	struct channel *old;
	uint8_t buffer[4096] = { 0 };
	size_t left;

	start();
	cr_assert(fake_peer_open(&before, NULL, 0));
	old = kept;
	refuses = true;
	left = net_mem_left();
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct fake_peer p = client(FAKE_PEER_IPV4, 5000 + i);

		cr_assert(fake_peer_open(&p, NULL, 0), "connection %u", i);
		close_too(&p);
		fake_peer_forget(&p);
		if (i % 100 == 0)	/* what is open lives, and says so */
			fake_peer_tcp(&before, PEER_ACK, before.seq - 1, NULL, 0, NULL, 0);
	}
	cr_assert_leq(waiting(), TCP_PCBS_OF_ADDRESS);
	cr_assert_eq(net_mem_left(), left);
	cr_assert_eq(old->ops->send(old, buffer, sizeof(buffer)), sizeof(buffer));
	fake_peer_send(&before, buffer, 1460);
	fake_peer_run(20);
	cr_assert_eq(before.bytes, sizeof(buffer));
	cr_assert_eq(old->ops->recv(old, buffer, sizeof(buffer)), 1460);
	cr_assert(fake_peer_open(&honest, NULL, 0), "an honest host can't connect");
}

Test(time_wait, lasts_four_seconds)
{
	struct fake_peer p = client(FAKE_PEER_IPV4, 5000);

	start();
	refuses = true;
	cr_assert(fake_peer_open(&p, NULL, 0));
	close_too(&p);
	fake_peer_run(3800);
	cr_assert_eq(waiting(), 1);
	fake_peer_run(500);
	cr_assert_eq(waiting(), 0);
}

static void says_syn(struct fake_peer *p, uint32_t seq)
{
	*p = client(p->ipv4, p->port);
	p->seq = seq;
	fake_peer_tcp(p, PEER_SYN, p->seq++, NULL, 0, NULL, 0);
	fake_peer_run(1);
}

/* RFC 1122, 4.2.2.13. */
Test(time_wait, a_new_connection_between_the_same_ends_begins_at_once_if_its_numbers_lie_behind)
{
	struct fake_peer p = client(FAKE_PEER_IPV4, 5000);

	start();
	refuses = true;
	cr_assert(fake_peer_open(&p, NULL, 0));
	close_too(&p);
	cr_assert_eq(waiting(), 1);
	refuses = false;
	says_syn(&p, p.seq + 10);
	cr_assert(p.open);
	cr_assert_not(p.reset);
	fake_peer_tcp(&p, PEER_ACK, p.seq, NULL, 0, NULL, 0);
	fake_peer_send(&p, "hello", 5);
	fake_peer_run(1);
	cr_assert_eq(accepted, 2);
	cr_assert_eq(waiting(), 0);
	cr_assert_eq(kept->ops->recv(kept, (char[8]){ 0 }, 8), 5);
}

Test(time_wait, an_old_syn_that_comes_late_begins_nothing)
{
	struct fake_peer p = client(FAKE_PEER_IPV4, 5000);

	start();
	refuses = true;
	cr_assert(fake_peer_open(&p, NULL, 0));
	close_too(&p);
	says_syn(&p, p.seq - 1000);
	cr_assert_not(p.open);
	cr_assert_eq(waiting(), 1);
	cr_assert_eq(accepted, 1);
}
