/* SPDX-License-Identifier: MIT */
/* Associators, References and their Names forms: one walk over all association instances. */
#include "ops.h"
#include <strings.h>

struct walk {
	struct call *c;
	struct emit emit;
	struct obj source;
	const struct cim_class *assoc;		/* NULL: any */
	const struct cim_class *result;		/* NULL: any */
	const char *role, *result_role;		/* NULL: any */
	bool names, references;
};

static bool same(struct obj a, struct obj b)
{
	return a.provider == b.provider && a.index == b.index;
}

static bool role_fits(const char *wanted, const char *name)
{
	return !wanted || !*wanted || !strcasecmp(wanted, name);
}

static void result(const struct walk *w, struct obj o)
{
	struct buf *out = w->c->out;

	buf_str(out, w->names ? "<OBJECTPATH>" : "<VALUE.OBJECTWITHPATH>");
	emit_path(&w->emit, o);
	if (!w->names)
		emit_instance(&w->emit, o);
	buf_str(out, w->names ? "</OBJECTPATH>" : "</VALUE.OBJECTWITHPATH>");
}

/* One association instance @link, whose references are in @i. */
static void visit(const struct walk *w, struct obj link, const struct inst *i)
{
	bool hit = false;

	for (unsigned from = 0; from < i->count; from++) {
		const struct inst_slot *f = &i->slot[from];

		if (f->field->type != CIM_REFERENCE || !f->set || !same(f->ref, w->source) ||
		    !role_fits(w->role, f->field->name))
			continue;
		hit = true;
		for (unsigned to = 0; !w->references && to < i->count; to++) {
			const struct inst_slot *t = &i->slot[to];

			if (to == from || t->field->type != CIM_REFERENCE || !t->set)
				continue;
			if (role_fits(w->result_role, t->field->name) &&
			    cim_class_is(t->ref.provider->class, w->result))
				result(w, t->ref);
		}
	}
	if (hit && w->references)
		result(w, link);
}

static void walk(struct walk *w)
{
	const struct provider *p;
	struct inst i;

	for (unsigned n = 0; (p = provider_at(n)); n++) {
		if (!p->link || !(p->visible & w->c->ns) || !cim_class_is(p->class, w->assoc))
			continue;
		if (p->link->from != w->source.provider && p->link->to != w->source.provider)
			continue;
		for (unsigned k = 0, count = p->count(p); k < count; k++) {
			struct obj o = { p, k };

			if (!provider_get(o, true, &i))
				continue;
			visit(w, o, &i);
			inst_fini(&i);
		}
	}
}

static void run(struct call *c, bool names, bool references)
{
	struct walk w = { .c = c, .emit = call_emit(c), .names = names, .references = references };
	const struct xml_node *name = path_name(call_param(c, "ObjectName"));
	enum cim_status status;

	w.assoc = op_class(c, references ? "ResultClass" : "AssocClass", false);
	if (!references)
		w.result = op_class(c, "ResultClass", false);
	w.role = call_text(c, "Role");
	w.result_role = call_text(c, "ResultRole");
	if (!name)
		call_fail(c, CIM_ERR_INVALID_PARAMETER, "ObjectName is missing");
	else if (xml_is(name, "CLASSNAME"))
		call_fail(c, CIM_ERR_NOT_SUPPORTED, "associations of classes are not offered, only of instances");
	if (c->status != CIM_OK)
		return;
	status = path_resolve(name, c->ns, &w.source);
	if (status != CIM_OK)
		call_fail(c, status, "there is no such object");
	else
		walk(&w);
}

void op_associators(struct call *c)
{
	run(c, false, false);
}

void op_associator_names(struct call *c)
{
	run(c, true, false);
}

void op_references(struct call *c)
{
	run(c, false, true);
}

void op_reference_names(struct call *c)
{
	run(c, true, true);
}
