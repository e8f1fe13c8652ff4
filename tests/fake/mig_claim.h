/* SPDX-License-Identifier: MIT */
/* mig_claim.h: what tests of claims do with a pair of hosts: a whole move, and the end of the guest where it runs. */
#pragma once
#include <criterion/criterion.h>
#include "migration/protocol.h"
#include "mig_pair.h"

static inline void claim_move(struct pair *p, int from)
{
	uint32_t job = pair_migrate(p, from, MIG_VERIFY_OFF);

	cr_assert_eq(pair_wait(p, from, job, 30 * MIG_SECOND)->state, MIG_JOB_COMPLETED);
	while (!pair_quiet(p))
		pair_step(p);
	pair_run(p, MIG_SECOND);
}

static inline void claim_power_off(struct pair *p, int host)
{
	struct fake_guest *g = pair_running(p, host);

	cr_assert_not_null(g);
	g->life = FAKE_OFF;
}
