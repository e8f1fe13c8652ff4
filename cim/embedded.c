/* SPDX-License-Identifier: MIT */
#include "embedded.h"
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "mof.h"
#include "xml.h"

bool embedded_add(struct embedded *e, const char *name, size_t name_length, enum embedded_kind kind, const char *value,
		  size_t value_length, struct why *why)
{
	for (unsigned n = 0; n < e->count; n++)
		if (strlen(embedded_name(e, n)) == name_length &&
		    !strncasecmp(embedded_name(e, n), name, name_length)) {
			why_set(why, "it has the property %.60s twice", embedded_name(e, n));
			return false;
		}
	if (e->count == EMBEDDED_PROPS) {
		why_set(why, "it has more than %u properties", EMBEDDED_PROPS);
		return false;
	}
	e->prop[e->count].name = (uint32_t)e->text.length;
	buf_add(&e->text, name, name_length);
	buf_add(&e->text, "", 1);
	e->prop[e->count].value = (uint32_t)e->text.length;
	e->prop[e->count].kind = kind;
	buf_add(&e->text, value ? value : "", value ? value_length : 0);
	buf_add(&e->text, "", 1);
	e->count++;
	if (e->text.failed)
		why_set(why, "there is no memory for it");
	return !e->text.failed;
}

/* The only child of @p that holds a value; NULL if there is none or, with @why, more than one or another element. */
static const struct xml_node *value_of(const struct xml_node *p, const char *name, struct why *why)
{
	static const char *const holder[] = { "VALUE", "VALUE.ARRAY", "VALUE.REFERENCE", "VALUE.REFARRAY" };
	const struct xml_node *found = NULL;

	for (const struct xml_node *v = p->child; v; v = v->next) {
		size_t n = 0;

		if (xml_is(v, "QUALIFIER"))
			continue;
		while (n < sizeof(holder) / sizeof(holder[0]) && !xml_is(v, holder[n]))
			n++;
		if (found || n == sizeof(holder) / sizeof(holder[0])) {
			why_set(why, found ? "its property %.60s has more than one value" :
				"its property %.60s has an element that is no value", name);
			return NULL;
		}
		found = v;
	}
	return found;
}

static bool add_property(const struct xml_node *p, struct embedded *out, struct why *why)
{
	const char *name = xml_attr(p, "NAME");
	const struct xml_node *value, *text;
	enum embedded_kind kind;

	if (!name || !*name) {
		why_set(why, "it has a %.40s without a name", p->name);
		return false;
	}
	value = value_of(p, name, why);
	if (!value && why->text[0])
		return false;
	kind = !value ? EMBEDDED_NULL : xml_is(value, "VALUE") ? EMBEDDED_VALUE :
	       xml_is(value, "VALUE.REFERENCE") ? EMBEDDED_REFERENCE : value->child ? EMBEDDED_ARRAY : EMBEDDED_NULL;
	text = kind == EMBEDDED_VALUE ? value : kind == EMBEDDED_ARRAY ? xml_child(value, "VALUE") : NULL;
	return embedded_add(out, name, strlen(name), kind, text ? text->text : NULL, text ? text->text_length : 0, why);
}

enum err embedded_from_xml(const struct xml_node *root, struct embedded *out, struct why *why)
{
	const char *class = xml_is(root, "INSTANCE") ? xml_attr(root, "CLASSNAME") : NULL;
	bool ok = true;

	*out = (struct embedded){ .count = 0 };
	why_set(why, "%s", "");
	if (!class || strlen(class) >= sizeof(out->class)) {
		why_set(why, "expected an INSTANCE element with a CLASSNAME, it is %.60s", root->name);
		return ERR_INVALID;
	}
	fmt(out->class, sizeof(out->class), "%s", class);
	for (const struct xml_node *p = root->child; ok && p; p = p->next) {
		if (xml_is(p, "PROPERTY") || xml_is(p, "PROPERTY.ARRAY") || xml_is(p, "PROPERTY.REFERENCE")) {
			ok = add_property(p, out, why);
		} else if (!xml_is(p, "QUALIFIER")) {
			why_set(why, "it has an element %.60s, which is no property", p->name);
			ok = false;
		}
	}
	if (!ok)
		embedded_fini(out);
	return ok ? ERR_OK : ERR_INVALID;
}

static enum err xml_text(const char *text, struct embedded *out, struct why *why)
{
	struct xml_node *root;
	enum err e = xml_parse(text, strlen(text), &root);

	if (e != ERR_OK) {
		why_set(why, "it is not well-formed XML");
		return e;
	}
	e = embedded_from_xml(root, out, why);
	xml_free(root);
	return e;
}

enum err embedded_parse(const char *text, struct embedded *out, struct why *why)
{
	enum err e;

	*out = (struct embedded){ .count = 0 };
	text += strspn(text, " \t\r\n");
	if (*text == '<')
		return xml_text(text, out, why);
	e = mof_parse(text, out, why);
	if (e != ERR_OK)
		embedded_fini(out);
	return e;
}

void embedded_fini(struct embedded *e)
{
	buf_free(&e->text);
	e->count = 0;
}

const char *embedded_name(const struct embedded *e, unsigned n)
{
	return e->text.data + e->prop[n].name;
}

enum embedded_kind embedded_kind(const struct embedded *e, unsigned n)
{
	return e->prop[n].kind;
}

const char *embedded_value(const struct embedded *e, unsigned n)
{
	return e->prop[n].kind == EMBEDDED_NULL ? NULL : e->text.data + e->prop[n].value;
}
