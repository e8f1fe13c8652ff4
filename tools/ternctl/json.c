/* SPDX-License-Identifier: MIT */
/* json.c: CIM instances as JSON. */
#include "control.h"
#include <string.h>
#include <strings.h>

/* Digits as JSON allows them: an optional minus, no leading zero, no fraction needed here. */
static bool is_integer(const char *s)
{
	s += *s == '-';
	return *s && s[strspn(s, "0123456789")] == '\0' && (s[0] != '0' || !s[1]);
}

static void value(struct text *out, const char *type, const char *text)
{
	if (type && (strstr(type, "int") || !strncmp(type, "real", 4)) && is_integer(text))
		text_add(out, "%s", text);
	else if (type && !strcmp(type, "boolean"))
		text_add(out, "%s", strcasecmp(text, "TRUE") ? "false" : "true");
	else
		text_add_json(out, text);
}

static void path(struct text *out, const struct xml *node)
{
	struct cim_path p;
	struct text t = { 0 };

	if (!cim_path_get(node, &p)) {
		text_add(out, "null");
		return;
	}
	text_add(&t, "%s", p.class);
	for (unsigned i = 0; i < p.keys; i++)
		text_add(&t, "%c%s=\"%s\"", i ? ',' : '.', p.key[i].name, p.key[i].value);
	text_add_json(out, t.data);
	text_free(&t);
}

static void property(struct text *out, const struct xml *node)
{
	const struct xml *v = xml_child(node, "VALUE"), *array = xml_child(node, "VALUE.ARRAY");
	const char *type = xml_attribute(node, "TYPE");

	if (array) {
		text_add(out, "[");
		for (v = xml_child(array, "VALUE"); v; v = xml_next(v, "VALUE")) {
			value(out, type, v->text);
			if (xml_next(v, "VALUE"))
				text_add(out, ", ");
		}
		text_add(out, "]");
	} else if (v) {
		value(out, type, v->text);
	} else {
		path(out, node);
	}
}

void json_instance(struct text *out, const struct xml *instance)
{
	const struct xml *p;
	const char *class = xml_attribute(instance, "CLASSNAME");

	text_add(out, "{\"class\": ");
	text_add_json(out, class ? class : "");
	for (p = xml_child(instance, NULL); p; p = xml_next(p, NULL)) {
		const char *name = xml_attribute(p, "NAME");

		if (!name || strncmp(p->name, "PROPERTY", 8) != 0)
			continue;
		text_add(out, ",\n  ");
		text_add_json(out, name);
		text_add(out, ": ");
		property(out, p);
	}
	text_add(out, "}");
}

void json_strings(struct text *out, const struct xml *node, const char *name)
{
	text_add(out, "[");
	for (unsigned i = 0; i < cim_elements(node, name); i++) {
		text_add(out, "%s", i ? ", " : "");
		text_add_json(out, cim_element(node, name, i));
	}
	text_add(out, "]");
}
