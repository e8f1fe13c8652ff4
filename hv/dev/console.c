/* SPDX-License-Identifier: MIT */
/* console.c: the ring of what the guest has sent. */
#include "hv/dev/console.h"
#include "hv/machine.h"

#define ROW_F(t, s, type, name, max, doc)	STATE_ROW(console_state, t, s, type, name, 1, max, doc)
#define ROW_A(t, s, type, name, n, max, doc)	STATE_ROW(console_state, t, s, type, name, n, max, doc)
static const struct state_field rows[] = { CONSOLE_TABLE(ROW_F, ROW_A) };

const struct state_desc console_desc = {
	.name = "console", .type = 0x0108, .version = 1, .size = sizeof(struct console_state),
	.field = rows, .field_count = sizeof(rows) / sizeof(rows[0]),
};

void console_put(struct machine *m, uint8_t byte)
{
	struct console *c = &m->console;

	c->ring[c->s.offset % CONSOLE_BYTES] = byte;
	c->s.history[c->s.offset % CONSOLE_HISTORY] = byte;
	c->s.history_bytes += c->s.history_bytes < CONSOLE_HISTORY;
	c->s.offset++;
	if (c->s.offset - c->first > CONSOLE_BYTES)
		c->first = c->s.offset - CONSOLE_BYTES;
}

void console_rebuild(struct machine *m)
{
	struct console *c = &m->console;

	c->first = c->s.offset - c->s.history_bytes;
	for (uint64_t n = c->first; n < c->s.offset; n++)
		c->ring[n % CONSOLE_BYTES] = c->s.history[n % CONSOLE_HISTORY];
}

size_t console_read(const struct machine *m, uint64_t *offset, void *out, size_t room)
{
	const struct console *c = &m->console;
	uint8_t *byte = out;
	size_t n = 0;

	if (*offset < c->first)
		*offset = c->first;
	if (*offset > c->s.offset)
		*offset = c->s.offset;
	while (n < room && *offset < c->s.offset)
		byte[n++] = c->ring[(*offset)++ % CONSOLE_BYTES];
	return n;
}

enum err console_check(const void *record, unsigned instance, struct why *why)
{
	const struct console_state *s = record;

	(void)instance;
	if (s->history_bytes <= s->offset)
		return ERR_OK;
	why_set(why, "record console: a history of %u bytes, of %llu that were sent", s->history_bytes, (unsigned long long)s->offset);
	return ERR_RANGE;
}
