/* SPDX-License-Identifier: MIT */
/* source_doubt.c: the source after COMMITTED without an outcome: asking, also after a restart, and an operator's
 * word. */
#include "source_parts.h"
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"

void source_tell(struct mig_source *s, enum mig_job_state state, uint16_t error_code, const char *text, uint64_t now_ns)
{
	if (!s->job->ended_ns) {
		mig_job_end(s->job, state, error_code, text, now_ns);
		return;
	}
	/* It was ended by force before this outcome came. */
	if (state == MIG_JOB_COMPLETED)
		return;
	log_error("mig", "job %u: %s", s->job_id, text);
	mig_core_tell(s->core, s->job_id, text);
}

void source_ask(struct mig_source *s, uint64_t now_ns)
{
	if (!s->job->in_doubt && !s->job->ended_ns) {
		s->job->in_doubt = true;
		s->job->doubt_since_ns = now_ns;
	}
	if (s->why.text[0])
		memcpy(s->job->doubt, s->why.text, sizeof(s->job->doubt));
	mig_stream_fini(&s->stream, true);
	/* It may take for ever, and needs nothing of what sending took. */
	mig_rounds_fini(&s->rounds);
	free(s->state);
	s->state = NULL;
	if (!s->ask.type) {
		mig_ask_init(&s->ask, s->core, &s->note, now_ns);
		s->ask.type = MIG_QUERY;
	}
	source_go(s, MIG_AT_DOUBT, s->job->ended_ns ? s->job->phase : MIG_PHASE_IN_DOUBT, UINT64_MAX, now_ns);
}

static enum handoff_event event_of(enum mig_ask_result result)
{
	switch (result) {
	case MIG_ASK_RUNNING:	return HE_RUNNING;
	case MIG_ASK_REFUSED:	return HE_REFUSED;
	case MIG_ASK_PREPARED:	return HE_ANSWER_PREPARED;
	case MIG_ASK_LOST:	return HE_LOST;
	default:		return HE_ANSWER_NONE;
	}
}

void source_doubt_step(struct mig_source *s, uint64_t now_ns)
{
	enum mig_ask_result result = mig_ask_step(&s->ask, now_ns);

	/* What D has said weighs more than why it is not to be reached just now. */
	if (result == MIG_ASK_NONE || result == MIG_ASK_REBOOTED || result == MIG_ASK_LOST)
		s->answered = result;
	if (s->ask.last.text[0] && (result == s->answered || !s->answered) && !s->job->ended_ns) {
		memcpy(s->why.text, s->ask.last.text, sizeof(s->why.text));
		memcpy(s->job->doubt, s->ask.last.text, sizeof(s->job->doubt));
	}
	if (result == MIG_ASK_AGAIN)
		return;
	if (result == MIG_ASK_REFUSED) {
		s->error = ERR_REFUSED;
		why_set(&s->why, "%s refused after COMMIT", s->note.peer_name);
	}
	source_event(s, event_of(result), now_ns);
}

void mig_source_restore(struct mig_source *s, struct mig_core *core, const struct mig_note *note, struct mig_job *job,
			uint64_t now_ns)
{
	memset(s, 0, sizeof(*s));
	s->core = core;
	s->job = job;
	s->job_id = job->id;
	s->note = *note;
	memcpy(s->attempt, note->attempt, sizeof(s->attempt));
	memcpy(s->def.name, note->vm, sizeof(s->def.name));
	memcpy(s->def.uuid, note->vm_uuid, sizeof(s->def.uuid));
	s->options.purpose = MIG_PURPOSE_MIGRATE;
	s->options.ipv4 = note->peer_ipv4;
	s->options.port = note->peer_port;
	s->peer_may_be_prepared = true;
	s->handoff = HS_BARE;
	memcpy(job->vm, note->vm, sizeof(job->vm));
	memcpy(job->vm_uuid, note->vm_uuid, sizeof(job->vm_uuid));
	memcpy(job->peer_name, note->peer_name, sizeof(job->peer_name));
	job->peer_ipv4 = note->peer_ipv4;
	job->peer_port = note->peer_port;
	job->state = MIG_JOB_ACTIVE;
	job->restored = true;
	job->started_ns = now_ns;
	mig_job_percent(job, 99);
	why_set(&s->why, "%s was committed to %s and this host has restarted since; the copy here is gone, asking %s",
		note->vm, note->peer_name, note->peer_name);
	source_ask(s, now_ns);
}

static void say_risk(const struct mig_source *s, enum mig_force force, uint64_t now_ns, struct why *why)
{
	const char *vm = s->note.vm, *peer = s->note.peer_name;
	unsigned seconds = (unsigned)((now_ns - s->job->doubt_since_ns) / MIG_SECOND);

	if (force == MIG_FORCE_FORGET)
		why_set(why, s->handoff == HS_BARE ?
			"%s is taken to run on %s; if it does not, it is lost" :
			"the copy of %s here is freed; if it does not run on %s, it is lost", vm, peer);
	else if (s->answered == MIG_ASK_LOST)
		why_set(why,
			"%s ran on %s until that restarted: all that it did there is undone, though others may have "
			"seen it; and if it was moved on from there, it runs twice",
			vm, peer);
	else if (s->answered)
		why_set(why,
			"%s has forgotten whether it ran %s: what it did there would be undone, though others may have "
			"seen it; and if it was moved on from there, it runs twice",
			peer, vm);
	else
		why_set(why,
			"%s may run on %s, which has not answered for %u s: it would run twice, with the same "
			"addresses and the same disks",
			vm, peer, seconds);
}

enum err mig_source_force(struct mig_source *s, enum mig_force force, bool accept_risk, uint64_t now_ns,
			  struct why *why)
{
	bool copy = s->handoff == HS_COMMITTED;

	if (s->place != MIG_AT_DOUBT || !s->job->in_doubt || force == MIG_FORCE_RUN ||
	    (force == MIG_FORCE_RESUME && !copy)) {
		why_set(why,
			s->place != MIG_AT_DOUBT || !s->job->in_doubt ? "%s is not in doubt: nothing can be forced" :
			force == MIG_FORCE_RUN ? "%s left from here: it can be resumed or given up here, not run" :
						 "the copy of %s here is gone: there is nothing to resume",
			s->note.vm);
		return ERR_STATE;
	}
	if (!accept_risk) {
		say_risk(s, force, now_ns, why);
		return ERR_REFUSED;
	}
	s->job->forced = true;
	if (force == MIG_FORCE_RESUME) {
		s->error = ERR_STATE;
		why_set(&s->why, "an operator forced %s to run on here, in doubt whether it runs on %s", s->note.vm,
			s->note.peer_name);
		source_event(s, HE_FORCE_RESUME, now_ns);
		return ERR_OK;
	}
	why_set(&s->why, "an operator gave %s up here, believing that it runs on %s", s->note.vm, s->note.peer_name);
	log_warn("mig", "job %u: %s", s->job_id, s->why.text);
	source_event(s, HE_FORCE_FORGET, now_ns);
	mig_job_end(s->job, copy ? MIG_JOB_COMPLETED : MIG_JOB_FAILED, copy ? 0 : (uint16_t)ERR_STATE, s->why.text,
		    now_ns);
	/* An ended job belongs to the core, which may use its place again; asking goes on. */
	s->own_job = *s->job;
	s->job = &s->own_job;
	return ERR_OK;
}
