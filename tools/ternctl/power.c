/* SPDX-License-Identifier: MIT */
/* power.c: starts and stops a virtual system through RequestStateChange. */
#include "control.h"
#include <stdio.h>

/* Values of CIM_EnabledLogicalElement.RequestedState. */
#define ENABLED		"2"
#define DISABLED	"3"

static enum ctl request(struct control *c, const char *name, const char *state, const char *done)
{
	const struct cim_argument arguments[] = { { "RequestedState", "uint16", state, NULL, false }, { 0 } };
	struct cim_answer holder, answer;
	struct cim_path path;
	const struct xml *instance;
	enum ctl result = control_find_vm(c, name, &holder, &path, &instance);

	if (result != CTL_OK)
		return result;
	result = cim_invoke(c->cim, &path, "RequestStateChange", arguments, &answer);
	cim_answer_fini(&holder);
	if (result != CTL_OK)
		return control_fail_cim(c, result);
	if (answer.return_value != 0 && answer.return_value != 4096)
		result = control_refused(&answer, "RequestStateChange");
	else if (c->json)
		printf("{\"return_value\": %lld}\n", (long long)answer.return_value);
	else
		printf("%s: %s\n", name, done);
	cim_answer_fini(&answer);
	return result;
}

enum ctl power_start(struct control *c, char **argument, int arguments)
{
	(void)arguments;
	return request(c, argument[0], ENABLED, "started");
}

enum ctl power_stop(struct control *c, char **argument, int arguments)
{
	(void)arguments;
	return request(c, argument[0], DISABLED, "stopped");
}
