/* SPDX-License-Identifier: MIT */
/* dest_handoff.c: the destination's half of the hand-off: carries out the rows of handoff.c. */
#include "dest_parts.h"
#include <string.h>
#include "lib/fmt.h"
#include "lib/log.h"

/* False: nothing may be promised. */
static bool record(struct mig_dest *d, enum mig_record_state state)
{
	enum err e;

	d->note.digest = d->ready.digest;
	d->note.when_s = mig_core_wall(d->core);
	e = mig_core_record(d->core, &d->note, state, &d->record_ns, &d->why);
	if (!e && state == MIG_RECORD_PREPARED)
		d->prepared_ns = mig_core_clock(d->core);
	return e == ERR_OK;
}

/* Has the machine of @n, which was lost here, come here since, or gone on from here? Its record kept it from being
 * started meanwhile, so what this boot runs, or ran, came; what is only on its way may still stay where it is. */
static bool came_since(const struct mig_core *c, const struct mig_note *n)
{
	const struct mig_host *host = &c->host;
	enum mig_vm_here here = host->vm_here ? host->vm_here(host->ctx, n->vm_uuid) : MIG_VM_ABSENT;
	const struct mig_note *away = mig_away_get(&c->records, n->vm_uuid);

	if (mig_records_newer(&c->records, n) || (away && away->order > n->order))
		return true;
	for (unsigned i = 0; i < MIG_IN; i++)
		if (c->in[i] && c->in[i]->guest && !memcmp(c->in[i]->def.uuid, n->vm_uuid, sizeof(n->vm_uuid)))
			return false;
	return here == MIG_VM_RUNS || here == MIG_VM_OFF;
}

/* The source has its copy back by an operator's word: the machine is there. */
static void mark_away(struct mig_dest *d)
{
	const struct mig_note *n = mig_records_get(&d->core->records, d->stream.attempt);
	const struct mig_host *host = &d->core->host;
	struct why why;

	if (!n || came_since(d->core, n) ||
	    mig_away_put(&d->core->records, n, host->defines, host->ctx, &why) == ERR_OK)
		return;
	/* Nor may an older CAME say after a restart that it is here to be given back. */
	mig_came_leave(&d->core->records, n->vm_uuid);
	log_warn("mig", "a restart of this host forgets that %s is at %s", n->vm, n->peer_name);
}

/* What COMMIT took on its way: half of what the way of READY and COMMIT took together; 0 if that isn't known. */
static uint64_t way_of_commit(const struct mig_dest *d)
{
	uint64_t trip = d->commit_ns - d->ready_ns;

	return d->commit.turn_ns && d->ready_ns && d->commit.turn_ns < trip ? (trip - d->commit.turn_ns) / 2 : 0;
}

static void run(struct mig_dest *d, uint64_t now_ns)
{
	uint64_t waited = mig_core_clock(d->core) - d->commit_ns + way_of_commit(d);

	d->guest->ops->run(d->guest, d->commit.stopped_ns + waited);
	log_info("mig", "%s runs here, %llu ms after it was stopped at %s", d->def.name,
		 (unsigned long long)((d->commit.stopped_ns + waited) / 1000000), d->peer_name);
	if (d->job) {
		d->job->downtime_ns = d->commit.stopped_ns + waited;
		mig_job_end(d->job, MIG_JOB_COMPLETED, 0, NULL, now_ns);
	}
	/* It is the host's guest now; a record of it is all that is left of the attempt. */
	d->guest = NULL;
}

static void free_copy(struct mig_dest *d, uint64_t now_ns)
{
	if (d->guest)
		d->guest->ops->discard(d->guest);
	d->guest = NULL;
	mig_image_free(&d->image);
	if (d->job && !d->job->ended_ns && d->cancelled)
		mig_job_end(d->job, MIG_JOB_CANCELLED, 0, "cancelled at the source", now_ns);
	else if (d->job && !d->job->ended_ns)
		mig_job_end(d->job, MIG_JOB_FAILED, ERR_REFUSED,
			    d->why.text[0] ? d->why.text : "the source gave up", now_ns);
}

static void send_ready(struct mig_dest *d, uint64_t now_ns)
{
	d->ready_ns = mig_core_clock(d->core);
	dest_put(d, MIG_READY, &d->ready, now_ns);
}

static void send_running(struct mig_dest *d, uint64_t now_ns)
{
	struct mig_running running = { 0 };

	if (d->commit_ns) {
		running.resume_ns = mig_core_clock(d->core) - d->commit_ns;
		running.record_ns = d->record_ns;
	}
	d->commit_ns = 0;
	dest_put(d, MIG_RUNNING, &running, now_ns);
}

static void send_refused(struct mig_dest *d, uint64_t now_ns)
{
	struct mig_text text;

	mig_text_set(&text, "the attempt was aborted here, the guest never ran");
	dest_put(d, MIG_REFUSED, &text, now_ns);
}

static void send_answer(struct mig_dest *d, uint8_t state, uint64_t now_ns)
{
	struct mig_answer answer = { .state = state };

	dest_put(d, MIG_ANSWER, &answer, now_ns);
}

/* Of a machine that came it is kept from whom, should that host claim it. */
static void drop_record(struct mig_dest *d)
{
	struct mig_records *r = &d->core->records;
	const struct mig_note *n = mig_records_get(r, d->stream.attempt);

	if (n && n->state == MIG_RECORD_OWNED && !d->given_back)
		mig_came_put(r, n);
	else
		mig_records_remove(r, d->stream.attempt);
}

static void act(struct mig_dest *d, enum handoff_action action, uint64_t now_ns)
{
	switch (action) {
	case HA_MARK_AWAY:	 mark_away(d); d->given_back = true; break;
	case HA_MARK_HOME:	 mig_away_home(&d->core->records, d->note.vm_uuid); break;
	case HA_DROP_RECORD:	 drop_record(d); break;
	case HA_FREE_COPY:	 free_copy(d, now_ns); break;
	case HA_RUN:		 run(d, now_ns); break;
	case HA_SEND_READY:	 send_ready(d, now_ns); break;
	case HA_SEND_RUNNING:	 send_running(d, now_ns); break;
	case HA_SEND_REFUSED:	 send_refused(d, now_ns); break;
	case HA_SEND_ANSWER_PREPARED: send_answer(d, MIG_ANSWER_PREPARED, now_ns); break;
	case HA_SEND_ANSWER_NONE: send_answer(d, MIG_ANSWER_NONE, now_ns); break;
	default:		 break;
	}
}

/* Where the connection stands after a step: kept for the next question, or ended with nothing held. */
static void settle(struct mig_dest *d, enum handoff_event event, uint64_t now_ns)
{
	if (!mig_stream_open(&d->stream) && !d->guest) {
		dest_go(d, MIG_DEST_END, UINT64_MAX);
		return;
	}
	/* A prepared guest waits for ever; a connection alone waits for the next question. */
	dest_go(d, MIG_DEST_SETTLED, d->guest ? UINT64_MAX : now_ns + MIG_OFFER_NS);
	/* An ended job belongs to the core, which may use its place again. */
	if (d->job && d->job->ended_ns)
		d->job = NULL;
	if (!d->job)
		return;
	mig_job_phase(d->job, MIG_PHASE_READY, now_ns);
	mig_job_percent(d->job, 98);
	d->job->in_doubt = !mig_stream_open(&d->stream);
	if (d->job->in_doubt && event == HE_FAIL) {
		d->job->doubt_since_ns = now_ns;
		fmt(d->job->doubt, sizeof(d->job->doubt), "prepared, waits for %s to decide: %s", d->peer_name,
		    d->why.text);
	}
}

/* Which record an action writes; NONE: it writes none. */
static enum mig_record_state record_of(enum handoff_action action)
{
	switch (action) {
	case HA_RECORD_PREPARED: return MIG_RECORD_PREPARED;
	case HA_RECORD_OWNED:	 return MIG_RECORD_OWNED;
	case HA_RECORD_ABORTED:	 return MIG_RECORD_ABORTED;
	default:		 return MIG_RECORD_NONE;
	}
}

/* What is done instead of @step, whose record could not be stored. NULL: nothing more. */
static const struct handoff_step *without_record(struct mig_dest *d, const struct handoff_step *step,
						 enum handoff_event event, uint64_t now_ns)
{
	switch (record_of(step->action[0])) {
	case MIG_RECORD_PREPARED:
		dest_fail(d, now_ns, ERR_IO, d->why.text);
		return NULL;
	case MIG_RECORD_OWNED:
		if (event == HE_FORCE_RUN)
			return NULL;
		step = handoff_step(HD_PREPARED, HE_NO_RECORD);
		if (record(d, MIG_RECORD_ABORTED))
			break;
		/* fall through */
	default:
		/* It is true all the same: from PREPARED a restart comes to ABORTED too. */
		log_warn("mig", "%s is given up here; that could not be stored", d->def.name);
		break;
	}
	return step;
}

void dest_event(struct mig_dest *d, enum handoff_event event, uint64_t now_ns)
{
	const struct handoff_step *step;

	/* A connection that holds no guest answers from the record as it is now. */
	if (d->purpose == MIG_PURPOSE_SETTLE && !d->guest)
		d->handoff = handoff_from_record(mig_records_get(&d->core->records, d->stream.attempt));
	if (d->handoff == HD_PREPARED && !d->guest && event != HE_FAIL) {
		dest_fail(d, now_ns, ERR_STATE, "the copy that was prepared for this attempt is not here");
		return;
	}
	step = handoff_step(d->handoff, event);
	if (step && record_of(step->action[0]) && !record(d, record_of(step->action[0]))) {
		step = without_record(d, step, event, now_ns);
		if (!step)
			return;
	}
	if (step) {
		d->handoff = step->next;
		for (int i = 0; i < HANDOFF_ACTIONS && step->action[i]; i++)
			act(d, step->action[i], now_ns);
	}
	settle(d, event, now_ns);
}

void dest_on_settling(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_query query;
	struct why why;

	/* The guest may have come, or been prepared, on another connection since HELLO: whoever holds it answers. */
	if (!d->guest && d->purpose == MIG_PURPOSE_SETTLE && !dest_peer_may_ask(d, &why)) {
		dest_fail(d, now_ns, ERR_REFUSED, why.text);
		return;
	}
	if (!d->guest && !d->alone) {
		mig_stream_unread(&d->stream, r);
		d->wants_attach = true;
		return;
	}
	d->alone = false;
	switch (r->type) {
	case MIG_COMMIT:
		if (!dest_parse(d, r, &d->commit, now_ns))
			return;
		if (d->handoff == HD_PREPARED)
			d->commit_ns = mig_core_clock(d->core);
		dest_event(d, d->commit.digest == d->ready.digest ? HE_COMMIT : HE_COMMIT_BAD, now_ns);
		break;
	case MIG_QUERY:
		if (dest_parse(d, r, &query, now_ns))
			dest_event(d, HE_QUERY, now_ns);
		break;
	case MIG_ABORT:
		dest_event(d, HE_ABORT, now_ns);
		break;
	default:
		dest_event(d, HE_DONE, now_ns);
		break;
	}
}

static void say_risk(const struct mig_dest *d, enum mig_force force, struct why *why)
{
	const char *vm = d->def.name, *peer = d->peer_name;

	if (force == MIG_FORCE_RUN)
		why_set(why,
			"%s may still run on %s, or be resumed there: it would run twice, with the same addresses and "
			"the same disks",
			vm, peer);
	else
		why_set(why,
			"if %s has committed and lost its copy since, this one is the last of %s: discarding it loses "
			"the guest's memory",
			peer, vm);
}

enum err mig_dest_force(struct mig_dest *d, enum mig_force force, bool accept_risk, uint64_t now_ns, struct why *why)
{
	bool run_it = force == MIG_FORCE_RUN;
	struct mig_job *job = d->job;

	if (d->handoff != HD_PREPARED || !job || force == MIG_FORCE_RESUME || (run_it && !job->in_doubt)) {
		why_set(why, d->handoff != HD_PREPARED ? "%s is not prepared here: nothing can be forced" :
			run_it ? "the source of %s answers: it decides" :
			"%s came from elsewhere: here it can be run or given up, not resumed", d->def.name);
		return ERR_STATE;
	}
	if (!accept_risk) {
		say_risk(d, force, why);
		return ERR_REFUSED;
	}
	d->commit = (struct mig_commit){ 0 };
	d->commit_ns = d->prepared_ns;
	why_set(&d->why, run_it ? "an operator forced %s to run here, without word of %s" :
		"an operator discarded the prepared copy of %s, without word of %s", d->def.name, d->peer_name);
	job->forced = true;
	*why = d->why;
	dest_event(d, run_it ? HE_FORCE_RUN : HE_FORCE_FORGET, now_ns);
	if (d->handoff == HD_PREPARED) {
		job->forced = false;
		*why = d->why;
		return ERR_IO;
	}
	memcpy(job->error, why->text, sizeof(job->error));
	log_warn("mig", "%s", why->text);
	return ERR_OK;
}
