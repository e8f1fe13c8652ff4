/* SPDX-License-Identifier: MIT */
#include "ops.h"
#include <string.h>
#include <strings.h>

#define PROPERTY_LIST 256u
_Static_assert(PROPERTY_LIST <= REQUEST_VALUES, "a list is kept whole");

static const struct operation operation[] = {
	{ "GetClass", op_class_start, op_get_class, OP_OBJECTS,
	  " ClassName LocalOnly IncludeQualifiers IncludeClassOrigin PropertyList " },
	{ "EnumerateClasses", op_class_start, op_enumerate_classes, OP_OBJECTS,
	  " ClassName DeepInheritance LocalOnly IncludeQualifiers IncludeClassOrigin " },
	{ "EnumerateClassNames", op_class_start, op_enumerate_classes, OP_NAMES, " ClassName DeepInheritance " },
	{ "GetInstance", op_instance_start, op_get_instance, OP_OBJECTS,
	  " InstanceName LocalOnly IncludeQualifiers IncludeClassOrigin PropertyList " },
	{ "EnumerateInstances", op_instances_start, op_enumerate_instances, OP_OBJECTS,
	  " ClassName LocalOnly DeepInheritance IncludeQualifiers IncludeClassOrigin PropertyList " },
	{ "EnumerateInstanceNames", op_instances_start, op_enumerate_instances, OP_NAMES, " ClassName " },
	{ "Associators", op_assoc_start, op_assoc, OP_OBJECTS,
	  " ObjectName AssocClass ResultClass Role ResultRole IncludeQualifiers IncludeClassOrigin PropertyList " },
	{ "AssociatorNames", op_assoc_start, op_assoc, OP_NAMES,
	  " ObjectName AssocClass ResultClass Role ResultRole " },
	{ "References", op_assoc_start, op_assoc, OP_REFERENCES,
	  " ObjectName ResultClass Role IncludeQualifiers IncludeClassOrigin PropertyList " },
	{ "ReferenceNames", op_assoc_start, op_assoc, OP_REFERENCES | OP_NAMES, " ObjectName ResultClass Role " },
};

static bool known_parameter(const char *list, const char *name)
{
	size_t length = strlen(name);

	for (const char *p = list; *p; p++)
		if (*p == ' ' && !strncasecmp(p + 1, name, length) && p[1 + length] == ' ' && length)
			return true;
	return false;
}

/* It is read once for each class that is written, so its length is bounded. */
static bool property_list_short(struct call *c)
{
	const struct param *list = call_param(c, "PropertyList");
	unsigned count = list && list->array ? list->array->count : 0;

	if (count > PROPERTY_LIST)
		call_fail(c, CIM_ERR_INVALID_PARAMETER, "PropertyList has %u names, at most %u are taken", count,
			  PROPERTY_LIST);
	return count <= PROPERTY_LIST;
}

void ops_start(struct call *c)
{
	size_t n;

	for (n = 0; n < sizeof(operation) / sizeof(operation[0]); n++)
		if (!strcasecmp(operation[n].name, c->request.method))
			break;
	if (n == sizeof(operation) / sizeof(operation[0])) {
		call_fail(c, CIM_ERR_NOT_SUPPORTED, "this server has no operation %s", c->request.method);
		return;
	}
	for (const struct param *p = c->request.param; p; p = p->next) {
		if (!known_parameter(operation[n].params, p->name)) {
			call_fail(c, CIM_ERR_INVALID_PARAMETER, "%s has no parameter %s", operation[n].name, p->name);
			return;
		}
		if (call_param(c, p->name) != p) {
			call_fail(c, CIM_ERR_INVALID_PARAMETER, "the parameter %s is given twice", p->name);
			return;
		}
	}
	if (!property_list_short(c))
		return;
	c->operation = &operation[n];
	c->operation->start(c);
	if (c->status != CIM_OK)
		c->operation = NULL;
}

enum err ops_step(struct call *c, int *work)
{
	bool more = true;

	while (more && *work > 0) {
		size_t before = c->out->length;

		more = c->operation->next(c) && c->status == CIM_OK && !c->out->failed;
		*work -= (int)(1 + (c->out->length - before) / 512);
	}
	return more ? ERR_AGAIN : ERR_OK;
}

const struct cim_class *op_class(struct call *c, const char *parameter, bool required)
{
	const struct param *p = call_param(c, parameter);
	const char *text = p ? p->class : NULL;
	const struct cim_class *class;

	if (!text && p && p->value.element) {
		call_fail(c, CIM_ERR_INVALID_PARAMETER, "%s is not a class name", parameter);
		return NULL;
	}
	if (!text || !*text) {
		if (required)
			call_fail(c, CIM_ERR_INVALID_PARAMETER, "%s is missing", parameter);
		return NULL;
	}
	class = cim_class_find(text);
	if (!class)
		call_fail(c, strcasecmp(parameter, "ClassName") ? CIM_ERR_INVALID_PARAMETER : CIM_ERR_INVALID_CLASS,
			  "there is no class %s", text);
	return class;
}
