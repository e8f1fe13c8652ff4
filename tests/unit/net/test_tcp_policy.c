/* SPDX-License-Identifier: MIT */
#include "net/tcp_policy.h"
#include <criterion/criterion.h>

#define MIB	(1u << 20)
#define SECOND	1000000000ull

Test(tcp_policy, one_connection_alone_may_hold_half)
{
	cr_assert_eq(tcp_policy_room(8 * MIB, 0, 0), 4 * MIB);
	cr_assert_eq(tcp_policy_room(8 * MIB, 3 * MIB, 3 * MIB), MIB);
	cr_assert_eq(tcp_policy_room(8 * MIB, 4 * MIB, 4 * MIB), 0);
	cr_assert_eq(tcp_policy_room(8 * MIB, 5 * MIB, 5 * MIB), 0);
}

Test(tcp_policy, however_many_connections_an_address_has_others_find_room)
{
	size_t left = 8 * MIB, address = 0, mine[100] = { 0 };

	for (unsigned turn = 0; turn < 100; turn++)
		for (unsigned i = 0; i < 100; i++) {
			size_t n = tcp_policy_room(left, mine[i], address);

			n = n < 512 * 1024 ? n : 512 * 1024;
			mine[i] += n;
			address += n;
			left -= n;
		}
	cr_assert_geq(tcp_policy_room(left, 0, 0), 2 * MIB);
}

Test(tcp_policy, bytes_that_hardly_move_for_a_span_are_a_stall)
{
	struct tcp_progress p = { 0 };

	for (uint64_t s = 1; s < 61; s++)
		cr_assert_not(tcp_policy_stalled(&p, 1000, s * 10, s * SECOND));
	cr_assert(tcp_policy_stalled(&p, 1000, 610, 61 * SECOND));
}

Test(tcp_policy, a_slow_peer_that_reads_on_is_none)
{
	struct tcp_progress p = { 0 };

	for (uint64_t s = 1; s < 1000; s++)
		cr_assert_not(tcp_policy_stalled(&p, 100000, s * 100, s * SECOND));
}

Test(tcp_policy, a_peer_that_takes_everything_now_and_then_is_none)
{
	struct tcp_progress p = { 0 };

	for (uint64_t s = 1; s < 1000; s++)
		cr_assert_not(tcp_policy_stalled(&p, s % 50 ? 10 : 0, s, s * SECOND));
}
