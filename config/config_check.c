/* SPDX-License-Identifier: MIT */
/* config_check.c: what only shows when a section, or the whole file, has been read. */
#include "config/config_parse.h"
#include <string.h>
#include "lib/fmt.h"

static bool same_mac(const struct config_vm *a, const struct config_vm *b)
{
	static const uint8_t none[6];

	return memcmp(a->mac, none, 6) && !memcmp(a->mac, b->mac, 6);
}

static void check_vm(struct config_parse *p)
{
	struct config_vm *vm = p->vm;

	for (struct config_vm *other = p->out->vm; other < vm; other++) {
		if (same_mac(vm, other))
			config_mistake(p, "mac", "is that of [vm %s], expected one of its own", other->name);
		if (vm->uuid[0] && !strcmp(vm->uuid, other->uuid))
			config_mistake(p, "uuid", "is that of [vm %s], expected one of its own", other->name);
	}
}

void config_check_section(struct config_parse *p)
{
	uint32_t end = p->line;

	if (!p->base)
		return;
	/* These mistakes have no line of their own: they get the section's first. */
	if (p->vm)
		p->line = p->vm->line;
	for (unsigned i = 0; i < CONFIG_KEYS; i++) {
		const struct config_key *k = &config_key[i];

		if (k->required && k->section == p->section && !p->key_line[i])
			config_mistake(p, k->name, "is missing, expected %s", k->expected);
	}
	if (p->vm)
		check_vm(p);
	p->line = end;
}

static void check_gateway(struct config_parse *p)
{
	struct config *c = p->out;

	if (!c->gateway || c->dhcp || !((c->gateway ^ c->ipv4) & c->netmask))
		return;
	p->line = p->gateway_line;
	config_mistake(p, "gateway", "is outside the host's own network, expected an address in it; left out");
	c->gateway = 0;
}

static void check_ports(struct config_parse *p)
{
	static const enum config_section which[] = { CONFIG_CIM, CONFIG_CONSOLE, CONFIG_MIGRATION };
	struct config *c = p->out;

	if (c->cim_port != c->console_port && c->cim_port != c->migration_port && c->console_port != c->migration_port)
		return;
	p->line = 0;
	for (unsigned i = 0; i < 3; i++)
		if (p->port_line[which[i]] > p->line)
			p->line = p->port_line[which[i]];
	config_mistake(p, "port", "is shared by [cim], [console] and [migration] (%u, %u, %u), expected three "
		       "different ones; using 5988, 5990 and 5991", c->cim_port, c->console_port, c->migration_port);
	c->cim_port = 5988;
	c->console_port = 5990;
	c->migration_port = 5991;
}

static bool is_door(const struct config_key *k)
{
	return k->parse == config_value_accept_from || k->parse == config_value_ranges;
}

void config_doubt(struct config_parse *p, enum config_section section)
{
	for (unsigned i = 0; i < CONFIG_SECTIONS; i++)
		if ((i == section || section == CONFIG_SECTIONS) && !p->doubt_line[i])
			p->doubt_line[i] = p->line;
}

void config_doubt_key(struct config_parse *p, const char *name)
{
	enum config_section section = CONFIG_SECTIONS;
	bool nearly = false;

	for (unsigned i = 0; i < CONFIG_KEYS; i++)
		if (is_door(&config_key[i])) {
			nearly |= config_distance(name, config_key[i].name, 3) < 3;
			if (config_key[i].section == p->section)
				section = p->section;
		}
	if (nearly)
		config_doubt(p, section);
}

/* Where there is no room for one more mistake this one takes the place of another: whoever can't come in must find
 * out why. */
static void shut(struct config_parse *p, const struct config_key *k, unsigned before)
{
	struct why_list *list = p->mistakes;
	unsigned count = list ? list->count : 0;

	k->parse(k, p->out, "");
	if (count >= WHY_MAX)
		list->count = WHY_MAX - 1 - before;
	p->line = p->doubt_line[k->section];
	fmt(p->title, sizeof(p->title), "[%s]", config_section[k->section].name);
	config_mistake(p, k->name, "may be what this line is meant to say, expected %s", k->expected);
	if (count >= WHY_MAX)
		list->count = count + 1;
}

/* A wrong value shuts its door by itself; here the slip is in the key, in the section's name, or in what can't be
 * read at all. */
static void check_doors(struct config_parse *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CONFIG_KEYS; i++)
		if (is_door(&config_key[i]) && p->doubt_line[config_key[i].section] && !p->given[i])
			shut(p, &config_key[i], n++);
}

void config_check_whole(struct config_parse *p)
{
	p->vm = NULL;
	check_doors(p);
	p->title[0] = '\0';
	check_gateway(p);
	check_ports(p);
}
