/* SPDX-License-Identifier: MIT */
#include "path.h"
#include <string.h>
#include <strings.h>

static const struct { const char *text; unsigned ns; } namespaces[] = {
	{ "root/virtualization/v2", CIM_NS_VIRT }, { "root/interop", CIM_NS_INTEROP },
	{ "root/virt", CIM_NS_VIRT }, { "interop", CIM_NS_INTEROP },
};

/* "\Root\Virt/" to "Root/Virt". */
static void normalise(const char *text, char out[NAMESPACE_TEXT])
{
	size_t n = 0;

	for (; *text && n < NAMESPACE_TEXT - 1; text++) {
		char c = *text == '\\' ? '/' : *text;

		if (c != '/' || (n && out[n - 1] != '/'))
			out[n++] = c;
	}
	if (*text)
		n = 0;
	while (n && out[n - 1] == '/')
		n--;
	out[n] = 0;
}

unsigned namespace_find(const char *text)
{
	char plain[NAMESPACE_TEXT];

	normalise(text, plain);
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++)
		if (!strcasecmp(plain, namespaces[i].text))
			return namespaces[i].ns;
	return 0;
}

const char *namespace_text(unsigned ns)
{
	return ns & CIM_NS_INTEROP ? "root/interop" : "root/virtualization/v2";
}

static struct { unsigned ns; char text[NAMESPACE_TEXT]; } asked;

void namespace_ask(unsigned ns, const char *text)
{
	asked.ns = ns;
	normalise(text, asked.text);
}

const char *namespace_asked(unsigned ns)
{
	return asked.ns == ns ? asked.text : namespace_text(ns);
}

const struct keybinding *path_key(const struct object_name *name, const char *key)
{
	const struct keybinding *k = name->key;

	while (k && !(k->name && !strcasecmp(k->name, key)))
		k = k->next;
	return k;
}

/* Clients name the class they know: "CIM_ComputerSystem" is as good as the class that made the key. */
static bool key_equal(const char *name, const char *mine, const char *given)
{
	const struct cim_class *c, *g;

	if (!strcmp(mine, given))
		return true;
	if (strlen(name) < 17 || strcasecmp(name + strlen(name) - 17, "CreationClassName"))
		return false;
	c = cim_class_find(mine);
	g = cim_class_find(given);
	return c && g && cim_class_is(c, g);
}

static enum cim_status resolve(const struct object_name *name, unsigned mask, bool links, struct obj *out);

static bool key_matches(const struct inst *keys, const struct inst_slot *s, const struct keybinding *k)
{
	struct obj ref;

	if (!s || !(s->field->flags & CIM_F_KEY))
		return false;
	if (s->field->type != CIM_REFERENCE)
		return k->value && key_equal(s->field->name, inst_text(keys, s), k->value);
	/* No association refers to another one: without links a nested reference can't nest further. */
	return resolve(k->reference, CIM_NS_VIRT | CIM_NS_INTEROP, false, &ref) == CIM_OK &&
	       ref.provider == s->ref.provider && ref.index == s->ref.index;
}

static bool keys_match(const struct inst *keys, const struct object_name *name)
{
	unsigned have = 0, given = 0;
	const struct inst_slot *only = NULL;

	for (unsigned i = 0; i < keys->count; i++)
		if (keys->slot[i].field->flags & CIM_F_KEY) {
			only = &keys->slot[i];
			have++;
		}
	for (const struct keybinding *k = name->key; k; k = k->next)
		if (k->name && (++given > have || !key_matches(keys, inst_slot(keys, k->name), k)))
			return false;
	/* DSP0201: one unnamed key may stand alone. */
	if (!given && have == 1)
		return key_matches(keys, only, &name->unnamed);
	return given == have;
}

/* Of an association the two ends tell the number: no need to look at every pair. */
static bool link_index(const struct provider *p, const struct object_name *name, unsigned *index)
{
	const struct keybinding *a = path_key(name, p->link->a), *b = path_key(name, p->link->b);
	const unsigned mask = CIM_NS_VIRT | CIM_NS_INTEROP;
	struct obj from, to;

	if (!a || !b || resolve(a->reference, mask, false, &from) != CIM_OK ||
	    resolve(b->reference, mask, false, &to) != CIM_OK)
		return false;
	*index = from.index * provider_count(p->link->to) + to.index;
	return from.provider == p->link->from && to.provider == p->link->to;
}

static enum cim_status resolve_class(const struct cim_class *class, unsigned mask, struct obj *out)
{
	unsigned found = 0;
	const struct provider *p;

	for (unsigned n = 0; (p = provider_at(n)); n++)
		if ((p->visible & mask) && cim_class_is(p->class, class) && provider_count(p)) {
			*out = (struct obj){ p, 0 };
			found += provider_count(p);
		}
	return found == 1 ? CIM_OK : found ? CIM_ERR_INVALID_PARAMETER : CIM_ERR_NOT_FOUND;
}

static enum cim_status resolve(const struct object_name *name, unsigned mask, bool links, struct obj *out)
{
	const struct cim_class *class = name && name->class ? cim_class_find(name->class) : NULL;
	const struct provider *p;
	struct inst keys;
	bool equal;

	if (!name || !name->class)
		return CIM_ERR_INVALID_PARAMETER;
	if (!class)
		return CIM_ERR_INVALID_CLASS;
	if (name->kind == NAMES_CLASS)
		return resolve_class(class, mask, out);
	for (unsigned i = 0; (p = provider_at(i)); i++) {
		bool fits = (p->visible & mask) && cim_class_is(p->class, class) && (links || !p->link);
		unsigned count = fits ? provider_count(p) : 0, k = 0;

		if (count && p->link) {
			if (!link_index(p, name, &k) || k >= count)
				continue;
			count = k + 1;
		}
		for (; k < count; k++) {
			*out = (struct obj){ p, k };
			if (!provider_get(*out, true, &keys))
				continue;
			equal = keys_match(&keys, name);
			inst_fini(&keys);
			if (equal)
				return CIM_OK;
		}
	}
	return CIM_ERR_NOT_FOUND;
}

enum cim_status path_resolve(const struct object_name *name, unsigned mask, struct obj *out)
{
	return resolve(name, mask, true, out);
}

/* Compares key @key, @length bytes long, with the bindings of @name; advances *at past its value in the
 * text form: quoted with backslashes, or bare up to a comma. */
static bool text_key_matches(const char **at, const char *key, size_t length, const struct object_name *name)
{
	const struct keybinding *k = name->key;
	const char *p = *at, *v;
	bool quoted = *p == '"', equal = true;

	while (k && !(k->name && strlen(k->name) == length && !strncasecmp(k->name, key, length)))
		k = k->next;
	v = k ? k->value : NULL;	/* of a reference key the text form is not compared */
	if (quoted)
		p++;
	while (*p && (quoted ? *p != '"' : *p != ',')) {
		if (quoted && *p == '\\' && p[1])
			p++;
		if (v && *v++ != *p) {
			equal = false;
			v = NULL;
		}
		p++;
	}
	if (quoted && *p == '"')
		p++;
	*at = p;
	return k && equal && (!v || !*v);
}

static bool text_name_matches(const char *text, const struct object_name *name)
{
	const char *want = name->class, *equals;
	size_t length = strcspn(text, ".");
	unsigned given = 0, have = 0;

	if (!want || strlen(want) != length || strncasecmp(want, text, length))
		return false;
	for (const struct keybinding *k = name->key; k; k = k->next)
		have++;
	text += length;
	while (*text == '.' || *text == ',') {
		text++;
		equals = strchr(text, '=');
		if (!equals)
			return false;
		length = (size_t)(equals - text);
		equals++;
		if (!text_key_matches(&equals, text, length, name))
			return false;
		text = equals;
		given++;
	}
	/* A single unnamed key has no text form of its own that clients agree on. */
	return !*text && (given == have || have == 0);
}

bool path_text_matches(const char *text, const char *ns_text, const struct object_name *name)
{
	char ns[NAMESPACE_TEXT], given[NAMESPACE_TEXT];
	const char *colon = strchr(text, ':');
	size_t length;

	if (!colon)
		return false;
	length = (size_t)(colon - text);
	if (length >= sizeof(given))
		return false;
	memcpy(given, text, length);
	given[length] = 0;
	normalise(given, given);
	normalise(ns_text, ns);
	return !strcasecmp(given, ns) && text_name_matches(colon + 1, name);
}
