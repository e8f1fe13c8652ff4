/* SPDX-License-Identifier: MIT */
/* GetInstance and the enumerations of instances. */
#include "ops.h"

void op_instance_start(struct call *c)
{
	const struct param *p = call_param(c, "InstanceName");

	c->at.emit = call_emit(c);
	if (!p || p->object->kind != NAMES_INSTANCE)
		call_fail(c, CIM_ERR_INVALID_PARAMETER, "InstanceName is missing or not an instance name");
	else
		call_object(c, p->object, c->ns, &c->at.source);
}

bool op_get_instance(struct call *c)
{
	emit_instance(&c->at.emit, c->at.source);
	return false;
}

void op_instances_start(struct call *c)
{
	c->at.emit = call_emit(c);
	c->at.class = op_class(c, "ClassName", true);
	if (!call_bool(c, "DeepInheritance", true))
		c->at.emit.as = c->at.class;
}

/* The next instance of the class asked for; false: that was all. */
static bool next_instance(struct call *c, struct obj *out)
{
	const struct provider *p;
	struct inst probe;

	for (; (p = provider_at(c->at.n)); c->at.n++, c->at.k = 0) {
		unsigned count = (p->visible & c->ns) && cim_class_is(p->class, c->at.class) ? provider_count(p) : 0;

		while (c->at.k < count) {
			*out = (struct obj){ p, c->at.k++ };
			if (!provider_get(*out, true, &probe))
				continue;
			inst_fini(&probe);
			return true;
		}
	}
	return false;
}

bool op_enumerate_instances(struct call *c)
{
	struct obj o;

	if (!next_instance(c, &o))
		return false;
	if (c->operation->form & OP_NAMES) {
		emit_name(&c->at.emit, o);
		return true;
	}
	buf_str(c->out, "<VALUE.NAMEDINSTANCE>");
	emit_name(&c->at.emit, o);
	emit_instance(&c->at.emit, o);
	buf_str(c->out, "</VALUE.NAMEDINSTANCE>");
	return true;
}
