/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_pages fake_random */
#include "net/tcp_channel.h"
#include <criterion/criterion.h>
#include <string.h>
#include "net/lwip/mem.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_wire.h"

#define PORT	5991
#define WINDOW	(512u * 1024)
#define MS	1000000ull

static struct channel *client, *server;
static unsigned accepted;

static void on_accept(struct channel *ch)
{
	server = ch;
	accepted++;
}

static enum err status(struct channel *ch)
{
	return ch->ops->status(ch);
}

static void connected(void)
{
	fake_wire_up();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_OK);
	client = tcp_channel_connect(FAKE_WIRE_IPV4, PORT);
	cr_assert_eq(status(client), ERR_AGAIN);
	fake_wire_run(2);
	cr_assert_eq(status(client), ERR_OK);
	cr_assert_not_null(server);
	cr_assert_eq(status(server), ERR_OK);
}

static uint8_t pattern(size_t at)
{
	return (uint8_t)(at ^ at >> 8 ^ at >> 16);
}

static size_t send_pattern(struct channel *ch, size_t at, size_t bytes)
{
	static uint8_t piece[100000];

	bytes = bytes < sizeof(piece) ? bytes : sizeof(piece);
	for (size_t i = 0; i < bytes; i++)
		piece[i] = pattern(at + i);
	return ch->ops->send(ch, piece, bytes);
}

static size_t read_pattern(struct channel *ch, size_t at, size_t room)
{
	static uint8_t piece[100000];
	size_t got = ch->ops->recv(ch, piece, room < sizeof(piece) ? room : sizeof(piece));

	for (size_t i = 0; i < got; i++)
		cr_assert_eq(piece[i], pattern(at + i), "byte %zu", at + i);
	return got;
}

/* Sends @total bytes from client to server, which reads at most @room at a time. */
static void carry(size_t total, size_t room)
{
	size_t sent = 0, got = 0;

	for (unsigned ms = 0; got < total; ms++) {
		cr_assert_lt(ms, 60000, "stands still after %zu of %zu", got, total);
		sent += send_pattern(client, sent, total - sent);
		fake_wire_run(1);
		got += read_pattern(server, got, room);
	}
	cr_assert_eq(got, total);
}

Test(tcp_channel, carries_a_stream_both_ways_of_chopping)
{
	connected();
	carry(3000000, 100000);
	carry(20000, 7);
}

Test(tcp_channel, carries_a_stream_over_a_wire_that_loses_packets)
{
	connected();
	fake_wire_loss_per_1000 = 20;
	carry(3000000, 100000);
	cr_assert_gt(fake_wire_lost, 10);
}

Test(tcp_channel, a_peer_without_window_scaling_is_told_of_room_without_delay)
{
	uint64_t before;

	fake_wire_no_scaling = true;
	connected();
	before = fake_now_ns;
	carry(1000000, 100000);
	cr_assert_lt(fake_now_ns - before, 100 * MS);
}

Test(tcp_channel, knows_the_peer_of_an_accepted_connection)
{
	connected();
	cr_assert_eq(server->peer_ipv4, FAKE_WIRE_IPV4);
	cr_assert_neq(server->peer_port, 0);
	cr_assert_eq(client->peer_port, PORT);
}

Test(tcp_channel, an_answer_needs_no_timer)
{
	uint8_t b[100] = { 1 };
	uint64_t before;

	connected();
	before = fake_now_ns;
	for (unsigned i = 0; i < 100; i++) {
		cr_assert_eq(client->ops->send(client, b, sizeof(b)), sizeof(b));
		fake_wire_step();
		cr_assert_eq(server->ops->recv(server, b, sizeof(b)), sizeof(b));
		cr_assert_eq(server->ops->send(server, b, sizeof(b)), sizeof(b));
		fake_wire_step();
		cr_assert_eq(client->ops->recv(client, b, sizeof(b)), sizeof(b));
	}
	cr_assert_eq(fake_now_ns, before);
}

Test(tcp_channel, small_sends_of_one_poll_leave_as_one_packet)
{
	uint8_t b[10] = { 0 };
	unsigned before;

	connected();
	fake_wire_run(100);
	before = fake_wire_packets;
	for (unsigned i = 0; i < 50; i++)
		cr_assert_eq(client->ops->send(client, b, sizeof(b)), sizeof(b));
	cr_assert_eq(fake_wire_packets, before);
	cr_assert_leq(tcp_channel_deadline_ns(fake_now_ns), fake_now_ns, "the poll that sends them is due now");
	tcp_channel_poll(fake_now_ns);
	cr_assert_eq(fake_wire_packets, before + 1);
}

Test(tcp_channel, unacked_counts_what_the_peer_has_not_acknowledged)
{
	uint8_t b[1000] = { 0 };

	connected();
	fake_wire_cut = true;
	cr_assert_eq(client->ops->send(client, b, 1000), 1000);
	cr_assert_eq(client->ops->unacked(client), 1000);
	fake_wire_run(20);
	cr_assert_eq(client->ops->unacked(client), 1000);
	fake_wire_cut = false;
	fake_wire_run(1100);
	cr_assert_eq(client->ops->unacked(client), 0);
	cr_assert_eq(client->ops->send(client, b, 1), 1);
	fake_wire_run(10);
	cr_assert_eq(client->ops->unacked(client), 0, "a lone segment is acknowledged within 10 ms");
}

Test(tcp_channel, a_reader_that_does_not_read_stops_the_sender)
{
	size_t sent = 0, got = 0;

	connected();
	for (unsigned ms = 0; ms < 3000; ms++) {
		sent += send_pattern(client, sent, 100000);
		fake_wire_run(1);
	}
	cr_assert_leq(sent, 2 * WINDOW);
	cr_assert_geq(sent - client->ops->unacked(client), WINDOW * 9 / 10, "the window is used");
	cr_assert_leq(sent - client->ops->unacked(client), WINDOW);
	for (unsigned ms = 0; got < sent; ms++) {
		cr_assert_lt(ms, 5000);
		got += read_pattern(server, got, 100000);
		fake_wire_run(1);
	}
	cr_assert_eq(client->ops->unacked(client), 0);
}

Test(tcp_channel, a_peer_that_sends_single_bytes_holds_little_memory)
{
	size_t before, n;
	uint8_t b[4096];

	connected();
	before = net_mem_used();
	for (unsigned i = 0; i < 20000; i++) {
		cr_assert_eq(send_pattern(client, i, 1), 1);
		fake_wire_step();
	}
	fake_wire_run(10);
	cr_assert_lt(net_mem_used() - before, 64 * 1024);
	for (size_t got = 0; got < 20000; got += n) {
		n = server->ops->recv(server, b, sizeof(b));
		cr_assert_gt(n, 0);
		for (size_t i = 0; i < n; i++)
			cr_assert_eq(b[i], pattern(got + i));
	}
}

Test(tcp_channel, nobody_listening_is_refused)
{
	fake_wire_up();
	client = tcp_channel_connect(FAKE_WIRE_IPV4, 81);
	fake_wire_run(2);
	cr_assert_eq(status(client), ERR_REFUSED);
	client->ops->close(client);
	cr_assert_eq(tcp_channel_count(), 0);
}

Test(tcp_channel, an_address_where_nobody_answers_times_out_after_five_seconds)
{
	uint64_t due;

	fake_wire_up();
	client = tcp_channel_connect(FAKE_WIRE_IPV4 + 7, PORT);
	due = tcp_channel_deadline_ns(fake_now_ns);
	fake_wire_run(4990);
	cr_assert_eq(status(client), ERR_AGAIN);
	cr_assert_eq(client->ops->send(client, "x", 1), 0);
	fake_wire_run(20);
	cr_assert_eq(status(client), ERR_TIMEOUT);
	cr_assert_leq(due, fake_now_ns);
	client->ops->close(client);
	cr_assert_eq(tcp_channel_count(), 0);
}

Test(tcp_channel, a_lost_first_packet_costs_a_second)
{
	fake_wire_up();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_OK);
	fake_wire_cut = true;
	client = tcp_channel_connect(FAKE_WIRE_IPV4, PORT);
	fake_wire_run(1);
	fake_wire_cut = false;
	fake_wire_run(1200);
	cr_assert_eq(status(client), ERR_OK);
}

Test(tcp_channel, a_lost_last_packet_costs_a_third_of_a_second)
{
	connected();
	for (unsigned i = 0; i < 20; i++) {
		cr_assert_eq(send_pattern(client, i * 100, 100), 100);
		fake_wire_run(20);
	}
	fake_wire_cut = true;
	cr_assert_eq(send_pattern(client, 2000, 100), 100);
	fake_wire_run(1);
	fake_wire_cut = false;
	fake_wire_run(310);
	cr_assert_eq(read_pattern(server, 0, 3000), 2100);
}

Test(tcp_channel, without_a_route_the_connection_fails_at_once)
{
	fake_wire_up();
	fake_wire_down();
	client = tcp_channel_connect(0x08080808, PORT);
	cr_assert_eq(status(client), ERR_IO);
	client->ops->abort(client);
}

Test(tcp_channel, closing_flushes_what_was_sent)
{
	size_t sent = 0, got = 0;

	connected();
	while (sent < 400000)
		sent += send_pattern(client, sent, 400000 - sent);
	client->ops->close(client);
	while (status(server) == ERR_OK) {
		fake_wire_run(1);
		got += read_pattern(server, got, 50000);
	}
	cr_assert_eq(status(server), ERR_CLOSED);
	cr_assert_eq(got, sent);
}

Test(tcp_channel, an_answer_survives_a_close_that_leaves_the_request_unread)
{
	size_t got = 0;

	connected();
	cr_assert_eq(send_pattern(client, 0, 50000), 50000);
	fake_wire_run(5);
	cr_assert_eq(send_pattern(server, 0, 5000), 5000);
	server->ops->close(server);
	cr_assert_eq(send_pattern(client, 0, 50000), 50000);
	fake_wire_run(50);
	got = read_pattern(client, 0, 10000);
	cr_assert_eq(got, 5000);
	cr_assert_eq(status(client), ERR_CLOSED);
}

Test(tcp_channel, closed_is_reported_only_after_the_last_byte_was_read)
{
	connected();
	cr_assert_eq(send_pattern(client, 0, 100), 100);
	client->ops->close(client);
	fake_wire_run(5);
	cr_assert_eq(status(server), ERR_OK);
	cr_assert_eq(read_pattern(server, 0, 1000), 100);
	cr_assert_eq(status(server), ERR_CLOSED);
}

Test(tcp_channel, abort_shows_the_peer_an_error)
{
	connected();
	cr_assert_eq(send_pattern(client, 0, 100), 100);
	client->ops->abort(client);
	fake_wire_run(5);
	cr_assert_eq(status(server), ERR_IO);
	cr_assert_eq(server->ops->send(server, "x", 1), 0);
	server->ops->close(server);
	cr_assert_eq(tcp_channel_count(), 0);
}

static void notices_death(void)
{
	fake_wire_cut = true;
	fake_wire_run(4500);
	cr_assert_eq(status(client), ERR_OK);
	fake_wire_run(7000);
	cr_assert_eq(status(client), ERR_TIMEOUT);
}

Test(tcp_channel, a_dead_peer_is_noticed_on_an_idle_connection)
{
	connected();
	notices_death();
}

Test(tcp_channel, a_dead_peer_is_noticed_while_data_waits)
{
	connected();
	fake_wire_cut = true;
	cr_assert_eq(send_pattern(client, 0, 100000), 100000);
	notices_death();
	cr_assert_eq(client->ops->unacked(client), 100000);
}

Test(tcp_channel, an_idle_connection_to_a_living_peer_stays_open)
{
	connected();
	fake_wire_run(60000);
	cr_assert_eq(status(client), ERR_OK);
	cr_assert_eq(status(server), ERR_OK);
}

Test(tcp_channel, a_port_is_listened_to_once)
{
	connected();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_EXISTS);
}

Test(tcp_channel, too_many_channels_are_refused_and_room_comes_back)
{
	struct channel *ch[TCP_CHANNELS_MAX];

	fake_wire_up();
	for (unsigned i = 0; i < TCP_CHANNELS_MAX; i++)
		cr_assert_not_null(ch[i] = tcp_channel_connect(FAKE_WIRE_IPV4 + 7, PORT));
	cr_assert_null(tcp_channel_connect(FAKE_WIRE_IPV4 + 7, PORT));
	ch[3]->ops->abort(ch[3]);
	cr_assert_not_null(tcp_channel_connect(FAKE_WIRE_IPV4 + 7, PORT));
}

static void refuse(struct channel *ch)
{
	accepted++;
	ch->ops->abort(ch);
}

Test(tcp_channel, accept_may_abort_at_once)
{
	fake_wire_up();
	cr_assert_eq(tcp_channel_listen(PORT, refuse), ERR_OK);
	client = tcp_channel_connect(FAKE_WIRE_IPV4, PORT);
	fake_wire_run(5);
	cr_assert_eq(accepted, 1);
	cr_assert_eq(status(client), ERR_IO);
	cr_assert_eq(tcp_channel_count(), 1);
}

Test(tcp_channel, a_closed_connection_that_the_peer_never_drains_is_reset)
{
	size_t sent = 0, held;

	connected();
	for (unsigned ms = 0; ms < 2000; ms++) {
		sent += send_pattern(client, sent, 100000);
		fake_wire_run(1);
	}
	client->ops->close(client);
	held = net_mem_used();
	fake_wire_run(4500);
	cr_assert_geq(net_mem_used(), held);
	fake_wire_run(2000);
	cr_assert_lt(net_mem_used(), held - 500000);
	cr_assert_eq(status(server), ERR_OK);
	fake_wire_run(6000);	/* it asks whether we live */
	cr_assert_eq(status(server), ERR_IO);
	server->ops->close(server);
	cr_assert_lt(net_mem_used(), 4096);
}

Test(tcp_channel, a_closed_connection_that_the_peer_drains_slowly_delivers_everything)
{
	size_t sent = 0, got = 0;

	connected();
	for (unsigned ms = 0; ms < 2000; ms++) {
		sent += send_pattern(client, sent, 100000);
		fake_wire_run(1);
	}
	client->ops->close(client);
	/* Until the last of it, and the close, are in the peer's hands. */
	while (sent - got >= 600000) {
		fake_wire_run(4000);
		got += read_pattern(server, got, 50000);
	}
	while (status(server) == ERR_OK) {
		fake_wire_run(1);
		got += read_pattern(server, got, 100000);
	}
	cr_assert_eq(status(server), ERR_CLOSED);
	cr_assert_eq(got, sent);
	cr_assert_gt(sent, 900000);
}

Test(tcp_channel, a_closed_connection_that_the_peer_drains_for_longer_than_a_minute_is_reset)
{
	size_t sent = 0, got = 0;

	connected();
	for (unsigned ms = 0; ms < 2000; ms++) {
		sent += send_pattern(client, sent, 100000);
		fake_wire_run(1);
	}
	client->ops->close(client);
	for (unsigned s = 0; s < 64; s += 4) {
		fake_wire_run(4000);
		got += read_pattern(server, got, 20000);
	}
	cr_assert_eq(status(server), ERR_IO);
	cr_assert_geq(got, 280000);
}

Test(tcp_channel, connections_that_came_and_went_leave_no_memory_behind)
{
	size_t before;

	fake_wire_up();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_OK);
	before = net_mem_used();
	for (unsigned i = 0; i < 200; i++) {
		client = tcp_channel_connect(FAKE_WIRE_IPV4, PORT);
		fake_wire_run(2);
		cr_assert_eq(send_pattern(client, 0, 5000), 5000);
		fake_wire_run(2);
		if (i % 3 == 0)
			client->ops->abort(client);
		else
			client->ops->close(client);
		fake_wire_run(i % 2);
		server->ops->close(server);
		fake_wire_run(3);
	}
	fake_wire_run(125000);
	cr_assert_eq(tcp_channel_count(), 0);
	cr_assert_eq(net_mem_used(), before);
}
