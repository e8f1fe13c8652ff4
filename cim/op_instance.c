/* SPDX-License-Identifier: MIT */
/* GetInstance and the enumerations of instances. */
#include "ops.h"

void op_get_instance(struct call *c)
{
	const struct xml_node *p = call_param(c, "InstanceName");
	const struct xml_node *name = path_name(p);
	struct emit e = call_emit(c);
	enum cim_status status;
	struct obj o;

	if (!xml_is(name, "INSTANCENAME")) {
		call_fail(c, CIM_ERR_INVALID_PARAMETER, "InstanceName is missing or not an instance name");
		return;
	}
	status = path_resolve(name, c->ns, &o);
	if (status == CIM_OK)
		emit_instance(&e, o);
	else if (status == CIM_ERR_INVALID_CLASS)
		call_fail(c, status, "there is no class %s", xml_attr(name, "CLASSNAME"));
	else
		call_fail(c, status, "there is no such instance");
}

static void enumerate(struct call *c, bool names)
{
	const struct cim_class *class = op_class(c, "ClassName", true);
	struct emit e = call_emit(c);
	const struct provider *p;
	struct inst probe;

	if (!class)
		return;
	if (!names && !call_bool(c, "DeepInheritance", true))
		e.as = class;
	for (unsigned n = 0; (p = provider_at(n)); n++) {
		unsigned count = (p->visible & c->ns) && cim_class_is(p->class, class) ? p->count(p) : 0;

		for (unsigned i = 0; i < count; i++) {
			struct obj o = { p, i };

			if (!provider_get(o, true, &probe))
				continue;
			inst_fini(&probe);
			if (names) {
				emit_name(&e, o);
				continue;
			}
			buf_str(c->out, "<VALUE.NAMEDINSTANCE>");
			emit_name(&e, o);
			emit_instance(&e, o);
			buf_str(c->out, "</VALUE.NAMEDINSTANCE>");
		}
	}
}

void op_enumerate_instances(struct call *c)
{
	enumerate(c, false);
}

void op_enumerate_instance_names(struct call *c)
{
	enumerate(c, true);
}
