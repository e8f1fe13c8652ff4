/* SPDX-License-Identifier: MIT */
/* mig_said.c: records that fit what was said before, unless the fuzzer wants it otherwise. */
#include "mig_said.h"
#include <bearssl_hash.h>
#include <string.h>
#include "lib/bytes.h"
#include "lib/fmt.h"
#include "migration/service_parts.h"

#define STATE_MAGIC 0x45544154534b4146ull	/* of a fake guest */

static const struct mig_core *core(const struct said *s)
{
	return &s->raw.pair->host[s->raw.to].service->core;
}

void said_open(struct said *s, struct pair *p, int to, uint32_t ipv4, const uint8_t attempt[MIG_ATTEMPT])
{
	memset(s, 0, sizeof(*s));
	raw_open(&s->raw, p, to, ipv4, attempt);
	s->round = 1;
}

/* What a source would know of the host: its proof, and the digest of all that it has. */
static void hello(struct said *s, struct input *in)
{
	const struct mig_note *n = mig_core_note(core(s), s->raw.attempt);
	struct mig_hello h = { .magic = MIG_MAGIC, .version_min = 1, .version_max = 1, .name = "s" };
	uint8_t who;

	h.capabilities = input_u16(in);
	h.purpose = input_u8(in);
	who = input_u8(in);
	memset(h.uuid, who & 1 ? 0x66 : 0x55, sizeof(h.uuid));
	memset(h.boot_id, who & 4 ? 0x99 : 0x88, sizeof(h.boot_id));
	memset(h.proof, 0x42, sizeof(h.proof));
	if (n && h.purpose > MIG_PURPOSE_CHECK)
		memcpy(h.proof, n->own_proof, sizeof(h.proof));
	if (who & 2)
		h.proof[who % sizeof(h.proof)] ^= 1;
	if (!s->greeted)
		s->hello = h;
	s->greeted = true;
	raw_put(&s->raw, MIG_HELLO, &h);
}

static void offer(struct said *s, uint8_t how)
{
	struct mig_offer o = { .memory_bytes = SAID_MEMORY, .flags = how & 3u, .vcpus = 1, .move_type = 2 + (how >> 2 & 3) };

	fmt((char *)o.name, sizeof(o.name), "web%u", how >> 6);
	memset(o.uuid, 0x70 + (how >> 6), sizeof(o.uuid));
	raw_put(&s->raw, MIG_OFFER, &o);
}

static uint8_t content(const struct said *s, int which, size_t at)
{
	return (uint8_t)(s->pattern + at + 3u * (unsigned)which);
}

static void hash(const struct said *s, int which, uint8_t out[32])
{
	br_sha256_context sha;

	br_sha256_init(&sha);
	for (size_t n = 0; n < s->bytes[which]; n++)
		br_sha256_update(&sha, &(uint8_t){ content(s, which, n) }, 1);
	br_sha256_out(&sha, out);
}

static void definition(struct said *s, struct input *in)
{
	struct mig_definition_record d;
	uint8_t how;

	memset(&d, 0, sizeof(d));
	d.kernel_bytes = s->bytes[0] = input_u8(in);
	d.initrd_bytes = s->bytes[1] = input_u8(in);
	how = s->pattern = input_u8(in);
	s->at[0] = s->at[1] = 0;
	hash(s, 0, d.kernel_sha256);
	if (s->bytes[1])
		hash(s, 1, d.initrd_sha256);
	d.kernel_sha256[0] ^= how & 1;
	memcpy(d.cmdline, "quiet", 6);
	raw_put(&s->raw, MIG_DEFINITION, &d);
}

static void blob(struct said *s, uint8_t how)
{
	int which = how >> 7;
	size_t left = s->bytes[which] - s->at[which], n = (how & 127u) < left ? how & 127u : left;
	struct mig_blob_head head = { .which = 1 + (uint32_t)which, .offset = s->at[which] };
	uint8_t body[sizeof(head) + 128];

	memcpy(body, &head, sizeof(head));
	for (size_t i = 0; i < n; i++)
		body[sizeof(head) + i] = content(s, which, s->at[which]++);
	raw_put_bytes(&s->raw, MIG_BLOB, body, sizeof(head) + n);
}

static void pages(struct said *s, uint64_t page, uint32_t count, uint16_t encoding, int byte)
{
	static uint8_t body[sizeof(struct mig_pages_head) + sizeof(struct mig_pages_entry) + PAGE_SIZE];
	struct mig_pages_head head = { .round = s->round, .entries = 1 };
	struct mig_pages_entry e = { .page = page, .count = count, .encoding = encoding };
	size_t length = sizeof(head) + sizeof(e);

	memcpy(body, &head, sizeof(head));
	memcpy(body + sizeof(head), &e, sizeof(e));
	memset(body + length, byte, PAGE_SIZE);
	raw_put_bytes(&s->raw, MIG_PAGES, body, length + (encoding == MIG_ENC_RAW ? PAGE_SIZE : 0));
	*(encoding == MIG_ENC_RAW ? &s->raw_pages : &s->zero_pages) += count;
}

static void round_end(struct said *s, uint8_t how)
{
	struct mig_round_end end = {
		.round = s->round, .raw_pages = s->raw_pages + (how & 1), .zero_pages = s->zero_pages, .final = s->stopped ^ (how >> 1 & 1),
	};

	raw_put(&s->raw, MIG_ROUND_END, &end);
	s->round += !end.final;
	s->raw_pages = s->zero_pages = 0;
}

static void state(struct said *s, uint8_t how)
{
	struct mig_state_head head = { .flags = how & 1 ? MIG_STATE_DRY : 0, .total = 24 };
	uint8_t image[24] = { 0 }, body[sizeof(head) + sizeof(image)];
	size_t part = how & 2 ? 10 : sizeof(image);

	le64_put(image, STATE_MAGIC ^ (how >> 2 & 1));
	le64_put(image + 8, how);
	for (; head.offset < head.total; head.offset += (uint32_t)part) {
		part = part < head.total - head.offset ? part : head.total - head.offset;
		memcpy(body, &head, sizeof(head));
		memcpy(body + sizeof(head), image + head.offset, part);
		raw_put_bytes(&s->raw, MIG_STATE, body, sizeof(head) + part);
	}
}

uint64_t said_digest(const struct said *s)
{
	const struct mig_dest *holder = mig_dest_holder(core(s), s->raw.attempt);
	const struct mig_note *n = mig_core_note(core(s), s->raw.attempt);

	return holder ? holder->ready.digest : n ? n->digest : 0;
}

static void settling(struct said *s, uint8_t how)
{
	struct mig_query query = { .digest = said_digest(s) };
	struct mig_abort text;

	mig_abort_set(&text, "so", how & 4);
	switch (how % 4) {
	case 0:	raw_put(&s->raw, MIG_QUERY, &query); break;
	case 1:	raw_put(&s->raw, MIG_ABORT, &text); break;
	case 2: raw_put(&s->raw, MIG_DONE, NULL); break;
	default: raw_put(&s->raw, MIG_HEARTBEAT, NULL); break;
	}
}

static void resume(struct said *s, uint8_t how)
{
	const struct mig_dest *holder = mig_dest_holder(core(s), s->raw.attempt);
	struct mig_round r = { .round = (holder ? holder->load.round : s->round) + how - 128 };

	raw_put(&s->raw, MIG_RESUME, &r);
	s->round = r.round;
	s->raw_pages = s->zero_pages = 0;
}

static void commit(struct said *s, uint8_t how)
{
	struct mig_commit c = { .digest = said_digest(s) ^ (how & 1), .stopped_ns = how };

	raw_put(&s->raw, MIG_COMMIT, &c);
}

static void stop(struct said *s)
{
	struct mig_round r = { .round = s->round };

	raw_put(&s->raw, MIG_STOP, &r);
	s->stopped = true;
}

static void bytes(struct said *s, uint16_t type, struct input *in)
{
	size_t length = input_u16(in);
	const uint8_t *body = input_bytes(in, length, &length);

	if (s->strict && (type == MIG_HELLO || type == MIG_COMMIT))
		return;
	raw_put_bytes(&s->raw, type, body, length);
}

void said_record(struct said *s, struct input *in)
{
	uint8_t act = input_u8(in), page;

	switch (act) {
	case SAID_HELLO:      hello(s, in); break;
	case SAID_OFFER:      offer(s, input_u8(in)); break;
	case SAID_DEFINITION: definition(s, in); break;
	case SAID_BLOB:       blob(s, input_u8(in)); break;
	case SAID_ZERO:
		page = input_u8(in);
		pages(s, page, input_u8(in), MIG_ENC_ZERO, 0);
		break;
	case SAID_RAW:
		page = input_u8(in);
		pages(s, page, 1, MIG_ENC_RAW, input_u8(in));
		break;
	case SAID_ROUND_END:  round_end(s, input_u8(in)); break;
	case SAID_STOP:	      stop(s); break;
	case SAID_STATE:      state(s, input_u8(in)); break;
	case SAID_COMMIT:     commit(s, input_u8(in)); break;
	case SAID_SETTLING:   settling(s, input_u8(in)); break;
	case SAID_RESUME:     resume(s, input_u8(in)); break;
	default:	      bytes(s, act, in); break;
	}
}
