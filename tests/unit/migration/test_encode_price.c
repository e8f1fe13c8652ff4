/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/addr.h"
#include "migration/encode_price.h"

/* A sender on a CPU and a link of given speeds, with a fake clock: how long a number of pages takes, and which way they go. */

#define ALL (1u << MIG_WAY_RAW | 1u << MIG_WAY_LZ4 | 1u << MIG_WAY_BATCH)
#define RECORD 32768u
#define BUFFER 65536u
#define AWAKE_PS 50000000u

struct machine {
	uint64_t link_ps, send_ps;
	struct { uint64_t cost_ns, bytes; } way[MIG_WAYS];
	uint64_t now_ps, free_ps;	/* free: when the link has sent all it was given */
	uint64_t pages[MIG_WAYS], bytes;
	uint64_t wake_ps;		/* what a send costs when nothing came for AWAKE_PS: the receiver sleeps */
};

static const struct machine slow_text = { 100000, 300, { { 300, PAGE_SIZE }, { 6000, 2500 }, { 12000, 1800 } }, 0, 0, { 0 }, 0, 0 };
static struct machine m;
static struct mig_price price;

static void make_record(uint32_t allowed)
{
	uint64_t bytes = 0, begun;

	mig_price_begin(&price, m.now_ps / 1000);
	while (bytes < RECORD) {
		enum mig_way way = mig_price_choose(&price, allowed);

		begun = m.now_ps;
		m.now_ps += m.way[way].cost_ns * 1000;
		bytes += m.way[way].bytes;
		m.pages[way]++;
		if (way != MIG_WAY_RAW)
			mig_price_seen(&price, way, 1, m.way[way].bytes, (m.now_ps - begun) / 1000);
	}
	mig_price_end(&price, m.now_ps / 1000, bytes);
	m.now_ps += bytes * m.send_ps;
	mig_price_handed(&price, bytes * m.send_ps / 1000);
	if (m.now_ps > m.free_ps + AWAKE_PS)
		m.now_ps += m.wake_ps;
	m.bytes += bytes;
	if (m.free_ps < m.now_ps)
		m.free_ps = m.now_ps;
	m.free_ps += bytes * m.link_ps;
	if (m.free_ps > m.now_ps + BUFFER * m.link_ps)
		m.now_ps = m.free_ps - BUFFER * m.link_ps;
}

static uint64_t sent(void)
{
	return m.pages[0] + m.pages[1] + m.pages[2];
}

/* Nanoseconds for @pages pages. */
static uint64_t run(const struct machine *what, uint32_t allowed, uint64_t pages)
{
	m = *what;
	mig_price_init(&price);
	while (sent() < pages)
		make_record(allowed);
	return (m.free_ps > m.now_ps ? m.free_ps : m.now_ps) / 1000;
}

Test(price, on_a_slow_link_no_page_goes_raw)
{
	run(&slow_text, ALL, 50000);
	cr_expect_eq(m.pages[MIG_WAY_RAW], 0);
	cr_expect_leq(m.pages[MIG_WAY_LZ4], 250, "tries: %u", (unsigned)m.pages[MIG_WAY_LZ4]);
}

Test(price, on_a_slow_link_what_does_not_shrink_costs_no_time_and_text_after_it_goes_packed_at_once)
{
	struct machine noise = slow_text;
	uint64_t raw;

	noise.way[MIG_WAY_LZ4].bytes = noise.way[MIG_WAY_BATCH].bytes = PAGE_SIZE;
	noise.way[MIG_WAY_BATCH].cost_ns = 4000;
	raw = run(&noise, 1u << MIG_WAY_RAW, 20000);
	cr_expect_leq(run(&noise, ALL, 20000), raw + raw / 100);
	memcpy(m.way, slow_text.way, sizeof(m.way));
	memset(m.pages, 0, sizeof(m.pages));
	while (sent() < 1000)
		make_record(ALL);
	cr_expect_leq(m.pages[MIG_WAY_RAW], 10, "%u", (unsigned)m.pages[MIG_WAY_RAW]);
}

Test(price, on_a_fast_link_compression_turns_itself_off_and_costs_next_to_nothing)
{
	struct machine fast = slow_text;
	uint64_t raw;

	fast.link_ps = 200;
	raw = run(&fast, 1u << MIG_WAY_RAW, 500000);
	cr_expect_leq(run(&fast, ALL, 500000), raw + raw / 30);
	cr_expect_leq(m.pages[MIG_WAY_LZ4] + m.pages[MIG_WAY_BATCH], 3000, "%u + %u", (unsigned)m.pages[MIG_WAY_LZ4],
		      (unsigned)m.pages[MIG_WAY_BATCH]);
	cr_expect_geq(m.pages[MIG_WAY_LZ4], 50, "it is still tried");
}

/* Whatever the link, no single way is much quicker than the choice, but for compressions that send more in the same measure;
 * raw is not, whatever it sends. */
Test(price, the_choice_is_as_good_as_the_best_way_on_any_link)
{
	for (uint64_t link = 100; link < 200000; link += link / 3) {
		struct machine what = slow_text;
		uint64_t chosen, bytes;

		what.link_ps = link;
		chosen = run(&what, ALL, 200000);
		bytes = m.bytes;
		for (enum mig_way w = MIG_WAY_RAW; w < MIG_WAYS; w++) {
			uint64_t took, more = 0;

			what = slow_text;
			what.link_ps = link;
			what.way[MIG_WAY_RAW] = slow_text.way[w];
			took = run(&what, 1u << MIG_WAY_RAW, 200000);
			if (w != MIG_WAY_RAW && bytes < m.bytes)
				more = took * (m.bytes - bytes) / m.bytes;
			cr_expect_leq(chosen, took + took / 10 + more, "at %u ps a byte: %u us, way %u: %u us", (unsigned)link,
				      (unsigned)(chosen / 1000), (unsigned)w, (unsigned)(took / 1000));
		}
	}
}

Test(price, a_link_that_gets_slower_brings_compression_back)
{
	struct machine fast = slow_text;

	fast.link_ps = 200;
	run(&fast, ALL, 50000);
	m.link_ps = 50000;
	memset(m.pages, 0, sizeof(m.pages));
	while (sent() < 10000)
		make_record(ALL);
	cr_expect_leq(m.pages[MIG_WAY_RAW], 800, "%u of 10000", (unsigned)m.pages[MIG_WAY_RAW]);
}

/* Pages that are compressed where others take the CPU or the link for a moment, again and again. */
static uint64_t squeezed(const struct machine *fast)
{
	uint64_t all = 0;

	run(fast, ALL, 50000);
	for (unsigned n = 0; n < 30; n++) {
		m.link_ps = 5000;
		memset(m.pages, 0, sizeof(m.pages));
		while (sent() < 1000)
			make_record(ALL);
		m.link_ps = fast->link_ps;
		memset(m.pages, 0, sizeof(m.pages));
		while (sent() < 20000)
			make_record(ALL);
		all += m.pages[MIG_WAY_LZ4] + m.pages[MIG_WAY_BATCH];
	}
	return all;
}

Test(price, a_fast_link_that_is_slow_for_moments_is_known_as_fast_between_them)
{
	struct machine fast = { 250, 200, { { 300, PAGE_SIZE }, { 1300, 3300 }, { 8000, 2850 } }, 0, 0, { 0 }, 0, 0 };
	uint64_t pages = squeezed(&fast);

	cr_expect_leq(pages, 30 * 1000, "%u of 600000 pages", (unsigned)pages);
}

/* Compression alone makes it sleep, and then waking it must not pass for a link that is still slow. */
Test(price, a_receiver_that_sleeps_while_pages_are_compressed_is_no_slow_link)
{
	struct machine sleepy = { 250, 200, { { 300, PAGE_SIZE }, { 1300, 3300 }, { 8000, 2850 } }, 0, 0, { 0 }, 0, 40000000 };
	uint64_t pages = squeezed(&sleepy);

	cr_expect_leq(pages, 30 * 1000, "%u of 600000 pages", (unsigned)pages);
}

/* Others share its caches: what is handed to the channel takes ten times as long, and the link has nothing to do with it. */
Test(price, a_channel_that_takes_more_of_the_cpu_is_no_slow_link)
{
	struct machine fast = { 250, 130, { { 300, PAGE_SIZE }, { 1300, 3300 }, { 5000, 2850 } }, 0, 0, { 0 }, 0, 0 };
	uint64_t start, raw;

	run(&fast, ALL, 50000);
	m.send_ps = 1300;
	start = m.now_ps;
	memset(m.pages, 0, sizeof(m.pages));
	while (sent() < 50000)
		make_record(ALL);
	start = m.now_ps - start;
	cr_expect_leq(m.pages[MIG_WAY_BATCH], 2000, "%u of 50000 pages", (unsigned)m.pages[MIG_WAY_BATCH]);
	fast.send_ps = 1300;
	raw = 1000 * run(&fast, 1u << MIG_WAY_RAW, 50000);
	cr_expect_leq(start, raw + raw / 20, "%u us, raw %u", (unsigned)(start / 1000000), (unsigned)(raw / 1000000));
}

Test(price, a_known_limit_is_believed_before_anything_was_seen)
{
	mig_price_init(&price);
	mig_price_limit(&price, 10000000);
	cr_expect_eq(price.link_ps, 100000);
	mig_price_limit(&price, 0);
	cr_expect_eq(price.least_ps, 0);
}

Test(price, pauses_of_the_scheduler_do_not_make_a_way_expensive)
{
	mig_price_init(&price);
	for (unsigned n = 0; n < 1000; n++)
		mig_price_seen(&price, MIG_WAY_BATCH, 15, 15 * 1800, 15 * (n % 8 ? 12000 : 900000));
	cr_expect_leq(price.way[MIG_WAY_BATCH].cost_ns, 30000, "%u", price.way[MIG_WAY_BATCH].cost_ns);
}

/* A batch costs 60 us and 15 us a page, so small ones do not pay here, and a bad time made them look worse. */
Test(price, a_try_of_batches_is_long_enough_to_show_what_they_cost)
{
	unsigned run = 0, packed = 0;

	mig_price_init(&price);
	mig_price_limit(&price, 128 << 20);
	for (int n = 0; n < 8; n++)
		mig_price_seen(&price, MIG_WAY_BATCH, 4, 4 * 1617, 200000);
	for (int n = 0; n < 50000; n++) {
		bool pack = mig_price_choose(&price, ALL) == MIG_WAY_BATCH;

		packed += pack;
		run += pack;
		if (run && (!pack || run == 32)) {
			mig_price_seen(&price, MIG_WAY_BATCH, run, run * 1617, 60000 + 15000 * run);
			run = 0;
		}
		if (!pack)
			mig_price_seen(&price, MIG_WAY_LZ4, 1, 2402, 7000);
	}
	cr_expect_gt(packed, 40000, "%u of 50000", packed);
}
