/* SPDX-License-Identifier: MIT */
/* force.c: what only a person may decide, told the risk: the outcome of a hand-off in doubt, a machine that moved away. */
#include "control.h"
#include <stdio.h>
#include <string.h>

/* Says what it would risk, as the host put it. */
static enum ctl risk(struct control *c, const struct cim_answer *answer, const char *method)
{
	const char *text = cim_text(answer->body, "Risk");
	struct text t = { 0 };

	if (!text)
		return control_refused(answer, method);
	if (c->json) {
		text_add(&t, "{\"return_value\": %lld, \"risk\": ", (long long)answer->return_value);
		text_add_json(&t, text);
		printf("%s}\n", t.data);
	} else {
		text_add_printable(&t, text);
		fprintf(stderr, "ternctl: nothing was done. %s\n  to do it all the same: --accept-risk\n", t.data ? t.data : "");
	}
	text_free(&t);
	return CTL_NO;
}

enum ctl force_invoke(struct control *c, const struct cim_path *path, const char *method, const char *outcome, const char *done)
{
	const struct cim_argument accept = { "AcceptRisk", "boolean", c->accept_risk ? "TRUE" : "FALSE", NULL, false };
	const struct cim_argument arguments[] = { accept, { outcome ? "Outcome" : NULL, "uint16", outcome, NULL, false }, { 0 } };
	struct cim_answer answer;
	enum ctl result = cim_invoke(c->cim, path, method, arguments, &answer);

	if (result != CTL_OK)
		return control_fail_cim(c, result);
	if (answer.return_value != 0)
		result = risk(c, &answer, method);
	else if (c->json)
		printf("{\"return_value\": %lld}\n", (long long)answer.return_value);
	else
		puts(done);
	cim_answer_fini(&answer);
	return result;
}

enum ctl force_outcome(struct control *c, char **argument, int arguments)
{
	static const struct { const char *name, *value, *done; } outcome[] = {
		{ "resume", "2", "forced: it runs on here" }, { "forget", "3", "forced: its copy here is given up" },
		{ "run", "4", "forced: it runs here" },
	};
	struct cim_answer jobs;
	const struct xml *found;
	struct cim_path path;
	enum ctl result;

	(void)arguments;
	for (unsigned i = 0; i < sizeof(outcome) / sizeof(outcome[0]); i++) {
		if (strcmp(argument[1], outcome[i].name) != 0)
			continue;
		result = job_find(c, argument[0], &jobs, &found);
		if (result != CTL_OK)
			return result;
		result = cim_path_get(found, &path) ? force_invoke(c, &path, "ForceOutcome", outcome[i].value, outcome[i].done) :
			 control_fail(CTL_CONNECTION, "the path of job %s in the answer can't be read", argument[0]);
		cim_answer_fini(&jobs);
		return result;
	}
	return control_fail(CTL_USAGE, "'%s' is no outcome: resume, forget or run", argument[1]);
}

enum ctl force_reclaim(struct control *c, char **argument, int arguments)
{
	struct cim_answer holder;
	struct cim_path path;
	const struct xml *instance;
	enum ctl result = control_find_vm(c, argument[0], &holder, &path, &instance);

	(void)arguments;
	if (result != CTL_OK)
		return result;
	result = force_invoke(c, &path, "Reclaim", NULL, "reclaimed: it may be started here");
	cim_answer_fini(&holder);
	return result;
}
