/* SPDX-License-Identifier: MIT */
/* console.c: the ring of what the guest has sent. */
#include "hv/dev/console.h"
#include "hv/device.h"
#include "hv/machine.h"

STATE_DESC(desc, console_state, CONSOLE_TABLE, .name = "console", .type = 0x0108, .version = 1);

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

/* What came of the ring's content is here, the rest stayed on the other host. */
static void loaded(struct machine *m)
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

static enum err check(const struct machine *m, const void *record, unsigned instance, struct why *why)
{
	const struct console_state *s = record;

	(void)m, (void)instance;
	if (s->history_bytes <= s->offset)
		return ERR_OK;
	why_set(why, "record console: a history of %u bytes, of %llu that were sent", s->history_bytes,
		(unsigned long long)s->offset);
	return ERR_RANGE;
}

const struct device console_device = {
	.desc = &desc, .at = offsetof(struct machine, console.s), .records = 1, .check = check, .loaded = loaded,
};
