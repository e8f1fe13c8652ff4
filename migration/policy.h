/* SPDX-License-Identifier: MIT */
/* policy.h: when to stop the guest: the downtime budget and the decision, as pure functions. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* T(name, text): the parts of the downtime, in order of time. */
#define MIG_TERMS_TABLE(T)				\
	T(STOP,	       "stop vCPUs")			\
	T(HARVEST,     "last harvest")			\
	T(PAGES,       "last pages")			\
	T(STATE_SAVE,  "state save")			\
	T(STATE_SEND,  "state transfer")		\
	T(STATE_LOAD,  "state load")			\
	T(VERIFY,      "memory hash")			\
	T(RECORDS,     "record keeping")		\
	T(ROUND_TRIPS, "round trips and resume")

#define MIG_TERM_ENUM(name, text) MIG_TERM_##name,
enum mig_term_id { MIG_TERMS_TABLE(MIG_TERM_ENUM) MIG_TERMS };
#undef MIG_TERM_ENUM

const char *mig_term_name(enum mig_term_id term);

/* What was measured so far; 0 where nothing was. */
struct mig_measured {
	uint64_t stop_ns;		/* of an earlier stop */
	uint64_t harvest_ns;		/* one harvest of all present chunks */
	uint64_t dirty_pages;		/* to send after the stop */
	uint64_t page_bytes;		/* on the wire per dirty page, average of the last round; 0: a raw page */
	/* bytes a second that the unthrottled link carries for sure (mig_rate_known); 0 unknown */
	uint64_t rate;
	uint64_t cap;			/* bytes a second that rounds may use while the guest runs; 0: all */
	uint64_t send_ns, load_ns;	/* work of the source and of the destination on a page; 0 unknown */
	uint64_t state_save_ns, state_bytes, state_load_ns;	/* dry run */
	uint64_t verify_ns;		/* 0 without verify */
	/* writing what the source and the destination must record; 0 unknown or nothing */
	uint64_t record_ns, peer_record_ns;
	uint64_t round_trip_ns;
};

struct mig_budget {
	uint64_t term_ns[MIG_TERMS];
	uint64_t total_ns;		/* of all terms but VERIFY, which the caller asked for whatever it costs */
	uint64_t pages_bytes;		/* bytes behind the PAGES term */
	/* that rounds carry to the destination, with link, cap and processors as they are; 0 unknown */
	uint64_t pages_per_s;
};

void mig_budget(const struct mig_measured *m, struct mig_budget *out);

/* What to do when rounds do not shrink: stop at the best point; give up and keep running; slow the guest's writes down
 * until rounds shrink, and only if that does not help stop at the best point. DEFAULT: what the host says, else STOP.
 * The values of CIM's WhenStuck. */
enum mig_stuck { MIG_STUCK_DEFAULT, MIG_STUCK_STOP, MIG_STUCK_FAIL, MIG_STUCK_THROTTLE };
enum mig_decision { MIG_CONTINUE, MIG_STOP_NOW, MIG_GIVE_UP, MIG_SLOW_DOWN };

#define MIG_ROUNDS_MAX	30	/* rounds after which a migration counts as stuck */
#define MIG_STUCK_ROUNDS 4	/* rounds without a tenth less dirty than the best before */
#define MIG_THROTTLE_ROUNDS 2	/* of them before the guest is slowed down */
#define MIG_THROTTLE_STEPS 5	/* 1/2, 1/4 ... of what the link carries */
#define MIG_THROTTLE_LEAST 16	/* pages a second that are left to the guest whatever the link */

/* The history that tells "slow" from "stuck"; zero it before round 1. */
struct mig_progress {
	uint64_t best_pages;
	unsigned rounds, stale_rounds;
	unsigned throttle_steps;	/* taken so far */
	uint64_t allowance;		/* pages a second that the guest may dirty; 0: as many as it likes */
};

/* Called at the end of each round with the budget of stopping now. MIG_SLOW_DOWN: the guest gets p->allowance, and
 * the rounds go on. */
enum mig_decision mig_decide(struct mig_progress *p, const struct mig_budget *budget, uint64_t dirty_pages,
			     uint64_t max_downtime_ns, enum mig_stuck stuck);
