/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc_claims.h"
#include "arch/x86_64/tsc_counters.h"

/* What the sources say; the clock itself runs on the TSC of the machine that the test runs on, whatever its frequency is taken for. */
static uint64_t first_hz, second_hz, half_width;
static struct tsc_source claim;

static void say(struct tsc_source *out, uint64_t hz)
{
	for (unsigned i = 0; i < TSC_COUNTERS; i++)
		out[i] = (struct tsc_source){ "counter", TSC_MEASURED, { hz ? hz - half_width : 0, hz ? hz + half_width : 0 } };
}

void tsc_counters_measure(uint64_t rsdp, struct tsc_source *out)
{
	cr_expect_eq(rsdp, 0x1234);
	say(out, first_hz);
}

void tsc_counters_again(struct tsc_source *out) { say(out, second_hz); }
void tsc_raw_read(struct tsc_raw *raw) { memset(raw, 0, sizeof(*raw)); }

unsigned tsc_claims(const struct tsc_raw *raw, struct tsc_source *out)
{
	(void)raw;
	out[0] = claim;
	return claim.name != NULL;
}

static void begin(void)
{
	first_hz = second_hz = 2000000000;
	half_width = 20000;
	claim = (struct tsc_source){ 0 };
}

TestSuite(host_time, .init = begin);

Test(host_time, the_clock_goes_on_where_it_was_when_the_frequency_changes)
{
	uint64_t before, after, tsc;

	second_hz = 1999000000;
	time_init(0x1234);
	time_delay_us(2000);
	cr_expect_eq(time_tsc_khz(), 2000000);
	tsc = time_tsc();
	before = time_ns();
	time_refine();
	after = time_ns();
	cr_expect_eq(time_tsc_khz(), 1999000);
	cr_expect_geq(after, before);
	cr_expect_leq(after - before, (time_tsc() - tsc) * 501 / 1000 + 1000, "not by more than the TSC went on");
	cr_expect_geq(before, 2000000, "the delay is in it");
}

Test(host_time, ticks_and_nanoseconds_are_each_others_inverse)
{
	time_init(0x1234);
	cr_expect_eq(time_ns_to_tsc(1000000000), 2000000000);
	cr_expect_eq(time_tsc_to_ns(2000000000), 1000000000);
	for (uint64_t ns = 1; ns < 1ull << 58; ns = ns * 3 + 1)
		cr_expect_leq(ns - time_tsc_to_ns(time_ns_to_tsc(ns)), 1 + (ns >> 30), "%lu ns", (unsigned long)ns);
}

Test(host_time, a_frequency_that_is_not_certain_is_not_trusted_and_the_clock_still_runs)
{
	struct why why = { "" };
	uint64_t ns;

	first_hz = 0;
	time_init(0x1234);
	cr_expect_not(time_trusted(&why));
	cr_expect_neq(why.text[0], 0);
	ns = time_ns();
	time_delay_us(100);
	cr_expect_geq(time_ns(), ns + 100000);
	time_refine();
	cr_expect(time_trusted(&why), "a longer look can mend it");
}

Test(host_time, the_reason_names_what_is_wrong)
{
	struct why why = { "" };

	half_width = 10000000;
	time_init(0x1234);
	cr_expect_not(time_trusted(&why));
	cr_expect(strstr(why.text, "5001 ppm"), "%s", why.text);
	begin();
	first_hz = 0;
	claim = (struct tsc_source){ "CPUID 15H", TSC_CLAIM, { 2000000000, 2000000000 } };
	time_init(0x1234);
	cr_expect_not(time_trusted(&why));
	cr_expect(strstr(why.text, "one claim alone"), "%s", why.text);
	cr_expect_eq(time_tsc_khz(), 2000000);
}

Test(host_time, the_wall_clock_goes_on_from_what_was_set)
{
	time_init(0x1234);
	time_set_wall(1700000000);
	cr_expect(time_wall_seconds() - 1700000000 <= 1);
	time_refine();
	cr_expect(time_wall_seconds() - 1700000000 <= 1);
}
