/* SPDX-License-Identifier: MIT */
#include "schema.h"
#include <string.h>
#include <strings.h>
#include "lib/log.h"

#define CIM_CLASS_ADDRESS(name) &name,
static const struct cim_class *const classes[] = { CIM_CLASSES(CIM_CLASS_ADDRESS) NULL };

const struct cim_class *cim_class_find(const char *name)
{
	for (unsigned i = 0; classes[i]; i++)
		if (!strcasecmp(classes[i]->name, name))
			return classes[i];
	return NULL;
}

const struct cim_class *cim_class_at(unsigned index)
{
	return index < sizeof(classes) / sizeof(classes[0]) ? classes[index] : NULL;
}

bool cim_class_is(const struct cim_class *c, const struct cim_class *ancestor)
{
	if (!ancestor)
		return true;
	while (c && c != ancestor)
		c = c->super;
	return c != NULL;
}

unsigned cim_class_props(const struct cim_class *c, struct cim_member out[CIM_PROPS_MAX])
{
	unsigned inherited = c->super ? cim_class_props(c->super, out) : 0, n = inherited, i;

	for (const struct cim_field *f = c->prop; f && f->name; f++) {
		for (i = 0; i < inherited && strcasecmp(out[i].field->name, f->name); i++)
			;
		if (i == inherited && n < CIM_PROPS_MAX)
			i = n++;
		out[i] = (struct cim_member){ f, c };
	}
	return n;
}

/* Every instance asks for the properties of its class: they are found once. */
#define MEMBERS 2048
static struct cim_member members[MEMBERS];
static uint8_t by_name[MEMBERS];	/* numbers within the class, in the order of the names */
static struct kept { uint16_t first, count; } kept[sizeof(classes) / sizeof(classes[0])];

static void sort_names(const struct cim_member *member, unsigned count, uint8_t *order)
{
	for (unsigned n = 0; n < count; n++) {
		unsigned at = n;

		for (; at && strcasecmp(member[order[at - 1]].field->name, member[n].field->name) > 0; at--)
			order[at] = order[at - 1];
		order[at] = (uint8_t)n;
	}
}

static const struct kept *keep(const struct cim_class *c)
{
	static unsigned used;
	unsigned n = 0;

	while (classes[n] != c)
		n++;
	if (!kept[n].count) {
		struct cim_member found[CIM_PROPS_MAX];
		unsigned count = cim_class_props(c, found);

		if (used + count > MEMBERS)
			panic("cim: %u properties of all classes are too few", MEMBERS);
		memcpy(&members[used], found, count * sizeof(found[0]));
		sort_names(found, count, &by_name[used]);
		kept[n] = (struct kept){ (uint16_t)used, (uint16_t)count };
		used += count;
	}
	return &kept[n];
}

const struct cim_member *cim_class_members(const struct cim_class *c, unsigned *count)
{
	const struct kept *k = keep(c);

	*count = k->count;
	return &members[k->first];
}

int cim_class_member(const struct cim_class *c, const char *name)
{
	const struct kept *k = keep(c);
	const uint8_t *order = &by_name[k->first];
	unsigned low = 0, high = k->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;
		int difference = strcasecmp(name, members[k->first + order[middle]].field->name);

		if (!difference)
			return order[middle];
		if (difference < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return -1;
}

unsigned cim_class_methods(const struct cim_class *c, struct cim_method_member out[CIM_METHODS_MAX])
{
	unsigned inherited = c->super ? cim_class_methods(c->super, out) : 0, n = inherited, i;

	for (const struct cim_method *m = c->method; m && m->name; m++) {
		for (i = 0; i < inherited && strcasecmp(out[i].method->name, m->name); i++)
			;
		if (i == inherited && n < CIM_METHODS_MAX)
			i = n++;
		out[i] = (struct cim_method_member){ m, c };
	}
	return n;
}

const struct cim_method *cim_class_method(const struct cim_class *c, const char *name,
					  const struct cim_class **origin)
{
	for (; c; c = c->super)
		for (const struct cim_method *m = c->method; m && m->name; m++)
			if (!strcasecmp(m->name, name)) {
				if (origin)
					*origin = c;
				return m;
			}
	return NULL;
}

const struct cim_field *cim_method_param(const struct cim_method *m, const char *name)
{
	const struct cim_field *f = m->param;

	while (f && f->name && strcasecmp(f->name, name))
		f++;
	return f && f->name ? f : NULL;
}

const char *cim_type_name(enum cim_type type)
{
	static const char *const name[] = {
		[CIM_BOOLEAN] = "boolean", [CIM_UINT8] = "uint8", [CIM_SINT8] = "sint8", [CIM_UINT16] = "uint16",
		[CIM_UINT32] = "uint32", [CIM_UINT64] = "uint64", [CIM_STRING] = "string",
		[CIM_DATETIME] = "datetime", [CIM_REFERENCE] = "reference",
	};

	return name[type];
}
