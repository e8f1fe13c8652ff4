/* SPDX-License-Identifier: MIT */
/* A stranger on the migration port, also one that accept_from refuses, does not fill the log. */
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"
#include "migration/service_parts.h"
#include "tests/fake/mig_break.h"
#include "tests/fake/mig_raw.h"

#define SECOND 1000000000ull
#define STRANGER 0x0a4d0099u
#define TRIES 200u

static struct pair pair;
static struct fake_store store[2];
static struct raw raw[MIG_CONNECTIONS_PEER + TRIES];
static unsigned lines;
static size_t bytes;

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

static void setup(void) { pair_init_recorded(&pair, store); }
static void teardown(void) { pair_fini(&pair); }
TestSuite(log_flood, .init = setup, .fini = teardown);

Test(log_flood, connections_that_are_turned_away_are_not_told_one_by_one)
{
	unsigned n = 0;

	for (; n < MIG_CONNECTIONS_PEER; n++)
		raw_open(&raw[n], &pair, 1, STRANGER, (uint8_t[MIG_ATTEMPT]){ 1, (uint8_t)n });
	lines = 0;
	bytes = 0;
	for (; n < MIG_CONNECTIONS_PEER + TRIES; n++) {
		raw_open(&raw[n], &pair, 1, STRANGER, (uint8_t[MIG_ATTEMPT]){ 2, (uint8_t)n });
		cr_assert(raw_ended(&raw[n]));
		raw_close(&raw[n]);
	}
	cr_expect_leq(lines, LOG_LIMIT_LINES + 1, "%u lines, %zu bytes: %zu ms of COM1", lines, bytes, bytes * 87 / 1000);
	for (n = 0; n < MIG_CONNECTIONS_PEER; n++)
		raw_close(&raw[n]);
}

static bool nobody(void *ctx, uint32_t ipv4)
{
	(void)ctx;
	return ipv4 != STRANGER;
}

Test(log_flood, who_is_not_accepted_is_not_told_each_time)
{
	pair.host[1].service->core.host.accept_from = nobody;
	lines = 0;
	bytes = 0;
	for (unsigned n = 0; n < TRIES; n++) {
		raw_open(&raw[n], &pair, 1, STRANGER, (uint8_t[MIG_ATTEMPT]){ 3, (uint8_t)n });
		raw_hello(&raw[n], 0, MIG_PURPOSE_MIGRATE);
		raw_let(&raw[n], 4);
		raw_close(&raw[n]);
		raw_let(&raw[n], 4);
	}
	cr_expect_leq(lines, LOG_LIMIT_LINES + 1, "%u lines, %zu bytes: %zu ms of COM1", lines, bytes, bytes * 87 / 1000);
}

Test(log_flood, who_sends_no_record_is_not_told_each_time)
{
	lines = 0;
	bytes = 0;
	for (unsigned n = 0; n < TRIES; n++) {
		static const uint8_t junk[64] = "GET / HTTP/1.0";
		size_t sent;

		raw_open(&raw[n], &pair, 1, STRANGER, (uint8_t[MIG_ATTEMPT]){ 4, (uint8_t)n });
		sent = raw[n].ch->ops->send(raw[n].ch, junk, sizeof(junk));
		cr_assert_eq(sent, sizeof(junk));
		raw_let(&raw[n], 4);
		raw_close(&raw[n]);
		raw_let(&raw[n], 4);
	}
	cr_expect_leq(lines, LOG_LIMIT_LINES + 1, "%u lines, %zu bytes: %zu ms of COM1", lines, bytes, bytes * 87 / 1000);
}
