/* SPDX-License-Identifier: MIT */
/* mig_answers.c: right answers to a source, and how they go wrong. */
#include "mig_answers.h"
#include <string.h>
#include "lib/bytes.h"
#include "migration/stream.h"

#define SECOND 1000000000ull

struct answers *answers_now;

struct body { uint16_t type; size_t length; uint8_t bytes[4096]; };

struct channel *answers_connect(void *ctx, uint32_t ipv4, uint16_t port, struct why *why)
{
	struct answers *a = answers_now;
	struct answers_link *l = &a->link[a->links++ % ANSWERS_LINKS];

	(void)ctx;
	(void)port;
	if (a->refuse) {
		a->refuse--;
		why_set(why, "refused");
		return NULL;
	}
	if (l->open)
		raw_close(&l->raw);
	memset(l, 0, sizeof(*l));
	l->open = true;
	return raw_called(&l->raw, a->pair, 0, ipv4);
}

static bool parse(uint16_t type, const uint8_t *body, size_t length, void *out)
{
	struct mig_record r = { .type = type, .body = body, .length = (uint32_t)length };
	struct why why;

	return mig_stream_parse(&r, out, &why) == ERR_OK;
}

/* By what it says a host may know who it is. */
static void greet(struct answers *a, struct answers_link *l, const struct mig_hello *h)
{
	if (l->greeted)
		return;
	l->greeted = true;
	if (l->purpose == MIG_PURPOSE_MIGRATE && !a->met) {
		a->met = true;
		a->agreed = h->capabilities & a->capabilities;
		memcpy(a->uuid, h->uuid, sizeof(a->uuid));
		memcpy(a->boot, h->boot_id, sizeof(a->boot));
	}
	l->proven = l->purpose == MIG_PURPOSE_MIGRATE ||
		(!memcmp(h->uuid, a->uuid, sizeof(a->uuid)) &&
		 (!(a->agreed & MIG_CAP_PROOF) || !memcmp(h->proof, a->host_proof, sizeof(h->proof))));
	l->rebooted = memcmp(h->boot_id, a->boot, sizeof(a->boot));
	l->keeps = h->capabilities & (MIG_CAP_RECORDS_KEPT | MIG_CAP_RECORDS_FOUND);
	a->rebooted |= l->rebooted && !l->keeps;
}

/* What is asked for must be said, and said right. */
static bool is_ready(const struct answers *a, const uint8_t *body, size_t length)
{
	struct mig_ready said, due;

	memset(&due, 0, sizeof(due));
	if (!a->ready || !parse(MIG_READY, body, length, &said))
		return false;
	a->ready(&due);
	return said.digest == due.digest && said.verified == due.verified && (!due.verified || said.memory_hash == due.memory_hash);
}

static void put(struct answers *a, struct answers_link *l, uint16_t type, const uint8_t *body, size_t length)
{
	struct mig_hello hello;
	struct mig_answer answer;

	if (type == MIG_HELLO && parse(type, body, length, &hello))
		greet(a, l, &hello);
	a->running |= type == MIG_RUNNING && l->proven && !l->rebooted;
	a->running_rebooted |= type == MIG_RUNNING && l->proven && l->rebooted;
	a->loaded |= type == MIG_READY && is_ready(a, body, length);
	a->refused |= type == MIG_REFUSED && l->proven;
	if (type == MIG_ANSWER && parse(type, body, length, &answer)) {
		a->prepared |= answer.state == MIG_ANSWER_PREPARED && l->proven;
		a->none |= answer.state == MIG_ANSWER_NONE;
	}
	raw_put_bytes(&l->raw, type, body, length);
}

static void fill(struct body *b, uint16_t type, const void *rec)
{
	const struct state_desc *d = mig_type_table(type);

	b->type = type;
	b->length = 0;
	if (d && state_save(d, rec, d->version, b->bytes, sizeof(b->bytes), &b->length, NULL))
		b->type = 0;
}

static void hello(struct answers *a, struct answers_link *l, struct body *b, uint8_t who)
{
	struct mig_hello heard, h = { .magic = MIG_MAGIC, .version_min = 1, .version_max = 1, .name = "d" };

	if (!parse(MIG_HELLO, l->raw.body, l->raw.length, &heard))
		return;
	l->purpose = h.purpose = heard.purpose;
	h.capabilities = a->capabilities & ~(who & 8 ? MIG_CAP_RECORDS_KEPT | MIG_CAP_RECORDS_FOUND : 0);
	memset(h.uuid, who & 1 ? 0x66 : 0x55, sizeof(h.uuid));
	memset(h.boot_id, who & 4 ? 0x99 : 0x88, sizeof(h.boot_id));
	if (heard.purpose == MIG_PURPOSE_MIGRATE)
		memcpy(a->host_proof, heard.proof, sizeof(a->host_proof));
	if (heard.purpose != MIG_PURPOSE_CHECK)
		memcpy(h.proof, a->host_proof, sizeof(h.proof));
	h.proof[0] ^= who >> 1 & 1;
	fill(b, MIG_HELLO, &h);
}

static void want(struct answers *a, struct body *b)
{
	struct mig_want w = { .kernel_from = a->got[0], .initrd_from = a->got[1], .taken = 1 };

	fill(b, MIG_WANT, &w);
}

static void heard_definition(struct answers *a, struct answers_link *l, struct body *b)
{
	struct mig_definition_record d;

	if (!parse(MIG_DEFINITION, l->raw.body, l->raw.length, &d))
		return;
	a->bytes[0] = d.kernel_bytes;
	a->bytes[1] = d.initrd_bytes;
	want(a, b);
}

static void heard_blob(struct answers *a, struct answers_link *l, struct body *b)
{
	struct mig_blob_head head;

	memcpy(&head, l->raw.body, sizeof(head));
	a->got[head.which == 2] = head.offset + l->raw.length - sizeof(head);
	if (a->got[0] == a->bytes[0] && a->got[1] == a->bytes[1])
		want(a, b);
}

static void heard_state(struct answers *a, struct answers_link *l, struct body *b)
{
	struct mig_state_report report = { .ok = 1 };
	struct mig_state_head head;
	struct mig_ready ready;

	memcpy(&head, l->raw.body, sizeof(head));
	if (head.offset + l->raw.length - sizeof(head) < head.total)
		return;
	if (head.flags & MIG_STATE_DRY) {
		fill(b, MIG_STATE_REPORT, &report);
		return;
	}
	memset(&ready, 0, sizeof(ready));
	if (a->ready)
		a->ready(&ready);
	fill(b, MIG_READY, &ready);
}

static void heard_round_end(struct answers_link *l, struct body *b)
{
	struct mig_round_end end;
	struct mig_round_ack ack;

	if (!parse(MIG_ROUND_END, l->raw.body, l->raw.length, &end))
		return;
	ack = (struct mig_round_ack){ .round = end.round, .load_ns = 1000 };
	fill(b, MIG_ROUND_ACK, &ack);
}

/* The right answer to what was heard last; of type 0: none is due. */
static void right(struct answers *a, struct answers_link *l, uint16_t type, struct body *b)
{
	static const struct mig_running running;
	static const struct mig_text refused;
	struct mig_accept accept = { .state_bytes = MIG_STATE_MAX, .resume_grace_ms = 20000 };
	struct mig_answer none = { .state = MIG_ANSWER_NONE }, prepared = { .state = MIG_ANSWER_PREPARED };
	struct mig_resumed resumed = { .records = a->pages };

	b->type = 0;
	switch (type) {
	case MIG_HELLO:	     hello(a, l, b, 0); break;
	case MIG_OFFER:	     fill(b, MIG_ACCEPT, &accept); break;
	case MIG_PAGES:	     a->pages++; break;
	case MIG_ROUND_END:  heard_round_end(l, b); break;
	case MIG_STATE:	     heard_state(a, l, b); break;
	case MIG_RESUME:     fill(b, MIG_RESUMED, &resumed); break;
	case MIG_DEFINITION: heard_definition(a, l, b); break;
	case MIG_BLOB:	     heard_blob(a, l, b); break;
	case MIG_COMMIT:
		a->committed = true;
		fill(b, MIG_RUNNING, &running);
		break;
	case MIG_QUERY:	     fill(b, a->running ? MIG_RUNNING : MIG_ANSWER, a->running ? (const void *)&running : &prepared); break;
	case MIG_ABORT:	     fill(b, l->purpose == MIG_PURPOSE_SETTLE ? MIG_REFUSED : 0, &refused); break;
	case MIG_DONE:	     fill(b, MIG_ANSWER, &none); break;
	default:	     break;
	}
}

/* A record of any type that this version has, empty but for one value. */
static void other(struct answers *a, struct answers_link *l)
{
	static uint8_t rec[sizeof(struct mig_offer) + sizeof(struct mig_reject) + sizeof(struct mig_definition_record)];
	uint16_t type = 1 + input_u8(a->in) % (MIG_TYPE_END - 1);
	struct body b;

	memset(rec, 0, sizeof(rec));
	rec[0] = input_u8(a->in);
	fill(&b, type, rec);
	if (b.type)
		put(a, l, b.type, b.bytes, b.length);
}

static void cut(struct answers *a, struct answers_link *l)
{
	uint8_t how = input_u8(a->in) % 4;

	if (how == 3)
		a->refuse = input_u8(a->in) % 8;
	if (how < 2)
		pipe_cut(l->raw.pipe, !how);
	raw_close(&l->raw);
	l->open = false;
}

static void answer(struct answers *a, struct answers_link *l, uint16_t type)
{
	struct body b;
	uint8_t act;
	size_t length;
	const uint8_t *bytes;

	right(a, l, type, &b);
	if (!b.type)
		return;
	act = input_u8(a->in) % 16;
	if (act == ANSWERS_HELLO && type == MIG_HELLO)
		hello(a, l, &b, input_u8(a->in));
	if (act == ANSWERS_CHANGED && b.length) {
		length = input_u8(a->in) % b.length;
		b.bytes[length] ^= input_u8(a->in);
	}
	if (act == ANSWERS_LATE)
		pipe_now_ns += input_u8(a->in) * (SECOND / 4);
	if (act == ANSWERS_BYTES) {
		b.type = input_u8(a->in);
		length = input_u16(a->in);
		bytes = input_bytes(a->in, length < sizeof(b.bytes) ? length : sizeof(b.bytes), &b.length);
		if (b.length)
			memcpy(b.bytes, bytes, b.length);
	}
	if (act != ANSWERS_NOTHING && act != ANSWERS_CUT && act != ANSWERS_OTHER)
		put(a, l, b.type, b.bytes, b.length);
	if (act == ANSWERS_TWICE)
		put(a, l, b.type, b.bytes, b.length);
	if (act == ANSWERS_OTHER || act == ANSWERS_AND_OTHER)
		other(a, l);
	if (act == ANSWERS_CUT)
		cut(a, l);
}

bool answers_step(struct answers *a)
{
	bool heard = false;

	for (unsigned n = 0; n < ANSWERS_LINKS; n++) {
		struct answers_link *l = &a->link[n];
		uint16_t type;

		while (l->open && (type = raw_next(&l->raw))) {
			answer(a, l, type);
			heard = true;
		}
	}
	return heard;
}

void answers_fini(struct answers *a)
{
	for (unsigned n = 0; n < ANSWERS_LINKS; n++)
		if (a->link[n].open)
			raw_close(&a->link[n].raw);
}
