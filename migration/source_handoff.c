/* SPDX-License-Identifier: MIT */
/* source_handoff.c: the source's half of the hand-off: carries out the rows of handoff.c. */
#include "source_parts.h"
#include <string.h>
#include "lib/log.h"

static void stop_guest(struct mig_source *s, uint64_t now_ns)
{
	source_throttle(s, 0);
	if (!s->prepared) {
		s->stop_ns = mig_core_clock(s->core);
		s->guest->ops->stop(s->guest);
	}
	s->stopped_ns = mig_core_clock(s->core);
	s->measured.stop_ns = s->stopped_ns - s->stop_ns;
	s->final = true;
	if (!s->still)
		mig_job_percent(s->job, 96);
	mig_job_phase(s->job, MIG_PHASE_STOP, now_ns);
}

/* STOP is part of the digest, so its body is built here. */
static void send_stop(struct mig_source *s, uint64_t now_ns)
{
	const struct state_desc *d = mig_type_table(MIG_STOP);
	struct mig_round stop = { .round = s->rounds.round + 1 };
	uint8_t body[64];
	size_t length;

	if (state_save(d, &stop, d->version, body, sizeof(body), &length, NULL))
		panic("STOP does not fit its cap");
	mig_digest_add(&s->digest, MIG_STOP, body, length);
	source_begin_pass(s, now_ns);
	source_put(s, MIG_STOP, &stop, now_ns);
}

/* After COMMITTED as it was then. */
static uint64_t source_digest(const struct mig_source *s)
{
	return s->handoff < HS_COMMITTED || !s->note.digest ? mig_digest_value(&s->digest) : s->note.digest;
}

/* How long the guest has stood; across a restart the wall clock knows, to the second. */
static uint64_t source_stopped_ns(const struct mig_source *s)
{
	uint64_t now_s = mig_core_wall(s->core);

	if (s->stop_ns)
		return mig_core_clock(s->core) - s->stop_ns;
	return s->note.when_s && now_s > s->note.when_s + 1 && now_s - s->note.when_s < 1u << 30 ?
		(now_s - s->note.when_s - 1) * MIG_SECOND : 0;
}

static void send_commit(struct mig_source *s, struct mig_stream *stream, uint64_t now_ns)
{
	struct mig_commit commit = {
		.digest = source_digest(s),
		.stopped_ns = source_stopped_ns(s),
	};

	/* A round trip is READY's and COMMIT's on one connection. */
	if (stream == &s->stream && s->ready_ns)
		commit.turn_ns = mig_core_clock(s->core) - s->ready_ns;

	/* Without room the answer's deadline passes and S asks again. */
	if (mig_stream_put(stream, MIG_COMMIT, &commit))
		log_warn("mig", "job %u: COMMIT waits for room", s->job->id);
	if (stream == &s->stream)
		source_go(s, MIG_AT_COMMIT, MIG_PHASE_COMMIT, now_ns + MIG_DEAD_NS, now_ns);
	mig_job_percent(s->job, 99);
}

/* Tells D on the old connection if that still works; ask.c makes sure of it when D may be prepared. */
static void send_abort(struct mig_source *s, enum handoff_event event, uint64_t now_ns)
{
	struct mig_abort text;
	bool told;

	s->cancelled = event == HE_CANCEL;
	mig_abort_set(&text, s->why.text, s->cancelled);
	told = mig_stream_open(&s->stream) && s->stream.tx_sequence && !mig_stream_put(&s->stream, MIG_ABORT, &text) &&
		!mig_stream_flush(&s->stream, now_ns, NULL);
	if (!told)
		log_debug("mig", "job %u: ABORT did not go out whole", s->job->id);
	if (s->peer_may_be_prepared) {
		s->notification = MIG_ABORT;
	} else if (source_peer_may_wait(s, told)) {
		s->notification = MIG_ABORT;
		s->notification_until_ns = now_ns + MIG_DEAD_NS +
					   (s->link.grace_ns ? s->link.grace_ns : MIG_GRACE_UNTOLD_NS);
	}
}

/* Should it not be stored, the record of the attempt stands for it. Of an attempt that D has @settled it stands for
 * DONE. */
static void mark_away(struct mig_source *s, bool settled)
{
	const struct mig_host *host = &s->core->host;
	struct mig_records *records = &s->core->records;
	const struct mig_note *away = mig_away_get(records, s->note.vm_uuid);
	struct why why;

	/* Tried at COMMITTED. */
	if (s->note.in_memory && away && !memcmp(away->attempt, s->attempt, sizeof(s->attempt)))
		return;
	s->note.when_s = mig_core_wall(s->core);
	s->note.settles = settled;
	s->note.owes_away = mig_away_put(records, &s->note, host->defines, host->ctx, &why) != ERR_OK &&
			    !s->note.in_memory;
}

/* Nothing stored of an attempt in memory would hold the machine here after a restart, as COMMITTED does: AWAY goes
 * first then, and without it the machine stays. */
static bool mark_first(struct mig_source *s)
{
	uint64_t start = mig_core_clock(s->core);
	const struct mig_note *away;

	mark_away(s, false);
	s->record_ns += mig_core_clock(s->core) - start;
	away = mig_away_get(&s->core->records, s->note.vm_uuid);
	if (!mig_core_needs_marker(s->core, &s->note, s->def.uuid) || (away && away->stored)) {
		mig_came_leave(&s->core->records, s->note.vm_uuid);
		return true;
	}
	why_set(&s->why, "that %s leaves could not be stored: after a restart %s would start it afresh", s->note.vm,
		s->core->host.name);
	return false;
}

/* False: nothing may be promised. */
static bool record(struct mig_source *s, enum mig_record_state state)
{
	struct mig_records *records = &s->core->records;
	uint64_t other_ns = 0;
	struct why why;
	enum err e;

	/* D can't be prepared, and nothing about it was said before: nobody will ask. */
	if (state == MIG_RECORD_ABORTED && !s->peer_may_be_prepared && !mig_records_get(records, s->attempt))
		return true;
	if (state == MIG_RECORD_COMMITTED && s->note.in_memory && !mark_first(s))
		return false;
	s->note.digest = source_digest(s);
	s->note.when_s = mig_core_wall(s->core);
	e = mig_core_record(s->core, &s->note, state, state == MIG_RECORD_COMMITTED ? &s->record_ns : &other_ns, &why);
	if (e && state == MIG_RECORD_COMMITTED)
		s->why = why;
	if (state == MIG_RECORD_ABORTED && s->note.in_memory)
		mig_away_home(&s->core->records, s->note.vm_uuid);
	return e == ERR_OK;
}

static uint64_t minus(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Both hash at the same time, but S begins while its last pages are still on their way: what it did until @from counts
 * as theirs. */
static uint64_t verify_ns(const struct mig_source *s, uint64_t from)
{
	uint64_t here = least(s->hash_ns, minus(s->hash_start_ns + s->hash_ns, from));

	return here > s->ready.verify_ns ? here : s->ready.verify_ns;
}

/* What each term of the budget really took; the last one is what no other explains. D may claim any time. */
static void account(struct mig_source *s)
{
	struct mig_job *job = s->job;
	uint64_t pages_end = s->final_acked ? s->pages_end_ns : s->state_end_ns, sum = 0;

	job->downtime_ns = s->running_ns - s->stop_ns;
	job->term[MIG_TERM_STOP].real_ns = s->stopped_ns - s->stop_ns;
	job->term[MIG_TERM_HARVEST].real_ns = s->rounds.harvest_ns;
	job->term[MIG_TERM_STATE_SAVE].real_ns = s->measured.state_save_ns;
	job->term[MIG_TERM_PAGES].real_ns = minus(minus(pages_end, s->stopped_ns),
						  s->rounds.harvest_ns + s->measured.state_save_ns);
	job->term[MIG_TERM_STATE_SEND].real_ns = minus(s->state_end_ns, pages_end);
	job->term[MIG_TERM_STATE_LOAD].real_ns = least(s->ready.load_ns, job->downtime_ns);
	job->term[MIG_TERM_VERIFY].real_ns = least(verify_ns(s, pages_end), job->downtime_ns);
	job->term[MIG_TERM_RECORDS].real_ns = s->record_ns +
					      least(s->peer_record_ns, minus(job->downtime_ns, s->record_ns));
	for (int t = 0; t < MIG_TERM_ROUND_TRIPS; t++)
		sum += job->term[t].real_ns;
	job->term[MIG_TERM_ROUND_TRIPS].real_ns = minus(job->downtime_ns, sum);
}

static void free_copy(struct mig_source *s)
{
	if (s->handoff == HS_DONE)
		account(s);
	s->guest->ops->release(s->guest);
	s->guest = NULL;
	s->tracking = false;
}

static void send_done(struct mig_source *s, enum handoff_event event, uint64_t now_ns)
{
	const struct mig_note *n = mig_records_get(&s->core->records, s->attempt);
	struct why why;

	if (event == HE_LOST) {
		why_set(&why,
			"%s took over %s and has restarted since; its memory is lost there, and was lost here before",
			s->note.peer_name, s->note.vm);
		source_tell(s, MIG_JOB_FAILED, ERR_STATE, why.text, now_ns);
	} else {
		source_tell(s, MIG_JOB_COMPLETED, 0, NULL, now_ns);
		log_info("mig", "job %u: %s runs on %s, downtime %llu ms", s->job_id, s->note.vm, s->note.peer_name,
			 (unsigned long long)(s->job->downtime_ns / 1000000));
	}
	mig_ask_fini(&s->ask);
	if (n && n->untold) {
		log_warn("mig", "job %u: %s keeps its record of %s until this host has restarted and asked", s->job_id,
			 s->note.peer_name, s->note.vm);
		mig_stream_fini(&s->stream, false);
		s->place = MIG_AT_END;
		return;
	}
	if (mig_stream_open(&s->stream) && !mig_stream_put(&s->stream, MIG_DONE, NULL)) {
		s->place = MIG_AT_DONE;
		s->deadline_ns = now_ns + MIG_DONE_NS;
		return;
	}
	s->notification = MIG_DONE;
	s->place = MIG_AT_END;
}

/* What an aborted attempt is called, and why. */
static void tell_aborted(struct mig_source *s, enum handoff_event event, bool bare, uint64_t now_ns)
{
	struct why why;

	if (bare) {
		why_set(&why, "%s gave %s up and never ran it, and the copy here is gone: it must be started afresh",
			s->note.peer_name, s->note.vm);
		s->why = why;
		s->error = ERR_STATE;
	}
	s->job->forced |= event == HE_FORCE_RESUME;
	source_tell(s, event == HE_CANCEL ? MIG_JOB_CANCELLED : MIG_JOB_FAILED, (uint16_t)s->error, s->why.text,
		    now_ns);
}

static void aborted(struct mig_source *s, enum handoff_event event, bool bare, uint64_t now_ns)
{
	if (s->tracking)
		source_throttle(s, 0);
	if (s->tracking)
		s->guest->ops->track_stop(s->guest);
	s->tracking = false;
	tell_aborted(s, event, bare, now_ns);
	/* A close delivers ABORT; a reset would overtake it. */
	mig_stream_fini(&s->stream, false);
	mig_ask_fini(&s->ask);
	s->place = MIG_AT_END;
}

static void act(struct mig_source *s, enum handoff_action action, enum handoff_event event, uint64_t now_ns)
{
	switch (action) {
	case HA_STOP_GUEST:	  stop_guest(s, now_ns); break;
	case HA_SEND_STOP:	  send_stop(s, now_ns); break;
	case HA_RESUME:		  source_resume(s); break;
	case HA_FREE_COPY:	  free_copy(s); break;
	case HA_MARK_AWAY:	  mark_away(s, event == HE_RUNNING || event == HE_LOST); break;
	case HA_MARK_HOME:	  mig_away_home(&s->core->records, s->note.vm_uuid); break;
	case HA_SEND_COMMIT:
		send_commit(s, mig_stream_open(&s->stream) ? &s->stream : &s->ask.stream, now_ns);
		break;
	case HA_SEND_ABORT:	  send_abort(s, event, now_ns); break;
	case HA_SEND_DONE:	  send_done(s, event, now_ns); break;
	case HA_ASK:		  source_ask(s, now_ns); break;
	default:		  break;
	}
}

/* Which record an action writes; NONE: it writes none. */
static enum mig_record_state record_of(enum handoff_action action)
{
	switch (action) {
	case HA_RECORD_COMMITTED: return MIG_RECORD_COMMITTED;
	case HA_RECORD_ABORTED:	  return MIG_RECORD_ABORTED;
	case HA_RECORD_DONE:	  return MIG_RECORD_DONE;
	default:		  return MIG_RECORD_NONE;
	}
}

void source_event(struct mig_source *s, enum handoff_event event, uint64_t now_ns)
{
	const struct handoff_step *step = handoff_step(s->handoff, event);
	bool bare = s->handoff == HS_BARE;

	if (source_quiet_event(s, event, now_ns))
		return;
	if (!step) {
		/* DONE: the job is complete, D only was not told that its record may go. */
		if (s->place == MIG_AT_DONE) {
			s->notification = MIG_DONE;
			mig_stream_fini(&s->stream, true);
			s->place = MIG_AT_END;
		}
		return;
	}
	/* What is done here after that is no downtime. */
	if (event == HE_RUNNING)
		s->running_ns = mig_core_clock(s->core);
	/* Without COMMITTED there is no commit. */
	if (step->action[0] == HA_RECORD_COMMITTED && !record(s, MIG_RECORD_COMMITTED)) {
		source_fail(s, now_ns, ERR_IO, "%s", s->why.text);
		return;
	}
	/* The new state comes first: a failure inside an action must be judged by it. */
	s->handoff = step->next;
	for (int i = 0; i < HANDOFF_ACTIONS && step->action[i]; i++) {
		enum mig_record_state state = record_of(step->action[i]);

		if (!state)
			act(s, step->action[i], event, now_ns);
		else if (state != MIG_RECORD_COMMITTED && !record(s, state))
			log_warn("mig", "job %u: a restart of this host may ask about %s again", s->job_id, s->note.vm);
	}
	if (step->next == HS_ABORTED)
		aborted(s, event, bare, now_ns);
}

/* READY and, if asked for, the hash of memory here: both are needed. */
static void judge_ready(struct mig_source *s, uint64_t now_ns)
{
	s->job->verified = s->ready.verified;
	if (s->ready.verified && s->ready.memory_hash != s->job->hash_source) {
		source_fail(s, now_ns, ERR_CORRUPT,
			    "the memory hash at %s is %016llx, here it is %016llx: memory differs", s->job->peer_name,
			    (unsigned long long)s->ready.memory_hash, (unsigned long long)s->job->hash_source);
		return;
	}
	if (!mig_records_room(&s->core->records)) {
		source_fail(s, now_ns, ERR_SPACE, "no place left to record the hand-off");
		return;
	}
	source_event(s, HE_READY, now_ns);
}

void source_ready_step(struct mig_source *s, uint64_t now_ns)
{
	if (!s->hash_done && mig_memory_hash_step(&s->hash, 256, &s->job->hash_source)) {
		s->hash_done = true;
		s->hash_ns = mig_core_clock(s->core) - s->hash_start_ns;
	}
	if (s->hash_done && s->ready_seen)
		judge_ready(s, now_ns);
}

void source_on_ready(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	uint64_t digest = mig_digest_value(&s->digest);

	s->ready_ns = mig_core_clock(s->core);
	if (!source_parse(s, r, &s->ready, now_ns))
		return;
	if (s->ready_seen || s->ready.verified != s->options.verify) {
		source_fail_link(s, now_ns, ERR_INVALID, "READY comes twice or does not carry what was asked for");
		return;
	}
	if (s->ready.digest != digest) {
		source_fail(s, now_ns, ERR_CORRUPT, "the digest at %s is %016llx, here it is %016llx",
			    s->job->peer_name, (unsigned long long)s->ready.digest, (unsigned long long)digest);
		return;
	}
	s->ready_seen = true;
	s->job->hash_destination = s->ready.memory_hash;
}

void source_on_running(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_running running;

	if (!source_parse(s, r, &running, now_ns))
		return;
	s->peer_record_ns = running.record_ns;
	source_event(s, HE_RUNNING, now_ns);
}

void source_on_refused(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_text text;
	char copy[WHY_TEXT - 80];

	if (!source_parse(s, r, &text, now_ns))
		return;
	mig_text_copy(copy, sizeof(copy), text.text, sizeof(text.text));
	s->error = ERR_REFUSED;
	why_set(&s->why, "%s refused after COMMIT: %s", s->job->peer_name, copy);
	source_event(s, HE_REFUSED, now_ns);
}

void source_on_answer(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_answer answer;

	if (!source_parse(s, r, &answer, now_ns))
		return;
	if (s->place == MIG_AT_DONE) {
		mig_stream_fini(&s->stream, false);
		s->place = MIG_AT_END;
		return;
	}
	why_set(&s->why, "%s has no record of the attempt", s->job->peer_name);
	source_event(s, answer.state == MIG_ANSWER_PREPARED ? HE_ANSWER_PREPARED : HE_ANSWER_NONE, now_ns);
}
