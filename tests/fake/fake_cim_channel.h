/* SPDX-License-Identifier: MIT */
/* fake_cim_channel.h: a byte channel in memory whose far end is the test. */
#pragma once
#include <stdbool.h>
#include "lib/channel.h"

struct fake_channel {
	struct channel ch;
	char *in;			/* what the far end has sent */
	size_t in_room, in_length, in_at;
	char *out;			/* what was sent to it */
	size_t out_room, out_length;
	size_t send_most, recv_most;	/* bytes taken per call, 0: no limit */
	bool full;			/* send takes nothing */
	enum err status;		/* when everything was read */
	unsigned sends;			/* calls of send that took something */
	bool closed, aborted;
};

#define FAKE_CHANNEL_ROOM 600000u

/* An open channel; the test frees it. close and abort only mark it, and what is done with it after that fails. */
struct fake_channel *fake_channel_new(void);
/* The same with other memory: @room bytes each way. */
void fake_channel_init(struct fake_channel *f, char *in, char *out, size_t room);
/* The far end sends @text. */
void fake_channel_say(struct fake_channel *f, const char *text);
/* What came back so far, as text; forgets it if @forget. */
const char *fake_channel_heard(struct fake_channel *f, bool forget);
