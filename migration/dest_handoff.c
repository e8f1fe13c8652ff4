/* SPDX-License-Identifier: MIT */
/* dest_handoff.c: the destination's half of the hand-off: carries out the rows of handoff.c. */
#include "dest_parts.h"
#include "lib/fmt.h"
#include "lib/log.h"

static void record(struct mig_dest *d, enum mig_record_state state, uint64_t digest)
{
	/* OFFER made sure of a place; should it be gone, S is not told READY and gives up. */
	if (mig_records_put(&d->core->records, d->stream.attempt, state, digest))
		log_error("mig", "no place left to record the attempt for %s", d->def.name);
}

static void run(struct mig_dest *d, uint64_t now_ns)
{
	uint64_t waited = mig_core_clock(d->core) - d->commit_ns;

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
	if (d->job && !d->job->ended_ns)
		mig_job_end(d->job, MIG_JOB_FAILED, ERR_REFUSED,
			    d->why.text[0] ? d->why.text : "the source gave up", now_ns);
}

static void send_running(struct mig_dest *d, uint64_t now_ns)
{
	struct mig_running running = { 0 };

	if (d->commit_ns)
		running.resume_ns = mig_core_clock(d->core) - d->commit_ns;
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

static void act(struct mig_dest *d, enum handoff_action action, uint64_t now_ns)
{
	switch (action) {
	case HA_RECORD_PREPARED: record(d, MIG_RECORD_PREPARED, d->ready.digest); break;
	case HA_RECORD_OWNED:	 record(d, MIG_RECORD_OWNED, d->ready.digest); break;
	case HA_RECORD_ABORTED:	 record(d, MIG_RECORD_ABORTED, d->ready.digest); break;
	case HA_DROP_RECORD:	 mig_records_remove(&d->core->records, d->stream.attempt); break;
	case HA_FREE_COPY:	 free_copy(d, now_ns); break;
	case HA_RUN:		 run(d, now_ns); break;
	case HA_SEND_READY:	 dest_put(d, MIG_READY, &d->ready, now_ns); break;
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
	dest_go(d, MIG_DEST_SETTLED, UINT64_MAX);
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

void dest_event(struct mig_dest *d, enum handoff_event event, uint64_t now_ns)
{
	const struct handoff_step *step;

	/* A connection that holds no guest answers from the record as it is now. */
	if (d->purpose == MIG_PURPOSE_SETTLE && !d->guest)
		d->handoff = handoff_from_record(mig_records_get(&d->core->records, d->stream.attempt));
	step = handoff_step(d->handoff, event);
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
