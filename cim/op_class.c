/* SPDX-License-Identifier: MIT */
/* GetClass and the enumerations of classes. */
#include "ops.h"

static struct emit class_emit(const struct call *c)
{
	struct emit e = call_emit(c);

	e.qualifiers = call_bool(c, "IncludeQualifiers", true);
	e.local_only = call_bool(c, "LocalOnly", true);
	return e;
}

void op_get_class(struct call *c)
{
	const struct cim_class *class = op_class(c, "ClassName", true);
	struct emit e = class_emit(c);

	if (class)
		emit_class(&e, class);
}

/* Classes directly below @top, or at any depth. */
static bool below(const struct cim_class *class, const struct cim_class *top, bool deep)
{
	return deep ? class != top && cim_class_is(class, top) : class->super == top;
}

void op_enumerate_classes(struct call *c)
{
	const struct cim_class *top = op_class(c, "ClassName", false), *class;
	bool deep = call_bool(c, "DeepInheritance", false);
	struct emit e = class_emit(c);

	for (unsigned n = 0; c->status == CIM_OK && (class = cim_class_at(n)); n++)
		if (below(class, top, deep))
			emit_class(&e, class);
}

void op_enumerate_class_names(struct call *c)
{
	const struct cim_class *top = op_class(c, "ClassName", false), *class;
	bool deep = call_bool(c, "DeepInheritance", false);

	for (unsigned n = 0; c->status == CIM_OK && (class = cim_class_at(n)); n++)
		if (below(class, top, deep))
			buf_fmt(c->out, "<CLASSNAME NAME=\"%s\"></CLASSNAME>", class->name);
}
