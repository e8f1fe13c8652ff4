/* SPDX-License-Identifier: MIT */
/* unit: migration/[a-z]*.c lib/crc32c.c lib/err.c lib/fmt.c lib/pages.c lib/state.c lib/why.c tests/fake/fake_guest.c tests/fake/fake_log.c tests/fake/mig_pair.c tests/fake/mig_wire.c tests/fake/pipe.c */
/* libs: -Lbuild/deps/host -lthird */
#include <criterion/criterion.h>
#include "tests/fake/mig_pair.h"

/* Budgets against reality, and what becomes of migrations that do not converge by themselves. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;

static void setup(void)
{
	pair_init(&pair, 16 * MIB);
	pair.link.rate = 10 * MIB;
	pair.link.delay_ns = MS;
	pair.host[1].idle = true;
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(converge, .init = setup, .fini = teardown);

static const struct mig_job *move(enum mig_verify verify)
{
	return pair_wait(&pair, 0, pair_migrate(&pair, 0, verify), 200 * SECOND);
}

Test(converge, the_time_for_the_memory_hash_is_foretold)
{
	const struct mig_job *job;

	fake_guest_work(pair.host[0].guest[0], 2000, 1000);
	job = move(MIG_VERIFY_FULL);
	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_gt(job->term[MIG_TERM_VERIFY].budget_ns, 0);
	cr_expect_gt(job->term[MIG_TERM_VERIFY].real_ns, 0);
}

Test(converge, no_hash_takes_no_time)
{
	const struct mig_job *job = move(MIG_VERIFY_OFF);

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_eq(job->term[MIG_TERM_VERIFY].budget_ns, 0);
}
