/* SPDX-License-Identifier: MIT */
/* cim_value.c: finds instances, paths, properties and parameters in an answer. */
#include "cim.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct xml *cim_first(const struct cim_answer *a)
{
	return xml_child(a->body, "VALUE.NAMEDINSTANCE");
}

const struct xml *cim_after(const struct xml *named)
{
	return xml_next(named, "VALUE.NAMEDINSTANCE");
}

const struct xml *cim_instance(const struct xml *named)
{
	return xml_child(named, "INSTANCE");
}

/* Paths come as INSTANCENAME, or wrapped in LOCALINSTANCEPATH or INSTANCEPATH, those perhaps in VALUE.REFERENCE. */
static const struct xml *instance_name(const struct xml *node)
{
	static const char *const around[] = { "VALUE.REFERENCE", "LOCALINSTANCEPATH", "INSTANCEPATH" };
	const struct xml *found;

	for (unsigned depth = 0; node && depth < 4; depth++) {
		if (!strcmp(node->name, "INSTANCENAME"))
			return node;
		found = xml_child(node, "INSTANCENAME");
		for (unsigned i = 0; !found && i < sizeof(around) / sizeof(around[0]); i++)
			found = xml_child(node, around[i]);
		node = found;
	}
	return NULL;
}

bool cim_path_get(const struct xml *node, struct cim_path *out)
{
	const struct xml *binding, *value;

	node = instance_name(node);
	*out = (struct cim_path){ .class = xml_attribute(node, "CLASSNAME") };
	if (!out->class)
		return false;
	for (binding = xml_child(node, "KEYBINDING"); binding; binding = xml_next(binding, "KEYBINDING")) {
		value = xml_child(binding, "KEYVALUE");
		if (!value || !xml_attribute(binding, "NAME") || out->keys == CIM_KEYS)
			return false;
		out->key[out->keys].name = xml_attribute(binding, "NAME");
		out->key[out->keys++].value = value->text;
	}
	return out->keys > 0;
}

const char *cim_path_key(const struct cim_path *path, const char *name)
{
	for (unsigned i = 0; i < path->keys; i++)
		if (!strcasecmp(path->key[i].name, name))
			return path->key[i].value;
	return NULL;
}

static const struct xml *member(const struct xml *node, const char *name)
{
	static const char *const element[] = { "PROPERTY", "PROPERTY.ARRAY", "PROPERTY.REFERENCE", "PARAMVALUE" };
	const struct xml *found = NULL;

	for (unsigned i = 0; !found && i < sizeof(element) / sizeof(element[0]); i++)
		found = xml_named(node, element[i], name);
	return found;
}

const char *cim_text(const struct xml *node, const char *name)
{
	const struct xml *value = xml_child(member(node, name), "VALUE");

	return value ? value->text : NULL;
}

static uint64_t number(const char *text, uint64_t otherwise)
{
	char *end;
	uint64_t value;

	if (!text || *text < '0' || *text > '9')
		return otherwise;
	value = strtoull(text, &end, 10);
	return *end ? otherwise : value;
}

uint64_t cim_number(const struct xml *node, const char *name, uint64_t otherwise)
{
	return number(cim_text(node, name), otherwise);
}

bool cim_true(const struct xml *node, const char *name)
{
	const char *text = cim_text(node, name);

	return text && !strcasecmp(text, "TRUE");
}

const char *cim_element(const struct xml *node, const char *name, unsigned index)
{
	const struct xml *value = xml_path(member(node, name), "VALUE.ARRAY/VALUE");

	while (value && index--)
		value = xml_next(value, "VALUE");
	return value ? value->text : NULL;
}

uint64_t cim_element_number(const struct xml *node, const char *name, unsigned index)
{
	return number(cim_element(node, name, index), 0);
}

unsigned cim_elements(const struct xml *node, const char *name)
{
	const struct xml *value = xml_path(member(node, name), "VALUE.ARRAY/VALUE");
	unsigned count = 0;

	for (; value; value = xml_next(value, "VALUE"))
		count++;
	return count;
}

bool cim_reference(const struct xml *node, const char *name, struct cim_path *out)
{
	return cim_path_get(member(node, name), out);
}
