/* SPDX-License-Identifier: MIT */
#include "path_why.h"
#include <string.h>
#include <strings.h>

#define NAME_TEXT 60	/* of a name in a sentence */

static bool wrong_class(const struct xml_node *name, const struct cim_class *of, const struct cim_class **class, struct why *why)
{
	const char *text = xml_attr(name, xml_is(name, "CLASSNAME") ? "NAME" : "CLASSNAME");

	*class = text ? cim_class_find(text) : NULL;
	if (!text)
		why_set(why, "the reference names no class");
	else if (!*class)
		why_set(why, "there is no class %.*s here", NAME_TEXT, text);
	else if (of && !cim_class_is(*class, of) && !cim_class_is(of, *class))
		why_set(why, "the reference names a %s, expected a %s", (*class)->name, of->name);
	else
		return false;
	return true;
}

static const struct xml_node *binding(const struct xml_node *name, const char *key)
{
	for (const struct xml_node *b = name->child; b; b = b->next)
		if (xml_is(b, "KEYBINDING") && xml_attr(b, "NAME") && !strcasecmp(xml_attr(b, "NAME"), key))
			return b;
	return NULL;
}

/* The value of a key that names the class which made the key. */
static bool wrong_creator(const struct xml_node *b, const struct cim_class *class, const char *key, struct why *why)
{
	const struct xml_node *value = xml_child(b, "KEYVALUE");
	size_t length = strlen(key);
	const struct cim_class *given;

	if (length < 17 || strcasecmp(key + length - 17, "CreationClassName") || !value)
		return false;
	given = cim_class_find(value->text);
	if (!given)
		why_set(why, "there is no class %.*s, which the key %s names", NAME_TEXT, value->text, key);
	else if (length == 17 && !cim_class_is(given, class) && !cim_class_is(class, given))
		why_set(why, "the key %s names %s, the reference itself %s", key, given->name, class->name);
	else
		return false;
	return true;
}

static bool wrong_keys(const struct xml_node *name, const struct cim_class *class, struct why *why)
{
	unsigned count, keys = 0;
	const struct cim_member *member = cim_class_members(class, &count);

	for (unsigned n = 0; n < count; n++) {
		const struct cim_field *f = member[n].field;
		const struct xml_node *b = binding(name, f->name);

		if (!(f->flags & CIM_F_KEY))
			continue;
		keys++;
		if (b && wrong_creator(b, class, f->name, why))
			return true;
		if (!b && xml_child(name, "KEYBINDING")) {
			why_set(why, "the reference lacks the key %s of %s", f->name, class->name);
			return true;
		}
	}
	for (const struct xml_node *b = name->child; b && keys; b = b->next) {
		const char *key = xml_is(b, "KEYBINDING") ? xml_attr(b, "NAME") : NULL;
		int n = key ? cim_class_member(class, key) : 0;

		if (n >= 0 && (!key || member[n].field->flags & CIM_F_KEY) && (!key || binding(name, key) == b))
			continue;
		why_set(why, n >= 0 && member[n].field->flags & CIM_F_KEY ? "the reference has the key %.*s twice" :
			"the reference has a key %.*s, which its class has not", NAME_TEXT, key);
		return true;
	}
	if (keys > 1 && !xml_child(name, "KEYBINDING")) {
		why_set(why, "the reference has no keys; %s has %u", class->name, keys);
		return true;
	}
	return false;
}

bool path_why(const struct xml_node *reference, const struct cim_class *of, struct why *why)
{
	const struct xml_node *name = path_name(reference);
	const struct cim_class *class;

	if (!name) {
		why_set(why, "there is no name of an object in the reference");
		return true;
	}
	if (wrong_class(name, of, &class, why))
		return true;
	if (xml_is(name, "CLASSNAME")) {
		why_set(why, "the class %s has no instance or more than one here: name one", class->name);
		return true;
	}
	if (wrong_keys(name, class, why))
		return true;
	why_set(why, "there is no such instance");
	return false;
}
