/* SPDX-License-Identifier: MIT */
/* unit: fake_net fake_pages fake_random */
/* A stranger that is refused again and again does not fill the log: once its ring is full each byte of it costs the
 * host 87 us. */
#include "net/tcp_channel.h"
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "lib/log.h"
#include "tests/fake/fake_net.h"
#include "tests/fake/fake_peer.h"

#define PORT	5991
#define TRIES	300u

static unsigned lines;
static size_t bytes;
static struct fake_peer peer[TCP_CHANNELS_OF_ADDRESS];

void log_write(enum log_level level, const char *area, const char *format, ...)
{
	char text[512];
	va_list args;

	(void)area;
	if (level > LOG_INFO)
		return;
	va_start(args, format);
	bytes += 16 + (size_t)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lines++;
}

void panic(const char *format, ...)
{
	(void)format;
	abort();
}

static void on_accept(struct channel *ch)
{
	(void)ch;
}

Test(log_flood, connections_above_the_bound_of_an_address_are_not_told_one_by_one)
{
	struct fake_peer more;
	uint64_t before;

	fake_peer_start();
	cr_assert_eq(tcp_channel_listen(PORT, on_accept), ERR_OK);
	for (unsigned i = 0; i < TCP_CHANNELS_OF_ADDRESS; i++) {
		peer[i] = (struct fake_peer){ .ipv4 = FAKE_PEER_IPV4, .port = (uint16_t)(4000 + i), .host_port = PORT,
					      .window = 60000 };
		cr_assert(fake_peer_open(&peer[i], NULL, 0));
	}
	lines = 0;
	bytes = 0;
	before = fake_now_ns;
	for (unsigned i = 0; i < TRIES; i++) {
		more = (struct fake_peer){ .ipv4 = FAKE_PEER_IPV4, .port = (uint16_t)(5000 + i), .host_port = PORT,
					   .window = 100 };
		cr_assert_not(fake_peer_open(&more, NULL, 0));
		fake_peer_forget(&more);
	}
	cr_expect_leq(lines, LOG_LIMIT_LINES + 1, "%u lines, %zu bytes (%zu ms of COM1) in %llu ms", lines, bytes,
		      bytes * 87 / 1000, (unsigned long long)(fake_now_ns - before) / 1000000);
}
