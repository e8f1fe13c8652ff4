/* SPDX-License-Identifier: MIT */
/* pipe.h: a byte channel in memory, in virtual time, that chops, delays, drops and cuts. */
#pragma once
#include <stdbool.h>
#include "lib/channel.h"

struct pipe;

struct pipe_options {
	uint64_t rate;			/* bytes a second each way, 0: no limit */
	uint64_t delay_ns;		/* one way */
	size_t capacity;		/* bytes on their way at most, 0: 256 KiB */
	unsigned chop;			/* seed of random short sends and receives, 0: none */
	enum err status;		/* of both ends at first: ERR_OK, or ERR_AGAIN/ERR_REFUSED for ever */
};

/* Virtual time of all pipes; the test moves it. */
extern uint64_t pipe_now_ns;

/* The caller's handle; pipe_drop gives it up (the ends live until both are closed). */
struct pipe *pipe_new(const struct pipe_options *options);
void pipe_drop(struct pipe *p);
/* End 0 or 1, each taken once. */
struct channel *pipe_end(struct pipe *p, int end);

/* Nothing arrives any more, either way; the ends see an error, or nothing at all when @silent. */
void pipe_cut(struct pipe *p, bool silent);
/* The same once end @from's first @bytes have arrived. */
void pipe_cut_after(struct pipe *p, int from, uint64_t bytes, bool silent);
/* Of what end @from sends only the first @bytes arrive until this is called again with more. */
void pipe_hold(struct pipe *p, int from, uint64_t bytes);
bool pipe_is_cut(const struct pipe *p);
/* XORs byte @at of what end @from sends with @mask. */
void pipe_flip(struct pipe *p, int from, uint64_t at, uint8_t mask);
/* @change sees, and may change, each piece that end @from sends; unchopped that is whole records. */
void pipe_tamper(struct pipe *p, int from, void (*change)(uint8_t *bytes, size_t n));
/* All bytes that end @from sent so far. */
const uint8_t *pipe_sent(const struct pipe *p, int from, size_t *bytes);
