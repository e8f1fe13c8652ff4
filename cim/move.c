/* SPDX-License-Identifier: MIT */
#include "move.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "move_setting.h"
#include "path_why.h"

/* The key Name. */
static const char *name_of(const struct object_name *o)
{
	const struct keybinding *k = path_key(o, "Name");

	return k && k->value ? k->value : "";
}

/* What a parameter is that has no reference. */
static const char *missing(const struct param *p)
{
	return p && p->value.element ? "not a reference" : "missing";
}

/* A reference of a wrong form is an invalid parameter; a good one to a machine that is not here is not found. */
static bool source(struct call *c, struct manage_move *out)
{
	const struct param *p = call_param(c, "ComputerSystem");
	struct manage_host host;
	struct manage_vm vm;
	struct why wrong;
	struct obj o;

	if (!p || !p->object)
		return move_invalid(c, "ComputerSystem is %s", missing(p));
	if (path_resolve(p->object, CIM_NS_VIRT | CIM_NS_INTEROP, &o) != CIM_OK) {
		if (path_why(p->object, &CIM_ComputerSystem, &wrong))
			return move_invalid(c, "ComputerSystem: %s", wrong.text);
		manage_host_get(&host);
		call_fail(c, CIM_ERR_NOT_FOUND, "%s has no virtual system %.60s", host.name, name_of(p->object));
		return false;
	}
	if (o.provider != &provider_vm || !manage_vm_get(o.index, &vm))
		return move_invalid(c, "ComputerSystem leads to a %s, expected a virtual system",
				     o.provider->class->name);
	fmt(out->vm, sizeof(out->vm), "%s", vm.name);
	return true;
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

/* The address of the host that @text names: an address, a name (RFC 4343: case doesn't matter) or a UUID. */
static bool find_host(const struct manage_host *self, const char *text, char address[16])
{
	if (!strcasecmp(text, self->name) || !strcasecmp(text, self->uuid)) {
		fmt(address, 16, "%s", self->address[0] ? self->address : "0.0.0.0");
		return true;
	}
	if (is_ipv4(text)) {
		fmt(address, 16, "%s", text);
		return true;
	}
	return manage_peer_find(text, address);
}

/* HOST of an INSTANCEPATH, without a port, where it is an address: clients put all kinds of things there. */
static bool host_of(const struct object_name *name, char out[16])
{
	size_t length = name && name->host ? strcspn(name->host, ":") : 0;

	if (!length || length > 15)
		return false;
	memcpy(out, name->host, length);
	out[length] = 0;
	return is_ipv4(out) && !is_special(out);
}

/* A system of the other host may be of a class that is not known here; then its Name must do. */
static bool class_known(const struct object_name *o)
{
	return o->kind == NAMES_INSTANCE && o->class && cim_class_find(o->class);
}

/* What the method's parameter says about the destination. */
static bool destination_text(struct call *c, const char **text, const struct object_name **reference)
{
	const struct param *p = call_param(c, "DestinationSystem");
	struct why wrong;

	*reference = p ? p->object : NULL;
	*text = call_text(c, "DestinationHost");
	if (!cim_method_param(c->declared, "DestinationSystem"))
		return (*text && **text) || move_invalid(c, "DestinationHost is missing");
	if (!*reference)
		return move_invalid(c, "DestinationSystem is %s", missing(p));
	if (class_known(*reference) && path_why(*reference, &CIM_System, &wrong))
		return move_invalid(c, "DestinationSystem: %s", wrong.text);
	*text = name_of(*reference);
	return **text || move_invalid(c, "DestinationSystem is a reference without a Name");
}

static bool destination(struct call *c, struct manage_move *out)
{
	const struct object_name *reference;
	char address[16], other[16] = "";
	struct manage_host host;
	const char *text;

	if (!destination_text(c, &text, &reference))
		return false;
	manage_host_get(&host);
	if (is_ipv4(text) && is_special(text))
		return move_invalid(c, "%.63s is not the address of a host", text);
	/* A host that is not known by name may be named by the reference's HOST, unless that is only who is asked. */
	if (!find_host(&host, text, address)) {
		if (!host_of(reference, other) || !strcmp(other, host.address))
			return move_invalid(c, "%.63s is neither an IPv4 address like 192.0.2.7 nor a host known to "
					    "%s", text, host.name);
		memcpy(address, other, sizeof(address));
	}
	if (!strcasecmp(text, host.name) || !strcasecmp(text, host.uuid) ||
	    (host.address[0] && !strcmp(address, host.address)))
		return method_refuse(c, MOVE_INCOMPATIBLE, "%.63s is the host that the virtual system is on already",
				     text);
	fmt(out->destination, sizeof(out->destination), "%s", address);
	return true;
}

bool move_parse(struct call *c, struct manage_move *out)
{
	*out = (struct manage_move){ .type = 2 };
	return source(c, out) && destination(c, out) && move_setting(c, out) && move_new_settings(c);
}
