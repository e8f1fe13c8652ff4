/* SPDX-License-Identifier: MIT */
/* GetClass and the enumerations of classes. */
#include "ops.h"
#include <strings.h>

void op_class_start(struct call *c)
{
	struct call_cursor *at = &c->at;

	at->emit = call_emit(c);
	at->emit.qualifiers = call_bool(c, "IncludeQualifiers", true);
	at->emit.local_only = call_bool(c, "LocalOnly", true);
	at->class = op_class(c, "ClassName", !strcasecmp(c->request.method, "GetClass"));
}

bool op_get_class(struct call *c)
{
	emit_class(&c->at.emit, c->at.class);
	return false;
}

/* The next class directly below the one asked for, or at any depth; NULL: that was all. Few are passed over. */
static const struct cim_class *next_class(struct call *c)
{
	bool deep = call_bool(c, "DeepInheritance", false);
	const struct cim_class *class, *top = c->at.class;

	while ((class = cim_class_at(c->at.n++)))
		if (deep ? class != top && cim_class_is(class, top) : class->super == top)
			return class;
	return NULL;
}

bool op_enumerate_classes(struct call *c)
{
	const struct cim_class *class = next_class(c);

	if (class && c->operation->form & OP_NAMES)
		buf_fmt(c->out, "<CLASSNAME NAME=\"%s\"></CLASSNAME>", class->name);
	else if (class)
		emit_class(&c->at.emit, class);
	return class;
}
