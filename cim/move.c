/* SPDX-License-Identifier: MIT */
#include "move.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "move_setting.h"
#include "path_why.h"

#define REFUSE(number, ...) do { *value = number; why_set(why, __VA_ARGS__); return ERR_REFUSED; } while (0)

static const char *key_of(const struct object_name *name, const char *key)
{
	const struct keybinding *k = path_key(name, key);

	return k && k->value ? k->value : "";
}

/* A reference of a wrong form is an invalid parameter; a good one to a machine that is not here is not found. */
static enum err source(struct call *c, struct manage_move *out, uint32_t *value, struct why *why)
{
	const struct param *p = call_param(c, "ComputerSystem");
	struct manage_host host;
	struct manage_vm vm;
	struct why wrong;
	struct obj o;

	if (!p || !p->object)
		REFUSE(MOVE_INVALID, "ComputerSystem is %s", p && p->value.element ? "not a reference" : "missing");
	manage_host_get(&host);
	if (path_resolve(p->object, CIM_NS_VIRT | CIM_NS_INTEROP, &o) != CIM_OK) {
		if (path_why(p->object, &CIM_ComputerSystem, &wrong))
			REFUSE(MOVE_INVALID, "ComputerSystem: %s", wrong.text);
		call_fail(c, CIM_ERR_NOT_FOUND, "%s has no virtual system %.60s", host.name, key_of(p->object, "Name"));
		return ERR_NOTFOUND;
	}
	if (o.provider != &provider_vm || !manage_vm_get(o.index, &vm))
		REFUSE(MOVE_INVALID, "ComputerSystem leads to a %s, expected a virtual system", o.provider->class->name);
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

/* What the parameter says about the destination. */
static enum err destination_text(struct call *c, const char **text, const struct object_name **name,
				 uint32_t *value, struct why *why)
{
	const struct param *p = call_param(c, "DestinationSystem");
	const bool to_system = cim_method_param(c->declared, "DestinationSystem");
	struct why wrong;

	*name = p ? p->object : NULL;
	*text = call_text(c, "DestinationHost");
	if (to_system) {
		if (!*name)
			REFUSE(MOVE_INVALID, "DestinationSystem is %s", p && p->value.element ? "not a reference" : "missing");
		/* The other host may have made it of a class that is not known here; then its Name must do. */
		if ((*name)->kind == NAMES_INSTANCE && (*name)->class && cim_class_find((*name)->class) &&
		    path_why(*name, &CIM_System, &wrong))
			REFUSE(MOVE_INVALID, "DestinationSystem: %s", wrong.text);
		*text = key_of(*name, "Name");
	}
	if (!*text || !**text)
		REFUSE(MOVE_INVALID, "%s", to_system ? "DestinationSystem is a reference without a Name" : "DestinationHost is missing");
	return ERR_OK;
}

static enum err destination(struct call *c, struct manage_move *out, uint32_t *value, struct why *why)
{
	const struct object_name *name;
	struct manage_host host;
	char address[16], other[16] = "";
	const char *text;
	enum err e = destination_text(c, &text, &name, value, why);

	if (e != ERR_OK)
		return e;
	manage_host_get(&host);
	if (is_ipv4(text) && is_special(text))
		REFUSE(MOVE_INVALID, "%.63s is not the address of a host", text);
	/* A host that is not known by name may be named by the reference's HOST, unless that is only who is asked. */
	if (!find_host(&host, text, address)) {
		if (!host_of(name, other) || !strcmp(other, host.address))
			REFUSE(MOVE_INVALID, "%.63s is neither an IPv4 address like 192.0.2.7 nor a host known to %s", text, host.name);
		memcpy(address, other, sizeof(address));
	}
	if (!strcasecmp(text, host.name) || !strcasecmp(text, host.uuid) || (host.address[0] && !strcmp(address, host.address)))
		REFUSE(MOVE_INCOMPATIBLE, "%.63s is the host that the virtual system is on already", text);
	fmt(out->destination, sizeof(out->destination), "%s", address);
	return ERR_OK;
}

enum err move_parse(struct call *c, struct manage_move *out, uint32_t *value, struct why *why)
{
	enum err e;

	*out = (struct manage_move){ .type = 2 };
	e = source(c, out, value, why);
	if (e == ERR_OK)
		e = destination(c, out, value, why);
	if (e == ERR_OK)
		e = move_setting(c, out, value, why);
	if (e == ERR_OK)
		e = move_new_settings(c, value, why);
	return e;
}
