/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "arch/x86_64/time.h"
#include "lib/random.h"
#include "net/lwip/arch/cc.h"

static uint64_t now_ns = 1000000000;

uint64_t time_ns(void)
{
	return now_ns;
}

static uint32_t number(uint16_t remote_port)
{
	return net_tcp_isn(0x0a4d0002, 5988, 0x0a4d0001, remote_port);
}

Test(isn, a_later_connection_between_the_same_ports_begins_above)
{
	uint32_t before;

	random_seed("seed", 4, true);
	before = number(4000);
	cr_assert_eq(number(4000), before, "it is the clock that moves it");
	now_ns += 4000000;
	cr_assert_eq(number(4000) - before, 1000);
}

Test(isn, other_ports_and_hosts_begin_somewhere_else)
{
	random_seed("seed", 4, true);
	for (uint16_t port = 4000; port < 4100; port++)
		cr_assert_gt(number(port) - number((uint16_t)(port + 1)) + 1000, 2000);
	cr_assert_neq(net_tcp_isn(0x0a4d0002, 5988, 0x0a4d0001, 1), net_tcp_isn(0x0a4d0002, 5988, 0x0a4d0003, 1));
	cr_assert_neq(net_tcp_isn(0x0a4d0002, 5988, 0x0a4d0001, 1), net_tcp_isn(0x0a4d0002, 5991, 0x0a4d0001, 1));
}

/* What a stranger can know of a boot, the time, is the same in both children. */
static void boot(const char *seed, uint32_t *out)
{
	int status;
	pid_t child = fork();

	if (!child) {
		random_seed(seed, strlen(seed), true);
		out[0] = number(4000);
		out[1] = net_random();
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(status, 0);
}

Test(isn, nothing_follows_from_the_clock_alone)
{
	uint32_t *v = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	boot("a secret of one boot", v);
	boot("and of another one", v + 2);
	cr_assert_neq(v[0], v[2]);
	cr_assert_neq(v[1], v[3]);
}
