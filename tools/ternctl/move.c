/* SPDX-License-Identifier: MIT */
/* move.c: the four methods of CIM_VirtualSystemMigrationService. */
#include "control.h"
#include <stdio.h>
#include <string.h>

#define STARTED 4096	/* "Method Parameters Checked - Job Started" */

/* What one call needs; the paths point into the two answers. */
struct move {
	struct cim_answer vms, services;
	struct cim_path vm, service, system;
	struct text setting;
	struct cim_argument argument[4];
};

static void move_fini(struct move *m)
{
	cim_answer_fini(&m->vms);
	cim_answer_fini(&m->services);
	text_free(&m->setting);
}

/* Only what was asked for is sent; the host fills in its defaults. */
static void setting_make(struct text *t, const struct control *c)
{
	if (!c->type && !c->verify && !c->bandwidth_percent && !c->max_downtime_ms && !c->when_stuck && !c->priority)
		return;
	text_add(t, "<INSTANCE CLASSNAME=\"Tern_VirtualSystemMigrationSettingData\">"
		 "<PROPERTY NAME=\"InstanceID\" TYPE=\"string\"><VALUE>ternctl</VALUE></PROPERTY>"
		 "<PROPERTY NAME=\"MigrationType\" TYPE=\"uint16\"><VALUE>%u</VALUE></PROPERTY>", c->type ? c->type : 2);
	if (c->bandwidth_percent)
		text_add(t, "<PROPERTY NAME=\"Bandwidth\" TYPE=\"uint16\"><VALUE>%u</VALUE></PROPERTY>"
			 "<PROPERTY NAME=\"BandwidthUnit\" TYPE=\"string\"><VALUE>percent</VALUE></PROPERTY>",
			 c->bandwidth_percent);
	if (c->max_downtime_ms)
		text_add(t, "<PROPERTY NAME=\"MaxDowntime\" TYPE=\"uint32\"><VALUE>%u</VALUE></PROPERTY>", c->max_downtime_ms);
	if (c->when_stuck)
		text_add(t, "<PROPERTY NAME=\"WhenStuck\" TYPE=\"uint16\"><VALUE>%u</VALUE></PROPERTY>", c->when_stuck);
	if (c->priority)
		text_add(t, "<PROPERTY NAME=\"Priority\" TYPE=\"uint16\"><VALUE>%u</VALUE></PROPERTY>", c->priority);
	if (c->verify)
		text_add(t, "<PROPERTY NAME=\"Verify\" TYPE=\"uint16\"><VALUE>%d</VALUE></PROPERTY>",
			 strcmp(c->verify, "full") ? 1 : 2);
	text_add(t, "</INSTANCE>");
}

/* Calls @to_host or @to_system, whichever the command line asks for. */
static enum ctl call(struct control *c, char **argument, int arguments, const char *const method[2],
		     struct cim_answer *out)
{
	struct move m = { 0 };
	const struct xml *instance;
	unsigned n = 0;
	enum ctl result;

	if ((arguments == 2) == (c->to_system != NULL))
		return control_fail(CTL_USAGE, "say where to: a host's address, or --to-system NAME");
	result = control_find_vm(c, argument[0], &m.vms, &m.vm, &instance);
	if (result != CTL_OK)
		return result;
	result = cim_enumerate(c->cim, "Tern_VirtualSystemMigrationService", &m.services);
	if (result != CTL_OK || !cim_path_get(cim_first(&m.services), &m.service)) {
		result = result != CTL_OK ? control_fail_cim(c, result) :
			control_fail(CTL_CONNECTION, "%s names no migration service", cim_host(c->cim));
		move_fini(&m);
		return result;
	}
	m.argument[n++] = (struct cim_argument){ .name = "ComputerSystem", .path = &m.vm };
	if (c->to_system) {
		m.system = (struct cim_path){ "Tern_HostSystem", 2,
			{ { "CreationClassName", "Tern_HostSystem" }, { "Name", c->to_system } } };
		m.argument[n++] = (struct cim_argument){ .name = "DestinationSystem", .path = &m.system };
	} else {
		m.argument[n++] = (struct cim_argument){ "DestinationHost", "string", argument[1], NULL, false };
	}
	setting_make(&m.setting, c);
	if (m.setting.length)
		m.argument[n++] = (struct cim_argument){ "MigrationSettingData", "string", m.setting.data, NULL, true };
	result = cim_invoke(c->cim, &m.service, method[c->to_system ? 1 : 0], m.argument, out);
	move_fini(&m);
	return result == CTL_OK ? CTL_OK : control_fail_cim(c, result);
}

enum ctl move_check(struct control *c, char **argument, int arguments)
{
	static const char *const method[] = { "CheckVirtualSystemIsMigratableToHost",
		"CheckVirtualSystemIsMigratableToSystem" };
	struct cim_answer a;
	struct text t = { 0 };
	enum ctl result = call(c, argument, arguments, method, &a);
	bool yes;

	if (result != CTL_OK)
		return result;
	yes = !a.return_value && cim_true(a.body, "IsMigratable");
	if (c->json) {
		text_add(&t, "{\"return_value\": %lld, \"migratable\": %s, \"reasons\": ", (long long)a.return_value,
			 a.return_value ? "null" : yes ? "true" : "false");
		json_strings(&t, a.body, "Reasons");
		text_add(&t, "}");
		puts(t.data);
	} else if (a.return_value) {
		control_refused(&a, method[c->to_system ? 1 : 0]);
	} else {
		text_add(&t, "%s %s to %s\n", argument[0], yes ? "can move" : "can't move",
			 c->to_system ? c->to_system : argument[1]);
		for (unsigned i = 0; i < cim_elements(a.body, "Reasons"); i++) {
			text_add(&t, "  ");
			text_add_printable(&t, cim_element(a.body, "Reasons", i));
			text_add(&t, "\n");
		}
		fputs(t.data, stdout);
	}
	text_free(&t);
	cim_answer_fini(&a);
	return yes ? CTL_OK : CTL_NO;
}

static enum ctl started(struct control *c, const struct cim_answer *a)
{
	struct cim_answer final;
	struct cim_path job;
	const char *id;
	enum ctl result;

	if (!cim_reference(a->body, "Job", &job) || !(id = cim_path_key(&job, "InstanceID")))
		return control_fail(CTL_CONNECTION, "the answer names no job");
	if (!c->wait) {
		struct text t = { 0 };

		text_add_json(&t, id);
		if (c->json)
			printf("{\"return_value\": %lld, \"job\": %s}\n", (long long)a->return_value, t.data);
		else
			printf("job %s\n", id);
		text_free(&t);
		return CTL_OK;
	}
	result = job_wait(c, &job, &final);
	if (result != CTL_OK)
		return result;
	result = job_print(c, cim_instance(final.body));
	cim_answer_fini(&final);
	return result;
}

enum ctl move_migrate(struct control *c, char **argument, int arguments)
{
	static const char *const method[] = { "MigrateVirtualSystemToHost", "MigrateVirtualSystemToSystem" };
	struct cim_answer a;
	enum ctl result = call(c, argument, arguments, method, &a);

	if (result != CTL_OK)
		return result;
	if (a.return_value == STARTED)
		result = started(c, &a);
	else if (a.return_value)
		result = control_refused(&a, method[c->to_system ? 1 : 0]);
	else
		puts(c->json ? "{\"return_value\": 0}" : "moved");
	cim_answer_fini(&a);
	return result;
}
