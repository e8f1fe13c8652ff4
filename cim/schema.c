/* SPDX-License-Identifier: MIT */
#include "schema.h"
#include <strings.h>

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

const char *cim_type_name(enum cim_type type)
{
	static const char *const name[] = {
		[CIM_BOOLEAN] = "boolean", [CIM_UINT8] = "uint8", [CIM_SINT8] = "sint8", [CIM_UINT16] = "uint16",
		[CIM_UINT32] = "uint32", [CIM_UINT64] = "uint64", [CIM_STRING] = "string",
		[CIM_DATETIME] = "datetime", [CIM_REFERENCE] = "reference",
	};

	return name[type];
}
