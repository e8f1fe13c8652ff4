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

enum form { NAMES = 1, REFERENCES = 2 };

static void result(struct call *c, unsigned form, struct obj o)
{
	buf_str(c->out, form & NAMES ? "<OBJECTPATH>" : "<VALUE.OBJECTWITHPATH>");
	emit_path(&c->at.emit, o);
	if (!(form & NAMES))
		emit_instance(&c->at.emit, o);
	buf_str(c->out, form & NAMES ? "</OBJECTPATH>" : "</VALUE.OBJECTWITHPATH>");
}

/* One association instance @link, whose references are in @i. */
static void visit(struct call *c, unsigned form, struct obj link, const struct inst *i)
{
	bool hit = false;

	for (unsigned from = 0; from < i->count; from++) {
		const struct inst_slot *f = &i->slot[from];

		if (f->field->type != CIM_REFERENCE || !f->set || !same(f->ref, c->at.source) ||
		    !role_fits(c->at.role, f->field->name))
			continue;
		hit = true;
		for (unsigned to = 0; !(form & REFERENCES) && to < i->count; to++) {
			const struct inst_slot *t = &i->slot[to];

			if (to == from || t->field->type != CIM_REFERENCE || !t->set)
				continue;
			if (role_fits(c->at.result_role, t->field->name) &&
			    cim_class_is(t->ref.provider->class, c->at.result))
				result(c, form, t->ref);
		}
	}
	if (hit && form & REFERENCES)
		result(c, form, link);
}

/* Looks at one association instance. */
static bool walk(struct call *c, unsigned form)
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
			visit(c, form, o, &i);
			inst_fini(&i);
		}
		return true;
	}
	return false;
}

static void start(struct call *c, const char *assoc)
{
	const struct param *p = call_param(c, "ObjectName");

	c->at.emit = call_emit(c);
	c->at.class = op_class(c, assoc, false);
	c->at.role = call_text(c, "Role");
	c->at.result_role = call_text(c, "ResultRole");
	if (!p || p->object->kind == NAMES_NOTHING)
		call_fail(c, CIM_ERR_INVALID_PARAMETER, "ObjectName is missing");
	else if (p->object->kind == NAMES_CLASS)
		call_fail(c, CIM_ERR_NOT_SUPPORTED, "associations of classes are not offered, only of instances");
	if (c->status == CIM_OK)
		call_object(c, p->object, c->ns, &c->at.source);
}

void op_assoc_start(struct call *c)
{
	c->at.result = op_class(c, "ResultClass", false);
	start(c, "AssocClass");
}

void op_references_start(struct call *c)
{
	start(c, "ResultClass");
}

bool op_associators(struct call *c)
{
	return walk(c, 0);
}

bool op_associator_names(struct call *c)
{
	return walk(c, NAMES);
}

bool op_references(struct call *c)
{
	return walk(c, REFERENCES);
}

bool op_reference_names(struct call *c)
{
	return walk(c, REFERENCES | NAMES);
}
