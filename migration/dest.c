/* SPDX-License-Identifier: MIT */
/* dest.c: the life of an incoming connection: which record may come when, deadlines, failures. */
#include "dest.h"
#include <string.h>
#include "lib/ipv4.h"
#include "lib/log.h"
#include "dest_parts.h"

#define BYTES_A_STEP	MIG_BODY_MAX
#define RECORDS_A_STEP	16
/* a page costs as much as so many bytes, however short the record says it */
#define PAGE_WORK	(MIG_BODY_MAX / 256)

static const struct { enum mig_dest_place place; uint16_t type; dest_record_fn *handle; } records[] = {
	{ MIG_DEST_HELLO,   MIG_HELLO,	   dest_on_hello },
	{ MIG_DEST_OFFER,   MIG_OFFER,	   dest_on_offer },
	{ MIG_DEST_LOCATE,  MIG_LOCATE,	   dest_on_locate },
	{ MIG_DEST_ROUNDS,  MIG_PAGES,	   dest_on_pages },
	{ MIG_DEST_ROUNDS,  MIG_ROUND_END, dest_on_round_end },
	{ MIG_DEST_RESUME,  MIG_RESUME,	   dest_on_resume },
	{ MIG_DEST_ROUNDS,  MIG_DEFINITION, dest_on_definition },
	{ MIG_DEST_ROUNDS,  MIG_BLOB,	   dest_on_blob },
	{ MIG_DEST_ROUNDS,  MIG_STOP,	   dest_on_stop },
	{ MIG_DEST_ROUNDS,  MIG_STATE,	   dest_on_state },
	{ MIG_DEST_STATE,   MIG_STATE,	   dest_on_state },
	{ MIG_DEST_SETTLED, MIG_COMMIT,	   dest_on_settling },
	{ MIG_DEST_SETTLED, MIG_QUERY,	   dest_on_settling },
	{ MIG_DEST_SETTLED, MIG_DONE,	   dest_on_settling },
};

enum err mig_dest_init(struct mig_dest *d, struct mig_core *core, struct channel *ch, uint64_t now_ns)
{
	memset(d, 0, sizeof(*d));
	d->core = core;
	d->peer_ipv4 = ch->peer_ipv4;
	d->handoff = HD_NONE;
	d->deadline_ns = now_ns + MIG_HELLO_NS;
	d->progress_ns = now_ns;
	return mig_stream_init(&d->stream, ch, NULL, now_ns);
}

void dest_go(struct mig_dest *d, enum mig_dest_place place, uint64_t deadline_ns)
{
	d->place = place;
	d->deadline_ns = deadline_ns;
}

void dest_put_abort(struct mig_dest *d, uint64_t now_ns, const char *reason)
{
	struct mig_abort text;

	mig_abort_set(&text, reason, false);
	if (mig_stream_open(&d->stream) && d->stream.attempt_known && !mig_stream_put(&d->stream, MIG_ABORT, &text) &&
	    mig_stream_flush(&d->stream, now_ns, NULL))
		log_debug("mig", "ABORT did not go out whole");
}

void dest_fail(struct mig_dest *d, uint64_t now_ns, enum err e, const char *text)
{
	struct why copy;
	char address[16];

	/* Once nothing is held here, a close is how a settled attempt ends. */
	if (e == ERR_CLOSED && d->place == MIG_DEST_SETTLED && !d->guest) {
		mig_stream_fini(&d->stream, false);
		dest_event(d, HE_FAIL, now_ns);
		return;
	}
	why_set(&copy, "%s", text);
	d->why = copy;
	ipv4_text(d->peer_ipv4, address);
	log_limited(now_ns, LOG_WARN, "mig", "from %s%s%s: %s", address, d->guest ? ", " : "",
		    d->guest ? d->def.name : "", copy.text);
	if (d->job && d->handoff == HD_LOADING)
		mig_job_end(d->job, MIG_JOB_FAILED, (uint16_t)e, copy.text, now_ns);
	dest_put_abort(d, now_ns, copy.text);
	mig_stream_fini(&d->stream, false);
	dest_event(d, HE_FAIL, now_ns);
}

void dest_put(struct mig_dest *d, uint16_t type, const void *rec, uint64_t now_ns)
{
	enum err e = mig_stream_put(&d->stream, type, rec);

	if (e)
		dest_fail(d, now_ns, e, "the peer takes no answers");
}

bool dest_parse(struct mig_dest *d, const struct mig_record *r, void *rec, uint64_t now_ns)
{
	enum err e = mig_stream_parse(r, rec, &d->why);

	if (e)
		dest_fail(d, now_ns, e, d->why.text);
	return !e;
}

/* ABORT settles a held guest; before that it only ends the connection. */
static void on_abort(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_abort text;

	if (!dest_parse(d, r, &text, now_ns))
		return;
	d->cancelled = text.cancelled;
	mig_text_copy(d->why.text, sizeof(d->why.text), text.text, sizeof(text.text));
	if (d->place == MIG_DEST_SETTLED || d->handoff == HD_LOADING) {
		dest_on_settling(d, r, now_ns);
		return;
	}
	mig_stream_fini(&d->stream, false);
	dest_go(d, MIG_DEST_END, UINT64_MAX);
}

static void on_record(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	struct why why;

	if (r->type == MIG_HEARTBEAT && d->place != MIG_DEST_HELLO)
		return;
	d->progress_ns = now_ns;
	if (r->type == MIG_ABORT && d->place != MIG_DEST_HELLO) {
		on_abort(d, r, now_ns);
		return;
	}
	/* A settling connection that was attached to a guest still being loaded. */
	if (d->purpose == MIG_PURPOSE_SETTLE && d->place >= MIG_DEST_ROUNDS &&
	    (r->type == MIG_COMMIT || r->type == MIG_QUERY || r->type == MIG_DONE)) {
		dest_on_settling(d, r, now_ns);
		return;
	}
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		if (records[i].place == d->place && records[i].type == r->type) {
			records[i].handle(d, r, now_ns);
			return;
		}
	}
	why_set(&why, d->place == MIG_DEST_HELLO ? "the first record is %s, not HELLO" : "%s may not come now",
		mig_type_name(r->type));
	dest_fail(d, now_ns, ERR_INVALID, why.text);
}

/* True if the step's share ended it: whole records may be left that no news of the link will announce. */
static bool receive(struct mig_dest *d, uint64_t now_ns)
{
	uint64_t bytes = 0;
	struct mig_record r;

	for (int n = 0; n < RECORDS_A_STEP && bytes < BYTES_A_STEP; n++) {
		uint64_t before = d->load.raw_pages + d->load.zero_pages, after;
		enum err e;

		if (!mig_stream_open(&d->stream) || d->place >= MIG_DEST_CLOSING || d->place == MIG_DEST_HASH ||
		    d->wants_attach)
			return false;
		e = mig_stream_next(&d->stream, now_ns, &r, &d->why);
		if (e == ERR_AGAIN)
			return false;
		if (e) {
			dest_lost(d, now_ns, e, d->why.text);
			return false;
		}
		bytes += r.length;
		if (d->job && !d->job->ended_ns)
			d->job->bytes_sent += MIG_HEADER + r.length;
		on_record(d, &r, now_ns);
		after = d->load.raw_pages + d->load.zero_pages;
		bytes += after > before ? (after - before) * PAGE_WORK : 0;
	}
	return true;
}

static void keep_alive(struct mig_dest *d, uint64_t now_ns)
{
	enum err e = ERR_OK;

	/* While hashing nothing is read, so silence proves nothing. */
	if (d->place == MIG_DEST_HASH)
		d->stream.heard_ns = now_ns;
	if (d->place != MIG_DEST_CLOSING)
		e = mig_stream_alive(&d->stream, now_ns, &d->why);
	if (!e || e == ERR_AGAIN)
		e = mig_stream_flush(&d->stream, now_ns, &d->why);
	if (d->place == MIG_DEST_CLOSING) {
		if (e != ERR_AGAIN || now_ns >= d->deadline_ns) {
			mig_stream_fini(&d->stream, false);
			dest_go(d, MIG_DEST_END, UINT64_MAX);
		}
		return;
	}
	if (e && e != ERR_AGAIN)
		dest_lost(d, now_ns, e, d->why.text);
}

bool dest_may_wait(const struct mig_dest *d)
{
	return d->place == MIG_DEST_ROUNDS && !d->stopped &&
	       (!d->job || !d->job->type || d->job->type == MIG_MOVE_RESTART);
}

/* Until when the source must say something besides HEARTBEAT. */
static uint64_t progress_until(const struct mig_dest *d)
{
	if (d->place == MIG_DEST_ROUNDS || d->place == MIG_DEST_STATE)
		return d->progress_ns + (dest_may_wait(d) ? MIG_SHUTDOWN_NS : MIG_PROGRESS_NS);
	if (d->place == MIG_DEST_SETTLED && !d->guest && d->purpose == MIG_PURPOSE_SETTLE &&
	    mig_stream_open(&d->stream))
		return d->stream.opened_ns + MIG_SETTLE_NS;
	return UINT64_MAX;
}

static void check_deadlines(struct mig_dest *d, uint64_t now_ns)
{
	struct why why;

	if (now_ns >= d->deadline_ns && (d->place == MIG_DEST_LOST || d->place == MIG_DEST_RESUME)) {
		dest_lost_late(d, now_ns);
	} else if (now_ns >= d->deadline_ns && d->place <= MIG_DEST_SETTLED) {
		dest_fail(d, now_ns, ERR_TIMEOUT, d->place == MIG_DEST_HELLO ? "HELLO did not come in time" :
			  d->place == MIG_DEST_OFFER ? "OFFER did not come in time" : "nothing was asked in time");
	} else if (now_ns >= progress_until(d)) {
		why_set(&why, "nothing but heartbeats came for %u s",
			(unsigned)((now_ns - d->progress_ns) / MIG_SECOND));
		dest_fail(d, now_ns, ERR_TIMEOUT,
			  d->place == MIG_DEST_SETTLED ? "this connection asked for long enough" : why.text);
	}
}

bool mig_dest_step(struct mig_dest *d, uint64_t now_ns)
{
	uint64_t before = d->stream.received_bytes;
	bool left = receive(d, now_ns);

	if (d->place == MIG_DEST_HASH)
		dest_hash_step(d, now_ns);
	dest_images_step(d, now_ns);
	if (mig_stream_open(&d->stream))
		keep_alive(d, now_ns);
	check_deadlines(d, now_ns);
	dest_inquire_step(d, now_ns);
	if (d->place == MIG_DEST_END)
		return false;
	return d->place == MIG_DEST_HASH || dest_images_busy(d) || (mig_stream_open(&d->stream) &&
		(d->stream.received_bytes != before || left));
}

bool mig_dest_stands(const struct mig_dest *d)
{
	if (!mig_stream_open(&d->stream) || d->purpose != MIG_PURPOSE_MIGRATE || !d->stopped || !d->job ||
	    d->job->type != MIG_MOVE_LIVE)
		return false;
	return d->handoff < HD_PREPARED ||
		(d->handoff == HD_PREPARED && mig_core_clock(d->core) - d->prepared_ns < MIG_READY_NS);
}

uint64_t mig_dest_deadline(const struct mig_dest *d)
{
	uint64_t until = progress_until(d), link;

	if (d->deadline_ns < until)
		until = d->deadline_ns;
	if (d->ask.type && mig_ask_deadline(&d->ask) < until)
		until = mig_ask_deadline(&d->ask);
	if (!mig_stream_open(&d->stream))
		return until;
	link = mig_stream_deadline(&d->stream);
	return link < until ? link : until;
}

void mig_dest_attach(struct mig_dest *to, struct mig_dest *from, uint64_t now_ns)
{
	mig_stream_fini(&to->stream, true);
	to->stream = from->stream;
	memset(&from->stream, 0, sizeof(from->stream));
	to->purpose = MIG_PURPOSE_SETTLE;
	if (to->job)
		mig_job_phase(to->job, to->job->phase, now_ns);
	from->place = MIG_DEST_END;
}

struct mig_dest *mig_dest_holder(const struct mig_core *c, const uint8_t *attempt)
{
	for (unsigned i = 0; i < MIG_IN; i++)
		if (c->in[i] && c->in[i]->guest && !memcmp(c->in[i]->stream.attempt, attempt, MIG_ATTEMPT))
			return c->in[i];
	return NULL;
}

const struct mig_note *mig_core_note(const struct mig_core *c, const uint8_t *attempt)
{
	const struct mig_dest *holder = mig_dest_holder(c, attempt);

	return holder ? &holder->note : mig_records_get(&c->records, attempt);
}

enum err mig_dest_cancel(struct mig_dest *d, uint64_t now_ns, struct why *why)
{
	if (d->handoff != HD_LOADING) {
		why_set(why, "too late: only the source may still give this attempt up");
		return ERR_STATE;
	}
	if (d->job)
		mig_job_end(d->job, MIG_JOB_CANCELLED, 0, "cancelled by an operator of the destination", now_ns);
	dest_put_abort(d, now_ns, "cancelled by an operator of the destination");
	mig_stream_fini(&d->stream, false);
	dest_event(d, HE_FAIL, now_ns);
	return ERR_OK;
}

void mig_dest_fini(struct mig_dest *d)
{
	mig_stream_fini(&d->stream, false);
	mig_ask_fini(&d->ask);
	mig_image_free(&d->image);
	dest_images_fini(d);
}
