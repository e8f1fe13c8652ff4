/* SPDX-License-Identifier: MIT */
/* What only an operator may decide: ForceOutcome (Tern_MigrationJob), Reclaim (Tern_VirtualSystem), Drop
 * (Tern_MigrationRecord). */
#include <stdlib.h>
#include <strings.h>
#include "host/manage.h"
#include "lib/log.h"
#include "method_table.h"

enum { FORCE_DONE = 0, FORCE_UNSPECIFIED = 2, FORCE_FAILED = 4, FORCE_INVALID = 5, FORCE_STATE = 4097,
       FORCE_RISK = 32768 };

/* AcceptRisk, FALSE if it is not given; false after answering what is wrong. */
static bool accepted(struct call *c, bool *accept)
{
	const char *text = call_text(c, "AcceptRisk");

	*accept = text && !strcasecmp(text, "true");
	return !text || *accept || !strcasecmp(text, "false") ||
	       method_refuse(c, FORCE_INVALID, "AcceptRisk is neither TRUE nor FALSE");
}

static enum err answer(struct call *c, enum err e, const struct why *why)
{
	const char *text = why->text[0] ? why->text : err_text(e);

	if (e == ERR_OK) {
		method_return(c, FORCE_DONE);
	} else if (e == ERR_REFUSED) {
		method_return(c, FORCE_RISK);
		method_out_str(c, "Risk", text);
		method_out_reasons(c, &(struct why_list){ 1, { { "nothing was done: AcceptRisk is not TRUE" } } });
	} else {
		method_refuse(c, e == ERR_STATE || e == ERR_NOTFOUND ? FORCE_STATE : e == ERR_INVALID ? FORCE_INVALID :
			      e == ERR_IO || e == ERR_SPACE ? FORCE_FAILED : FORCE_UNSPECIFIED, "%s", text);
	}
	return ERR_OK;
}

enum err method_job_force(struct call *c, struct obj target)
{
	const char *text = call_text(c, "Outcome");
	unsigned long outcome;
	struct why why = { "" };
	const struct mig_job *job = manage_job_get(target.index);
	bool accept;
	enum err e;
	char *end;

	if (!job)
		return method_gone(c, "job");
	outcome = text ? strtoul(text, &end, 0) : 0;
	if (!text || end == text || *end || outcome < MIG_FORCE_RESUME || outcome > MIG_FORCE_RUN) {
		method_refuse(c, FORCE_INVALID, "Outcome is not one of 2 (Resume), 3 (Forget) and 4 (Run)");
		return ERR_OK;
	}
	if (!accepted(c, &accept))
		return ERR_OK;
	e = manage_job_force(job->id, (enum mig_force)outcome, accept, &why);
	if (e == ERR_OK)
		log_limited(manage_now_ns(), LOG_WARN, "cim", "job %u of %s: an operator forced outcome %lu", job->id,
			    job->vm, outcome);
	return answer(c, e, &why);
}

enum err method_vm_reclaim(struct call *c, struct obj target)
{
	struct why why = { "" };
	struct manage_vm vm;
	bool accept;
	enum err e;

	if (!manage_vm_get(target.index, &vm))
		return method_gone(c, "virtual system");
	if (!accepted(c, &accept))
		return ERR_OK;
	e = manage_vm_reclaim(vm.name, accept, &why);
	if (e == ERR_OK)
		log_limited(manage_now_ns(), LOG_WARN, "cim", "%s: an operator reclaimed it", vm.name);
	return answer(c, e, &why);
}

enum err method_record_drop(struct call *c, struct obj target)
{
	struct why why = { "" };
	struct mig_leftover record;
	bool accept;

	if (!manage_record_get(target.index, &record))
		return method_gone(c, "record");
	if (accepted(c, &accept))
		answer(c, manage_record_drop(record.id, accept, &why), &why);
	return ERR_OK;
}
