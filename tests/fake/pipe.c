/* SPDX-License-Identifier: MIT */
/* pipe.c: two byte queues with a clock. */
#include "pipe.h"
#include <stdlib.h>
#include <string.h>

#define SEGMENTS 4096		/* on their way at once, at most */

uint64_t pipe_now_ns;

struct way {
	uint8_t *data;			/* everything ever sent */
	size_t sent, read, room;
	struct segment { size_t end; uint64_t at_ns; } *segment;
	unsigned first, last, places;	/* segments on their way, from first to last, each at its number % places, a power of 2 */
	size_t arrived;
	uint64_t free_ns;		/* when the link takes the next byte */
	uint64_t cut_after, hold;
	bool cut_silent;
	uint64_t flip_at;
	uint8_t flip_mask;
	void (*change)(uint8_t *bytes, size_t n);
};

struct end { struct channel ch; struct pipe *pipe; int number; bool taken, closed, aborted; };

struct pipe {
	struct pipe_options o;
	struct way way[2];		/* way[n]: what end n sends */
	struct end end[2];
	bool cut, silent, dropped;
	unsigned random;
};

static unsigned chop(struct pipe *p, size_t n)
{
	if (!p->o.chop || n < 2)
		return (unsigned)n;
	p->random = p->random * 1103515245u + 12345u;
	if ((p->random >> 16) % 7 == 0)
		return 0;
	return 1 + (p->random >> 8) % (unsigned)n;
}

static void maybe_free(struct pipe *p)
{
	if (!p->dropped || (p->end[0].taken && !p->end[0].closed) || (p->end[1].taken && !p->end[1].closed))
		return;
	for (int i = 0; i < 2; i++) {
		free(p->way[i].data);
		free(p->way[i].segment);
	}
	free(p);
}

static void arrive(struct pipe *p, struct way *w)
{
	while (!p->cut && w->first != w->last && w->segment[w->first % w->places].at_ns <= pipe_now_ns) {
		size_t end = w->segment[w->first % w->places].end;

		if (end > w->hold) {
			if (w->arrived < w->hold)
				w->arrived = w->hold;
			return;
		}
		if (end >= w->cut_after) {
			w->arrived = w->cut_after;
			pipe_cut(p, w->cut_silent);
			return;
		}
		w->arrived = end;
		w->first++;
	}
}

static void update(struct pipe *p)
{
	arrive(p, &p->way[0]);
	arrive(p, &p->way[1]);
}

static struct segment *new_segment(struct way *w)
{
	if (w->last - w->first == w->places) {
		unsigned places = w->places ? 2 * w->places : 16;
		struct segment *larger = calloc(places, sizeof(*larger));

		for (unsigned n = w->first; n != w->last; n++)
			larger[n % places] = w->segment[n % w->places];
		free(w->segment);
		w->segment = larger;
		w->places = places;
	}
	return &w->segment[w->last++ % w->places];
}

static void append(struct pipe *p, struct way *w, const uint8_t *data, size_t n)
{
	uint64_t took = p->o.rate ? n * 1000000000ull / p->o.rate : 0;

	if (w->sent + n > w->room) {
		w->room = (w->sent + n) * 2;
		w->data = realloc(w->data, w->room);
	}
	memcpy(w->data + w->sent, data, n);
	if (w->flip_mask && w->flip_at >= w->sent && w->flip_at < w->sent + n)
		w->data[w->flip_at] ^= w->flip_mask;
	if (w->change)
		w->change(w->data + w->sent, n);
	w->sent += n;
	w->free_ns = (w->free_ns > pipe_now_ns ? w->free_ns : pipe_now_ns) + took;
	*new_segment(w) = (struct segment){ w->sent, w->free_ns + p->o.delay_ns };
}

static size_t end_send(struct channel *ch, const void *data, size_t length)
{
	struct end *e = (struct end *)ch;
	struct pipe *p = e->pipe;
	struct way *w = &p->way[e->number];
	size_t room, n;

	update(p);
	if ((p->cut && !p->silent) || p->o.status || p->end[!e->number].closed)
		return 0;
	room = p->o.capacity - (w->sent - w->arrived);
	n = length < room ? length : room;
	n = n ? chop(p, n) : 0;
	if (!n || w->last - w->first >= SEGMENTS)
		return 0;
	append(p, w, data, n);
	return n;
}

static size_t end_recv(struct channel *ch, void *out, size_t room)
{
	struct end *e = (struct end *)ch;
	struct pipe *p = e->pipe;
	struct way *w = &p->way[!e->number];
	size_t n;

	update(p);
	if ((p->cut && !p->silent && w->read == w->arrived) || p->end[!e->number].aborted)
		return 0;
	n = w->arrived - w->read;
	n = n < room ? n : room;
	n = n ? chop(p, n) : 0;
	memcpy(out, w->data + w->read, n);
	w->read += n;
	return n;
}

static enum err end_status(struct channel *ch)
{
	struct end *e = (struct end *)ch;
	struct pipe *p = e->pipe;
	const struct way *w = &p->way[!e->number];

	update(p);
	if (p->o.status)
		return p->o.status;
	/* What had arrived before the cut may still be read. */
	if (p->cut && w->read == w->arrived)
		return p->silent ? ERR_OK : ERR_IO;
	if (p->end[!e->number].aborted)
		return ERR_IO;
	if (p->end[!e->number].closed && w->read == w->sent)
		return ERR_CLOSED;
	return ERR_OK;
}

static size_t end_unacked(struct channel *ch)
{
	struct end *e = (struct end *)ch;

	update(e->pipe);
	return e->pipe->way[e->number].sent - e->pipe->way[e->number].arrived;
}

static void end_close(struct channel *ch)
{
	struct end *e = (struct end *)ch;

	e->closed = true;
	maybe_free(e->pipe);
}

static void end_abort(struct channel *ch)
{
	((struct end *)ch)->aborted = true;
	end_close(ch);
}

static const struct channel_ops ops = {
	.send = end_send, .recv = end_recv, .status = end_status, .unacked = end_unacked,
	.close = end_close, .abort = end_abort,
};

struct pipe *pipe_new(const struct pipe_options *options)
{
	struct pipe *p = calloc(1, sizeof(*p));

	p->o = *options;
	if (!p->o.capacity)
		p->o.capacity = 256 << 10;
	p->random = p->o.chop;
	for (int i = 0; i < 2; i++) {
		p->end[i] = (struct end){ .ch = { .ops = &ops }, .pipe = p, .number = i };
		p->way[i].cut_after = p->way[i].hold = UINT64_MAX;
		p->way[i].data = malloc(p->way[i].room = 1024);
	}
	return p;
}

void pipe_drop(struct pipe *p)
{
	p->dropped = true;
	maybe_free(p);
}

struct channel *pipe_end(struct pipe *p, int end)
{
	p->end[end].taken = true;
	return &p->end[end].ch;
}

void pipe_cut(struct pipe *p, bool silent)
{
	p->cut = true;
	p->silent = silent;
}

void pipe_cut_after(struct pipe *p, int from, uint64_t bytes, bool silent)
{
	p->way[from].cut_after = bytes;
	p->way[from].cut_silent = silent;
	if (!bytes)
		pipe_cut(p, silent);
}

void pipe_hold(struct pipe *p, int from, uint64_t bytes)
{
	p->way[from].hold = bytes;
}

bool pipe_is_cut(const struct pipe *p)
{
	return p->cut;
}

void pipe_flip(struct pipe *p, int from, uint64_t at, uint8_t mask)
{
	p->way[from].flip_at = at;
	p->way[from].flip_mask = mask;
}

void pipe_tamper(struct pipe *p, int from, void (*change)(uint8_t *bytes, size_t n))
{
	p->way[from].change = change;
}

const uint8_t *pipe_sent(const struct pipe *p, int from, size_t *bytes)
{
	*bytes = p->way[from].sent;
	return p->way[from].data;
}
