/* SPDX-License-Identifier: MIT */
#include "move.h"
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "lib/ipv4.h"
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
static bool source(struct call *c, struct mig_move *out)
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

/* This network, loopback, multicast and above: no other host can have such an address. */
static bool is_special(uint32_t ipv4)
{
	return ipv4 >> 24 == 0 || ipv4 >> 24 == 127 || ipv4 >> 24 >= 224;
}

/* RFC 4343: case doesn't matter. */
static bool is_self(const struct manage_host *self, const char *text)
{
	return !strcasecmp(text, self->name) || !strcasecmp(text, self->uuid);
}

/* HOST of an INSTANCEPATH, without a port; 0 where it is no address: clients put all kinds of things there. */
static uint32_t host_of(const struct object_name *name)
{
	size_t length = name && name->host ? strcspn(name->host, ":") : 0;
	char text[IPV4_TEXT] = "";
	uint32_t ipv4;

	if (length && length < sizeof(text))
		memcpy(text, name->host, length);
	return ipv4_parse(text, &ipv4) && !is_special(ipv4) ? ipv4 : 0;
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

static bool destination(struct call *c, struct mig_move *out)
{
	const struct object_name *reference;
	struct manage_host host;
	const char *text;
	uint32_t ipv4;

	if (!destination_text(c, &text, &reference))
		return false;
	manage_host_get(&host);
	if (is_self(&host, text)) {
		ipv4 = host.ipv4;
	} else if (ipv4_parse(text, &ipv4)) {
		if (is_special(ipv4))
			return move_invalid(c, "%.63s is not the address of a host", text);
	} else if (!manage_peer_find(text, &ipv4)) {
		/* The reference's HOST may name one that is not known by name, unless that is only who is asked. */
		ipv4 = host_of(reference);
		if (!ipv4 || ipv4 == host.ipv4)
			return move_invalid(c, "%.63s is neither an IPv4 address like 192.0.2.7 nor a host known to "
					    "%s", text, host.name);
	}
	if (is_self(&host, text) || (host.ipv4 && ipv4 == host.ipv4))
		return method_refuse(c, MOVE_INCOMPATIBLE, "%.63s is the host that the virtual system is on already",
				     text);
	out->ipv4 = ipv4;
	return true;
}

bool move_parse(struct call *c, struct mig_move *out)
{
	*out = (struct mig_move){ .type = MIG_MOVE_LIVE };
	return source(c, out) && destination(c, out) && move_setting(c, out) && move_new_settings(c);
}
