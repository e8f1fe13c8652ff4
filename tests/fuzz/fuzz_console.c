/* SPDX-License-Identifier: MIT */
/* fuzz: cim */
/* Consoles: clients from three addresses come, say bytes, stop reading and go, while a guest writes and goes. Two bytes
 * of input are one act. Nobody gets more than the guest wrote, nothing is typed that nobody said, and who has gone is
 * let go. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "cim/console.h"
#include "host/manage.h"
#include "tests/fake/fake_cim_channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CLIENTS 24u
#define ROOM	256u			/* each way, small, since there are many */

static struct end {
	struct fake_channel f;
	char in[ROOM], out[ROOM];
	uint64_t guest_bytes;		/* got, of the guest's output */
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

static void say(struct end *e, const char *text)
{
	if (e->f.in_length + strlen(text) <= ROOM)
		fake_channel_say(&e->f, text);
}

/* Who does not read gets no more than there is room for. */
static void hear(struct end *e)
{
	for (size_t i = 0; i < e->f.out_length; i++)
		e->guest_bytes += (uint8_t)e->f.out[i] >> 7;
	e->f.out_length = 0;
}

static void come(struct end *e, uint8_t arg)
{
	e->guest_bytes = 0;
	fake_channel_init(&e->f, e->in, e->out, ROOM);
	e->f.ch.peer_ipv4 = arg % 3;
	e->f.send_most = arg & 4 ? 3 : 0;
	console_accept(&e->f.ch);
}

static void act(uint8_t what, uint8_t arg)
{
	static const char *const says[] = { "v\n", "v", "\n", "w\n", "v\r\nabc", "hello",
		"0123456789012345678901234567890123456789", "\r" };
	struct end *f = clients ? &client[arg % clients] : NULL;

	switch (what % 8) {
	case 0:
		if (clients == CLIENTS)
			return;
		come(&client[clients++], arg);
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
			f->f.full = !f->f.full;
		return;
	case 5:
		if (f)
			f->f.status = arg & 128 ? ERR_IO : ERR_CLOSED;
		return;
	case 6:
		gone = arg & 1;
		return;
	default:
		console_step(now);
		for (unsigned n = 0; n < clients; n++)
			hear(&client[n]);
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
		client[n].f.status = ERR_IO;
		client[n].f.in_at = client[n].f.in_length;
	}
	for (int n = 0; n < 1000 && console_step(now); n++)
		;
	for (unsigned n = 0; n < clients; n++) {
		hear(&client[n]);
		if (!client[n].f.closed || client[n].guest_bytes > sent)
			abort();
	}
	clients = 0;
	return 0;
}
