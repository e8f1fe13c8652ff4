/* SPDX-License-Identifier: MIT */
#include "methods.h"
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "method_table.h"
#include "prov_job.h"

static const struct method method[] = {
	{ &provider_service, "CheckVirtualSystemIsMigratableToHost",
	  method_check, method_check_poll, method_check_drop },
	{ &provider_service, "CheckVirtualSystemIsMigratableToSystem",
	  method_check, method_check_poll, method_check_drop },
	{ &provider_service, "MigrateVirtualSystemToHost", method_migrate, NULL, NULL },
	{ &provider_service, "MigrateVirtualSystemToSystem", method_migrate, NULL, NULL },
	{ &provider_service, "RequestStateChange", method_unsupported, NULL, NULL },
	{ &provider_service, "StartService", method_unsupported, NULL, NULL },
	{ &provider_service, "StopService", method_unsupported, NULL, NULL },
	{ &provider_vm, "RequestStateChange", method_vm_state, method_vm_state_poll, NULL },
	{ &provider_vm, "Reclaim", method_vm_reclaim, NULL, NULL },
	{ &provider_host, "RequestStateChange", method_unsupported, NULL, NULL },
	{ &provider_job, "RequestStateChange", method_job_state, NULL, NULL },
	{ &provider_job, "ForceOutcome", method_job_force, NULL, NULL },
	{ &provider_job, "GetError", method_job_error, NULL, NULL },
	{ &provider_job, "GetErrors", method_job_error, NULL, NULL },
	{ &provider_job, "KillJob", method_unsupported, NULL, NULL },
	{ &provider_record, "Drop", method_record_drop, NULL, NULL },
};

/* A plain value is one VALUE; references and embedded instances are looked at by who takes them. */
static bool form_fits(struct call *c, const struct cim_field *f, const struct param *p)
{
	if (f->type == CIM_REFERENCE || f->of || f->flags & CIM_F_ARRAY || !p->value.element)
		return true;
	if (!strcmp(p->value.element, "VALUE") && !p->value.elements && !p->several)
		return true;
	call_fail(c, CIM_ERR_INVALID_PARAMETER, "%s is given as %s%s, expected one VALUE with text", f->name,
		  p->value.element, p->several ? " and more" : p->value.elements ? " with elements" : "");
	return false;
}

/* Parameters that the method does not have, outputs given as inputs, one given twice: none is ignored. */
static bool parameters_known(struct call *c, const struct cim_method *m)
{
	for (const struct param *p = c->request.param; p; p = p->next) {
		const struct cim_field *f = cim_method_param(m, p->name);

		if (!f)
			call_fail(c, CIM_ERR_INVALID_PARAMETER, "%s has no parameter %s", m->name, p->name);
		else if (!(f->flags & CIM_F_IN))
			call_fail(c, CIM_ERR_INVALID_PARAMETER, "%s is an output of %s, it can't be given", f->name,
				  m->name);
		else if (call_param(c, p->name) != p)
			call_fail(c, CIM_ERR_INVALID_PARAMETER, "the parameter %s is given twice", f->name);
		if (c->status != CIM_OK || !form_fits(c, f, p))
			return false;
	}
	return true;
}

static enum err waiting(struct call *c, const struct method *m, enum err e)
{
	c->waits = e == ERR_AGAIN ? m : NULL;
	return e;
}

enum err methods_run(struct call *c)
{
	const struct object_name *name = c->request.target;
	const struct cim_method *m;
	struct obj target;

	/* A class stands for its only instance in the namespace asked; an instance is who its keys say. */
	if (!call_object(c, name, name->kind == NAMES_CLASS ? c->ns : CIM_NS_VIRT | CIM_NS_INTEROP, &target))
		return ERR_OK;
	m = cim_class_method(target.provider->class, c->request.method, NULL);
	if (!m) {
		call_fail(c, CIM_ERR_METHOD_NOT_FOUND, "%s has no method %s", target.provider->class->name,
			  c->request.method);
		return ERR_OK;
	}
	if (!parameters_known(c, m))
		return ERR_OK;
	c->declared = m;
	for (size_t n = 0; n < sizeof(method) / sizeof(method[0]); n++)
		if (method[n].provider == target.provider && !strcasecmp(method[n].name, c->request.method))
			return waiting(c, &method[n], method[n].run(c, target));
	call_fail(c, CIM_ERR_METHOD_NOT_AVAILABLE, "%s is not available", c->request.method);
	return ERR_OK;
}

enum err methods_poll(struct call *c)
{
	return waiting(c, c->waits, c->waits->poll(c));
}

void methods_drop(struct call *c)
{
	if (c->waits && c->waits->drop)
		c->waits->drop(c);
	c->waits = NULL;
}

void method_return(struct call *c, uint32_t value)
{
	buf_fmt(c->out, "<RETURNVALUE PARAMTYPE=\"uint32\"><VALUE>%u</VALUE></RETURNVALUE>", value);
}

void method_out_bool(struct call *c, const char *name, bool value)
{
	buf_fmt(c->out, "<PARAMVALUE NAME=\"%s\" PARAMTYPE=\"boolean\"><VALUE>%s</VALUE></PARAMVALUE>", name,
		value ? "TRUE" : "FALSE");
}

void method_out_str(struct call *c, const char *name, const char *value)
{
	buf_fmt(c->out, "<PARAMVALUE NAME=\"%s\" PARAMTYPE=\"string\">", name);
	emit_value(c->out, value);
	buf_str(c->out, "</PARAMVALUE>");
}

void method_out_job(struct call *c, uint32_t job)
{
	struct emit e = call_emit(c);
	struct obj o;

	if (!job_object(job, &o))
		return;
	buf_str(c->out, "<PARAMVALUE NAME=\"Job\" PARAMTYPE=\"reference\">");
	emit_reference(&e, o);
	buf_str(c->out, "</PARAMVALUE>");
}

void method_out_reasons(struct call *c, const struct why_list *reasons)
{
	unsigned kept = reasons->count < WHY_MAX ? reasons->count : WHY_MAX;

	if (!kept)
		return;
	buf_str(c->out, "<PARAMVALUE NAME=\"Reasons\" PARAMTYPE=\"string\"><VALUE.ARRAY>");
	for (unsigned n = 0; n < kept; n++)
		emit_value(c->out, reasons->why[n].text);
	buf_str(c->out, "</VALUE.ARRAY></PARAMVALUE>");
}

bool method_refuse(struct call *c, uint32_t value, const char *format, ...)
{
	struct why_list list = { .count = 1 };
	va_list args;

	va_start(args, format);
	fmt_v(list.why[0].text, WHY_TEXT, format, args);
	va_end(args);
	method_return(c, value);
	method_out_reasons(c, &list);
	return false;
}

enum err method_gone(struct call *c, const char *what)
{
	call_fail(c, CIM_ERR_NOT_FOUND, "the %s has just gone", what);
	return ERR_OK;
}

enum err method_unsupported(struct call *c, struct obj target)
{
	method_refuse(c, 1, "%s does not support %s", target.provider->class->name, c->request.method);
	return ERR_OK;
}
