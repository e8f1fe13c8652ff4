/* SPDX-License-Identifier: MIT */
/* stream.c: record writer and reader. */
#include "stream.h"
#include <stdlib.h>
#include <string.h>
#include "lib/bytes.h"
#include "lib/crc32c.h"

#define RECORD_MAX	(MIG_HEADER + MIG_BODY_MAX)
#define TX_ROOM		(RECORD_MAX + 8192)	/* a full record and the control records around it */
#define RX_ROOM		(2 * RECORD_MAX)

enum { AT_TYPE = 0, AT_ZERO = 2, AT_LENGTH = 4, AT_SEQUENCE = 8, AT_CRC = 12, AT_ATTEMPT = 16 };

enum err mig_stream_init(struct mig_stream *s, struct channel *ch, const uint8_t *attempt, uint64_t now_ns)
{
	memset(s, 0, sizeof(*s));
	s->ch = ch;
	s->tx = malloc(TX_ROOM);
	s->rx = malloc(RX_ROOM);
	if (!s->tx || !s->rx) {
		mig_stream_fini(s, true);
		return ERR_NOMEM;
	}
	if (attempt) {
		memcpy(s->attempt, attempt, MIG_ATTEMPT);
		s->attempt_known = true;
	}
	s->opened_ns = s->heard_ns = s->spoke_ns = now_ns;
	return ERR_OK;
}

void mig_stream_fini(struct mig_stream *s, bool abort)
{
	if (s->ch && abort)
		s->ch->ops->abort(s->ch);
	else if (s->ch)
		s->ch->ops->close(s->ch);
	free(s->tx);
	free(s->rx);
	s->ch = NULL;
	s->tx = s->rx = NULL;
}

bool mig_stream_open(const struct mig_stream *s)
{
	return s->ch != NULL;
}

void *mig_stream_begin(struct mig_stream *s, size_t room)
{
	if (s->tx_begin && s->tx_begin == s->tx_end)
		s->tx_begin = s->tx_end = 0;
	if (TX_ROOM - s->tx_end < MIG_HEADER + room && s->tx_begin) {
		memmove(s->tx, s->tx + s->tx_begin, s->tx_end - s->tx_begin);
		s->tx_end -= s->tx_begin;
		s->tx_begin = 0;
	}
	if (TX_ROOM - s->tx_end < MIG_HEADER + room)
		return NULL;
	return s->tx + s->tx_end + MIG_HEADER;
}

uint32_t mig_stream_end(struct mig_stream *s, uint16_t type, size_t length)
{
	uint8_t *h = s->tx + s->tx_end;
	uint32_t crc;

	le16_put(h + AT_TYPE, type);
	le16_put(h + AT_ZERO, 0);
	le32_put(h + AT_LENGTH, (uint32_t)length);
	le32_put(h + AT_SEQUENCE, s->tx_sequence++);
	le32_put(h + AT_CRC, 0);
	memcpy(h + AT_ATTEMPT, s->attempt, MIG_ATTEMPT);
	crc = crc32c(0, h, MIG_HEADER + length);
	le32_put(h + AT_CRC, crc);
	s->tx_end += MIG_HEADER + length;
	return crc;
}

enum err mig_stream_put(struct mig_stream *s, uint16_t type, const void *rec)
{
	const struct state_desc *d = mig_type_table(type);
	size_t length = 0, room = mig_type_cap(type);
	void *body = mig_stream_begin(s, room);
	enum err e = ERR_OK;

	if (!body)
		return ERR_AGAIN;
	if (d)
		e = state_save(d, rec, d->version, body, room, &length, NULL);
	if (e)
		return e;
	mig_stream_end(s, type, length);
	return ERR_OK;
}

static enum err channel_failed(enum err e, struct why *why)
{
	why_set(why, "connection lost: %s", err_text(e));
	return e;
}

enum err mig_stream_flush(struct mig_stream *s, uint64_t now_ns, struct why *why)
{
	enum err e = s->ch->ops->status(s->ch);

	/* A peer that closed may have left records to read: mig_stream_next reports the end when they are read. */
	if (e && e != ERR_AGAIN && e != ERR_CLOSED)
		return channel_failed(e, why);
	if (e == ERR_AGAIN)
		return ERR_AGAIN;
	while (s->tx_begin < s->tx_end) {
		size_t n = s->ch->ops->send(s->ch, s->tx + s->tx_begin, s->tx_end - s->tx_begin);

		if (!n)
			return ERR_AGAIN;
		s->tx_begin += n;
		s->sent_bytes += n;
		s->spoke_ns = now_ns;
	}
	return ERR_OK;
}

/* The checks that need no body: nothing waits for bytes on the word of a length that can't be. */
static enum err check_length(const uint8_t *h, struct why *why)
{
	uint16_t type = le16_get(h + AT_TYPE);
	uint32_t length = le32_get(h + AT_LENGTH);

	if (length <= mig_type_cap(type))
		return ERR_OK;
	why_set(why, "record %s of %u bytes is over its cap of %u", mig_type_name(type), length, mig_type_cap(type));
	return ERR_RANGE;
}

static enum err check_record(struct mig_stream *s, uint8_t *h, struct why *why)
{
	uint16_t type = le16_get(h + AT_TYPE);
	uint32_t length = le32_get(h + AT_LENGTH), crc = le32_get(h + AT_CRC), have;

	le32_put(h + AT_CRC, 0);
	have = crc32c(0, h, MIG_HEADER + length);
	le32_put(h + AT_CRC, crc);
	if (have != crc) {
		why_set(why, "record %u is damaged: CRC32C 0x%08x, expected 0x%08x", s->rx_sequence, have, crc);
		return ERR_CORRUPT;
	}
	if (le16_get(h + AT_ZERO)) {
		why_set(why, "record %s: the reserved header field is 0x%x, expected 0", mig_type_name(type),
			le16_get(h + AT_ZERO));
		return ERR_INVALID;
	}
	if (le32_get(h + AT_SEQUENCE) != s->rx_sequence) {
		why_set(why, "record %s has sequence number %u, expected %u", mig_type_name(type),
			le32_get(h + AT_SEQUENCE), s->rx_sequence);
		return ERR_INVALID;
	}
	if (!s->attempt_known) {
		memcpy(s->attempt, h + AT_ATTEMPT, MIG_ATTEMPT);
		s->attempt_known = true;
	}
	if (memcmp(s->attempt, h + AT_ATTEMPT, MIG_ATTEMPT)) {
		why_set(why, "record %s belongs to another attempt", mig_type_name(type));
		return ERR_INVALID;
	}
	s->rx_sequence++;
	if (mig_type_known(type) || type & MIG_OPTIONAL)
		return ERR_OK;
	why_set(why, "unknown mandatory record of %s", mig_type_name(type));
	return ERR_UNKNOWN;
}

/* Reads what the channel has into rx; ERR_OK if anything came. */
static enum err fill(struct mig_stream *s, uint64_t now_ns, struct why *why)
{
	enum err e;
	size_t n;

	if (s->rx_begin == s->rx_end) {
		s->rx_begin = s->rx_end = 0;
	} else if (RX_ROOM - s->rx_begin < RECORD_MAX) {
		memmove(s->rx, s->rx + s->rx_begin, s->rx_end - s->rx_begin);
		s->rx_end -= s->rx_begin;
		s->rx_begin = 0;
	}
	n = s->ch->ops->recv(s->ch, s->rx + s->rx_end, RX_ROOM - s->rx_end);
	if (n) {
		s->rx_end += n;
		s->received_bytes += n;
		s->heard_ns = now_ns;
		return ERR_OK;
	}
	e = s->ch->ops->status(s->ch);
	if (e && e != ERR_AGAIN)
		return channel_failed(e, why);
	return ERR_AGAIN;
}

enum err mig_stream_next(struct mig_stream *s, uint64_t now_ns, struct mig_record *out, struct why *why)
{
	for (;;) {
		size_t have = s->rx_end - s->rx_begin;
		uint8_t *h = s->rx + s->rx_begin;
		enum err e;

		if (have >= MIG_HEADER) {
			e = check_length(h, why);
			if (e)
				return e;
		}
		if (have < MIG_HEADER || have - MIG_HEADER < le32_get(h + AT_LENGTH)) {
			e = fill(s, now_ns, why);
			if (e)
				return e;
			continue;
		}
		e = check_record(s, h, why);
		if (e)
			return e;
		out->type = le16_get(h + AT_TYPE);
		out->length = le32_get(h + AT_LENGTH);
		out->body = h + MIG_HEADER;
		out->crc = le32_get(h + AT_CRC);
		s->rx_begin += MIG_HEADER + out->length;
		if (mig_type_known(out->type))
			return ERR_OK;
	}
}

void mig_stream_unread(struct mig_stream *s, const struct mig_record *r)
{
	s->rx_begin -= MIG_HEADER + r->length;
	s->rx_sequence--;
}

enum err mig_stream_parse(const struct mig_record *r, void *rec, struct why *why)
{
	const struct state_desc *d = mig_type_table(r->type);

	memset(rec, 0, d->size);
	return state_load(d, rec, d->version, r->body, r->length, why);
}

/* HELLO comes first, and bytes still waiting in tx will speak for themselves. */
static bool may_beat(const struct mig_stream *s)
{
	return s->tx_sequence && s->tx_begin == s->tx_end;
}

enum err mig_stream_alive(struct mig_stream *s, uint64_t now_ns, struct why *why)
{
	if (now_ns - s->heard_ns >= MIG_DEAD_NS) {
		why_set(why, "the peer was silent for %u s", (unsigned)(MIG_DEAD_NS / MIG_SECOND));
		return ERR_TIMEOUT;
	}
	if (may_beat(s) && now_ns - s->spoke_ns >= MIG_HEARTBEAT_NS)
		return mig_stream_put(s, MIG_HEARTBEAT, NULL);
	return ERR_OK;
}

uint64_t mig_stream_deadline(const struct mig_stream *s)
{
	uint64_t dead = s->heard_ns + MIG_DEAD_NS, beat = s->spoke_ns + MIG_HEARTBEAT_NS;

	return may_beat(s) && beat < dead ? beat : dead;
}
