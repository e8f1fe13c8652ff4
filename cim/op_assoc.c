/* SPDX-License-Identifier: MIT */
/* Associators, References and their Names forms: one walk over all association instances, one at a time. */
#include "ops.h"
#include <strings.h>

static bool same(struct obj a, struct obj b)
{
	return a.provider == b.provider && a.index == b.index;
}

static bool role_fits(const char *wanted, const char *name)
{
	return !wanted || !*wanted || !strcasecmp(wanted, name);
}

static void result(struct call *c, struct obj o)
{
	const bool names = c->operation->form & OP_NAMES;

	buf_str(c->out, names ? "<OBJECTPATH>" : "<VALUE.OBJECTWITHPATH>");
	emit_path(&c->at.emit, o);
	if (!(names))
		emit_instance(&c->at.emit, o);
	buf_str(c->out, names ? "</OBJECTPATH>" : "</VALUE.OBJECTWITHPATH>");
}

/* One association instance @link, whose references are in @i. */
static void visit(struct call *c, struct obj link, const struct inst *i)
{
	const bool references = c->operation->form & OP_REFERENCES;
	bool hit = false;

	for (unsigned from = 0; from < i->count; from++) {
		const struct inst_slot *f = &i->slot[from];

		if (f->field->type != CIM_REFERENCE || !f->set || !same(f->ref, c->at.source) ||
		    !role_fits(c->at.role, f->field->name))
			continue;
		hit = true;
		for (unsigned to = 0; !references && to < i->count; to++) {
			const struct inst_slot *t = &i->slot[to];

			if (to == from || t->field->type != CIM_REFERENCE || !t->set)
				continue;
			if (role_fits(c->at.result_role, t->field->name) &&
			    cim_class_is(t->ref.provider->class, c->at.result))
				result(c, t->ref);
		}
	}
	if (hit && references)
		result(c, link);
}

/* Looks at one association instance. */
bool op_assoc(struct call *c)
{
	const struct provider *p;
	struct inst i;

	for (; (p = provider_at(c->at.n)); c->at.n++, c->at.k = 0) {
		struct obj o = { p, c->at.k };

		if (!p->link || !(p->visible & c->ns) || !cim_class_is(p->class, c->at.class))
			continue;
		if (p->link->from != c->at.source.provider && p->link->to != c->at.source.provider)
			continue;
		if (o.index >= provider_count(p))
			continue;
		c->at.k++;
		if (provider_get(o, true, &i)) {
			visit(c, o, &i);
			inst_fini(&i);
		}
		return true;
	}
	return false;
}

void op_assoc_start(struct call *c)
{
	const bool references = c->operation->form & OP_REFERENCES;
	const struct param *p = call_param(c, "ObjectName");

	if (!references)
		c->at.result = op_class(c, "ResultClass", false);
	c->at.emit = call_emit(c);
	c->at.class = op_class(c, references ? "ResultClass" : "AssocClass", false);
	c->at.role = call_text(c, "Role");
	c->at.result_role = call_text(c, "ResultRole");
	if (!p || p->object->kind == NAMES_NOTHING)
		call_fail(c, CIM_ERR_INVALID_PARAMETER, "ObjectName is missing");
	else if (p->object->kind == NAMES_CLASS)
		call_fail(c, CIM_ERR_NOT_SUPPORTED, "associations of classes are not offered, only of instances");
	if (c->status == CIM_OK)
		call_object(c, p->object, c->ns, &c->at.source);
}
