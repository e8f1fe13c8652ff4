/* SPDX-License-Identifier: MIT */
/* source.c: the life of an attempt: places, records that may come there, deadlines and failures. */
#include "source.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "lib/fmt.h"
#include "lib/ipv4.h"
#include "lib/log.h"
#include "source_parts.h"

#define RECORDS_A_STEP 16

static const char *const place_waits_for[MIG_SOURCE_PLACE_COUNT] = {
#define PLACE_TEXT(name, text) text,
	MIG_SOURCE_PLACES(PLACE_TEXT)
#undef PLACE_TEXT
};

static source_step_fn *const step_of[MIG_SOURCE_PLACE_COUNT] = {
	[MIG_AT_START] = source_start_step,
	[MIG_AT_CONNECT] = source_connect_step,
	[MIG_AT_PASS] = source_pass_step,
	[MIG_AT_DRY_RUN] = source_dry_run_step,
	[MIG_AT_LOST] = source_lost_step,
	[MIG_AT_RECONNECT] = source_reconnect_step,
	[MIG_AT_QUIET] = source_quiet_step,
	[MIG_AT_FINAL] = source_pass_step,
	[MIG_AT_STATE] = source_state_step,
	[MIG_AT_READY] = source_ready_step,
	[MIG_AT_DOUBT] = source_doubt_step,
};

/* Which record may come where; anything else but HEARTBEAT and ABORT breaks the protocol. */
static const struct { enum mig_source_place place; uint16_t type; source_record_fn *handle; } records[] = {
	{ MIG_AT_HELLO,		MIG_HELLO,	  source_on_hello },
	{ MIG_AT_HELLO,		MIG_REJECT,	  source_on_reject },
	{ MIG_AT_OFFER,		MIG_ACCEPT,	  source_on_accept },
	{ MIG_AT_OFFER,		MIG_REJECT,	  source_on_reject },
	{ MIG_AT_ROUND_ACK,	MIG_ROUND_ACK,	  source_on_round_ack },
	{ MIG_AT_DRY_REPORT,	MIG_STATE_REPORT, source_on_state_report },
	{ MIG_AT_REHELLO,	MIG_HELLO,	  source_on_resume_hello },
	{ MIG_AT_REHELLO,	MIG_REJECT,	  source_on_resume_reject },
	{ MIG_AT_RESUME,	MIG_RESUMED,	  source_on_resumed },
	{ MIG_AT_STATE,		MIG_ROUND_ACK,	  source_on_round_ack },
	{ MIG_AT_READY,		MIG_ROUND_ACK,	  source_on_round_ack },
	{ MIG_AT_READY,		MIG_READY,	  source_on_ready },
	{ MIG_AT_COMMIT,	MIG_RUNNING,	  source_on_running },
	{ MIG_AT_COMMIT,	MIG_REFUSED,	  source_on_refused },
	{ MIG_AT_COMMIT,	MIG_ANSWER,	  source_on_answer },
	{ MIG_AT_DONE,		MIG_ANSWER,	  source_on_answer },
};

void mig_source_init(struct mig_source *s, struct mig_core *core, struct mig_guest *guest,
		     const struct mig_source_options *options, struct mig_job *job)
{
	memset(s, 0, sizeof(*s));
	s->core = core;
	s->guest = guest;
	s->options = *options;
	s->job = job ? job : &s->own_job;
	s->job_id = s->job->id;
	guest->ops->definition(guest, &s->def);
	memcpy(s->job->vm, s->def.name, sizeof(s->job->vm));
	memcpy(s->job->vm_uuid, s->def.uuid, sizeof(s->job->vm_uuid));
	s->job->peer_ipv4 = options->ipv4;
	s->job->peer_port = options->port;
	s->job->type = options->type;
	s->still = options->type != MIG_MOVE_LIVE;
	s->job->max_downtime_ns = s->still ? 0 : options->max_downtime_ns;
	s->handoff = HS_RUNNING;
	mig_core_attempt(core, s->attempt);
}

void source_go(struct mig_source *s, enum mig_source_place place, enum mig_phase phase, uint64_t deadline_ns,
	       uint64_t now_ns)
{
	s->place = place;
	s->deadline_ns = deadline_ns;
	if (s->job->phase != phase)
		mig_job_phase(s->job, phase, now_ns);
}

static void fail(struct mig_source *s, uint64_t now_ns, enum err e)
{
	s->error = e;
	if (s->options.purpose == MIG_PURPOSE_CHECK) {
		why_add(&s->reasons, "%s", s->why.text);
		s->migratable = false;
		mig_stream_fini(&s->stream, true);
		s->place = MIG_AT_END;
		return;
	}
	log_limited(now_ns, LOG_WARN, "mig", "job %u, %s: %s", s->job->id, s->job->vm, s->why.text);
	source_event(s, HE_FAIL, now_ns);
}

void source_fail(struct mig_source *s, uint64_t now_ns, enum err e, const char *format, ...)
{
	struct why why;
	va_list args;

	/* The arguments may be s->why itself. */
	va_start(args, format);
	fmt_v(why.text, sizeof(why.text), format, args);
	va_end(args);
	s->why = why;
	fail(s, now_ns, e);
}

void source_fail_link(struct mig_source *s, uint64_t now_ns, enum err e, const char *text)
{
	char address[16];

	ipv4_text(s->options.ipv4, address);
	source_fail(s, now_ns, e, "%s port %u: %s", address, s->options.port, text);
}

void source_put(struct mig_source *s, uint16_t type, const void *rec, uint64_t now_ns)
{
	enum err e = mig_stream_put(&s->stream, type, rec);

	if (e)
		source_fail(s, now_ns, e, "%s could not be sent: %s", mig_type_name(type), err_text(e));
}

bool source_parse(struct mig_source *s, const struct mig_record *r, void *rec, uint64_t now_ns)
{
	enum err e = mig_stream_parse(r, rec, &s->why);

	if (e)
		source_fail_link(s, now_ns, e, s->why.text);
	return !e;
}

static void on_abort(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_abort text;
	char copy[WHY_TEXT - 60];
	struct why why;

	if (!source_parse(s, r, &text, now_ns))
		return;
	mig_text_copy(copy, sizeof(copy), text.text, sizeof(text.text));
	why_set(&why, "the destination gave up: %s", copy);
	source_fail_link(s, now_ns, ERR_REFUSED, why.text);
}

static void on_record(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct why why;

	if (r->type == MIG_HEARTBEAT)
		return;
	if (r->type == MIG_ABORT) {
		on_abort(s, r, now_ns);
		return;
	}
	if (r->type == MIG_WANT && s->images.place >= SOURCE_IMAGES_ASKED) {
		source_on_want(s, r, now_ns);
		return;
	}
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		if (records[i].place == s->place && records[i].type == r->type) {
			records[i].handle(s, r, now_ns);
			return;
		}
	}
	why_set(&why, "unexpected %s while waiting for %s", mig_type_name(r->type), place_waits_for[s->place]);
	source_fail_link(s, now_ns, ERR_INVALID, why.text);
}

/* True while the stream of the attempt is up and has spoken. */
static bool link_up(const struct mig_source *s)
{
	return mig_stream_open(&s->stream) && s->place > MIG_AT_CONNECT && s->place != MIG_AT_RECONNECT;
}

/* True if the step's share ended it: whole records may be left that no news of the link will announce. */
static bool receive(struct mig_source *s, uint64_t now_ns)
{
	struct mig_record r;

	for (int n = 0; n < RECORDS_A_STEP && link_up(s); n++) {
		enum err e = mig_stream_next(&s->stream, now_ns, &r, &s->why);

		if (e == ERR_AGAIN)
			return false;
		if (e)
			source_lost(s, now_ns, e, s->why.text);
		else
			on_record(s, &r, now_ns);
	}
	return link_up(s);
}

static void keep_alive(struct mig_source *s, uint64_t now_ns)
{
	struct channel *ch = s->stream.ch;
	uint64_t sent = s->stream.sent_bytes, start;
	enum err e;

	/* A destination that reserves memory may be busy for longer than a beat; ACCEPT has its own deadline. */
	if (s->place == MIG_AT_OFFER)
		s->stream.heard_ns = now_ns;
	e = mig_stream_alive(&s->stream, now_ns, &s->why);
	start = mig_core_clock(s->core);
	if (!e || e == ERR_AGAIN)
		e = mig_stream_flush(&s->stream, now_ns, &s->why);
	if (s->stream.sent_bytes != sent)
		mig_encode_handed(&s->rounds.encode, mig_core_clock(s->core) - start);
	if (e && e != ERR_AGAIN) {
		source_lost(s, now_ns, e, s->why.text);
		return;
	}
	mig_rate_seen(&s->rate, now_ns, s->stream.sent_bytes, ch->ops->unacked(ch));
	if (!s->job->ended_ns)
		s->job->bytes_sent = s->link.sent_bytes + s->stream.sent_bytes;
	if (s->rounds.sent && now_ns - s->rate.progress_ns >= MIG_STALL_NS)
		source_lost(s, now_ns, ERR_TIMEOUT, "nothing that was sent was acknowledged for 30 s");
}

static void check_deadline(struct mig_source *s, uint64_t now_ns)
{
	struct why why;

	if (now_ns < s->deadline_ns || s->place == MIG_AT_END)
		return;
	if (s->place == MIG_AT_CONNECT || s->place == MIG_AT_RECONNECT)
		why_set(&why, "no answer within %u s", (unsigned)(MIG_CONNECT_NS / MIG_SECOND));
	else if (s->place == MIG_AT_FINAL || s->place == MIG_AT_STATE)
		why_set(&why,
			"the guest stood still for %u s and its last pages and state have not left: the link hardly "
			"moves",
			(unsigned)((mig_core_clock(s->core) - s->stop_ns) / MIG_SECOND));
	else
		why_set(&why, "%s did not come in time", place_waits_for[s->place]);
	if (s->place >= MIG_AT_RECONNECT && s->place <= MIG_AT_RESUME)
		source_lost(s, now_ns, ERR_TIMEOUT, why.text);
	else
		source_fail_link(s, now_ns, ERR_TIMEOUT, why.text);
}

bool mig_source_step(struct mig_source *s, uint64_t now_ns)
{
	uint64_t before = s->stream.sent_bytes, chunk = s->rounds.chunk;
	enum mig_source_place place = s->place;
	bool left = receive(s, now_ns);

	if (link_up(s))
		source_images_step(s, now_ns);
	if (step_of[s->place])
		step_of[s->place](s, now_ns);
	if (link_up(s))
		keep_alive(s, now_ns);
	check_deadline(s, now_ns);
	/* Bytes moved and none is stuck, clean chunks were passed over, or a place was left: there may be more to do at
	 * once. */
	if (s->place == MIG_AT_END)
		return false;
	return s->place != place || source_images_busy(s) || (s->place == MIG_AT_READY && !s->hash_done) ||
	       (left && link_up(s)) ||
	       (link_up(s) && (s->stream.sent_bytes != before || s->rounds.chunk != chunk) &&
		s->stream.tx_begin == s->stream.tx_end);
}

bool mig_source_stands(const struct mig_source *s)
{
	return link_up(s) && !s->still && s->final && s->place >= MIG_AT_FINAL && s->place <= MIG_AT_COMMIT;
}

uint64_t mig_source_deadline(const struct mig_source *s, uint64_t now_ns)
{
	uint64_t deadline = s->deadline_ns, link;

	if (s->place == MIG_AT_START)
		return now_ns;
	if (s->place == MIG_AT_DOUBT)
		return mig_ask_deadline(&s->ask);
	if (s->place == MIG_AT_QUIET)
		deadline = s->quiet_end_ns;
	if (link_up(s)) {
		link = mig_stream_deadline(&s->stream);
		deadline = link < deadline ? link : deadline;
	}
	if (s->images.place >= SOURCE_IMAGES_ASKED && s->images.deadline_ns && s->images.deadline_ns < deadline)
		deadline = s->images.deadline_ns;
	if (s->place == MIG_AT_PASS || s->place == MIG_AT_IMAGES || (s->place == MIG_AT_FINAL && s->still)) {
		link = mig_rate_when(&s->rate, now_ns);
		if (link > now_ns && link < deadline)
			deadline = link;
	}
	return deadline;
}

enum err mig_source_cancel(struct mig_source *s, uint64_t now_ns, struct why *why)
{
	if (s->place == MIG_AT_END || s->handoff >= HS_COMMITTED) {
		why_set(why, s->handoff != HS_ABORTED && s->handoff != HS_RUNNING ?
			"too late, committed" : "it has ended already");
		return ERR_STATE;
	}
	s->error = ERR_OK;
	why_set(&s->why, "cancelled by an operator");
	source_event(s, HE_CANCEL, now_ns);
	return ERR_OK;
}

void mig_source_guest_gone(struct mig_source *s, uint64_t now_ns, const char *reason)
{
	/* Whether it powers off by itself or is asked to, a Restart moves it. */
	if (s->place == MIG_AT_END || s->handoff != HS_RUNNING || s->options.type == MIG_MOVE_RESTART)
		return;
	s->tracking = false;
	source_fail(s, now_ns, ERR_STATE, "%s", reason);
}

void mig_source_fini(struct mig_source *s)
{
	mig_stream_fini(&s->stream, false);
	mig_ask_fini(&s->ask);
	mig_rounds_fini(&s->rounds);
	source_images_fini(s);
	free(s->state);
	s->state = NULL;
}
