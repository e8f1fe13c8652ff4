/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "tests/fake/mig_pair.h"

/* Random links, cuts and cancels, many times over: whatever happens, one guest runs, and in the end nothing is held. */

#define MS 1000000ull
#define SECOND (1000 * MS)
#define MIB (1ull << 20)

static struct pair pair;
static uint64_t random_state;

static unsigned random_below(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

/* Three of four connections die somewhere, until the storm is over. */
static void on_connect(struct pair *p, unsigned number, struct pipe *pipe)
{
	(void)p;
	if (number < 12 && random_below(4))
		pipe_cut_after(pipe, (int)random_below(2), random_below(random_below(2) ? 4000 : 1500000),
			       random_below(2));
}

static void start(unsigned seed)
{
	random_state = 0x9e3779b97f4a7c15ull * (seed + 1);
	pair_init(&pair, 4 * MIB);
	pair.on_connect = on_connect;
	pair.link.rate = (1 + random_below(20)) * MIB;
	pair.link.delay_ns = random_below(30) * MS;
	pair.link.capacity = 3000 + random_below(200000);
	pair.link.chop = random_below(3) ? random_below(1000) : 0;
	fake_guest_work(pair.host[0].guest[0], 300, 200);
	pair.work = random_below(3);
	pair.work_pages = 64;
}

/* One attempt from wherever the guest is; sometimes an operator changes his mind. */
static void attempt(unsigned seed)
{
	int from = pair_running(&pair, 0) ? 0 : 1;
	uint32_t id = pair_migrate(&pair, from, random_below(2) ? MIG_VERIFY_FULL : MIG_VERIFY_OFF);
	const struct mig_job *job;
	struct why why;

	if (!random_below(3)) {
		pair_run(&pair, random_below(1500) * MS);
		if (mig_job_cancel(pair.host[from].service, id, pipe_now_ns, &why) == ERR_OK)
			cr_assert_not_null(pair_running(&pair, from), "seed %u: cancelled and stopped", seed);
	}
	job = pair_wait(&pair, from, id, 300 * SECOND);
	cr_assert(job->ended_ns, "seed %u: phase %s, %s", seed, mig_phase_name(job->phase), job->doubt);
	cr_assert_leq(pair.most_running, 1, "seed %u: two ran", seed);
	cr_assert_eq(pair_count(&pair, FAKE_RUNNING), 1, "seed %u: none runs", seed);
	cr_assert_not_null(pair_running(&pair, job->state == MIG_JOB_COMPLETED ? !from : from), "seed %u", seed);
	cr_assert(job->state == MIG_JOB_COMPLETED || job->error[0], "seed %u: no reason", seed);
}

Test(storm, leaves_one_guest_and_nothing_half_done)
{
	for (unsigned seed = 0; seed < 150; seed++) {
		const struct mig_job *job;
		uint32_t id;
		int from;

		start(seed);
		for (int n = 0; n < 3; n++)
			attempt(seed);
		/* The sky clears. */
		pair.on_connect = NULL;
		pair_run(&pair, 60 * SECOND);
		cr_assert_eq(pair_count(&pair, FAKE_EMPTY) + pair_count(&pair, FAKE_LOADED) +
			     pair_count(&pair, FAKE_STOPPED), 0, "seed %u: a copy is left", seed);
		from = pair_running(&pair, 0) ? 0 : 1;
		id = pair_migrate(&pair, from, MIG_VERIFY_FULL);
		job = pair_wait(&pair, from, id, 100 * SECOND);
		cr_assert_eq(job->state, MIG_JOB_COMPLETED, "seed %u: %s", seed, job->error);
		pair_fini(&pair);
	}
}
