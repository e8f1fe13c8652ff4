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
		why_set(why, "its reference leads to no instance: expected the InstanceID of a "
			"CIM_VirtualSystemMigrationSettingData");
		return ERR_INVALID;
	}
	if (o.provider != &provider_setting || !provider_get(o, false, &i)) {
		why_set(why, "its reference leads to a %s, expected a CIM_VirtualSystemMigrationSettingData",
			o.provider->class->name);
		return ERR_INVALID;
	}
	*out = (struct embedded){ .count = 0 };
	strcpy(out->class, i.class->name);
	for (unsigned n = 0; ok && n < i.count; n++) {
		const struct inst_slot *s = &i.slot[n];
		const char *text = inst_text(&i, s);

		if (s->set)
			ok = embedded_add(out, s->field->name, strlen(s->field->name), s->field->flags & CIM_F_ARRAY ?
					  EMBEDDED_ARRAY : EMBEDDED_VALUE, text, strlen(text), why);
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

/* These carry no wish: they name or describe. */
static bool identifies(const char *name)
{
	static const char *const names[] = {
		"InstanceID", "ElementName", "Caption", "Description", "Generation", "ChangeableType",
		"ConfigurationName", "OtherTransportType", "SoID", "SoOrgID", "CreationClassName",
		"SystemCreationClassName", "SystemName",
	};
	size_t n = 0;

	while (n < sizeof(names) / sizeof(names[0]) && strcasecmp(names[n], name))
		n++;
	return n < sizeof(names) / sizeof(names[0]);
}

enum kind { UNIT, TYPE, PRIORITY, BANDWIDTH, TRANSPORT, DOWNTIME, STUCK, VERIFY };

static const struct property {
	const char *name;
	enum kind kind;
	uint32_t max;			/* a number up to this */
	uint32_t except;		/* bit n: but not n */
	const char *wrong;		/* what is said of another one */
} properties[] = {
	{ "BandwidthUnit", UNIT, 0, 0, NULL },
	{ "MigrationType", TYPE, 4, 1 << 1, "is not supported, only 2 (Live), 3 (Resume) and 4 (Restart) are" },
	{ "Priority", PRIORITY, UINT16_MAX, 0, NULL },
	{ "Bandwidth", BANDWIDTH, 100, 0, "is more than 100 percent" },
	{ "TransportType", TRANSPORT, 5, 0xf << 1, "is not supported, only 5 (TCP) is" },
	{ "MaxDowntime", DOWNTIME, MANAGE_DOWNTIME_MAX_MS, 0, NULL },
	{ "WhenStuck", STUCK, MIG_STUCK_THROTTLE, 0, "is not known: 0 default, 1 stop, 2 fail, 3 throttle" },
	{ "Verify", VERIFY, MIG_VERIFY_FULL, 0, "is not known: 0 default, 1 off, 2 full" },
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

static void set(enum kind kind, uint32_t v, struct mig_move *out)
{
	switch (kind) {
	case TYPE:
		out->type = v ? (enum mig_move_type)v : MIG_MOVE_LIVE;
		break;
	case PRIORITY:
		out->priority = v;
		break;
	case BANDWIDTH:
		out->bandwidth_percent = v % 100;	/* 100: all */
		break;
	case DOWNTIME:
		out->max_downtime_ms = v;
		break;
	case STUCK:
		out->stuck = (enum mig_stuck)v;
		break;
	case VERIFY:
		out->verify = (enum mig_verify)v;
		break;
	case TRANSPORT:
	case UNIT:
		break;
	}
}

static bool one_setting(struct call *c, const struct embedded *e, unsigned n, struct mig_move *out)
{
	const char *name = embedded_name(e, n), *text = embedded_value(e, n);
	enum embedded_kind given = embedded_kind(e, n);
	const struct property *p = property_find(name);
	uint32_t v = 0;

	if (given == EMBEDDED_NULL || identifies(name))
		return true;
	if (!p)
		return move_invalid(c, "the migration settings have an unknown property %.60s", name);
	if (given != EMBEDDED_VALUE)
		return move_invalid(c, "%s is %s, expected one value", p->name,
				    given == EMBEDDED_ARRAY ? "an array" : "a reference");
	if (p->kind == UNIT)
		return is_blank(text) || unit_is(text, "percent") ||
		       move_invalid(c, "BandwidthUnit \"%.40s\" is not supported, only \"percent\" is", text);
	if (!number(text, p->kind == DOWNTIME ? p->max : UINT16_MAX, &v))
		return p->kind == DOWNTIME ?
		       move_invalid(c, "MaxDowntime is \"%.40s\", expected milliseconds from 1 to %u, or 0 for the "
				    "default", text, p->max) :
		       move_invalid(c, "%s is \"%.40s\", expected a number from 0 to 65535", p->name, text);
	if (v > p->max || (v < 32 && p->except >> v & 1))
		return move_invalid(c, "%s %u %s", p->name, v, p->wrong);
	set(p->kind, v, out);
	return true;
}

bool move_setting(struct call *c, struct mig_move *out)
{
	struct why why = { "" };
	struct embedded e;
	enum err read = from_param(call_param(c, "MigrationSettingData"), true, &e, &why);
	bool ok;

	if (read == ERR_NOTFOUND)
		return true;
	if (read != ERR_OK)
		return move_invalid(c, "MigrationSettingData can't be read: %s", why.text);
	ok = class_fits(e.class, &CIM_VirtualSystemMigrationSettingData, "_VirtualSystemMigrationSettingData") ||
	     move_invalid(c, "MigrationSettingData is an instance of %.60s, expected "
			  "CIM_VirtualSystemMigrationSettingData or a subclass of it", e.class);
	for (unsigned n = 0; ok && n < e.count; n++)
		ok = one_setting(c, &e, n, out);
	embedded_fini(&e);
	return ok;
}

/* --- new settings ----------------------------------------------------------------------------------- */

/* A parameter that holds settings of the virtual system to be, and how the classes of those end. */
struct new_setting { const char *parameter, *suffix; };

/* @e asks for nothing: it only identifies. */
static bool no_changes(struct call *c, const struct new_setting *s, const struct embedded *e)
{
	if (!class_fits(e->class, NULL, s->suffix))
		return move_invalid(c, "%s is an instance of %.60s, expected CIM%s or a subclass of it", s->parameter,
				    e->class, s->suffix);
	for (unsigned n = 0; n < e->count; n++)
		if (embedded_kind(e, n) != EMBEDDED_NULL && !identifies(embedded_name(e, n)))
			return method_refuse(c, MOVE_INCOMPATIBLE, "%s asks to change %.60s: a virtual system moves "
					     "only as it is", s->parameter, embedded_name(e, n));
	return true;
}

/* @v, or if it is NULL the one instance in the parameter, asks for nothing. */
static bool looked_at(struct call *c, const struct new_setting *s, const struct value *v)
{
	struct why why = { "" };
	struct embedded e;
	enum err read = v ? from_value(v, &e, &why) : from_param(call_param(c, s->parameter), false, &e, &why);
	bool ok;

	if (read == ERR_NOTFOUND)
		return true;
	if (read != ERR_OK)
		return move_invalid(c, "%s can't be read: %s", s->parameter, why.text);
	ok = no_changes(c, s, &e);
	embedded_fini(&e);
	return ok;
}

bool move_new_settings(struct call *c)
{
	static const struct new_setting system = { "NewSystemSettingData", "_VirtualSystemSettingData" };
	static const struct new_setting resource = { "NewResourceSettingData", "SettingData" };
	const struct param *p = call_param(c, resource.parameter);
	unsigned count = 0;

	if (!looked_at(c, &system, NULL))
		return false;
	/* Clients that know no arrays send one value. */
	if (!p || !p->array)
		return looked_at(c, &resource, NULL);
	if (p->array->several)
		return move_invalid(c, "%s has more than one value", resource.parameter);
	for (const struct value *v = p->array->value; v; v = v->next) {
		if (++count > NEW_RESOURCES)
			return move_invalid(c, "%s has more than %u elements", resource.parameter, NEW_RESOURCES);
		if (!strcmp(v->element, "VALUE.NULL"))
			continue;
		if (!is_one_of(v->element, "VALUE", "INSTANCE"))
			return move_invalid(c, "%s has an element %.60s, expected VALUE", resource.parameter,
					    v->element);
		if (!looked_at(c, &resource, v))
			return false;
	}
	return true;
}
