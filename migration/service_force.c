/* SPDX-License-Identifier: MIT */
/* service_force.c: outcomes that an operator forces, told what they risk. */
#include <string.h>
#include "lib/log.h"
#include "service_parts.h"

enum err mig_job_force(struct mig_service *m, uint32_t job, enum mig_force force, bool accept_risk, uint64_t now_ns,
		       struct why *why)
{
	const struct mig_job *j = mig_job_find(m, job);

	for (unsigned i = 0; i < SERVICE_OUT && j; i++)
		if (m->out[i].source && m->out[i].source->job == j)
			return mig_source_force(m->out[i].source, force, accept_risk, now_ns, why);
	for (unsigned i = 0; i < SERVICE_IN && j; i++)
		if (m->core.in[i] && m->core.in[i]->job == j && !j->ended_ns)
			return mig_dest_force(m->core.in[i], force, accept_risk, now_ns, why);
	why_set(why, j ? "job %u has ended already" : "there is no job %u", job);
	return j ? ERR_STATE : ERR_NOTFOUND;
}

/* The job that an operator must force instead; 0: none. */
static uint32_t open_job(const struct mig_service *m, const uint8_t uuid[16])
{
	for (unsigned i = 0; i < SERVICE_OUT; i++) {
		const struct mig_source *s = m->out[i].source;

		if (s && !m->out[i].check && s->handoff >= HS_COMMITTED && !s->job->ended_ns &&
		    !memcmp(s->def.uuid, uuid, sizeof(s->def.uuid)))
			return s->job_id;
	}
	for (unsigned i = 0; i < SERVICE_IN; i++)
		if (m->core.in[i] && m->core.in[i]->guest && m->core.in[i]->job &&
		    !memcmp(m->core.in[i]->def.uuid, uuid, sizeof(m->core.in[i]->def.uuid)))
			return m->core.in[i]->job->id;
	return 0;
}

/* An attempt that was given up by force and is still asked about: from now on D is told ABORT instead. */
static void end_asking(struct mig_service *m, const uint8_t uuid[16])
{
	for (unsigned i = 0; i < SERVICE_OUT; i++) {
		struct mig_source *s = m->out[i].source;

		if (s && s->handoff == HS_BARE && s->job->ended_ns && !memcmp(s->def.uuid, uuid, sizeof(s->def.uuid)))
			service_out_free(&m->out[i]);
	}
}

static void release_note(struct mig_service *m, const struct mig_note *n)
{
	struct mig_records *r = &m->core.records;
	struct mig_note note = *n;
	struct why why;

	if (n->state == MIG_RECORD_OWNED && n->restored) {
		mig_records_remove(r, note.attempt);
		return;
	}
	if (n->state != MIG_RECORD_COMMITTED)
		return;
	if (mig_records_put(r, &note, MIG_RECORD_ABORTED, &why) != ERR_OK)
		log_warn("mig", "%s", why.text);
	mig_records_orphan(r, note.attempt);
}

static void release(struct mig_service *m, const uint8_t uuid[16])
{
	struct mig_records *r = &m->core.records;

	end_asking(m, uuid);
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (r->note[i].state && !memcmp(r->note[i].vm_uuid, uuid, sizeof(r->note[i].vm_uuid)))
			release_note(m, &r->note[i]);
	mig_away_home(r, uuid);
	for (unsigned i = 0; i < MIG_PROMISES; i++)
		if (!memcmp(m->core.promise[i].vm_uuid, uuid, sizeof(m->core.promise[i].vm_uuid)))
			m->core.promise[i].until_ns = 0;
	mig_records_drop_strange(r, uuid);
}

enum err mig_service_vm_reclaim(struct mig_service *m, const uint8_t uuid[16], bool accept_risk, struct why *why)
{
	uint32_t job = open_job(m, uuid);
	struct why held;

	if (!mig_service_vm_held(m, uuid, &held)) {
		why_set(why, "nothing holds this machine back");
		return ERR_NOTFOUND;
	}
	if (job) {
		why_set(why, "job %u is not settled: force that", job);
		return ERR_STATE;
	}
	*why = held;
	if (!accept_risk)
		return ERR_REFUSED;
	log_warn("mig", "an operator takes it upon himself: %s", held.text);
	release(m, uuid);
	return ERR_OK;
}
