/* SPDX-License-Identifier: MIT */
/* locate.c: asks one host where a machine is. */
#include "locate.h"
#include <string.h>
#include "lib/fmt.h"
#include "lib/ipv4.h"

void mig_locate_fini(struct mig_locate *l)
{
	mig_stream_fini(&l->stream, true);
	l->active = false;
}

/* "lab-b (10.77.0.3)", or the address alone while the name is not known. */
static void name_of(const struct mig_locate *l, char out[96])
{
	char address[16], name[sizeof(l->hello.name)];

	ipv4_text(l->note.peer_ipv4, address);
	mig_text_copy(name, sizeof(name), l->hello.name, sizeof(l->hello.name));
	if (!name[0])
		memcpy(name, l->note.peer_name, sizeof(name));
	fmt(out, 96, name[0] ? "%s (%s)" : "%.0s%s", name, address);
}

static enum err end(struct mig_locate *l, enum err e)
{
	mig_locate_fini(l);
	return e;
}

static enum err cannot(struct mig_locate *l, const char *reason)
{
	char name[96], copy[WHY_TEXT];

	fmt(copy, sizeof(copy), "%s", reason);
	name_of(l, name);
	why_set(&l->why, "%s can't be asked whether it runs %s: %s", name, l->note.vm, copy);
	return end(l, ERR_UNSUPPORTED);
}

void mig_locate_start(struct mig_locate *l, const struct mig_core *core, const struct mig_note *note, bool claim,
		      uint64_t now_ns)
{
	const struct mig_host *host = &core->host;
	uint8_t attempt[MIG_ATTEMPT];
	struct channel *ch;
	uint16_t port = note->peer_port;

	memset(l, 0, sizeof(*l));
	l->core = core;
	l->note = *note;
	l->claim = claim;
	l->active = true;
	l->deadline_ns = now_ns + MIG_CONNECT_NS;
	if (!port)
		port = host->port ? host->port : MIG_PORT;
	host->random(host->ctx, attempt, sizeof(attempt));
	ch = host->connect(host->ctx, note->peer_ipv4, port, &l->why);
	if (ch && mig_stream_init(&l->stream, ch, attempt, now_ns))
		why_set(&l->why, "out of memory");
}

/* In a time that does not depend on where they differ. */
static bool proves(const struct mig_locate *l)
{
	if (!l->note.proves)
		return !memcmp(l->hello.uuid, l->note.peer_uuid, sizeof(l->note.peer_uuid));
	return mig_core_same_proof(l->answer.proof, l->note.own_proof);
}

static enum err on_located(struct mig_locate *l, const struct mig_record *r)
{
	struct why why = { "" };
	char name[96];

	if (mig_stream_parse(r, &l->answer, &why))
		return cannot(l, why.text);
	mig_text_copy(l->why.text, sizeof(l->why.text), l->answer.text, sizeof(l->answer.text));
	if (!l->claim || proves(l))
		return end(l, ERR_OK);
	name_of(l, name);
	why = l->why;
	why_set(&l->why, "%s does not show that it is the host that %s went to%s%s", name, l->note.vm,
		why.text[0] ? "; it says: " : "", why.text);
	return end(l, ERR_REFUSED);
}

static enum err on_hello(struct mig_locate *l, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_locate_record ask = { .flags = l->claim ? MIG_LOCATE_CLAIM : 0 };
	struct why why = { "" };

	if (mig_stream_parse(r, &l->hello, &why) || mig_core_hello_check(&l->hello, &why))
		return cannot(l, why.text);
	if (!(l->hello.capabilities & MIG_CAP_LOCATE))
		return cannot(l, "its Tern is too old for such a question");
	/* tern.conf may name this host itself among the others. */
	if (!memcmp(l->hello.boot_id, l->core->host.boot_id, sizeof(l->hello.boot_id))) {
		l->answer.state = l->claim ? MIG_LOCATED_REFUSED : MIG_LOCATED_NOT_HERE;
		why_set(&l->why, "%s is not away: the host that it went to is this one", l->note.vm);
		return end(l, ERR_OK);
	}
	memcpy(ask.uuid, l->note.vm_uuid, sizeof(ask.uuid));
	if (l->claim) {
		ask.given = l->note.given;
		memcpy(ask.attempt, l->note.attempt, sizeof(ask.attempt));
		memcpy(ask.proof, l->note.peer_proof, sizeof(ask.proof));
	}
	if (mig_stream_put(&l->stream, MIG_LOCATE, &ask))
		return cannot(l, "it takes no question");
	l->place = MIG_LOCATE_ANSWER;
	l->deadline_ns = now_ns + MIG_DEAD_NS;
	return ERR_AGAIN;
}

static enum err on_record(struct mig_locate *l, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_reject reject;
	struct mig_abort text;
	struct why why = { "" };
	char said[WHY_TEXT];

	if (r->type == MIG_HEARTBEAT)
		return ERR_AGAIN;
	if (r->type == MIG_HELLO && l->place == MIG_LOCATE_HELLO)
		return on_hello(l, r, now_ns);
	if (r->type == MIG_LOCATED && l->place == MIG_LOCATE_ANSWER)
		return on_located(l, r);
	if (r->type == MIG_ABORT && !mig_stream_parse(r, &text, &why))
		mig_text_copy(said, sizeof(said), text.text, sizeof(text.text));
	else if (r->type == MIG_REJECT && !mig_stream_parse(r, &reject, &why) && reject.count)
		mig_text_copy(said, sizeof(said), reject.text, WHY_TEXT);
	else
		fmt(said, sizeof(said), "unexpected %s", mig_type_name(r->type));
	return cannot(l, said);
}

static enum err connected(struct mig_locate *l, uint64_t now_ns)
{
	enum err e = l->stream.ch->ops->status(l->stream.ch);
	struct mig_hello hello;

	if (e == ERR_AGAIN)
		return ERR_AGAIN;
	mig_core_hello(l->core, MIG_PURPOSE_LOCATE, NULL, &hello);
	if (e || mig_stream_put(&l->stream, MIG_HELLO, &hello))
		return cannot(l, e ? err_text(e) : "it takes no question");
	l->stream.heard_ns = now_ns;
	l->place = MIG_LOCATE_HELLO;
	l->deadline_ns = now_ns + MIG_HELLO_NS;
	return ERR_AGAIN;
}

enum err mig_locate_step(struct mig_locate *l, uint64_t now_ns)
{
	struct mig_record r;
	enum err e = ERR_AGAIN;

	if (!mig_stream_open(&l->stream))
		return cannot(l, l->why.text[0] ? l->why.text : "no connection");
	if (now_ns >= l->deadline_ns)
		return cannot(l, l->place == MIG_LOCATE_CONNECT ? "no connection within 5 s" : "no answer in time");
	if (l->place == MIG_LOCATE_CONNECT)
		e = connected(l, now_ns);
	/* Not what an incoming one may take: a few records that are short. */
	for (int n = 0; n < 4 && e == ERR_AGAIN && l->active && l->place != MIG_LOCATE_CONNECT; n++) {
		e = mig_stream_next(&l->stream, now_ns, &r, &l->why);
		if (e == ERR_AGAIN)
			break;
		e = e ? cannot(l, l->why.text) : on_record(l, &r, now_ns);
	}
	if (e != ERR_AGAIN || l->place == MIG_LOCATE_CONNECT)
		return e;
	e = mig_stream_flush(&l->stream, now_ns, &l->why);
	return e && e != ERR_AGAIN ? cannot(l, l->why.text) : ERR_AGAIN;
}

uint64_t mig_locate_deadline(const struct mig_locate *l)
{
	uint64_t link = mig_stream_open(&l->stream) && l->place != MIG_LOCATE_CONNECT ?
				mig_stream_deadline(&l->stream) :
				UINT64_MAX;

	return link < l->deadline_ns ? link : l->deadline_ns;
}
