/* SPDX-License-Identifier: MIT */
/* mig_raw.c: records made by hand. */
#include "mig_raw.h"
#include <string.h>
#include "lib/bytes.h"
#include "lib/log.h"
#include "mig_wire.h"
#include "migration/service_parts.h"

static void open_pipe(struct raw *r, struct pair *p, int to, uint32_t ipv4)
{
	struct pipe_options o = { .capacity = 1u << 20 };

	memset(r, 0, sizeof(*r));
	r->pair = p;
	r->to = to;
	r->ipv4 = ipv4;
	r->pipe = pipe_new(&o);
	r->ch = pipe_end(r->pipe, 0);
	r->theirs = pipe_end(r->pipe, 1);
	r->theirs->peer_ipv4 = ipv4;
}

void raw_open(struct raw *r, struct pair *p, int to, uint32_t ipv4, const uint8_t attempt[MIG_ATTEMPT])
{
	open_pipe(r, p, to, ipv4);
	memcpy(r->attempt, attempt, MIG_ATTEMPT);
	mig_service_accept(p->host[to].service, r->theirs, pipe_now_ns);
}

struct channel *raw_called(struct raw *r, struct pair *p, int to, uint32_t ipv4)
{
	open_pipe(r, p, to, ipv4);
	r->called = true;
	r->theirs->peer_port = MIG_PORT;
	return r->theirs;
}

void raw_put_bytes(struct raw *r, uint16_t type, const void *body, size_t length)
{
	static uint8_t record[MIG_HEADER + MIG_BODY_MAX];

	memset(record, 0, MIG_HEADER);
	le16_put(record, type);
	le32_put(record + 4, (uint32_t)length);
	le32_put(record + 8, r->sequence++);
	memcpy(record + 16, r->attempt, MIG_ATTEMPT);
	if (length)
		memcpy(record + MIG_HEADER, body, length);
	wire_seal(record);
	r->ch->ops->send(r->ch, record, MIG_HEADER + length);
}

void raw_put(struct raw *r, uint16_t type, const void *rec)
{
	const struct state_desc *d = mig_type_table(type);
	uint8_t body[8192];
	size_t length = 0;

	if (d && state_save(d, rec, d->version, body, sizeof(body), &length, NULL))
		panic("a record of the test does not fit");
	raw_put_bytes(r, type, body, length);
}

void raw_hello(struct raw *r, int as, enum mig_purpose purpose)
{
	struct mig_hello hello;

	mig_core_hello(&r->pair->host[as].service->core, purpose, r->proof, &hello);
	raw_put(r, MIG_HELLO, &hello);
}

void raw_let(struct raw *r, unsigned steps)
{
	bool more;

	while (steps--)
		mig_service_step(r->pair->host[r->to].service, pipe_now_ns += 1000, &more);
}

uint16_t raw_next(struct raw *r)
{
	size_t bytes;
	const uint8_t *data = pipe_sent(r->pipe, 1, &bytes);
	struct wire_record w;

	while (wire_records(data + r->heard, bytes - r->heard, &w, 1)) {
		const uint8_t *record = data + r->heard;

		r->heard += w.length;
		if (r->called)
			memcpy(r->attempt, record + 16, MIG_ATTEMPT);
		if (w.type == MIG_HEARTBEAT)
			continue;
		r->body = record + MIG_HEADER;
		r->length = (uint32_t)w.length - MIG_HEADER;
		return w.type;
	}
	return 0;
}

bool raw_ended(struct raw *r)
{
	uint8_t bytes[4096];

	while (r->ch->ops->recv(r->ch, bytes, sizeof(bytes)))
		;
	return r->ch->ops->status(r->ch) != ERR_OK;
}

void raw_close(struct raw *r)
{
	r->ch->ops->close(r->ch);
	pipe_drop(r->pipe);
}
