/* SPDX-License-Identifier: MIT */
#include "move_setting.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "embedded.h"
#include "move.h"

#define BLANK " \t\r\n"
#define TEXT_LIMIT	16384u	/* bytes of an instance given as text, which is parsed in one go */
#define NEW_RESOURCES	64u	/* elements of NewResourceSettingData, likewise */
#define REFUSE(number, ...) do { *value = number; why_set(why, __VA_ARGS__); return ERR_REFUSED; } while (0)

/* --- reading an instance in the forms that clients give it ------------------------------------------ */

static bool is_blank(const char *text)
{
	return !text[strspn(text, BLANK)];
}

/* True if @class is one of ours at or below @of, or another vendor's of that name: "Xen_VirtualSystemSettingData". */
static bool class_fits(const char *class, const struct cim_class *of, const char *suffix)
{
	const struct cim_class *known = cim_class_find(class);
	size_t length = strlen(class), tail = strlen(suffix);

	if (known && of)
		return cim_class_is(known, of);
	return length > tail && !strcasecmp(class + length - tail, suffix);
}

static enum err served_setting(const struct object_name *name, struct embedded *out, struct why *why)
{
	struct inst i;
	struct obj o;
	bool ok = true;

	if (path_resolve(name, CIM_NS_VIRT, &o) != CIM_OK) {
		why_set(why, "its reference leads to no instance: expected the InstanceID of a CIM_VirtualSystemMigrationSettingData");
		return ERR_INVALID;
	}
	if (o.provider != &provider_setting || !provider_get(o, false, &i)) {
		why_set(why, "its reference leads to a %s, expected a CIM_VirtualSystemMigrationSettingData", o.provider->class->name);
		return ERR_INVALID;
	}
	*out = (struct embedded){ .count = 0 };
	strcpy(out->class, i.class->name);
	for (unsigned n = 0; ok && n < i.count; n++) {
		const struct inst_slot *s = &i.slot[n];
		const char *text = inst_text(&i, s);

		if (s->set)
			ok = embedded_add(out, s->field->name, strlen(s->field->name),
					  s->field->flags & CIM_F_ARRAY ? EMBEDDED_ARRAY : EMBEDDED_VALUE, text, strlen(text), why);
	}
	inst_fini(&i);
	if (!ok)
		embedded_fini(out);
	return ok ? ERR_OK : ERR_NOMEM;
}

/* A VALUE with text or an INSTANCE element in it, or that alone. ERR_NOTFOUND if it is empty. */
static enum err from_value(const struct value *v, struct embedded *out, struct why *why)
{
	if (!strcmp(v->element, "INSTANCE"))
		return embedded_from_xml(v->instance, out, why);
	if (!v->elements && v->text_length > TEXT_LIMIT) {
		why_set(why, "it is longer than %u bytes", TEXT_LIMIT);
		return ERR_INVALID;
	}
	if (!v->elements)
		return is_blank(v->text) ? ERR_NOTFOUND : embedded_parse(v->text, out, why);
	if (v->elements > 1 || !is_blank(v->text)) {
		why_set(why, "it has more than one instance");
		return ERR_INVALID;
	}
	return embedded_from_xml(v->instance, out, why);
}

static bool is_one_of(const char *element, const char *a, const char *b)
{
	return !strcmp(element, a) || !strcmp(element, b);
}

/* The one instance that @p holds. ERR_NOTFOUND if there is none: absent, or NULL. */
static enum err from_param(const struct param *p, bool references, struct embedded *out, struct why *why)
{
	const char *element = p ? p->value.element : NULL;

	if (!element)
		return ERR_NOTFOUND;
	if (p->several)
		why_set(why, "it has more than one value");
	else if (is_one_of(element, "VALUE", "INSTANCE"))
		return from_value(&p->value, out, why);
	else if (references && p->object)
		return served_setting(p->object, out, why);
	else if (is_one_of(element, "VALUE.ARRAY", "VALUE.REFARRAY"))
		why_set(why, "it is an array, expected one instance");
	else
		why_set(why, "expected a VALUE or an INSTANCE, it is %.60s", element);
	return ERR_INVALID;
}

/* --- MigrationSettingData --------------------------------------------------------------------------- */

/* What a property of the settings holds; IDENTIFIES carries no wish: it names or describes. */
enum kind { IDENTIFIES, UNIT, TYPE, PRIORITY, BANDWIDTH, TRANSPORT, DOWNTIME, STUCK, VERIFY };

static const struct property { const char *name; enum kind kind; } properties[] = {
	{ "InstanceID", IDENTIFIES }, { "ElementName", IDENTIFIES }, { "Caption", IDENTIFIES }, { "Description", IDENTIFIES },
	{ "Generation", IDENTIFIES }, { "ChangeableType", IDENTIFIES }, { "ConfigurationName", IDENTIFIES },
	{ "OtherTransportType", IDENTIFIES }, { "SoID", IDENTIFIES }, { "SoOrgID", IDENTIFIES },
	{ "CreationClassName", IDENTIFIES }, { "SystemCreationClassName", IDENTIFIES }, { "SystemName", IDENTIFIES },
	{ "BandwidthUnit", UNIT }, { "MigrationType", TYPE }, { "Priority", PRIORITY }, { "Bandwidth", BANDWIDTH },
	{ "TransportType", TRANSPORT }, { "MaxDowntime", DOWNTIME }, { "WhenStuck", STUCK }, { "Verify", VERIFY },
};

static const struct property *property_find(const char *name)
{
	for (size_t n = 0; n < sizeof(properties) / sizeof(properties[0]); n++)
		if (!strcasecmp(properties[n].name, name))
			return &properties[n];
	return NULL;
}

static bool number(const char *text, uint32_t max, uint32_t *out)
{
	char *end;
	unsigned long v;

	text += strspn(text, BLANK);
	v = strtoul(text, &end, 0);
	*out = (uint32_t)v;
	return *text >= '0' && *text <= '9' && is_blank(end) && v <= max;
}

/* Programmatic units (DSP0004, annex C) are compared without the spaces at their ends. */
static bool unit_is(const char *text, const char *unit)
{
	size_t length = strlen(unit);

	text += strspn(text, BLANK);
	return !strncasecmp(text, unit, length) && is_blank(text + length);
}

static enum err number_setting(enum kind kind, uint32_t v, struct manage_move *out, uint32_t *value, struct why *why)
{
	switch (kind) {
	case TYPE:
		if (v == 1 || v > 4)
			REFUSE(MOVE_INVALID, "MigrationType %u is not supported, only 2 (Live), 3 (Resume) and 4 (Restart) are", v);
		out->type = (uint16_t)(v ? v : 2);
		break;
	case PRIORITY:
		out->priority = (uint16_t)v;
		break;
	case BANDWIDTH:
		if (v > 100)
			REFUSE(MOVE_INVALID, "Bandwidth %u is more than 100 percent", v);
		out->bandwidth_percent = (uint16_t)v;
		break;
	case TRANSPORT:
		if (v != 0 && v != 5)
			REFUSE(MOVE_INVALID, "TransportType %u is not supported, only 5 (TCP) is", v);
		break;
	case DOWNTIME:
		out->max_downtime_ms = v;
		break;
	case STUCK:
		if (v > MANAGE_STUCK_THROTTLE)
			REFUSE(MOVE_INVALID, "WhenStuck %u is not known: 0 default, 1 stop, 2 fail, 3 throttle", v);
		out->when_stuck = (enum manage_stuck)v;
		break;
	case VERIFY:
		if (v > MANAGE_VERIFY_FULL)
			REFUSE(MOVE_INVALID, "Verify %u is not known: 0 default, 1 off, 2 full", v);
		out->verify = (enum manage_verify)v;
		break;
	case IDENTIFIES:
	case UNIT:
		break;
	}
	return ERR_OK;
}

static enum err one_setting(const struct embedded *e, unsigned n, struct manage_move *out, uint32_t *value, struct why *why)
{
	const char *name = embedded_name(e, n), *text = embedded_value(e, n);
	enum embedded_kind given = embedded_kind(e, n);
	const struct property *p = property_find(name);
	uint32_t v = 0;

	if (given == EMBEDDED_NULL || (p && p->kind == IDENTIFIES))
		return ERR_OK;
	if (!p)
		REFUSE(MOVE_INVALID, "the migration settings have an unknown property %.60s", name);
	if (given != EMBEDDED_VALUE)
		REFUSE(MOVE_INVALID, "%s is %s, expected one value", p->name, given == EMBEDDED_ARRAY ? "an array" : "a reference");
	if (p->kind == UNIT) {
		if (!is_blank(text) && !unit_is(text, "percent"))
			REFUSE(MOVE_INVALID, "BandwidthUnit \"%.40s\" is not supported, only \"percent\" is", text);
		return ERR_OK;
	}
	if (!number(text, p->kind == DOWNTIME ? MANAGE_DOWNTIME_MAX_MS : 65535, &v)) {
		if (p->kind == DOWNTIME)
			REFUSE(MOVE_INVALID, "MaxDowntime is \"%.40s\", expected milliseconds from 1 to %u, or 0 for the default",
			       text, MANAGE_DOWNTIME_MAX_MS);
		REFUSE(MOVE_INVALID, "%s is \"%.40s\", expected a number from 0 to 65535", p->name, text);
	}
	return number_setting(p->kind, v, out, value, why);
}

enum err move_setting(const struct call *c, struct manage_move *out, uint32_t *value, struct why *why)
{
	struct embedded e;
	struct why detail = { "" };
	enum err err = from_param(call_param(c, "MigrationSettingData"), true, &e, &detail);

	if (err == ERR_NOTFOUND)
		return ERR_OK;
	if (err != ERR_OK)
		REFUSE(MOVE_INVALID, "MigrationSettingData can't be read: %s", detail.text);
	if (!class_fits(e.class, &CIM_VirtualSystemMigrationSettingData, "_VirtualSystemMigrationSettingData")) {
		*value = MOVE_INVALID;
		why_set(why, "MigrationSettingData is an instance of %.60s, expected CIM_VirtualSystemMigrationSettingData or a "
			"subclass of it", e.class);
		err = ERR_REFUSED;
	}
	for (unsigned n = 0; err == ERR_OK && n < e.count; n++)
		err = one_setting(&e, n, out, value, why);
	embedded_fini(&e);
	return err;
}

/* --- new settings ----------------------------------------------------------------------------------- */

/* @e asks for nothing: it only identifies. */
static enum err no_changes(const char *parameter, const char *suffix, struct embedded *e, uint32_t *value, struct why *why)
{
	if (!class_fits(e->class, NULL, suffix))
		REFUSE(MOVE_INVALID, "%s is an instance of %.60s, expected CIM%s or a subclass of it", parameter, e->class, suffix);
	for (unsigned n = 0; n < e->count; n++) {
		const struct property *p = property_find(embedded_name(e, n));

		if (embedded_kind(e, n) != EMBEDDED_NULL && !(p && p->kind == IDENTIFIES))
			REFUSE(MOVE_INCOMPATIBLE, "%s asks to change %.60s: a virtual system moves only as it is", parameter,
			       embedded_name(e, n));
	}
	return ERR_OK;
}

static enum err looked_at(const char *parameter, const char *suffix, enum err read, struct embedded *e, const struct why *detail,
			  uint32_t *value, struct why *why)
{
	enum err err;

	if (read == ERR_NOTFOUND)
		return ERR_OK;
	if (read != ERR_OK)
		REFUSE(MOVE_INVALID, "%s can't be read: %s", parameter, detail->text);
	err = no_changes(parameter, suffix, e, value, why);
	embedded_fini(e);
	return err;
}

enum err move_new_settings(const struct call *c, uint32_t *value, struct why *why)
{
	static const char system[] = "NewSystemSettingData", resource[] = "NewResourceSettingData";
	const struct param *p = call_param(c, resource);
	const struct value_array *array = p ? p->array : NULL;
	struct why detail = { "" };
	struct embedded e;
	enum err read = from_param(call_param(c, system), false, &e, &detail), err;
	unsigned count = 0;

	err = looked_at(system, "_VirtualSystemSettingData", read, &e, &detail, value, why);
	/* Clients that know no arrays send one value. */
	if (err == ERR_OK && !array) {
		read = from_param(p, false, &e, &detail);
		return looked_at(resource, "SettingData", read, &e, &detail, value, why);
	}
	if (err == ERR_OK && array->several)
		REFUSE(MOVE_INVALID, "%s has more than one value", resource);
	for (const struct value *v = array ? array->value : NULL; v && err == ERR_OK; v = v->next) {
		if (++count > NEW_RESOURCES)
			REFUSE(MOVE_INVALID, "%s has more than %u elements", resource, NEW_RESOURCES);
		if (!strcmp(v->element, "VALUE.NULL"))
			continue;
		if (!is_one_of(v->element, "VALUE", "INSTANCE"))
			REFUSE(MOVE_INVALID, "%s has an element %.60s, expected VALUE", resource, v->element);
		read = from_value(v, &e, &detail);
		err = looked_at(resource, "SettingData", read, &e, &detail, value, why);
	}
	return err;
}
