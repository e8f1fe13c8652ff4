/* SPDX-License-Identifier: MIT */
/* unit: tests/wire/wire_guest.c tests/wire/wire_play.c */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/digest.h"
#include "tests/fake/mig_wire.h"
#include "tests/wire/wire_play.h"

/* Version 1 as it was recorded once: it must load for as long as this host speaks version 1 or 2. And who offers which
 * versions is spoken to in which. */

#define GOLDEN "tests/golden/stream_v1."
#define HELLO_VERSION_MIN (32 + 2 * 14 + 6)	/* in a HELLO record */
#define HELLO_VERSION_MAX (HELLO_VERSION_MIN + 8)

static struct pair pair;
static struct wire_recording recording;
static struct wire_verdict verdict;

static uint8_t *load(const char *what, size_t *length)
{
	static const size_t room = 200 << 10;
	uint8_t *bytes = calloc(1, room);
	char path[64] = GOLDEN;
	FILE *f;

	f = fopen(strcat(path, what), "rb");
	cr_assert_not_null(f, "%s", path);
	*length = fread(bytes, 1, room - 1, f);
	fclose(f);
	cr_assert_lt(*length, 100 << 10);
	return bytes;
}

static void golden(void)
{
	recording.bytes[0] = load("source", &recording.length[0]);
	recording.bytes[1] = load("destination", &recording.length[1]);
}

static void idle(void)
{
	wire_record(&pair, WIRE_idle, &recording);
	pair_fini(&pair);
}

static void teardown(void)
{
	pair_fini(&pair);
	free(recording.bytes[0]);
	free(recording.bytes[1]);
}

TestSuite(golden, .init = golden, .fini = teardown);
TestSuite(versions, .init = idle, .fini = teardown);

/* A hexadecimal number of the summary that was written down with the recording. */
static uint64_t noted(const char *name)
{
	size_t length;
	char *text = (char *)load("json", &length), *at = strstr(text, name);
	uint64_t value;

	cr_assert_not_null(at);
	value = strtoull(at + strlen(name) + 3, NULL, 16);
	free(text);
	return value;
}

static uint64_t memory_hash(struct fake_guest *g)
{
	struct mig_memory_hash hash;
	uint64_t value;

	mig_memory_hash_init(&hash, &g->guest, g->def.memory_bytes);
	while (!mig_memory_hash_step(&hash, 512, &value))
		;
	return value;
}

Test(golden, version_1_loads_and_ends_with_the_same_digest_and_memory)
{
	struct fake_guest *g;

	wire_play_source(&pair, &recording, &verdict);
	cr_assert(verdict.complete, "%s", verdict.text);
	cr_expect_eq(verdict.digest, noted("\"digest\""));
	cr_expect_eq(verdict.memory_hash, noted("\"memory_hash\""));
	g = pair_running(&pair, 1);
	cr_assert_not_null(g);
	cr_expect_eq(g->runs, 1);
	cr_expect_gt(g->counter, 20, "its state came too");
	cr_expect_eq(memory_hash(g), noted("\"memory_hash\""));
	cr_expect_str_eq(g->def.name, "web1");
	cr_expect_eq(mig_job_get(pair.host[1].service, 0)->type, MIG_MOVE_LIVE, "OFFER had no type then");
}

Test(golden, another_byte_of_memory_is_noticed)
{
	struct wire_record record[64];
	unsigned n = 0, count = wire_records(recording.bytes[0], recording.length[0], record, 64);

	while (n < count && record[n].type != 5)
		n++;
	cr_assert_lt(n, count);
	recording.bytes[0][record[n].at + 32 + 8 + 16 + 100] ^= 1;
	wire_seal(recording.bytes[0] + record[n].at);
	wire_play_source(&pair, &recording, &verdict);
	cr_expect_not(verdict.complete);
}

/* The HELLO of @side offers @min to @max. */
static void offer(int side, uint16_t min, uint16_t max)
{
	le16_put(recording.bytes[side] + HELLO_VERSION_MIN, min);
	le16_put(recording.bytes[side] + HELLO_VERSION_MAX, max);
	wire_seal(recording.bytes[side]);
}

static void expect_version_1(void)
{
	cr_expect(verdict.complete, "%s", verdict.text);
	cr_expect_eq(verdict.version_min, 1);
	cr_expect_eq(verdict.version_max, 1);
}

Test(versions, a_source_that_offers_1_to_2_is_spoken_to_in_version_1)
{
	offer(0, 1, 2);
	wire_play_source(&pair, &recording, &verdict);
	expect_version_1();
}

Test(versions, a_destination_that_offers_1_to_2_is_spoken_to_in_version_1)
{
	offer(1, 1, 2);
	wire_play_destination(&pair, &recording, &verdict);
	expect_version_1();
}

Test(versions, a_source_that_offers_2_to_3_is_refused)
{
	offer(0, 2, 3);
	wire_play_source(&pair, &recording, &verdict);
	cr_expect_not(verdict.complete);
	cr_expect_str_eq(verdict.text, "lab-b: the peer speaks versions 2 to 3 of the protocol, this host 1");
	cr_expect_eq(pair.host[1].guests, 0);
	cr_expect_eq(verdict.version_max, 0, "no HELLO, but REJECT");
}

Test(versions, a_destination_that_offers_2_to_3_is_refused)
{
	offer(1, 2, 3);
	wire_play_destination(&pair, &recording, &verdict);
	cr_expect_not(verdict.complete);
	cr_expect_str_eq(verdict.text, "10.77.0.3 port 5991: the peer speaks versions 2 to 3 of the protocol, this host 1");
	cr_expect_eq(pair.host[0].guest[0]->life, FAKE_RUNNING);
	cr_expect_eq(pair.host[0].guest[0]->stops, 0);
}
