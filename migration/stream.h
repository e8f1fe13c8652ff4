/* SPDX-License-Identifier: MIT */
/* stream.h: records over a byte channel: framing, sequence, CRC and liveness, both ways, in bounded buffers. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/channel.h"
#include "lib/err.h"
#include "lib/why.h"
#include "protocol.h"

/* One received record; body stays valid until the next call on the stream. */
struct mig_record {
	uint16_t type;
	uint32_t length;
	const uint8_t *body;
	uint32_t crc;		/* CRC32C of the header */
};

struct mig_stream {
	struct channel *ch;		/* owned; NULL after mig_stream_fini */
	uint8_t attempt[MIG_ATTEMPT];
	bool attempt_known;		/* else the first record received sets it */
	uint32_t tx_sequence, rx_sequence;
	uint8_t *tx, *rx;
	size_t tx_begin, tx_end;	/* bytes of tx not yet taken by the channel */
	size_t rx_begin, rx_end;
	uint64_t opened_ns, heard_ns, spoke_ns;
	uint64_t sent_bytes;		/* taken by the channel so far */
	uint64_t received_bytes;
};

/* Takes @ch over, even on failure (then it is closed). @attempt may be NULL: taken from the first record received. */
enum err mig_stream_init(struct mig_stream *s, struct channel *ch, const uint8_t *attempt, uint64_t now_ns) NODISCARD;
/* Closes the channel (resets it if @abort) and frees the buffers; harmless on a zeroed or ended stream. */
void mig_stream_fini(struct mig_stream *s, bool abort);
bool mig_stream_open(const struct mig_stream *s);

/* Room for a body of @room bytes, NULL while the buffer holds too much unsent. Ended by mig_stream_end. */
void *mig_stream_begin(struct mig_stream *s, size_t room);
/* Frames the body begun before with its final @length; the CRC32C of the record. */
uint32_t mig_stream_end(struct mig_stream *s, uint16_t type, size_t length);
/* Appends a record whose body is @rec by @type's table (NULL for an empty body). ERR_AGAIN: no room now. */
enum err mig_stream_put(struct mig_stream *s, uint16_t type, const void *rec) NODISCARD;
/* Hands buffered bytes to the channel: ERR_OK all taken, ERR_AGAIN some left, else the channel's failure. */
enum err mig_stream_flush(struct mig_stream *s, uint64_t now_ns, struct why *why) NODISCARD;

/* The next record. ERR_AGAIN: none complete yet; ERR_CLOSED, ERR_IO, ERR_TIMEOUT, ERR_REFUSED: the channel ended;
 * ERR_RANGE, ERR_CORRUPT, ERR_INVALID, ERR_UNKNOWN: the peer broke the format. @why says it. Unknown optional
 * records are skipped. */
enum err mig_stream_next(struct mig_stream *s, uint64_t now_ns, struct mig_record *out, struct why *why) NODISCARD;
/* @r, the last that mig_stream_next returned, will be its next again. */
void mig_stream_unread(struct mig_stream *s, const struct mig_record *r);
/* Parses @r by its type's table into @rec (its whole structure, cleared first). */
enum err mig_stream_parse(const struct mig_record *r, void *rec, struct why *why) NODISCARD;

/* Sends a heartbeat when one is due. ERR_TIMEOUT with a reason when the peer was silent for MIG_DEAD_NS. */
enum err mig_stream_alive(struct mig_stream *s, uint64_t now_ns, struct why *why) NODISCARD;
/* When mig_stream_alive must be called next. */
uint64_t mig_stream_deadline(const struct mig_stream *s);
