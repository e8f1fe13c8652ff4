/* SPDX-License-Identifier: MIT */
/* job.c: small steps in the life of a job. */
#include "job.h"
#include <stddef.h>
#include "lib/fmt.h"

const char *mig_phase_name(enum mig_phase phase)
{
#define PHASE_TEXT(name, text) text,
	static const char *const text[MIG_PHASE_COUNT] = { MIG_PHASES(PHASE_TEXT) };
#undef PHASE_TEXT

	return text[phase];
}

const char *mig_job_place(const struct mig_job *job)
{
	return job->in_doubt ? "IN_DOUBT" : mig_phase_name(job->phase);
}

const char *mig_job_reason(const struct mig_job *job)
{
	return job->in_doubt ? job->doubt : job->state == MIG_JOB_NEW ? job->waits : job->error;
}

bool mig_job_link(const struct mig_job *job, uint64_t now_ns, struct why *why)
{
	uint64_t left = job->lost_until_ns > now_ns ? job->lost_until_ns - now_ns : 0;

	if (!job->lost_ns)
		return false;
	why_set(why, "link lost %u s ago (%s), %s for %u s more", (unsigned)((now_ns - job->lost_ns) / 1000000000),
		job->lost, job->incoming ? "waiting" : "trying again", (unsigned)((left + 999999999) / 1000000000));
	return true;
}

const struct mig_job_round *mig_job_row(const struct mig_job *job, uint32_t n)
{
	uint32_t kept = job->rounds < MIG_JOB_ROUNDS ? job->rounds : MIG_JOB_ROUNDS;

	return n < kept ? &job->round[(job->rounds - kept + n) % MIG_JOB_ROUNDS] : NULL;
}

void mig_job_phase(struct mig_job *job, enum mig_phase phase, uint64_t now_ns)
{
	job->phase = phase;
	job->changed_ns = now_ns;
}

void mig_job_end(struct mig_job *job, enum mig_job_state state, uint16_t error_code, const char *text,
		 uint64_t now_ns)
{
	static const enum mig_phase phase[] = {
		[MIG_JOB_COMPLETED] = MIG_PHASE_DONE,
		[MIG_JOB_CANCELLED] = MIG_PHASE_CANCELLED,
		[MIG_JOB_FAILED] = MIG_PHASE_FAILED,
	};

	job->state = state;
	job->error_code = error_code;
	job->in_doubt = false;
	job->lost_ns = 0;
	fmt(job->error, sizeof(job->error), "%s", text ? text : "");
	mig_job_phase(job, phase[state], now_ns);
	job->ended_ns = now_ns;
	job->bytes_left = 0;
	if (state == MIG_JOB_COMPLETED)
		job->percent = 100;
}

void mig_job_lost(struct mig_job *job, const char *text, uint64_t now_ns, uint64_t until_ns)
{
	fmt(job->lost, sizeof(job->lost), "%s", text);
	job->lost_ns = job->changed_ns = now_ns;
	job->lost_until_ns = until_ns;
}

void mig_job_back(struct mig_job *job, uint64_t now_ns)
{
	job->lost_ns = 0;
	job->changed_ns = now_ns;
	job->reconnects++;
}

struct mig_job_round *mig_job_round(struct mig_job *job)
{
	return &job->round[(job->rounds ? job->rounds - 1 : 0) % MIG_JOB_ROUNDS];
}

void mig_job_percent(struct mig_job *job, unsigned percent)
{
	if (percent > job->percent && percent < 100)
		job->percent = (uint16_t)percent;
}
