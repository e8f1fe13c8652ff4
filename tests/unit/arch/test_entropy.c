/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/entropy.h"
#include <criterion/criterion.h>
#include "arch/x86_64/drng.h"

/* What the processor has, and how often its generator is not ready before each number; @stuck: always the same number. */
static bool has_rdrand, has_rdseed, stuck;
static unsigned rdrand_waits, rdseed_waits, waited;
static uint64_t next;

bool drng_has_rdrand(void)
{
	return has_rdrand;
}

bool drng_has_rdseed(void)
{
	return has_rdseed;
}

static bool answer(uint64_t *v, unsigned waits)
{
	*v = 0;
	if (waited++ < waits)
		return false;
	waited = 0;
	*v = stuck ? UINT64_MAX : ++next;
	return true;
}

bool drng_rdrand(uint64_t *v)
{
	cr_assert(has_rdrand, "#UD");
	return answer(v, rdrand_waits);
}

bool drng_rdseed(uint64_t *v)
{
	cr_assert(has_rdseed, "#UD");
	return answer(v, rdseed_waits);
}

static const char *source(void)
{
	uint64_t out[ENTROPY_WORDS];
	const char *name;

	waited = 0;
	name = entropy_cpu(out);
	return name ? name : "none";
}

Test(entropy, rdseed_goes_before_rdrand)
{
	cr_expect_str_eq(source(), "none");
	has_rdrand = true;
	cr_expect_str_eq(source(), "RDRAND");
	has_rdseed = true;
	cr_expect_str_eq(source(), "RDSEED");
}

Test(entropy, a_generator_that_is_slow_is_waited_for)
{
	has_rdrand = has_rdseed = true;
	rdseed_waits = 900;
	cr_expect_str_eq(source(), "RDSEED");
	rdseed_waits = 100000;
	rdrand_waits = 9;
	cr_expect_str_eq(source(), "RDRAND");
}

Test(entropy, a_generator_that_gives_nothing_is_no_source)
{
	has_rdrand = true;
	rdrand_waits = 1000000;
	cr_expect_str_eq(source(), "none");
}

Test(entropy, a_generator_that_always_answers_all_ones_is_no_source)
{
	has_rdrand = has_rdseed = stuck = true;
	cr_expect_str_eq(source(), "none");
}
