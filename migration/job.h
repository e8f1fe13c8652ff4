/* SPDX-License-Identifier: MIT */
/* job.h: everything a person may want to know about one migration, while it runs and afterwards. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/why.h"
#include "policy.h"
#include "type.h"

#define MIG_JOBS	64	/* under way or kept */
#define MIG_JOBS_IN	32	/* of these, incoming ones: other hosts can't use up the places of this one's moves */
#define MIG_JOB_KEEP_NS	(300ull * 1000000000ull)
#define MIG_JOB_ROUNDS	32

/* P(name, text): where a migration is. */
#define MIG_PHASES(P)			\
	P(WAITING,	"WAITING")	\
	P(CONNECT,	"CONNECT")	\
	P(HELLO,	"HELLO")	\
	P(OFFER,	"OFFER")	\
	P(ROUNDS,	"ROUNDS")	\
	P(SHUTDOWN,	"SHUTDOWN")	\
	P(STOP,		"STOP")		\
	P(STATE,	"STATE")	\
	P(READY,	"READY")	\
	P(COMMIT,	"COMMIT")	\
	P(IN_DOUBT,	"IN_DOUBT")	\
	P(RUNNING,	"RUNNING")	\
	P(DONE,		"DONE")		\
	P(FAILED,	"FAILED")	\
	P(CANCELLED,	"CANCELLED")

#define MIG_PHASE_ENUM(name, text) MIG_PHASE_##name,
enum mig_phase { MIG_PHASES(MIG_PHASE_ENUM) MIG_PHASE_COUNT };
#undef MIG_PHASE_ENUM

enum mig_job_state { MIG_JOB_NEW, MIG_JOB_ACTIVE, MIG_JOB_COMPLETED, MIG_JOB_CANCELLED, MIG_JOB_FAILED };

struct mig_job_round {
	uint64_t start_ns, end_ns;	/* since the job was submitted */
	uint64_t pages;			/* sent (or received) with content */
	uint64_t zero_pages;		/* as zero */
	uint64_t bytes;			/* of PAGES records on the wire */
	uint64_t dirty_pages;		/* found dirty by the tracker in this round */
};

struct mig_job_term { const char *name; uint64_t budget_ns, real_ns; };

struct mig_job {
	uint32_t id;			/* > 0; 0: free place */
	char vm[32];
	uint8_t vm_uuid[16];
	uint32_t peer_ipv4;		/* host byte order */
	uint16_t peer_port;
	char peer_name[64];		/* "" before HELLO */
	bool incoming;			/* this host is the destination */
	enum mig_move_type type;	/* 0: not known here (the source is older: STOP tells Live from the others) */
	enum mig_job_state state;
	enum mig_phase phase;
	bool in_doubt;			/* committed, outcome unknown here; doubt says why */
	char doubt[WHY_TEXT];
	uint64_t doubt_since_ns;
	bool forced;			/* an operator forced the outcome; error says how, also when COMPLETED */
	bool restored;			/* begun in an earlier boot of this host, whose copy is gone */
	char waits[WHY_TEXT];		/* what it waits for, while NEW */
	/* since when there is no link in ROUNDS, 0: there is one; waited for until then */
	uint64_t lost_ns, lost_until_ns;
	char lost[WHY_TEXT];		/* how it was lost */
	uint32_t reconnects;		/* times it came back */
	char error[WHY_TEXT];		/* when FAILED or CANCELLED */
	uint16_t error_code;		/* enum err, 0 none */
	uint16_t percent;
	uint64_t submitted_ns, started_ns, changed_ns, ended_ns;	/* clock of the step functions, 0 = not yet */
	uint32_t rounds;		/* rounds so far; row of round r (from 1) is (r - 1) % MIG_JOB_ROUNDS */
	struct mig_job_round round[MIG_JOB_ROUNDS];
	uint64_t bytes_sent;		/* all records, both kinds of job count what came from the source */
	uint64_t bytes_left, pages_sent, dirty_rate_pages, rate_bytes;
	uint64_t nonzero_bytes;		/* guest memory that was not zero when first sent */
	/* a second that the guest was allowed to dirty in the end; 0: never slowed down */
	uint64_t throttle_pages;
	uint64_t max_downtime_ns;	/* allowed */
	uint64_t expected_downtime_ns, downtime_ns;
	uint32_t terms;			/* valid rows of term[]; real_ns is set when the guest runs again */
	struct mig_job_term term[MIG_TERMS];
	bool verified;			/* both hashes are valid */
	uint64_t hash_source, hash_destination;
};

/* "ROUNDS" and so on. */
const char *mig_phase_name(enum mig_phase phase);
/* Where @job is: its doubt, or its phase by name. */
const char *mig_job_place(const struct mig_job *job);
/* Why it is in doubt, what it waits for while it is NEW, or its error; "" there is none of them. */
const char *mig_job_reason(const struct mig_job *job);
/* What is waited for, and for how long, while there is no link; false: there is one, or none is needed. */
bool mig_job_link(const struct mig_job *job, uint64_t now_ns, struct why *why);
/* Row @n of the rounds that are kept, the oldest first; NULL past the last. */
const struct mig_job_round *mig_job_row(const struct mig_job *job, uint32_t n);
/* Moves @job to @phase at @now_ns. */
void mig_job_phase(struct mig_job *job, enum mig_phase phase, uint64_t now_ns);
/* Ends @job; @text (may be NULL) is why it failed. */
void mig_job_end(struct mig_job *job, enum mig_job_state state, uint16_t error_code, const char *text,
		 uint64_t now_ns);
/* No link from @now_ns on; or there is one again. */
void mig_job_lost(struct mig_job *job, const char *text, uint64_t now_ns, uint64_t until_ns);
void mig_job_back(struct mig_job *job, uint64_t now_ns);
/* The row of the current round. */
struct mig_job_round *mig_job_round(struct mig_job *job);
/* Raises the percentage; it never falls. */
void mig_job_percent(struct mig_job *job, unsigned percent);
