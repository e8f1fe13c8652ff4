/* SPDX-License-Identifier: MIT */
/* ask.c: settle an attempt with its other end over as many connections as it takes. */
#include "ask.h"
#include <string.h>
#include "lib/fmt.h"
#include "lib/ipv4.h"

void mig_ask_init(struct mig_ask *a, const struct mig_core *core, const struct mig_note *note, uint64_t now_ns)
{
	memset(a, 0, sizeof(*a));
	a->core = core;
	a->note = *note;
	a->deadline_ns = now_ns;
	a->wait_ns = MIG_RETRY_FIRST_NS;
}

void mig_ask_fini(struct mig_ask *a)
{
	mig_stream_fini(&a->stream, true);
	a->type = 0;
}

/* Gives this connection up and waits, each time twice as long. */
static void retry(struct mig_ask *a, uint64_t now_ns)
{
	mig_stream_fini(&a->stream, true);
	a->place = MIG_ASK_WAIT;
	a->deadline_ns = now_ns + a->wait_ns;
	a->wait_ns = a->wait_ns * 2 < MIG_RETRY_LAST_NS ? a->wait_ns * 2 : MIG_RETRY_LAST_NS;
}

void mig_ask_again(struct mig_ask *a, enum mig_type type, uint64_t now_ns)
{
	a->type = type;
	retry(a, now_ns);
}

static void go(struct mig_ask *a, enum mig_ask_place place, uint64_t deadline_ns)
{
	a->place = place;
	a->deadline_ns = deadline_ns;
}

static void connect_now(struct mig_ask *a, uint64_t now_ns)
{
	const struct mig_host *host = &a->core->host;
	struct channel *ch = host->connect(host->ctx, a->note.peer_ipv4, a->note.peer_port, &a->last);

	if (!ch || mig_stream_init(&a->stream, ch, a->note.attempt, now_ns)) {
		retry(a, now_ns);
		return;
	}
	go(a, MIG_ASK_CONNECT, now_ns + MIG_CONNECT_NS);
}

static void connected(struct mig_ask *a, uint64_t now_ns)
{
	enum err e = a->stream.ch->ops->status(a->stream.ch);
	struct mig_hello hello;

	if (e == ERR_AGAIN)
		return;
	mig_core_hello(a->core, a->type == MIG_VERDICT ? MIG_PURPOSE_INQUIRE : MIG_PURPOSE_SETTLE, a->note.peer_proof,
		       &hello);
	if (e || mig_stream_put(&a->stream, MIG_HELLO, &hello)) {
		why_set(&a->last, "no connection: %s", err_text(e));
		retry(a, now_ns);
		return;
	}
	a->stream.heard_ns = now_ns;
	go(a, MIG_ASK_HELLO, now_ns + MIG_HELLO_NS);
}

static enum err put_question(struct mig_ask *a)
{
	struct mig_query query = { .digest = a->note.digest };
	struct mig_abort text;

	mig_abort_set(&text, a->text, a->cancelled);
	switch (a->type) {
	case MIG_QUERY:	return mig_stream_put(&a->stream, MIG_QUERY, &query);
	case MIG_ABORT:	return mig_stream_put(&a->stream, MIG_ABORT, &text);
	default:	return mig_stream_put(&a->stream, MIG_DONE, NULL);
	}
}

/* The question was HELLO. Whose word it is the caller tells by the verdict itself. */
static enum mig_ask_result on_source_hello(struct mig_ask *a, const struct mig_hello *hello, uint64_t now_ns)
{
	char address[16];

	if (memcmp(hello->uuid, a->note.peer_uuid, sizeof(hello->uuid))) {
		ipv4_text(a->note.peer_ipv4, address);
		why_set(&a->last, "%s is another host now", address);
		a->refused = true;
		retry(a, now_ns);
	} else {
		go(a, MIG_ASK_ANSWER, now_ns + MIG_DEAD_NS);
	}
	return MIG_ASK_AGAIN;
}

static enum mig_ask_result on_verdict(struct mig_ask *a, const struct mig_record *r, uint64_t now_ns)
{
	enum mig_ask_result result = MIG_ASK_AGAIN;

	if (r->type != MIG_VERDICT)
		why_set(&a->last, "unexpected %s", mig_type_name(r->type));
	else if (!mig_stream_parse(r, &a->verdict, &a->last))
		result = MIG_ASK_VERDICT;
	retry(a, now_ns);
	return result;
}

static enum mig_ask_result on_hello(struct mig_ask *a, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_hello hello;

	if (mig_stream_parse(r, &hello, &a->last) || mig_core_hello_check(&hello, &a->last)) {
		retry(a, now_ns);
		return MIG_ASK_AGAIN;
	}
	if (a->type == MIG_VERDICT)
		return on_source_hello(a, &hello, now_ns);
	a->proven = mig_core_same_peer(&a->note, &hello, a->note.peer_ipv4, &a->last) == ERR_OK;
	a->rebooted = memcmp(hello.boot_id, a->note.peer_boot, sizeof(a->note.peer_boot)) != 0;
	if (a->rebooted && !(hello.capabilities & (MIG_CAP_RECORDS_KEPT | MIG_CAP_RECORDS_FOUND))) {
		why_set(&a->last, "the destination has restarted since and has forgotten the attempt");
		a->wait_ns = MIG_RETRY_LAST_NS;
		retry(a, now_ns);
		return MIG_ASK_REBOOTED;
	}
	if (put_question(a)) {
		retry(a, now_ns);
		return MIG_ASK_AGAIN;
	}
	go(a, MIG_ASK_ANSWER, now_ns + MIG_DEAD_NS);
	return MIG_ASK_AGAIN;
}

static enum mig_ask_result on_answer(struct mig_ask *a, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_answer answer;

	/* Without a record D can't prove itself: that it has none decides nothing. */
	if (!a->proven &&
	    (r->type != MIG_ANSWER || mig_stream_parse(r, &answer, &a->last) || answer.state != MIG_ANSWER_NONE)) {
		retry(a, now_ns);
		return MIG_ASK_AGAIN;
	}
	switch (r->type) {
	case MIG_RUNNING:
		if (!a->rebooted)
			return MIG_ASK_RUNNING;
		why_set(&a->last,
			"%s took over %s and has restarted since; its memory there is lost, and what is here is from "
			"before the hand-off",
			a->note.peer_name, a->note.vm);
		a->wait_ns = MIG_RETRY_LAST_NS;
		retry(a, now_ns);
		return MIG_ASK_LOST;
	case MIG_REFUSED:
		return MIG_ASK_REFUSED;
	case MIG_ANSWER:
		if (mig_stream_parse(r, &answer, &a->last))
			break;
		a->deadline_ns = now_ns + MIG_DEAD_NS;
		if (answer.state == MIG_ANSWER_PREPARED)
			return MIG_ASK_PREPARED;
		why_set(&a->last, "the destination has no record of the attempt");
		a->wait_ns = MIG_RETRY_LAST_NS;
		retry(a, now_ns);
		return MIG_ASK_NONE;
	default:
		why_set(&a->last, "unexpected %s", mig_type_name(r->type));
	}
	retry(a, now_ns);
	return MIG_ASK_AGAIN;
}

/* Why D takes no question from here: what an operator can act on. */
static void on_reject(struct mig_ask *a, const struct mig_record *r)
{
	struct mig_reject reject;

	a->refused = true;
	if (!mig_stream_parse(r, &reject, &a->last) && reject.count)
		mig_text_copy(a->last.text, sizeof(a->last.text), reject.text, WHY_TEXT);
}

static enum mig_ask_result on_record(struct mig_ask *a, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_abort text;

	if (r->type == MIG_HEARTBEAT)
		return MIG_ASK_AGAIN;
	if (r->type == MIG_ABORT && !mig_stream_parse(r, &text, &a->last))
		mig_text_copy(a->last.text, sizeof(a->last.text), text.text, sizeof(text.text));
	else if (r->type == MIG_REJECT)
		on_reject(a, r);
	else if (a->place == MIG_ASK_HELLO && r->type == MIG_HELLO)
		return on_hello(a, r, now_ns);
	else if (a->place == MIG_ASK_ANSWER)
		return a->type == MIG_VERDICT ? on_verdict(a, r, now_ns) : on_answer(a, r, now_ns);
	retry(a, now_ns);
	return MIG_ASK_AGAIN;
}

static enum mig_ask_result link_step(struct mig_ask *a, uint64_t now_ns)
{
	enum mig_ask_result result;
	struct mig_record r;
	enum err e;

	while (mig_stream_open(&a->stream)) {
		e = mig_stream_next(&a->stream, now_ns, &r, &a->last);
		if (e == ERR_AGAIN)
			break;
		if (e) {
			retry(a, now_ns);
			return MIG_ASK_AGAIN;
		}
		result = on_record(a, &r, now_ns);
		if (result != MIG_ASK_AGAIN)
			return result;
	}
	if (!mig_stream_open(&a->stream))
		return MIG_ASK_AGAIN;
	e = mig_stream_alive(&a->stream, now_ns, &a->last);
	if (!e || e == ERR_AGAIN)
		e = mig_stream_flush(&a->stream, now_ns, &a->last);
	if (e && e != ERR_AGAIN)
		retry(a, now_ns);
	return MIG_ASK_AGAIN;
}

enum mig_ask_result mig_ask_step(struct mig_ask *a, uint64_t now_ns)
{
	if (now_ns >= a->deadline_ns && a->place != MIG_ASK_WAIT) {
		why_set(&a->last, "no answer within %u s", (unsigned)(MIG_CONNECT_NS / MIG_SECOND));
		retry(a, now_ns);
	}
	if (a->place == MIG_ASK_WAIT) {
		if (now_ns < a->deadline_ns)
			return MIG_ASK_AGAIN;
		connect_now(a, now_ns);
	}
	if (a->place == MIG_ASK_CONNECT)
		connected(a, now_ns);
	if (a->place == MIG_ASK_HELLO || a->place == MIG_ASK_ANSWER)
		return link_step(a, now_ns);
	return MIG_ASK_AGAIN;
}

uint64_t mig_ask_deadline(const struct mig_ask *a)
{
	uint64_t link;

	if (a->place != MIG_ASK_HELLO && a->place != MIG_ASK_ANSWER)
		return a->deadline_ns;
	link = mig_stream_deadline(&a->stream);
	return link < a->deadline_ns ? link : a->deadline_ns;
}
