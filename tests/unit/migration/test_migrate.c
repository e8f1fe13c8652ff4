/* SPDX-License-Identifier: MIT */
/* unit: migration/ask.c migration/core.c migration/dest.c migration/dest_handoff.c migration/dest_load.c migration/dest_open.c migration/digest.c migration/farewell.c migration/handoff.c migration/job.c migration/load.c migration/policy.c migration/protocol.c migration/rate.c migration/records.c migration/rounds.c migration/service.c migration/service_out.c migration/source.c migration/source_handoff.c migration/source_open.c migration/source_rounds.c migration/stream.c lib/crc32c.c lib/err.c lib/fmt.c lib/state.c lib/why.c tests/fake/fake_guest.c tests/fake/fake_log.c tests/fake/mig_pair.c tests/fake/pipe.c */
#include <criterion/criterion.h>
#include "tests/fake/mig_pair.h"

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;

static void setup(void)
{
	pair_init(&pair, 16 * MIB);
	pair.link.rate = 20 * MIB;
	pair.link.delay_ns = MS;
	fake_guest_work(pair.host[0].guest[0], 3000, 1500);
	for (uint64_t pfn = 700; pfn < 720; pfn++)
		fake_guest_fill(pair.host[0].guest[0], pfn, 0);
	pair.host[1].idle = true;
	pair.work = 2;
	pair.work_pages = 64;
}

static void teardown(void)
{
	pair_fini(&pair);
}

TestSuite(migrate, .init = setup, .fini = teardown);

Test(migrate, moves_a_running_guest_with_memory_and_state_equal)
{
	const struct mig_job *job = pair_wait(&pair, 0, pair_migrate(&pair, 0, MIG_VERIFY_OFF), 60 * SECOND);
	struct fake_guest *old = pair.host[0].guest[0], *new = pair.host[1].guest[0];

	cr_assert_eq(job->state, MIG_JOB_COMPLETED, "%s", job->error);
	cr_expect_eq(old->life, FAKE_RELEASED);
	cr_expect_eq(new->runs, 1);
	cr_expect_eq(pair.most_running, 1);
	cr_expect_gt(job->rounds, 1);
	cr_expect_leq(job->downtime_ns, 300 * MS);
	cr_expect_eq(job->percent, 100);
	cr_expect(fake_guest_equal(old, new));
}
