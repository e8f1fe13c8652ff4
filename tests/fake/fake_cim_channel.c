/* SPDX-License-Identifier: MIT */
#include "fake_cim_channel.h"
#include <stdlib.h>
#include <string.h>

/* A real one is freed by its close. */
static struct fake_channel *of(struct channel *ch)
{
	struct fake_channel *f = (struct fake_channel *)ch;

	if (f->closed)
		abort();
	return f;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t ch_send(struct channel *ch, const void *data, size_t length)
{
	struct fake_channel *f = of(ch);

	if (f->full)
		return 0;
	if (f->send_most)
		length = least(length, f->send_most);
	length = least(length, f->out_room - 1 - f->out_length);
	memcpy(f->out + f->out_length, data, length);
	f->out_length += length;
	f->sends += length > 0;
	return length;
}

static size_t ch_recv(struct channel *ch, void *out, size_t room)
{
	struct fake_channel *f = of(ch);
	size_t n = least(room, f->in_length - f->in_at);

	if (f->recv_most)
		n = least(n, f->recv_most);
	memcpy(out, f->in + f->in_at, n);
	f->in_at += n;
	return n;
}

static enum err ch_status(struct channel *ch)
{
	return of(ch)->in_at < of(ch)->in_length ? ERR_OK : of(ch)->status;
}

static size_t ch_unacked(struct channel *ch)
{
	(void)ch;
	return 0;
}

static void ch_close(struct channel *ch)
{
	of(ch)->closed = true;
}

static void ch_abort(struct channel *ch)
{
	of(ch)->aborted = true;
	of(ch)->closed = true;
}

static const struct channel_ops ops = { ch_send, ch_recv, ch_status, ch_unacked, ch_close, ch_abort };

void fake_channel_init(struct fake_channel *f, char *in, char *out, size_t room)
{
	*f = (struct fake_channel){ .ch = { .ops = &ops }, .in = in, .in_room = room, .out = out, .out_room = room };
}

struct fake_channel *fake_channel_new(void)
{
	struct fake_channel *f = calloc(1, sizeof(*f) + 2 * FAKE_CHANNEL_ROOM);

	if (!f)
		abort();
	fake_channel_init(f, (char *)(f + 1), (char *)(f + 1) + FAKE_CHANNEL_ROOM, FAKE_CHANNEL_ROOM);
	return f;
}

void fake_channel_say(struct fake_channel *f, const char *text)
{
	size_t length = strlen(text);

	if (f->in_length + length > f->in_room)
		abort();
	memcpy(f->in + f->in_length, text, length);
	f->in_length += length;
}

const char *fake_channel_heard(struct fake_channel *f, bool forget)
{
	f->out[f->out_length] = 0;
	if (forget)
		f->out_length = 0;
	return f->out;
}
