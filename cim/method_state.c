/* SPDX-License-Identifier: MIT */
/* RequestStateChange of virtual systems and jobs, and the errors of jobs. */
#include <stdlib.h>
#include <string.h>
#include "host/manage.h"
#include "job_error.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "method_table.h"

/* Return values that CIM_EnabledLogicalElement and CIM_ConcreteJob share. */
enum { STATE_DONE = 0, STATE_UNSUPPORTED = 1, STATE_FAILED = 4, STATE_INVALID = 5, STATE_TRANSITION = 4097,
       STATE_NO_TIMEOUT = 4098 };

/* RequestedState; false after answering what is wrong. */
static bool requested(struct call *c, unsigned long *state)
{
	const char *text = call_text(c, "RequestedState"), *timeout = call_text(c, "TimeoutPeriod");
	char *end;

	if (!text)
		return method_refuse(c, STATE_INVALID, "RequestedState is missing");
	*state = strtoul(text, &end, 0);
	if (end == text || *end)
		return method_refuse(c, STATE_INVALID, "RequestedState is not a number");
	if (timeout && strpbrk(timeout, "123456789"))
		return method_refuse(c, STATE_NO_TIMEOUT, "TimeoutPeriod is not supported");
	return true;
}

static enum err answer(struct call *c, enum err e, const struct why *why)
{
	if (e == ERR_OK)
		method_return(c, STATE_DONE);
	else
		/* "Not Supported" would be said of the method, which is; this one kernel or machine isn't. */
		method_refuse(c, e == ERR_STATE ? STATE_TRANSITION : STATE_FAILED, "%s",
			      why->text[0] ? why->text : err_text(e));
	return ERR_OK;
}

/* A start waits until it is known whether the host that the virtual system went to gives it back. */
enum err method_vm_state_poll(struct call *c)
{
	struct why why = { "" };
	enum err e = manage_vm_start(c->context.vm, &why);

	return e == ERR_AGAIN ? e : answer(c, e, &why);
}

enum err method_vm_state(struct call *c, struct obj target)
{
	struct why why = { "" };
	struct manage_vm vm;
	unsigned long state;

	if (!requested(c, &state))
		return ERR_OK;
	if (!manage_vm_get(target.index, &vm))
		return method_gone(c, "virtual system");
	if (state == 2) {
		fmt(c->context.vm, sizeof(c->context.vm), "%s", vm.name);
		return method_vm_state_poll(c);
	}
	if (state == 3)
		return answer(c, manage_vm_stop(vm.name, &why), &why);
	method_refuse(c, state >= 4 && state <= 11 ? STATE_UNSUPPORTED : STATE_INVALID,
		      "RequestedState %lu is not supported, only 2 (Enabled) and 3 (Disabled) are", state);
	return ERR_OK;
}

enum err method_job_state(struct call *c, struct obj target)
{
	struct why why = { "" };
	const struct mig_job *job = manage_job_get(target.index);
	unsigned long state;

	if (!requested(c, &state))
		return ERR_OK;
	if (!job)
		return method_gone(c, "job");
	if (state == 4 || state == 5) {
		log_limited(manage_now_ns(), LOG_INFO, "cim", "job %u: cancel asked for", job->id);
		return answer(c, manage_job_cancel(job->id, &why), &why);
	}
	method_refuse(c, state >= 2 && state <= 6 ? STATE_UNSUPPORTED : STATE_INVALID,
		      "RequestedState %lu is not supported, only 4 (Terminate) and 5 (Kill) are", state);
	return ERR_OK;
}

enum err method_job_error(struct call *c, struct obj target)
{
	const bool array = cim_method_param(c->declared, "Errors");
	const struct job_error *e;
	const struct mig_job *j = manage_job_get(target.index);
	struct buf text = { 0 };

	if (!j)
		return method_gone(c, "job");
	method_return(c, 0);
	e = job_error(j);
	if (!e)
		return ERR_OK;
	job_error_instance(j, e, &text);
	buf_fmt(c->out, "<PARAMVALUE NAME=\"%s\" PARAMTYPE=\"string\" EmbeddedObject=\"instance\">%s",
		array ? "Errors" : "Error", array ? "<VALUE.ARRAY>" : "");
	emit_value(c->out, text.failed ? "" : text.data);
	buf_fmt(c->out, "%s</PARAMVALUE>", array ? "</VALUE.ARRAY>" : "");
	buf_free(&text);
	return ERR_OK;
}
