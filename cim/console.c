/* SPDX-License-Identifier: MIT */
#include "console.h"
#include <string.h>
#include "host/manage.h"
#include "lib/fmt.h"
#include "share.h"

#define NAME_NS		(10ull * 1000000000ull)	/* for the name to arrive */
#define PART_BYTES	1024
#define NAME_A_STEP	64	/* bytes */
#define IDLE_NS		(600ull * 1000000000ull)	/* without a byte typed: it may have to give way */

struct session {
	struct channel *ch;
	char name[32];
	unsigned name_bytes;
	bool named;
	uint64_t deadline_ns;
	uint64_t typed_ns;		/* when the last byte came from the client */
	uint64_t offset;
	char out[PART_BYTES], in[PART_BYTES];
	size_t out_at, out_bytes;	/* of out[]: not sent yet */
	size_t in_at, in_bytes;		/* of in[]: not typed yet */
};

static struct session session[CONSOLE_SESSIONS];
static uint64_t now;		/* of the last step */

static void end(struct session *s, const char *text)
{
	if (text)
		s->ch->ops->send(s->ch, text, strlen(text));
	s->ch->ops->close(s->ch);
	s->ch = NULL;
}

/* The session that makes room for @ch: one of an address that holds too many; else the one that has not typed for the
 * longest time, if that is long. */
static struct session *give_way(const struct channel *ch)
{
	struct share_place place[CONSOLE_SESSIONS];
	unsigned oldest = 0;
	int victim;

	for (unsigned i = 0; i < CONSOLE_SESSIONS; i++) {
		place[i] = (struct share_place){ session[i].ch->peer_ipv4, session[i].typed_ns, true };
		if (session[i].typed_ns < session[oldest].typed_ns)
			oldest = i;
	}
	victim = share_victim(place, CONSOLE_SESSIONS, ch->peer_ipv4);
	if (victim < 0 && now - session[oldest].typed_ns >= IDLE_NS)
		victim = (int)oldest;
	if (victim < 0)
		return NULL;
	end(&session[victim], "\r\n[tern: this session gave way to another one]\r\n");
	return &session[victim];
}

void console_accept(struct channel *ch)
{
	static const char full[] = "[tern: too many console sessions]\r\n";
	struct session *s = NULL;

	for (unsigned i = 0; i < CONSOLE_SESSIONS && !s; i++)
		if (!session[i].ch)
			s = &session[i];
	if (!s)
		s = give_way(ch);
	if (!s) {
		ch->ops->send(ch, full, sizeof(full) - 1);
		ch->ops->close(ch);
		return;
	}
	memset(s, 0, sizeof(*s));
	s->ch = ch;
	s->typed_ns = now;
}

/* Reads the first line byte by byte, so that what follows stays in the channel. */
static bool read_name(struct session *s, uint64_t now_ns)
{
	struct manage_vm vm;
	char c = 0, text[80];
	unsigned read = 0;

	if (!s->deadline_ns)
		s->deadline_ns = now_ns + NAME_NS;
	while (read < NAME_A_STEP && c != '\n' && s->ch->ops->recv(s->ch, &c, 1) == 1) {
		read++;
		if (c == '\r' || c == '\n')
			continue;
		if (s->name_bytes == sizeof(s->name) - 1) {
			end(s, "[tern: expected a VM's name and a newline]\r\n");
			return true;
		}
		s->name[s->name_bytes++] = c;
	}
	if (c != '\n') {
		if (now_ns > s->deadline_ns)
			end(s, "[tern: no VM's name came in 10 s]\r\n");
		return read;
	}
	if (!manage_vm_find(s->name, &vm)) {
		fmt(text, sizeof(text), "[tern: there is no VM named %s here]\r\n", s->name);
		end(s, text);
		return true;
	}
	s->named = true;
	return true;
}

static bool move_bytes(struct session *s)
{
	size_t n = 0, m;

	if (!s->out_bytes) {
		s->out_at = 0;
		s->out_bytes = manage_console_read(s->name, &s->offset, s->out, sizeof(s->out));
	}
	if (s->out_bytes) {
		n = s->ch->ops->send(s->ch, s->out + s->out_at, s->out_bytes);
		s->out_at += n;
		s->out_bytes -= n;
	}
	if (!s->in_bytes) {
		s->in_at = 0;
		s->in_bytes = s->ch->ops->recv(s->ch, s->in, sizeof(s->in));
		if (s->in_bytes)
			s->typed_ns = now;
	}
	m = s->in_bytes ? manage_console_write(s->name, s->in + s->in_at, s->in_bytes) : 0;
	s->in_at += m;
	s->in_bytes -= m;
	return n || m;
}

static bool step(struct session *s, uint64_t now_ns)
{
	enum err status = s->ch->ops->status(s->ch);
	struct manage_vm vm;

	if (status != ERR_OK && status != ERR_AGAIN) {
		end(s, NULL);
		return true;
	}
	if (!s->named)
		return read_name(s, now_ns);
	if (move_bytes(s))
		return true;
	if (!manage_vm_find(s->name, &vm)) {
		end(s, "\r\n[tern: the VM is no longer here]\r\n");
		return true;
	}
	return false;
}

bool console_step(uint64_t now_ns)
{
	bool any = false;

	now = now_ns;
	for (unsigned i = 0; i < CONSOLE_SESSIONS; i++)
		if (session[i].ch)
			any |= step(&session[i], now_ns);
	return any;
}
