/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_pages fake_random */
/* Segments that an honest peer never sends, and that any stranger may: each ends at most its own connection. */
#include "net/tcp_channel.h"
#include <criterion/criterion.h>
#include <string.h>
#include "net/net.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_peer.h"

#define PORT	5988
#define WINDOW	65535u		/* the host's, to a peer that doesn't scale */

static struct fake_peer peer = { .ipv4 = FAKE_PEER_IPV4, .port = 4000, .host_port = PORT, .window = 60000 };
static struct channel *server;
static uint8_t zeros[WINDOW + 3000];

static void on_accept(struct channel *ch)
{
	server = ch;
}

static void opened(void)
{
	fake_peer_start();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_OK);
	cr_assert(fake_peer_open(&peer, NULL, 0));
	cr_assert_not_null(server);
}

/* Bytes that come at @at behind the next one expected. */
static void send_at(uint32_t at, uint8_t flags, size_t bytes)
{
	fake_peer_tcp(&peer, PEER_ACK | flags, peer.seq + at, NULL, 0, zeros, bytes);
}

/* In order, without the host's services running in between. */
static void send_in_order(size_t bytes)
{
	fake_peer_send(&peer, zeros, bytes);
}

static size_t read_all(void)
{
	size_t got = 0, n;

	while ((n = server->ops->recv(server, zeros, sizeof(zeros))))
		got += n;
	return got;
}

static void still_serves(void)
{
	struct fake_peer other = { .ipv4 = FAKE_PEER_IPV4 + 7, .port = 4001, .host_port = PORT, .window = 60000,
				   .acks = true };

	cr_assert(fake_peer_open(&other, NULL, 0));
	fake_peer_send(&other, "hello", 5);
	fake_peer_run(10);
	cr_assert_eq(server->ops->recv(server, zeros, 100), 5);
	cr_assert_eq(server->ops->send(server, "answer", 6), 6);
	fake_peer_run(10);
	cr_assert_eq(other.bytes, 6);
	cr_assert_arr_eq(other.data, "answer", 6);
	fake_peer_forget(&other);
}

Test(tcp_attacks, data_out_of_order_beyond_the_window_is_cut_at_the_window)
{
	opened();
	send_at(WINDOW - 1, 0, 1000);		/* one byte of it fits */
	send_at(1460, 0, 1460);
	for (uint32_t at = 2 * 1460; at < WINDOW - 1; at += 1460)
		send_at(at, 0, WINDOW - 1 - at < 1460 ? WINDOW - 1 - at : 1460);
	send_at(0, 0, 1460);
	fake_peer_run(10);
	cr_assert_eq(peer.host_acked, peer.seq + WINDOW);
	cr_assert_eq(read_all(), WINDOW);
	still_serves();
}

Test(tcp_attacks, data_out_of_order_that_is_first_in_the_queue_or_between_is_cut_too)
{
	opened();
	send_at(WINDOW - 2, 0, 1000);		/* last, beyond the edge */
	send_at(WINDOW - 10, 0, 1400);		/* before it, and longer than it */
	send_at(WINDOW - 20, PEER_FIN, 1400);	/* with a FIN that would lie far outside */
	send_in_order(WINDOW - 20);
	fake_peer_run(10);
	cr_assert_eq(peer.host_acked, peer.seq + 20);
	cr_assert_eq(read_all(), WINDOW);
	cr_assert_eq(server->ops->status(server), ERR_OK, "the FIN was not in the window");
	still_serves();
}

Test(tcp_attacks, a_fin_out_of_order_at_the_edge_of_the_window_waits_for_room)
{
	opened();
	send_at(WINDOW - 1, PEER_FIN, 1);
	send_in_order(WINDOW - 1000);
	send_in_order(1000);
	fake_peer_run(10);
	cr_assert_eq(peer.host_acked, peer.seq, "everything but the FIN");
	cr_assert_eq(read_all(), WINDOW);
	cr_assert_eq(server->ops->status(server), ERR_OK);
	fake_peer_tcp(&peer, PEER_ACK | PEER_FIN, peer.seq, NULL, 0, NULL, 0);
	fake_peer_run(1);
	cr_assert_eq(server->ops->status(server), ERR_CLOSED, "now it fits");
	server->ops->close(server);
	still_serves();
}

Test(tcp_attacks, a_fin_that_a_longer_segment_takes_over_is_kept_only_if_it_fits)
{
	opened();
	send_at(WINDOW - 10, PEER_FIN, 3);	/* fits here */
	send_at(WINDOW - 20, 0, 20);		/* covers it, and fills the window without it */
	send_in_order(WINDOW - 20);
	fake_peer_run(10);
	cr_assert_leq(peer.host_acked - peer.seq, 20);
	still_serves();
}

Test(tcp_attacks, a_fin_half_the_sequence_space_away_is_an_old_one)
{
	opened();
	send_at(0x80000000u, PEER_FIN, 0);
	fake_peer_run(10);
	send_in_order(1000);
	fake_peer_run(10);
	cr_assert_eq(peer.host_acked, peer.seq);
	cr_assert_eq(read_all(), 1000);
	cr_assert_eq(server->ops->status(server), ERR_OK);
	still_serves();
}

Test(tcp_attacks, a_segment_size_is_taken_from_a_syn_only)
{
	peer.window = 0;
	opened();
	cr_assert_eq(server->ops->send(server, zeros, 1000), 1000);
	fake_peer_run(1);
	fake_peer_tcp(&peer, PEER_ACK, peer.seq, "\x02\x04\x00\x01", 4, zeros, 1);
	fake_peer_run(1);
	cr_assert_eq(server->ops->send(server, zeros, 1000), 1000);
	peer.window = 60000;
	peer.acks = true;
	fake_peer_tcp(&peer, PEER_ACK, ++peer.seq, NULL, 0, NULL, 0);
	fake_peer_run(1000);
	cr_assert_eq(peer.bytes, 2000);
	still_serves();
}

/* A window of 0 or 1 lets a first segment be of full size, and half of the next window is less than that segment. */
Test(tcp_attacks, a_window_that_grows_from_nothing_to_little_does_not_make_a_queued_segment_too_long)
{
	peer.window = 0;
	opened();
	cr_assert_eq(server->ops->send(server, zeros, 1000), 1000);
	fake_peer_run(1);
	peer.window = 4;
	fake_peer_tcp(&peer, PEER_ACK, peer.seq, NULL, 0, NULL, 0);
	fake_peer_run(1);
	cr_assert_eq(server->ops->send(server, zeros, 1000), 1000);
	peer.window = 60000;
	peer.acks = true;
	fake_peer_tcp(&peer, PEER_ACK, peer.seq, NULL, 0, NULL, 0);
	fake_peer_run(1000);
	cr_assert_eq(peer.bytes, 2000);
	still_serves();
}
