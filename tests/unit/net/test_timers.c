/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_net_mem fake_pages fake_random */
#include <criterion/criterion.h>
#include "net/net.h"
#include "net/tcp_channel.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_net_mem.h"
#include "tests/fake/fake_peer.h"

static struct channel *server;

static void on_accept(struct channel *ch)
{
	server = ch;
}

Test(timers, go_on_when_there_is_no_memory_at_all)
{
	struct fake_peer peer = { .ipv4 = FAKE_PEER_IPV4, .port = 4000, .host_port = 5988, .window = 1000 };

	fake_peer_start();
	cr_assert_eq(tcp_channel_listen(5988, on_accept), ERR_OK);
	cr_assert(fake_peer_open(&peer, NULL, 0));
	fake_net_mem_fail_every = 1;
	fake_peer_run(20000);
	cr_assert_eq(server->ops->status(server), ERR_TIMEOUT, "keepalive ran, and its probes could not be sent");
}

Test(timers, let_a_host_without_connections_sleep)
{
	fake_peer_start();
	fake_peer_run(1);
	cr_assert_gt(net_deadline_ns(fake_now_ns), fake_now_ns + 100000000);
}

Test(timers, turns_that_were_slept_through_are_not_made_up_for)
{
	struct fake_peer peer = { .ipv4 = FAKE_PEER_IPV4, .port = 4000, .host_port = 5988, .window = 1000 };

	fake_peer_start();
	cr_assert_eq(tcp_channel_listen(5988, on_accept), ERR_OK);
	cr_assert(fake_peer_open(&peer, NULL, 0));
	fake_now_ns += 3600ull * 1000000000;
	fake_peer_run(1);
	cr_assert_eq(server->ops->status(server), ERR_OK, "an hour without a turn is not an hour of silence");
}
