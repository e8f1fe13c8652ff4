/* SPDX-License-Identifier: MIT */
/* config.c: walks the lines of tern.conf and files each value by the tables of config_keys.c. */
#include "config/config.h"
#include <stdarg.h>
#include <string.h>
#include "config/config_line.h"
#include "config/config_parse.h"
#include "lib/fmt.h"

void config_mistake(struct config_parse *p, const char *key, const char *format, ...)
{
	char text[WHY_TEXT];
	va_list args;

	va_start(args, format);
	fmt_v(text, sizeof(text), format, args);
	va_end(args);
	why_add(p->mistakes, "%s:%u: %s%s%.24s%s%s", p->file, p->line, p->title, p->title[0] ? " " : "",
		key ? key : "", key ? ": " : "", text);
	if (p->vm)
		p->vm->broken = true;
}

unsigned config_distance(const char *a, const char *b, unsigned most)
{
	unsigned row[33];
	size_t n = strlen(b);

	if (n > 32 || strlen(a) > 32)
		return most + 1;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; *a; a++, i++) {
		unsigned corner = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned change = corner + (*a != b[j - 1]);
			unsigned step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			corner = row[j];
			row[j] = change < step ? change : step;
		}
	}
	return row[n];
}

static void unknown_section(struct config_parse *p, const char *name)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (unsigned i = 0; i < CONFIG_SECTIONS; i++) {
		unsigned d = config_distance(name, config_section[i].name, best);

		if (d < best) {
			best = d;
			nearest = config_section[i].name;
			p->section = (enum config_section)i;
		}
	}
	config_doubt(p, p->section);
	if (nearest)
		config_mistake(p, NULL, "unknown section, expected [%s]?", nearest);
	else
		config_mistake(p, NULL, "unknown section, expected host, net, cim, console, migration, peer NAME or "
			       "vm NAME");
}

static void unknown_key(struct config_parse *p, const char *name)
{
	const char *nearest = NULL;
	unsigned best = 3;

	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *k = &config_key[i];
		unsigned d = config_distance(name, k->name, best);

		if (k->section == p->section && d < best) {
			best = d;
			nearest = k->name;
		}
	}
	config_doubt(p, p->section);
	config_doubt_key(p, name);
	if (nearest) {
		config_mistake(p, name, "unknown key, expected %s?", nearest);
		return;
	}
	for (unsigned i = 0; i < CONFIG_KEYS; i++)
		if (!strcmp(name, config_key[i].name)) {
			config_mistake(p, name, "not a key of this section, expected in [%s]",
				       config_section[config_key[i].section].name);
			return;
		}
	config_mistake(p, name, "unknown key, expected one that docs/tern.conf.md lists for this section");
}

static void key(struct config_parse *p, const struct config_line *l)
{
	const struct config_key *k = NULL;
	unsigned i;

	if (!p->title[0]) {
		config_doubt_key(p, l->key);
		config_mistake(p, l->key, "stands before any section, expected [SECTION] first");
		return;
	}
	if (!p->base) {
		config_doubt_key(p, l->key);
		return;
	}
	for (i = 0; i < CONFIG_KEYS; i++)
		if (config_key[i].section == p->section && !strcmp(config_key[i].name, l->key)) {
			k = &config_key[i];
			break;
		}
	if (!k) {
		unknown_key(p, l->key);
		return;
	}
	if (p->key_line[i]) {
		config_mistake(p, k->name, "given twice, expected once; line %u counts", p->key_line[i]);
		return;
	}
	p->key_line[i] = p->line;
	p->given[i] = true;
	if (!strcmp(k->name, "port"))
		p->port_line[p->section] = p->line;
	if (!strcmp(k->name, "gateway"))
		p->gateway_line = p->line;
	if (!k->parse(k, p->base, l->value))
		config_mistake(p, k->name, "is \"%.40s\", expected %s", l->value, k->expected);
}

/* What the keys of sections @from to @to say of themselves; a test holds that each takes it. */
static void defaults(void *base, unsigned from, unsigned to)
{
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *k = &config_key[i];

		if (k->initial && k->section >= from && k->section <= to)
			k->parse(k, base, k->initial);
	}
}

static void vm_section(struct config_parse *p, const char *name)
{
	struct config *c = p->out;
	struct config_vm fresh = { .line = p->line };

	defaults(&fresh, CONFIG_VM, CONFIG_VM);
	if (!config_value_name(&config_vm_name, &fresh, name)) {
		config_mistake(p, NULL, "expected %s", config_vm_name.expected);
		return;
	}
	for (unsigned i = 0; i < c->vms; i++)
		if (!strcmp(c->vm[i].name, name)) {
			/* Which of the two is meant can't be known, so neither is started. */
			p->vm = &c->vm[i];
			config_mistake(p, NULL, "defined twice, expected once (see line %u)", c->vm[i].line);
			p->vm = NULL;
			return;
		}
	if (c->vms == CONFIG_VMS) {
		config_mistake(p, NULL, "too many VMs, expected at most %u; this one is left out", CONFIG_VMS);
		return;
	}
	p->vm = &c->vm[c->vms++];
	*p->vm = fresh;
	p->base = p->vm;
}

static void peer_section(struct config_parse *p, const char *name)
{
	struct config *c = p->out;
	struct config_peer fresh = { .ipv4 = 0 };

	if (!config_value_name(&config_peer_name, &fresh, name)) {
		config_mistake(p, NULL, "expected %s", config_peer_name.expected);
		return;
	}
	for (unsigned i = 0; i < c->peers; i++)
		if (!strcmp(c->peer[i].name, name)) {
			config_mistake(p, NULL, "defined twice, expected once; the first counts");
			return;
		}
	if (c->peers == CONFIG_PEERS) {
		config_mistake(p, NULL, "too many peers, expected at most %u; this one is left out", CONFIG_PEERS);
		return;
	}
	p->base = &c->peer[c->peers++];
	*(struct config_peer *)p->base = fresh;
}

static void leave_section(struct config_parse *p)
{
	config_check_section(p);
	p->base = NULL;
	p->vm = NULL;
	memset(p->key_line, 0, sizeof(p->key_line));
}

static void section(struct config_parse *p, const struct config_line *l)
{
	unsigned i;

	leave_section(p);
	p->section = CONFIG_SECTIONS;
	fmt(p->title, sizeof(p->title), "[%.12s%s%.32s]", l->key, l->value[0] ? " " : "", l->value);
	for (i = 0; i < CONFIG_SECTIONS; i++)
		if (!strcmp(config_section[i].name, l->key))
			break;
	if (i == CONFIG_SECTIONS) {
		unknown_section(p, l->key);
		return;
	}
	p->section = (enum config_section)i;
	if (i == CONFIG_VM) {
		vm_section(p, l->value);
	} else if (i == CONFIG_PEER) {
		peer_section(p, l->value);
	} else if (l->value[0]) {
		config_doubt(p, p->section);
		config_mistake(p, NULL, "this section has no name, expected [%s]", config_section[i].name);
	} else if (p->section_line[i]) {
		config_mistake(p, NULL, "given twice, expected once; line %u counts", p->section_line[i]);
	} else {
		p->section_line[i] = p->line;
		p->base = p->out;
	}
}

/* Which section a header that can't be read begins. */
static enum config_section torn(const char *text)
{
	unsigned i;

	text += strspn(text, " \t[");
	for (i = 0; i < CONFIG_SECTIONS; i++) {
		size_t n = strlen(config_section[i].name);

		if (!strncmp(text, config_section[i].name, n) && (!text[n] || text[n] == ' ' || text[n] == '\t'))
			break;
	}
	return (enum config_section)i;
}

/* One line without its '\n'. */
static void line(struct config_parse *p, const char *text, size_t length)
{
	char copy[CONFIG_LINE + 1];
	struct config_line l;

	if (length && text[length - 1] == '\r')
		length--;
	if (length > CONFIG_LINE) {
		config_doubt(p, p->section);
		config_mistake(p, NULL, "line of %zu bytes, expected at most %u", length, CONFIG_LINE);
		return;
	}
	for (size_t i = 0; i < length; i++) {
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') || text[i] == 0x7f) {
			config_doubt(p, p->section);
			config_mistake(p, NULL, "byte 0x%02x at column %zu, expected text", (unsigned char)text[i],
				       i + 1);
			return;
		}
	}
	memcpy(copy, text, length);
	copy[length] = '\0';
	config_line_split(copy, &l);
	switch (l.kind) {
	case CONFIG_LINE_BLANK:
		break;
	case CONFIG_LINE_SECTION:
		section(p, &l);
		break;
	case CONFIG_LINE_KEY:
		key(p, &l);
		break;
	case CONFIG_LINE_BAD_SECTION:
		/* Its keys must not land in the section before it. */
		leave_section(p);
		p->section = torn(copy);
		config_doubt(p, p->section);
		fmt(p->title, sizeof(p->title), "[?]");
		config_mistake(p, NULL, "%s", l.bad);
		break;
	case CONFIG_LINE_BAD:
		config_doubt(p, p->section);
		config_mistake(p, NULL, "%s", l.bad);
		break;
	}
}

/* A peer without its address is of no use to anyone. */
static void drop_broken_peers(struct config *c)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < c->peers; i++)
		if (c->peer[i].ipv4)
			c->peer[kept++] = c->peer[i];
	c->peers = kept;
}

void config_parse(struct config *out, const char *file, const char *text, size_t length,
		  struct why_list *mistakes)
{
	struct config_parse p = { .out = out, .file = file, .mistakes = mistakes, .section = CONFIG_SECTIONS };
	const char *end = text ? text + length : NULL, *next;

	memset(out, 0, sizeof(*out));
	defaults(out, 0, CONFIG_PEER - 1);
	if (!text) {
		p.line = 1;
		config_mistake(&p, NULL, "the file is there and can't be read, expected text; all of it is ignored");
		config_doubt(&p, CONFIG_SECTIONS);
	} else if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
	} else if (length >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2))) {
		p.line = 1;
		config_mistake(&p, NULL, "the file is UTF-16, expected UTF-8; all of it is ignored");
		config_doubt(&p, CONFIG_SECTIONS);
		text = end;
	}
	for (; text < end; text = next + 1) {
		next = memchr(text, '\n', (size_t)(end - text));
		if (!next)
			next = end;
		p.line++;
		line(&p, text, (size_t)(next - text));
	}
	config_check_section(&p);
	drop_broken_peers(out);
	config_check_whole(&p);
}
