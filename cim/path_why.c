/* SPDX-License-Identifier: MIT */
#include "path_why.h"
#include <string.h>
#include <strings.h>

#define NAME_TEXT 60	/* of a name in a sentence */

static bool wrong_class(const struct object_name *name, const struct cim_class *of, const struct cim_class **class,
			struct why *why)
{
	const char *text = name->class;

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

/* The value of a key that names the class which made the key. */
static bool wrong_creator(const struct keybinding *k, const struct cim_class *class, const char *key, struct why *why)
{
	size_t length = strlen(key);
	const struct cim_class *given;

	if (length < 17 || strcasecmp(key + length - 17, "CreationClassName") || !k->value)
		return false;
	given = cim_class_find(k->value);
	if (!given)
		why_set(why, "there is no class %.*s, which the key %s names", NAME_TEXT, k->value, key);
	else if (length == 17 && !cim_class_is(given, class) && !cim_class_is(class, given))
		why_set(why, "the key %s names %s, the reference itself %s", key, given->name, class->name);
	else
		return false;
	return true;
}

static bool wrong_keys(const struct object_name *name, const struct cim_class *class, struct why *why)
{
	unsigned count, keys = 0;
	const struct cim_member *member = cim_class_members(class, &count);

	for (unsigned n = 0; n < count; n++) {
		const struct cim_field *f = member[n].field;
		const struct keybinding *k = path_key(name, f->name);

		if (!(f->flags & CIM_F_KEY))
			continue;
		keys++;
		if (k && wrong_creator(k, class, f->name, why))
			return true;
		if (!k && name->key) {
			why_set(why, "the reference lacks the key %s of %s", f->name, class->name);
			return true;
		}
	}
	for (const struct keybinding *k = name->key; k && keys; k = k->next) {
		int n = k->name ? cim_class_member(class, k->name) : -1;
		bool known = n >= 0 && member[n].field->flags & CIM_F_KEY;

		if (!k->name || (known && path_key(name, k->name) == k))
			continue;
		why_set(why, known ? "the reference has the key %.*s twice" :
			"the reference has a key %.*s, which its class has not", NAME_TEXT, k->name);
		return true;
	}
	if (keys > 1 && !name->key) {
		why_set(why, "the reference has no keys; %s has %u", class->name, keys);
		return true;
	}
	return false;
}

bool path_why(const struct object_name *name, const struct cim_class *of, struct why *why)
{
	const struct cim_class *class;

	if (!name || name->kind == NAMES_NOTHING) {
		why_set(why, "there is no name of an object in the reference");
		return true;
	}
	if (wrong_class(name, of, &class, why))
		return true;
	if (name->kind == NAMES_CLASS) {
		why_set(why, "the class %s has no instance or more than one here: name one", class->name);
		return true;
	}
	if (wrong_keys(name, class, why))
		return true;
	why_set(why, "there is no such instance");
	return false;
}
