/* SPDX-License-Identifier: MIT */
#include "emit.h"
#include <string.h>
#include "path.h"

void emit_value(struct buf *out, const char *text)
{
	buf_str(out, "<VALUE>");
	buf_xml(out, text);
	buf_str(out, "</VALUE>");
}

void emit_namespace(struct buf *out, const char *host, const char *ns_text)
{
	if (host) {
		buf_str(out, "<NAMESPACEPATH><HOST>");
		buf_xml(out, host);
		buf_str(out, "</HOST>");
	}
	buf_str(out, "<LOCALNAMESPACEPATH>");
	while (*ns_text) {
		size_t length = strcspn(ns_text, "/\\");
		char part[NAMESPACE_TEXT] = { 0 };

		if (length && length < sizeof(part)) {
			memcpy(part, ns_text, length);
			buf_str(out, "<NAMESPACE NAME=\"");
			buf_xml(out, part);
			buf_str(out, "\"></NAMESPACE>");
		}
		ns_text += length;
		ns_text += *ns_text != 0;
	}
	buf_str(out, "</LOCALNAMESPACEPATH>");
	if (host)
		buf_str(out, "</NAMESPACEPATH>");
}

/* The caller's own spelling where it is the caller's namespace, else the official one. */
static const char *home_of(const struct emit *e, struct obj o)
{
	return o.provider->home & e->ns ? e->ns_text : namespace_text(o.provider->home);
}

static void name_of(const struct emit *e, const struct inst *keys)
{
	struct buf *out = e->out;

	buf_fmt(out, "<INSTANCENAME CLASSNAME=\"%s\">", keys->class->name);
	for (unsigned i = 0; i < keys->count; i++) {
		const struct inst_slot *s = &keys->slot[i];

		if (!(s->field->flags & CIM_F_KEY))
			continue;
		buf_fmt(out, "<KEYBINDING NAME=\"%s\">", s->field->name);
		if (s->field->type == CIM_REFERENCE) {
			emit_reference(e, s->ref);
		} else {
			buf_str(out, "<KEYVALUE VALUETYPE=\"string\" TYPE=\"string\">");
			buf_xml(out, inst_text(keys, s));
			buf_str(out, "</KEYVALUE>");
		}
		buf_str(out, "</KEYBINDING>");
	}
	buf_str(out, "</INSTANCENAME>");
}

void emit_name(const struct emit *e, struct obj o)
{
	struct inst keys;

	if (!provider_get(o, true, &keys))
		return;
	name_of(e, &keys);
	inst_fini(&keys);
}

void emit_path(const struct emit *e, struct obj o)
{
	buf_str(e->out, "<INSTANCEPATH>");
	emit_namespace(e->out, e->host, home_of(e, o));
	emit_name(e, o);
	buf_str(e->out, "</INSTANCEPATH>");
}

void emit_reference(const struct emit *e, struct obj o)
{
	buf_str(e->out, "<VALUE.REFERENCE><LOCALINSTANCEPATH>");
	emit_namespace(e->out, NULL, home_of(e, o));
	emit_name(e, o);
	buf_str(e->out, "</LOCALINSTANCEPATH></VALUE.REFERENCE>");
}

/* Inherited properties come first: those of @e->as are the first ones of its subclasses. */
static void choose(struct emit *e, const struct cim_class *c)
{
	unsigned count, all = CIM_PROPS_MAX;

	if (e->wanted_of == c)
		return;
	e->wanted_of = c;
	if (e->as)
		cim_class_members(e->as, &all);
	cim_class_members(c, &count);
	for (unsigned n = 0; n < count; n++)
		e->wanted[n] = n < all && !e->only;
	for (const struct value *v = e->only ? e->only->value : NULL; v; v = v->next) {
		int n = strcmp(v->element, "VALUE") ? -1 : cim_class_member(c, v->text);

		if (n >= 0 && (unsigned)n < all)
			e->wanted[n] = true;
	}
}

static void property_open(const struct emit *e, const struct cim_field *f, const struct cim_class *origin,
			  const struct cim_class *class)
{
	const char *suffix = f->type == CIM_REFERENCE ? ".REFERENCE" : f->flags & CIM_F_ARRAY ? ".ARRAY" : "";

	buf_fmt(e->out, "<PROPERTY%s NAME=\"%s\"", suffix, f->name);
	if (f->type == CIM_REFERENCE)
		buf_fmt(e->out, " REFERENCECLASS=\"%s\"", f->of);
	else
		buf_fmt(e->out, " TYPE=\"%s\"", cim_type_name(f->type));
	if (f->of && f->type == CIM_STRING)
		buf_str(e->out, " EmbeddedObject=\"instance\"");
	if (e->origins)
		buf_fmt(e->out, " CLASSORIGIN=\"%s\"", origin->name);
	if (class && origin != class)
		buf_str(e->out, " PROPAGATED=\"true\"");
	buf_str(e->out, ">");
}

static void property_close(const struct emit *e, const struct cim_field *f)
{
	buf_str(e->out, f->type == CIM_REFERENCE ? "</PROPERTY.REFERENCE>" :
		f->flags & CIM_F_ARRAY ? "</PROPERTY.ARRAY>" : "</PROPERTY>");
}

static void slot_value(const struct emit *e, const struct inst *i, const struct inst_slot *s)
{
	const char *text = inst_text(i, s);

	if (!s->set)
		return;
	if (s->field->type == CIM_REFERENCE) {
		emit_reference(e, s->ref);
		return;
	}
	if (!(s->field->flags & CIM_F_ARRAY)) {
		emit_value(e->out, text);
		return;
	}
	buf_str(e->out, "<VALUE.ARRAY>");
	for (unsigned n = 0; n < s->count; n++, text = inst_next(text))
		emit_value(e->out, text);
	buf_str(e->out, "</VALUE.ARRAY>");
}

void emit_instance(struct emit *e, struct obj o)
{
	struct inst i;

	if (!provider_get(o, false, &i))
		return;
	if (i.text.failed)
		e->out->failed = true;
	choose(e, i.class);
	buf_fmt(e->out, "<INSTANCE CLASSNAME=\"%s\">", i.class->name);
	for (unsigned n = 0; n < i.count; n++) {
		const struct inst_slot *s = &i.slot[n];

		if (!e->wanted[n])
			continue;
		property_open(e, s->field, s->origin, NULL);
		slot_value(e, &i, s);
		property_close(e, s->field);
	}
	buf_str(e->out, "</INSTANCE>");
	inst_fini(&i);
}

static void qualifier(struct buf *out, const char *name, const char *type, const char *value)
{
	buf_fmt(out, "<QUALIFIER NAME=\"%s\" TYPE=\"%s\">", name, type);
	emit_value(out, value);
	buf_str(out, "</QUALIFIER>");
}

/* One side of "0=Unknown;1=Other": the codes or the names. */
static void map_side(struct buf *out, const char *name, const char *map, bool codes)
{
	char part[128];

	buf_fmt(out, "<QUALIFIER NAME=\"%s\" TYPE=\"string\"><VALUE.ARRAY>", name);
	while (*map) {
		size_t all = strcspn(map, ";"), code = strcspn(map, "="), length = codes ? code : all - code - 1;

		if (length > sizeof(part) - 1)
			length = sizeof(part) - 1;
		memcpy(part, codes ? map : map + code + 1, length);
		part[length] = 0;
		emit_value(out, part);
		map += all;
		map += *map == ';';
	}
	buf_str(out, "</VALUE.ARRAY></QUALIFIER>");
}

static void map_qualifiers(struct buf *out, const char *map)
{
	if (!map)
		return;
	map_side(out, "ValueMap", map, true);
	map_side(out, "Values", map, false);
}

static void field_qualifiers(const struct emit *e, const struct cim_field *f, bool parameter)
{
	static const struct { unsigned flag; const char *name; } row[] = {
		{ CIM_F_KEY, "Key" }, { CIM_F_REQUIRED, "Required" }, { CIM_F_WRITE, "Write" },
		{ CIM_F_OBJECT, "EmbeddedObject" },
	};

	if (!e->qualifiers)
		return;
	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++)
		if (f->flags & row[n].flag)
			qualifier(e->out, row[n].name, "boolean", "TRUE");
	if (parameter) {
		qualifier(e->out, "In", "boolean", f->flags & CIM_F_IN ? "TRUE" : "FALSE");
		qualifier(e->out, "Out", "boolean", f->flags & CIM_F_OUT ? "TRUE" : "FALSE");
	}
	if (f->of && f->type == CIM_STRING)
		qualifier(e->out, "EmbeddedInstance", "string", f->of);
	if (f->unit)
		qualifier(e->out, "PUnit", "string", f->unit);
	map_qualifiers(e->out, f->map);
}

static void class_qualifiers(const struct emit *e, const struct cim_class *c)
{
	static const struct { unsigned flag; const char *name; } row[] = {
		{ CIM_C_ABSTRACT, "Abstract" }, { CIM_C_ASSOCIATION, "Association" },
		{ CIM_C_AGGREGATION, "Aggregation" }, { CIM_C_EXPERIMENTAL, "Experimental" },
		{ CIM_C_INDICATION, "Indication" },
	};

	if (!e->qualifiers)
		return;
	for (size_t n = 0; n < sizeof(row) / sizeof(row[0]); n++)
		if (c->flags & row[n].flag)
			qualifier(e->out, row[n].name, "boolean", "TRUE");
	qualifier(e->out, "Version", "string", c->version);
	if (c->about)
		qualifier(e->out, "Description", "string", c->about);
}

static void parameter(const struct emit *e, const struct cim_field *f)
{
	const char *kind = f->type == CIM_REFERENCE ? f->flags & CIM_F_ARRAY ? ".REFARRAY" : ".REFERENCE" :
			   f->flags & CIM_F_ARRAY ? ".ARRAY" : "";

	buf_fmt(e->out, "<PARAMETER%s NAME=\"%s\"", kind, f->name);
	if (f->type == CIM_REFERENCE)
		buf_fmt(e->out, " REFERENCECLASS=\"%s\">", f->of);
	else
		buf_fmt(e->out, " TYPE=\"%s\">", cim_type_name(f->type));
	field_qualifiers(e, f, true);
	buf_fmt(e->out, "</PARAMETER%s>", kind);
}

static void methods(const struct emit *e, const struct cim_class *c)
{
	struct cim_method_member member[CIM_METHODS_MAX];
	unsigned count = cim_class_methods(c, member);

	for (unsigned n = 0; n < count; n++) {
		const struct cim_method *m = member[n].method;

		if (e->local_only && member[n].origin != c)
			continue;
		buf_fmt(e->out, "<METHOD NAME=\"%s\" TYPE=\"%s\"", m->name, cim_type_name(m->type));
		if (e->origins)
			buf_fmt(e->out, " CLASSORIGIN=\"%s\"", member[n].origin->name);
		buf_fmt(e->out, " PROPAGATED=\"%s\">", member[n].origin == c ? "false" : "true");
		if (e->qualifiers)
			map_qualifiers(e->out, m->map);
		for (const struct cim_field *f = m->param; f && f->name; f++)
			parameter(e, f);
		buf_str(e->out, "</METHOD>");
	}
}

void emit_class(struct emit *e, const struct cim_class *c)
{
	unsigned count;
	const struct cim_member *member = cim_class_members(c, &count);

	choose(e, c);
	buf_fmt(e->out, "<CLASS NAME=\"%s\"", c->name);
	if (c->super)
		buf_fmt(e->out, " SUPERCLASS=\"%s\"", c->super->name);
	buf_str(e->out, ">");
	class_qualifiers(e, c);
	for (unsigned n = 0; n < count; n++) {
		const struct cim_field *f = member[n].field;

		if (!e->wanted[n] || (e->local_only && member[n].origin != c))
			continue;
		property_open(e, f, member[n].origin, c);
		field_qualifiers(e, f, false);
		if (f->initial)
			emit_value(e->out, f->initial);
		property_close(e, f);
	}
	methods(e, c);
	buf_str(e->out, "</CLASS>");
}
