/* SPDX-License-Identifier: MIT */
#include "move.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "embedded.h"
#include "lib/fmt.h"

#define REFUSE(number, ...) do { *value = number; why_set(why, __VA_ARGS__); return ERR_REFUSED; } while (0)

static bool number(const char *text, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long v = strtoul(text, &end, 0);

	*out = (uint32_t)v;
	return *text >= '0' && *text <= '9' && !*end && v <= max;
}

/* Names that carry no wish: they identify or describe. */
static bool descriptive(const char *name)
{
	static const char *const names[] = { "InstanceID", "ElementName", "Caption", "Description", "Generation",
		"ChangeableType", "ConfigurationName", "OtherTransportType", "SoID", "SoOrgID" };

	for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
		if (!strcasecmp(names[n], name))
			return true;
	return false;
}

static enum err setting(const char *name, const char *text, struct manage_move *out, uint32_t *value, struct why *why)
{
	uint32_t v = 0;

	if (!text || descriptive(name))
		return ERR_OK;
	if (!strcasecmp(name, "BandwidthUnit")) {
		if (*text && strcasecmp(text, "percent"))
			REFUSE(MOVE_INVALID, "BandwidthUnit \"%.40s\" is not supported, only \"percent\" is", text);
		return ERR_OK;
	}
	if (!strcasecmp(name, "MaxDowntime")) {
		if (!number(text, MANAGE_DOWNTIME_MAX_MS, &out->max_downtime_ms))
			REFUSE(MOVE_INVALID, "MaxDowntime is \"%.40s\", expected milliseconds from 1 to %u, or 0 for the default",
			       text, MANAGE_DOWNTIME_MAX_MS);
		return ERR_OK;
	}
	if (!number(text, 65535, &v))
		REFUSE(MOVE_INVALID, "%.40s is \"%.40s\", expected a number from 0 to 65535", name, text);
	if (!strcasecmp(name, "MigrationType")) {
		if (v == 1 || v > 4)
			REFUSE(MOVE_INVALID, "MigrationType %u is not supported, only 2 (Live), 3 (Resume) and 4 (Restart) are", v);
		out->type = (uint16_t)(v ? v : 2);
	} else if (!strcasecmp(name, "Priority")) {
		out->priority = (uint16_t)v;
	} else if (!strcasecmp(name, "Bandwidth")) {
		if (v > 100)
			REFUSE(MOVE_INVALID, "Bandwidth %u is more than 100 percent", v);
		out->bandwidth_percent = (uint16_t)v;
	} else if (!strcasecmp(name, "TransportType")) {
		if (v != 0 && v != 5)
			REFUSE(MOVE_INVALID, "TransportType %u is not supported, only 5 (TCP) is", v);
	} else if (!strcasecmp(name, "WhenStuck")) {
		if (v > MANAGE_STUCK_THROTTLE)
			REFUSE(MOVE_INVALID, "WhenStuck %u is not known: 0 default, 1 stop, 2 fail, 3 throttle", v);
		out->when_stuck = (enum manage_stuck)v;
	} else if (!strcasecmp(name, "Verify")) {
		if (v > MANAGE_VERIFY_FULL)
			REFUSE(MOVE_INVALID, "Verify %u is not known: 0 default, 1 off, 2 full", v);
		out->verify = (enum manage_verify)v;
	} else {
		REFUSE(MOVE_INVALID, "the migration settings have an unknown property %.60s", name);
	}
	return ERR_OK;
}

enum err move_settings(const char *text, struct manage_move *out, uint32_t *value, struct why *why)
{
	struct embedded e;
	struct why detail;
	enum err err = ERR_OK;

	if (embedded_parse(text, &e, &detail) != ERR_OK)
		REFUSE(MOVE_INVALID, "MigrationSettingData can't be read: %s", detail.text);
	for (unsigned n = 0; err == ERR_OK && n < e.count; n++)
		err = setting(embedded_name(&e, n), embedded_value(&e, n), out, value, why);
	embedded_fini(&e);
	return err;
}

/* New settings that ask for nothing are fine; Tern can't change a machine on its way. */
static enum err no_changes(const char *parameter, const char *text, uint32_t *value, struct why *why)
{
	struct embedded e;
	struct why detail;
	enum err err = ERR_OK;

	text += strspn(text, " \t\r\n");
	if (!*text)
		return ERR_OK;
	if (embedded_parse(text, &e, &detail) != ERR_OK)
		REFUSE(MOVE_INVALID, "%s can't be read: %s", parameter, detail.text);
	for (unsigned n = 0; n < e.count; n++)
		if (embedded_value(&e, n) && !descriptive(embedded_name(&e, n))) {
			*value = MOVE_INCOMPATIBLE;
			why_set(why, "%s asks to change %.60s: a virtual system moves only as it is", parameter,
				embedded_name(&e, n));
			err = ERR_REFUSED;
			break;
		}
	embedded_fini(&e);
	return err;
}

static enum err new_settings(const struct call *c, uint32_t *value, struct why *why)
{
	const char *text = call_text(c, "NewSystemSettingData");
	const struct xml_node *list = call_param(c, "NewResourceSettingData");
	enum err err = text ? no_changes("NewSystemSettingData", text, value, why) : ERR_OK;

	if (xml_child(list, "VALUE.ARRAY"))
		list = xml_child(list, "VALUE.ARRAY");
	for (const struct xml_node *v = list ? list->child : NULL; v && err == ERR_OK; v = v->next)
		if (xml_is(v, "VALUE"))
			err = no_changes("NewResourceSettingData", v->text, value, why);
	return err;
}

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
	const char *settings = call_text(c, "MigrationSettingData");
	enum err e;

	*out = (struct manage_move){ .type = 2 };
	e = source(c, out, value, why);
	if (e == ERR_OK)
		e = destination(c, to_system, out, value, why);
	if (e == ERR_OK && settings && settings[strspn(settings, " \t\r\n")])
		e = move_settings(settings, out, value, why);
	if (e == ERR_OK)
		e = new_settings(c, value, why);
	return e;
}
