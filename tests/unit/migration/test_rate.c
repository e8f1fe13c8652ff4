/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "migration/rate.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

Test(rate, no_limit_always_allows)
{
	struct mig_rate r;

	mig_rate_init(&r, 0, 5);
	mig_rate_spend(&r, 1ull << 40);
	cr_expect(mig_rate_allows(&r, 5));
	cr_expect_eq(mig_rate_when(&r, 5), 5);
}

static uint64_t sent_in_ten_seconds(uint64_t limit, uint64_t step_ns)
{
	uint64_t sent = 0;
	struct mig_rate r;

	mig_rate_init(&r, limit, 0);
	for (uint64_t now = 0; now < 10 * SECOND; now += step_ns) {
		if (mig_rate_allows(&r, now)) {
			mig_rate_spend(&r, 60000);
			sent += 60000;
		}
	}
	return sent;
}

Test(rate, keeps_to_the_limit_however_often_it_is_asked)
{
	static const uint64_t limit[] = { 100000, MIB, 50 * MIB };

	for (int n = 0; n < 3; n++) {
		cr_expect_leq(sent_in_ten_seconds(limit[n], 50000), limit[n] * 10 + limit[n] / 5 + 60000);
		cr_expect_geq(sent_in_ten_seconds(limit[n], 50000), limit[n] * 9);
	}
}

/* Asked again only when mig_rate_when said so, as a host that sleeps meanwhile does. */
static uint64_t sent_by_a_sleeper(uint64_t limit)
{
	uint64_t sent = 0, now = 0;
	struct mig_rate r;

	mig_rate_init(&r, limit, 0);
	while (now < 10 * SECOND) {
		while (mig_rate_allows(&r, now)) {
			mig_rate_spend(&r, 60000);
			sent += 60000;
		}
		now = mig_rate_when(&r, now);
	}
	return sent;
}

Test(rate, a_record_that_takes_long_at_a_low_limit_is_paid_off_by_all_the_time_that_passes)
{
	for (uint64_t limit = 20000; limit <= 2 * MIB; limit *= 4) {
		uint64_t sent = sent_by_a_sleeper(limit);

		cr_expect_geq(sent, limit * 9, "%llu of %llu", (unsigned long long)sent, (unsigned long long)limit * 10);
		cr_expect_leq(sent, limit * 10 + 60000 + limit / 5);
	}
}

Test(rate, no_time_is_lost_by_asking_often)
{
	/* Not whole microseconds, nor whole bytes. */
	static const uint64_t step_ns[] = { 1999, 15500 };

	for (int n = 0; n < 2; n++) {
		cr_expect_geq(sent_in_ten_seconds(100000, step_ns[n]), 100000 * 9, "each %u ns", (unsigned)step_ns[n]);
		cr_expect_geq(sent_in_ten_seconds(50 * MIB, step_ns[n]), 50 * MIB * 9, "each %u ns", (unsigned)step_ns[n]);
		cr_expect_leq(sent_in_ten_seconds(50 * MIB, step_ns[n]), 50 * MIB * 10 + 5 * MIB + 60000);
	}
}

Test(rate, says_when_it_will_allow_again)
{
	struct mig_rate r;
	uint64_t when;

	mig_rate_init(&r, MIB, 0);
	cr_assert(mig_rate_allows(&r, 0));
	mig_rate_spend(&r, MIB / 20);
	cr_expect_not(mig_rate_allows(&r, 1000));
	when = mig_rate_when(&r, 1000);
	cr_expect_not(mig_rate_allows(&r, when - 2 * MS));
	cr_expect(mig_rate_allows(&r, when));
}

Test(rate, the_links_speed_is_seen_through_pauses)
{
	struct mig_rate r;
	uint64_t now = 0, sent = 0;

	/* 10 MiB/s while busy, idle nine tenths of the time. */
	mig_rate_init(&r, 0, 0);
	for (int n = 0; n < 200; n++) {
		sent += MIB / 10;
		mig_rate_seen(&r, now, sent, MIB / 10);
		now += 10 * MS;
		mig_rate_seen(&r, now, sent, 0);
		now += 90 * MS;
	}
	cr_expect_geq(r.average, 9 * MIB);
	cr_expect_leq(r.average, 11 * MIB);
}

Test(rate, progress_is_the_last_acknowledgement)
{
	struct mig_rate r;

	mig_rate_init(&r, 0, 0);
	mig_rate_seen(&r, 1 * SECOND, 1000, 500);
	mig_rate_seen(&r, 20 * SECOND, 1000, 500);
	cr_expect_eq(r.progress_ns, 1 * SECOND);
	mig_rate_seen(&r, 30 * SECOND, 1000, 0);
	cr_expect_eq(r.progress_ns, 30 * SECOND);
}

Test(rate, bytes_that_were_never_seen_outstanding_say_nothing_of_busy_time)
{
	struct mig_rate r;
	uint64_t now = 0, sent = 0;

	/* 1 MiB/s while the link is seen busy; between two looks megabytes pass that nobody saw waiting. */
	mig_rate_init(&r, 0, 0);
	for (int n = 0; n < 50; n++) {
		sent += MIB / 100;
		mig_rate_seen(&r, now, sent, MIB / 100);
		now += 10 * MS;
		mig_rate_seen(&r, now, sent, 0);
		sent += MIB;
		now += 100 * MS;
		mig_rate_seen(&r, now, sent, 0);
	}
	cr_expect_geq(r.last, MIB * 9 / 10);
	cr_expect_leq(r.last, 11 * MIB, "%llu bytes a second", (unsigned long long)r.last);
}

Test(rate, a_small_sample_serves_until_there_is_a_larger_one)
{
	struct mig_rate r;

	/* 20 KiB in 2 ms, then nothing for a second: what an idle guest's round looks like. */
	mig_rate_init(&r, 0, 0);
	cr_expect_eq(mig_rate_known(&r), 0);
	mig_rate_seen(&r, 10 * MS, 20480, 20480);
	mig_rate_seen(&r, 12 * MS, 20480, 0);
	mig_rate_seen(&r, 1000 * MS, 20480, 0);
	cr_expect_geq(mig_rate_known(&r), 10 * 1000 * 1000);
	cr_expect_leq(mig_rate_known(&r), 11 * 1000 * 1000);
	for (int n = 0; n < 20; n++) {
		mig_rate_seen(&r, (1010 + n * 10ull) * MS, 20480 + (n + 1) * 10000ull, 10000);
	}
	cr_expect_leq(mig_rate_known(&r), 1000 * 1000 * 6 / 5, "now it is measured");
}

static uint64_t mib_of(uint64_t bytes)
{
	return (bytes + MIB / 2) / MIB;
}

/* One sample of a link that is busy at @mib a second. */
static void sample(struct mig_rate *r, uint64_t *now, uint64_t *sent, uint64_t mib)
{
	*sent += mib * MIB / 5;
	mig_rate_seen(r, *now, *sent, mib * MIB / 5);
	*now += 200 * MS;
	mig_rate_seen(r, *now, *sent, 0);
}

Test(rate, a_link_that_slows_is_believed_at_once_and_one_that_speeds_up_little_by_little)
{
	uint64_t now = 0, sent = 0;
	struct mig_rate r;

	mig_rate_init(&r, 0, 0);
	sample(&r, &now, &sent, 20);
	cr_expect_eq(mib_of(mig_rate_known(&r)), 20);
	sample(&r, &now, &sent, 4);
	cr_expect_eq(mib_of(mig_rate_known(&r)), 4, "the last sample is the smaller: a budget counts on no more");
	cr_expect_eq(mib_of(r.average), 16);
	for (int n = 0; n < 10; n++)
		sample(&r, &now, &sent, 4);
	sample(&r, &now, &sent, 20);
	cr_expect_lt(mib_of(mig_rate_known(&r)), 10, "one good sample does not make a fast link");
	for (int n = 0; n < 20; n++)
		sample(&r, &now, &sent, 20);
	cr_expect_geq(mib_of(mig_rate_known(&r)), 19);
}

Test(rate, a_link_that_is_never_seen_busy_is_at_least_as_fast_as_what_passed_between_two_looks)
{
	struct mig_rate r;

	mig_rate_init(&r, 0, 0);
	mig_rate_seen(&r, 1 * MS, 50000, 0);
	cr_expect_eq(mig_rate_known(&r), 50000 * 1000);
	mig_rate_seen(&r, 1000 * MS, 50001, 0);
	cr_expect_eq(mig_rate_known(&r), 50000 * 1000, "a pause is no measure of the link");
}

Test(rate, a_percentage_is_of_what_the_link_carries_without_it)
{
	struct mig_rate r;

	mig_rate_init(&r, 0, 0);
	mig_rate_cap(&r, 0, 25);
	cr_expect(mig_rate_allows(&r, 0), "nothing is known yet");
	mig_rate_seen(&r, 0, MIB, MIB);
	mig_rate_seen(&r, 100 * MS, MIB, 0);
	mig_rate_cap(&r, 0, 25);
	cr_expect_geq(r.limit, MIB * 5 / 2 - 1000);
	cr_expect_leq(r.limit, MIB * 5 / 2);
	mig_rate_cap(&r, MIB, 25);
	cr_expect_eq(r.limit, MIB, "the smaller of both");
	mig_rate_cap(&r, 0, 0);
	cr_expect_eq(r.limit, 0);
}
