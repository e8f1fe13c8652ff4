/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "arch/x86_64/tsc_decide.h"

#define KHZ 1000ull

static struct tsc_source source(enum tsc_kind kind, uint64_t khz, uint64_t ppm)
{
	uint64_t half = khz * KHZ / 1000000 * ppm;

	return (struct tsc_source){ .name = "", .kind = kind, .range = { khz * KHZ - half, khz * KHZ + half } };
}

static const struct tsc_source silent = { .name = "", .kind = TSC_MEASURED, .range = { 0, 0 } };

static struct tsc_verdict decide(unsigned count, const struct tsc_source *s)
{
	struct tsc_verdict v;

	tsc_decide(s, count, &v);
	return v;
}

#define DECIDE(...) decide(sizeof((struct tsc_source[]){ __VA_ARGS__ }) / sizeof(struct tsc_source), (struct tsc_source[]){ __VA_ARGS__ })

Test(tsc_decide, a_claim_that_is_confirmed_by_measuring_gives_the_value)
{
	struct tsc_verdict v = DECIDE(source(TSC_MEASURED, 2600100, 60), source(TSC_CLAIM, 2600000, 0), silent);

	cr_expect_eq(v.hz, 2600000 * KHZ);
	cr_expect(v.trusted && v.measured && v.agrees[0] && v.agrees[1] && !v.agrees[2]);
	cr_expect_eq(v.agree, 2);
}

/* Bochs: CPUID 15h and 16h, and the ratio of a 3.5 GHz part, while the TSC runs at 60 MHz. */
Test(tsc_decide, what_is_measured_outweighs_all_claims)
{
	struct tsc_verdict v = DECIDE(source(TSC_CLAIM, 3500000, 1), source(TSC_ROUGH, 3500000, 5000), source(TSC_ROUGH, 3500000, 5000),
				      source(TSC_MEASURED, 60000, 30), source(TSC_MEASURED, 60001, 100));

	cr_expect_eq(v.hz, 60000 * KHZ, "the surer of two");
	cr_expect(v.trusted);
	cr_expect_eq(v.agree, 2);
	cr_expect(v.ppm >= 30 && v.ppm <= 32);
}

Test(tsc_decide, two_counters_outvote_a_third)
{
	struct tsc_verdict v = DECIDE(source(TSC_MEASURED, 14449, 10), source(TSC_MEASURED, 100000, 50), source(TSC_MEASURED, 100010, 60));

	cr_expect_eq(v.hz, 100000 * KHZ);
	cr_expect(v.trusted);
}

Test(tsc_decide, counters_that_contradict_each_other_are_not_trusted)
{
	struct tsc_verdict v = DECIDE(source(TSC_MEASURED, 90000, 10), source(TSC_MEASURED, 100000, 50));

	cr_expect_not(v.trusted);
	v = DECIDE(source(TSC_MEASURED, 90000, 10), source(TSC_MEASURED, 100000, 50), source(TSC_ROUGH, 100000, 5000));
	cr_expect(v.trusted, "a nominal frequency says which of them is right");
	cr_expect_eq(v.hz, 100000 * KHZ);
}

Test(tsc_decide, one_counter_alone_suffices_unless_a_claim_contradicts_it)
{
	struct tsc_verdict v = DECIDE(silent, source(TSC_MEASURED, 100000, 50));

	cr_expect(v.trusted);
	cr_expect_eq(v.agree, 1);
	v = DECIDE(source(TSC_CLAIM, 3500000, 1), source(TSC_MEASURED, 100000, 50));
	cr_expect_not(v.trusted);
	cr_expect_eq(v.hz, 100000 * KHZ);
}

Test(tsc_decide, a_lone_claim_makes_a_clock_and_no_guests)
{
	struct tsc_verdict v = DECIDE(silent, source(TSC_CLAIM, 2600000, 1), silent);

	cr_expect_eq(v.hz, 2600000 * KHZ);
	cr_expect_not(v.trusted);
	v = DECIDE(source(TSC_CLAIM, 2600000, 1), source(TSC_ROUGH, 2600000, 5000));
	cr_expect(v.trusted && !v.measured, "two that agree");
}

Test(tsc_decide, what_is_off_by_too_much_is_not_for_guests)
{
	struct tsc_verdict v = DECIDE(source(TSC_MEASURED, 100000, 2000), source(TSC_MEASURED, 100100, 3000));

	cr_expect_not(v.trusted);
	v = DECIDE(source(TSC_MEASURED, 100000, 2000), source(TSC_CLAIM, 100100, 1));
	cr_expect(v.trusted);
	cr_expect_eq(v.hz, 100100 * KHZ);
}

Test(tsc_decide, nothing_at_all_is_an_assumption_and_said)
{
	struct tsc_verdict v = DECIDE(silent, silent);

	cr_expect_not(v.trusted);
	cr_expect_eq(v.agree, 0);
	cr_expect_geq(v.hz, 3000000 * KHZ);
	cr_expect_eq(v.ppm, 1000000);
}
