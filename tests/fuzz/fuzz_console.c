/* SPDX-License-Identifier: MIT */
/* fuzz: cim/console.c lib/fmt.c */
/* Consoles: clients from three addresses come, say bytes, stop reading and go, while a guest writes and goes. Two bytes of
 * input are one act. Nobody gets more than the guest wrote, nothing is typed that nobody said, and who has gone is let go. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "cim/console.h"
#include "hv/manage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENTS 24u

/* The far end of a connection, small, since there are many. */
static struct end {
	struct channel ch;
	char in[256];			/* said, not yet heard by the host */
	size_t in_at, in_length, send_most;
	uint64_t guest_bytes;		/* got, of the guest's output */
	bool full, closed;
	enum err status;
} client[CLIENTS];
static unsigned clients;
static uint64_t now = 1, sent;
static bool gone;

bool manage_vm_find(const char *name, struct manage_vm *out)
{
	memset(out, 0, sizeof(*out));
	return !gone && !strcmp(name, "v");
}

/* The guest's output: the byte at offset n is n. Only the last 64 are kept. */
size_t manage_console_read(const char *name, uint64_t *offset, void *out, size_t room)
{
	size_t n;

	if (gone || strcmp(name, "v"))
		return 0;
	if (sent > 64 && *offset < sent - 64)
		*offset = sent - 64;
	n = sent - *offset < room ? (size_t)(sent - *offset) : room;
	for (size_t i = 0; i < n; i++)
		((uint8_t *)out)[i] = (uint8_t)(*offset + i) | 0x80;
	*offset += n;
	return n;
}

size_t manage_console_write(const char *name, const void *data, size_t length)
{
	if (strcmp(name, "v"))
		abort();
	for (size_t i = 0; i < length; i++)
		if (!((const uint8_t *)data)[i])
			abort();	/* nobody said that */
	return length / 2 + length % 2;
}

static struct end *of(struct channel *ch)
{
	if (((struct end *)ch)->closed)
		abort();
	return (struct end *)ch;
}

static size_t ch_send(struct channel *ch, const void *data, size_t length)
{
	struct end *e = of(ch);

	if (e->full)
		return 0;
	length = e->send_most && length > e->send_most ? e->send_most : length;
	for (size_t i = 0; i < length; i++)
		e->guest_bytes += ((const uint8_t *)data)[i] >> 7;
	return length;
}

static size_t ch_recv(struct channel *ch, void *out, size_t room)
{
	struct end *e = of(ch);
	size_t left = e->in_length - e->in_at, n = left < room ? left : room;

	memcpy(out, e->in + e->in_at, n);
	e->in_at += n;
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

static const struct channel_ops ops = { ch_send, ch_recv, ch_status, ch_unacked, ch_close, ch_close };

static void say(struct end *e, const char *text)
{
	size_t n = strlen(text);

	if (e->in_length + n > sizeof(e->in))
		return;
	memcpy(e->in + e->in_length, text, n);
	e->in_length += n;
}

static void act(uint8_t what, uint8_t arg)
{
	static const char *const says[] = { "v\n", "v", "\n", "w\n", "v\r\nabc", "hello", "0123456789012345678901234567890123456789", "\r" };
	struct end *f = clients ? &client[arg % clients] : NULL;

	switch (what % 8) {
	case 0:
		if (clients == CLIENTS)
			return;
		client[clients] = (struct end){ .ch = { .ops = &ops, .peer_ipv4 = arg % 3 }, .send_most = arg & 4 ? 3 : 0 };
		console_accept(&client[clients++].ch);
		return;
	case 1:
		if (f)
			say(f, says[arg >> 5]);
		return;
	case 2:
		sent += arg;
		return;
	case 3:
		now += (uint64_t)arg << 32;
		return;
	case 4:
		if (f)
			f->full = !f->full;
		return;
	case 5:
		if (f)
			f->status = arg & 128 ? ERR_IO : ERR_CLOSED;
		return;
	case 6:
		gone = arg & 1;
		return;
	default:
		console_step(now);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sent = 0;
	gone = false;
	for (size_t i = 0; i + 1 < size && i < 400; i += 2)
		act(data[i], data[i + 1]);
	/* Everyone goes; then all sessions must. */
	for (unsigned n = 0; n < clients; n++) {
		client[n].status = ERR_IO;
		client[n].in_at = client[n].in_length;
	}
	for (int n = 0; n < 1000 && console_step(now); n++)
		;
	for (unsigned n = 0; n < clients; n++)
		if (!client[n].closed || client[n].guest_bytes > sent)
			abort();
	clients = 0;
	return 0;
}
