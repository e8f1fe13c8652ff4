/* SPDX-License-Identifier: MIT */
#include "move.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "move_setting.h"

#define REFUSE(number, ...) do { *value = number; why_set(why, __VA_ARGS__); return ERR_REFUSED; } while (0)

static const char *key_of(const struct xml_node *reference, const char *key)
{
	const struct xml_node *name = path_name(reference);

	for (const struct xml_node *b = name ? name->child : NULL; b; b = b->next)
		if (xml_is(b, "KEYBINDING") && xml_attr(b, "NAME") && !strcasecmp(xml_attr(b, "NAME"), key) &&
		    xml_child(b, "KEYVALUE"))
			return xml_child(b, "KEYVALUE")->text;
	return "";
}

static enum err source(struct call *c, struct manage_move *out, uint32_t *value, struct why *why)
{
	const struct xml_node *reference = xml_child(call_param(c, "ComputerSystem"), "VALUE.REFERENCE");
	enum cim_status status;
	struct manage_vm vm;
	struct obj o;

	if (!reference)
		REFUSE(MOVE_INVALID, "ComputerSystem is missing or not a reference");
	status = path_resolve(reference, CIM_NS_VIRT | CIM_NS_INTEROP, &o);
	if (status != CIM_OK) {
		call_fail(c, CIM_ERR_NOT_FOUND, "there is no virtual system %s here", key_of(reference, "Name"));
		return ERR_NOTFOUND;
	}
	if (o.provider != &provider_vm || !manage_vm_get(o.index, &vm))
		REFUSE(MOVE_INVALID, "ComputerSystem does not name a virtual system");
	fmt(out->vm, sizeof(out->vm), "%s", vm.name);
	return ERR_OK;
}

/* Four decimal numbers, no leading zeros (some parsers take those for octal). */
static bool is_ipv4(const char *text)
{
	for (int part = 0; part < 4; part++) {
		const char *start = text;
		unsigned v = 0;

		for (; *text >= '0' && *text <= '9' && text - start < 4; text++)
			v = v * 10 + (unsigned)(*text - '0');
		if (text == start || v > 255 || (*start == '0' && text - start > 1) || *text++ != (part < 3 ? '.' : 0))
			return false;
	}
	return true;
}

/* This network, loopback, multicast and above: no other host can have such an address. */
static bool is_special(const char *ipv4)
{
	unsigned long first = strtoul(ipv4, NULL, 10);

	return first == 0 || first == 127 || first >= 224;
}

static enum err destination(struct call *c, bool to_system, struct manage_move *out, uint32_t *value, struct why *why)
{
	const struct xml_node *reference = xml_child(call_param(c, "DestinationSystem"), "VALUE.REFERENCE");
	const char *text = to_system ? key_of(reference, "Name") : call_text(c, "DestinationHost");
	struct manage_host host;
	char address[16];

	if (!text || !*text)
		REFUSE(MOVE_INVALID, "%s", to_system ? "DestinationSystem is missing or is not a reference with a Name" :
		       "DestinationHost is missing");
	manage_host_get(&host);
	if (!strcmp(text, host.name) || (host.address[0] && !strcmp(text, host.address)))
		REFUSE(MOVE_INCOMPATIBLE, "%.63s is the host that the virtual system is on already", text);
	if (is_ipv4(text) && is_special(text))
		REFUSE(MOVE_INVALID, "%.63s is not the address of a host", text);
	if (is_ipv4(text))
		fmt(out->destination, sizeof(out->destination), "%s", text);
	else if (manage_peer_find(text, address))
		fmt(out->destination, sizeof(out->destination), "%s", address);
	else
		REFUSE(MOVE_INVALID, "%.63s is neither an IPv4 address like 192.0.2.7 nor a host known here", text);
	if (host.address[0] && !strcmp(out->destination, host.address))
		REFUSE(MOVE_INCOMPATIBLE, "%.63s is the host that the virtual system is on already", text);
	return ERR_OK;
}

enum err move_parse(struct call *c, bool to_system, struct manage_move *out, uint32_t *value, struct why *why)
{
	enum err e;

	*out = (struct manage_move){ .type = 2 };
	e = source(c, out, value, why);
	if (e == ERR_OK)
		e = destination(c, to_system, out, value, why);
	if (e == ERR_OK)
		e = move_setting(c, out, value, why);
	if (e == ERR_OK)
		e = move_new_settings(c, value, why);
	return e;
}
