/* SPDX-License-Identifier: MIT */
#include "embedded.h"
#include <string.h>
#include "lib/fmt.h"
#include "mof.h"
#include "xml.h"

bool embedded_add(struct embedded *e, const char *name, size_t name_length, const char *value, size_t value_length)
{
	if (e->count == EMBEDDED_PROPS)
		return false;
	e->prop[e->count].name = (uint32_t)e->text.length;
	buf_add(&e->text, name, name_length);
	buf_add(&e->text, "", 1);
	e->prop[e->count].value = (uint32_t)e->text.length;
	e->prop[e->count].null = !value;
	buf_add(&e->text, value ? value : "", value ? value_length : 0);
	buf_add(&e->text, "", 1);
	e->count++;
	return !e->text.failed;
}

static enum err from_tree(const struct xml_node *root, struct embedded *out, struct why *why)
{
	const char *class = xml_is(root, "INSTANCE") ? xml_attr(root, "CLASSNAME") : NULL;

	if (!class || strlen(class) >= sizeof(out->class)) {
		why_set(why, "it is not an INSTANCE element with a CLASSNAME");
		return ERR_INVALID;
	}
	fmt(out->class, sizeof(out->class), "%s", class);
	for (const struct xml_node *p = root->child; p; p = p->next) {
		const char *name = xml_attr(p, "NAME");
		const struct xml_node *value = xml_child(p, "VALUE"), *array = xml_child(p, "VALUE.ARRAY");

		if (strncmp(p->name, "PROPERTY", 8))
			continue;
		if (!value && array)
			value = xml_child(array, "VALUE");
		if (!name || !embedded_add(out, name, strlen(name), value ? value->text : NULL,
					   value ? value->text_length : 0)) {
			why_set(why, "it has a PROPERTY without a name, or more than %u of them", EMBEDDED_PROPS);
			return ERR_INVALID;
		}
	}
	return ERR_OK;
}

static enum err xml_text(const char *text, struct embedded *out, struct why *why)
{
	struct xml_node *root;
	enum err e = xml_parse(text, strlen(text), &root);

	if (e != ERR_OK) {
		why_set(why, "it is not well-formed XML");
		return e;
	}
	e = from_tree(root, out, why);
	xml_free(root);
	return e;
}

enum err embedded_parse(const char *text, struct embedded *out, struct why *why)
{
	enum err e;

	*out = (struct embedded){ .count = 0 };
	text += strspn(text, " \t\r\n");
	e = *text == '<' ? xml_text(text, out, why) : mof_parse(text, out, why);
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

const char *embedded_value(const struct embedded *e, unsigned n)
{
	return e->prop[n].null ? NULL : e->text.data + e->prop[n].value;
}
