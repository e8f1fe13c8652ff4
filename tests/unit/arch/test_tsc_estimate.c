/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "arch/x86_64/tsc_estimate.h"

#define MS		1000000ull
#define TRUE_HZ		2599987000ull

static const struct tsc_counter pm = { .hz = 3579545, .mask = 0xffffff, .grain = 2 };
static const struct tsc_counter pit = { .hz = 1193182, .mask = 0xffff, .grain = 2 };

/* A machine whose time is moved by what is done in it: a reading takes @read_ns, now and then something comes between. */
static uint64_t now_ns, reads;
static uint64_t read_ns;
static uint64_t tsc_hz;
static uint64_t (*pause_ns)(void);	/* in the middle of a reading */
static uint32_t (*spoil)(uint32_t count);

static uint64_t seed;

static uint32_t random32(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 32);
}

static uint64_t none(void) { return 0; }
static uint32_t honest(uint32_t count) { return count; }

static void begin(void)
{
	now_ns = 77 * MS;
	reads = 0;
	read_ns = 1000;
	tsc_hz = TRUE_HZ;
	pause_ns = none;
	spoil = honest;
	seed = 1;
}

TestSuite(tsc_estimate, .init = begin);

static uint64_t tsc(void) { return (uint64_t)((unsigned __int128)now_ns * tsc_hz / 1000000000); }

static struct tsc_sample read_counter(const struct tsc_counter *c)
{
	struct tsc_sample s = { .before = tsc() };

	reads++;
	now_ns += read_ns / 2 + random32() % 64;
	if (reads % 2)
		now_ns += pause_ns();
	s.count = spoil((uint32_t)((unsigned __int128)now_ns * c->hz / 1000000000)) & c->mask;
	if (reads % 2 == 0)
		now_ns += pause_ns();
	now_ns += read_ns / 2;
	s.after = tsc();
	now_ns += 50;
	return s;
}

static struct tsc_series series;

static enum err measure(const struct tsc_counter *c, uint64_t base_ns, struct tsc_range *out)
{
	tsc_series_start(&series, c, base_ns);
	while (series.state == TSC_SERIES_RUNS) {
		struct tsc_sample s = read_counter(c);

		tsc_series_add(&series, &s);
	}
	return tsc_estimate(&series, out);
}

static void expect_true(const struct tsc_range *r, uint32_t ppm)
{
	cr_expect(r->low_hz <= tsc_hz && tsc_hz <= r->high_hz, "%lu to %lu Hz, the truth is %lu", (unsigned long)r->low_hz,
		  (unsigned long)r->high_hz, (unsigned long)tsc_hz);
	cr_expect_leq(tsc_range_ppm(r), ppm, "known to %u ppm only", tsc_range_ppm(r));
}

Test(tsc_estimate, the_truth_lies_within_what_is_said)
{
	static const uint64_t hz[] = { 60000000, 100000000, 1000000000, TRUE_HZ, 5800000000ull };
	struct tsc_range r;

	for (unsigned i = 0; i < sizeof(hz) / sizeof(hz[0]); i++) {
		tsc_hz = hz[i];
		cr_expect_eq(measure(&pm, 100 * MS, &r), ERR_OK);
		expect_true(&r, 40);
		cr_expect_eq(measure(&pit, 100 * MS, &r), ERR_OK);
		expect_true(&r, 60);
	}
}

static uint64_t busy(void) { return random32() % 5 ? 0 : random32() % (3 * MS); }

/* What a busy outer host does: a fifth of the readings is interrupted, for up to 3 ms. */
Test(tsc_estimate, pauses_in_the_middle_of_readings_do_not_matter)
{
	struct tsc_range r;

	pause_ns = busy;
	cr_expect_eq(measure(&pm, 100 * MS, &r), ERR_OK);
	expect_true(&r, 100);
	cr_expect_eq(measure(&pit, 100 * MS, &r), ERR_OK);
	expect_true(&r, 150);
}

static uint64_t always(void) { return 200000 + random32() % MS; }

/* Nested in an emulator each port costs a fraction of a millisecond: less is known, and it is said. */
Test(tsc_estimate, slow_readings_make_it_less_sure_and_a_longer_base_line_mends_that)
{
	struct tsc_range r, longer;

	pause_ns = always;
	cr_expect_eq(measure(&pm, 100 * MS, &r), ERR_OK);
	expect_true(&r, 10000);
	cr_expect_eq(measure(&pm, 1600 * MS, &longer), ERR_OK);
	expect_true(&longer, 500);
	cr_expect_lt(tsc_range_ppm(&longer), tsc_range_ppm(&r));
}

static uint64_t once(void) { return reads == 20000 ? 61 * 1000 * MS : 0; }

/* 61 s are 13 wraps of the PM timer and some 1100 of the 8254. */
Test(tsc_estimate, a_pause_of_many_wraps_does_not_matter)
{
	struct tsc_range r;

	pause_ns = once;
	cr_expect_eq(measure(&pm, 100 * MS, &r), ERR_OK);
	cr_expect_gt(now_ns, 61 * 1000 * MS, "the pause was within the base line");
	expect_true(&r, 40);
}

/* Too many wraps to count them: then it is not guessed. */
Test(tsc_estimate, wraps_that_can_not_be_counted_give_no_wrong_answer)
{
	struct tsc_range r;

	pause_ns = once;
	if (measure(&pit, 100 * MS, &r) == ERR_OK)
		expect_true(&r, 1000);
}

static uint32_t seldom_wild(uint32_t count) { return random32() % 4000 ? count : random32(); }

Test(tsc_estimate, some_wild_readings_are_outvoted)
{
	struct tsc_range r;

	spoil = seldom_wild;
	cr_expect_eq(measure(&pm, 100 * MS, &r), ERR_OK);
	expect_true(&r, 100);
}

static uint32_t wild(uint32_t count) { return count ^ random32(); }

Test(tsc_estimate, a_counter_that_shows_anything_is_not_believed)
{
	struct tsc_range r;

	spoil = wild;
	cr_expect_neq(measure(&pm, 100 * MS, &r), ERR_OK);
	cr_expect_eq(r.high_hz, 0);
	cr_expect_leq(reads, 200000, "and not for ever");
}

static uint32_t ones(uint32_t count) { (void)count; return UINT32_MAX; }

Test(tsc_estimate, a_counter_that_stands_still_is_dead_after_a_bounded_time)
{
	struct tsc_range r;

	spoil = ones;
	cr_expect_eq(measure(&pit, 100 * MS, &r), ERR_SHORT);
	cr_expect_eq(series.state, TSC_SERIES_DEAD);
	cr_expect_leq(reads, TSC_DEAD_READS + 1);
}

static uint32_t stops(uint32_t count) { return reads < 30000 ? count : 12345; }

Test(tsc_estimate, a_counter_that_stops_on_the_way_is_dead_too)
{
	struct tsc_range r;

	spoil = stops;
	cr_expect_eq(measure(&pm, 100 * MS, &r), ERR_SHORT);
	cr_expect_eq(series.state, TSC_SERIES_DEAD);
}

static void late_readings(const struct tsc_counter *c)
{
	for (unsigned i = 0; i < TSC_LATE; i++) {
		struct tsc_sample s = read_counter(c);

		tsc_series_late(&series, &s);
	}
}

Test(tsc_estimate, late_readings_lengthen_the_base_line)
{
	struct tsc_range r;

	cr_expect_eq(measure(&pm, 100 * MS, &r), ERR_OK);
	now_ns += 3000 * MS;
	late_readings(&pm);
	late_readings(&pm);
	cr_expect_eq(series.samples, TSC_SLOTS + TSC_LATE, "more than there is room for changes nothing");
	cr_expect_eq(tsc_estimate(&series, &r), ERR_OK);
	expect_true(&r, 3);
}

Test(tsc_estimate, late_readings_may_come_after_a_wrap)
{
	struct tsc_range r;

	cr_expect_eq(measure(&pm, 100 * MS, &r), ERR_OK);
	now_ns += 9000 * MS;
	late_readings(&pm);
	cr_expect_eq(tsc_estimate(&series, &r), ERR_OK);
	expect_true(&r, 3);
}

Test(tsc_estimate, agreement_is_where_most_ranges_meet)
{
	static const struct tsc_range ranges[] = { { 10, 20 }, { 0, 0 }, { 15, 30 }, { 18, 19 }, { 100, 200 }, { 19, 40 } };
	struct tsc_range r;

	cr_expect_eq(tsc_agree(ranges, 6, &r), 4);
	cr_expect_eq(r.low_hz, 19);
	cr_expect_eq(r.high_hz, 19);
	cr_expect_eq(tsc_agree(ranges, 0, &r), 0);
	cr_expect_eq(r.high_hz, 0);
}
