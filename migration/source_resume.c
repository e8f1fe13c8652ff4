/* SPDX-License-Identifier: MIT */
/* source_resume.c: the way back to the destination after the link was lost before STOP (wire spec, section 6). */
#include "source_parts.h"
#include <string.h>
#include "lib/log.h"

/* What a link does, in contrast to what a peer says. */
static bool is_cut(enum err e)
{
	return e == ERR_CLOSED || e == ERR_IO || e == ERR_TIMEOUT;
}

/* Of a guest that stands still while it moves nothing has gone out before STOP. */
static bool may_resume(const struct mig_source *s)
{
	return s->link.grace_ns && !s->still && s->handoff == HS_RUNNING && s->place >= MIG_AT_PASS &&
	       s->place <= MIG_AT_RESUME;
}

bool source_peer_may_wait(const struct mig_source *s, bool told)
{
	return s->capabilities & MIG_CAP_RESUME && s->options.purpose == MIG_PURPOSE_MIGRATE &&
	       s->place >= MIG_AT_OFFER && (!told || is_cut(s->error));
}

/* The guest runs on here meanwhile, at full speed, and the tracker keeps what it writes. */
static void begin(struct mig_source *s, uint64_t now_ns, const char *text)
{
	uint64_t confirmed = s->rounds.inflight.confirmed;

	s->link.lost_ns = now_ns;
	/* Connections on which nothing moves earn no new grace. */
	if (!s->link.until_ns || confirmed > s->link.confirmed)
		s->link.until_ns = now_ns + s->link.grace_ns;
	s->link.confirmed = confirmed;
	s->link.allowance = s->throttled ? s->progress.allowance : 0;
	source_throttle(s, 0);
	s->link.wait_ns = MIG_RETRY_FIRST_NS;
	why_set(&s->link.cause, "%s", text);
	mig_job_lost(s->job, text, now_ns, s->link.until_ns);
	log_limited(now_ns, LOG_WARN, "mig", "job %u: the link to %s is lost (%s), trying again for %u s", s->job->id,
		    s->job->peer_name, text, (unsigned)(s->link.grace_ns / MIG_SECOND));
}

static void give_up(struct mig_source *s, uint64_t now_ns)
{
	char cause[WHY_TEXT - 120];

	mig_text_copy(cause, sizeof(cause), (const uint8_t *)s->link.cause.text, WHY_TEXT);
	s->place = MIG_AT_LOST;
	source_fail(s, now_ns, ERR_TIMEOUT, "the link to %s was lost (%s) and did not come back within %u s",
		    s->job->peer_name, cause, (unsigned)(s->link.grace_ns / MIG_SECOND));
}

static uint64_t no_later(const struct mig_source *s, uint64_t when_ns)
{
	return when_ns < s->link.until_ns ? when_ns : s->link.until_ns;
}

void source_lost(struct mig_source *s, uint64_t now_ns, enum err e, const char *text)
{
	/* Only a connection that is being made is refused. */
	if (!may_resume(s) || !(is_cut(e) || (e == ERR_REFUSED && s->place == MIG_AT_RECONNECT))) {
		source_fail_link(s, now_ns, e, text);
		return;
	}
	s->link.sent_bytes += s->stream.sent_bytes;
	s->stream.sent_bytes = 0;
	mig_stream_fini(&s->stream, true);
	if (s->place < MIG_AT_LOST)
		begin(s, now_ns, text);
	else
		log_debug("mig", "job %u: no way back yet: %s", s->job->id, text);
	if (now_ns >= s->link.until_ns) {
		give_up(s, now_ns);
		return;
	}
	source_go(s, MIG_AT_LOST, MIG_PHASE_ROUNDS, no_later(s, now_ns + s->link.wait_ns), now_ns);
	s->link.wait_ns = s->link.wait_ns * 2 < MIG_RESUME_RETRY_NS ? s->link.wait_ns * 2 : MIG_RESUME_RETRY_NS;
}

void source_lost_step(struct mig_source *s, uint64_t now_ns)
{
	const struct mig_host *host = &s->core->host;
	struct channel *ch;

	if (now_ns < s->deadline_ns)
		return;
	if (now_ns >= s->link.until_ns) {
		give_up(s, now_ns);
		return;
	}
	ch = host->connect(host->ctx, s->options.ipv4, s->options.port, &s->why);
	if (!ch) {
		source_lost(s, now_ns, ERR_IO, s->why.text);
	} else if (mig_stream_init(&s->stream, ch, s->attempt, now_ns)) {
		source_lost(s, now_ns, ERR_IO, "no memory for the connection's buffers");
	} else {
		source_go(s, MIG_AT_RECONNECT, MIG_PHASE_ROUNDS, no_later(s, now_ns + MIG_CONNECT_NS), now_ns);
	}
}

/* A new connection has nothing outstanding; what the old one taught about the link stays. */
static void rate_anew(struct mig_rate *rate, uint64_t now_ns)
{
	uint64_t last = rate->last, average = rate->average;

	mig_rate_init(rate, rate->limit, now_ns);
	rate->last = last;
	rate->average = average;
}

void source_reconnect_step(struct mig_source *s, uint64_t now_ns)
{
	enum err e = s->stream.ch->ops->status(s->stream.ch);
	struct mig_hello hello;

	if (e == ERR_AGAIN)
		return;
	if (e) {
		source_lost(s, now_ns, e, err_text(e));
		return;
	}
	s->stream.heard_ns = s->asked_ns = now_ns;
	rate_anew(&s->rate, now_ns);
	mig_core_hello(s->core, MIG_PURPOSE_RESUME, s->note.peer_proof, &hello);
	hello.capabilities = s->hello_capabilities;
	source_go(s, MIG_AT_REHELLO, MIG_PHASE_ROUNDS, now_ns + MIG_HELLO_NS, now_ns);
	source_put(s, MIG_HELLO, &hello, now_ns);
}

void source_on_resume_hello(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_round resume = { .round = s->rounds.round + 1 };
	struct mig_hello hello;
	enum err e;

	if (!source_parse(s, r, &hello, now_ns))
		return;
	e = mig_core_hello_check(&hello, &s->why);
	if (!e)
		e = mig_core_same_peer(&s->note, &hello, s->options.ipv4, &s->why);
	if (!e && memcmp(hello.boot_id, s->note.peer_boot, sizeof(hello.boot_id))) {
		why_set(&s->why, "the link was lost, and the destination has restarted since: what it had is gone");
		e = ERR_STATE;
	} else if (!e && (hello.purpose != MIG_PURPOSE_RESUME ||
			  (hello.capabilities & mig_core_capabilities(s->core)) != s->capabilities)) {
		why_set(&s->why, "HELLO on the way back differs from the first: purpose %u, capabilities 0x%llx",
			hello.purpose, (unsigned long long)hello.capabilities);
		e = ERR_INVALID;
	}
	if (e) {
		source_fail_link(s, now_ns, e, s->why.text);
		return;
	}
	source_go(s, MIG_AT_RESUME, MIG_PHASE_ROUNDS, now_ns + MIG_HELLO_NS, now_ns);
	source_put(s, MIG_RESUME, &resume, now_ns);
}

void source_on_resume_reject(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_reject reject;
	char text[WHY_TEXT - 80];

	if (!source_parse(s, r, &reject, now_ns))
		return;
	mig_text_copy(text, sizeof(text), reject.count ? reject.text : (const uint8_t *)"no reason given", WHY_TEXT);
	source_fail(s, now_ns, ERR_REFUSED, "the link was lost, and can't be resumed: %s", text);
}

/* From here on both sides count and hash anew. */
static void digest_anew(struct mig_source *s, const struct mig_record *resumed)
{
	const struct state_desc *d = mig_type_table(MIG_RESUME);
	struct mig_round resume = { .round = s->rounds.round + 1 };
	uint8_t body[64];
	size_t length;

	if (state_save(d, &resume, d->version, body, sizeof(body), &length, NULL))
		panic("RESUME does not fit its cap");
	mig_digest_init(&s->digest, s->capabilities);
	mig_digest_add(&s->digest, MIG_RESUME, body, length);
	mig_digest_add(&s->digest, MIG_RESUMED, resumed->body, resumed->length);
}

void source_on_resumed(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	uint64_t sent = s->rounds.inflight.records, known = s->rounds.inflight.confirmed;
	struct mig_resumed resumed;
	struct why why;

	if (!source_parse(s, r, &resumed, now_ns))
		return;
	if (mig_rounds_lost(&s->rounds, resumed.records)) {
		why_set(&why, "RESUMED speaks of %llu records of pages, of %llu sent ones %llu were acknowledged",
			(unsigned long long)resumed.records, (unsigned long long)sent, (unsigned long long)known);
		source_fail_link(s, now_ns, ERR_INVALID, why.text);
		return;
	}
	digest_anew(s, r);
	s->state_bytes = 0;
	mig_job_back(s->job, now_ns);
	log_limited(
		now_ns, LOG_INFO, "mig",
		"job %u: the link to %s is back after %llu ms; %llu records of %llu had arrived, %llu pages go again",
		s->job->id, s->job->peer_name, (unsigned long long)((now_ns - s->link.lost_ns) / 1000000),
		(unsigned long long)resumed.records, (unsigned long long)sent,
		(unsigned long long)mig_inflight_lost_pages(&s->rounds.inflight));
	source_images_again(s);
	source_throttle(s, s->link.allowance);
	source_begin_pass(s, now_ns);
}
