/* SPDX-License-Identifier: MIT */
/* record.c: what a host keeps of hand-offs, and dropping it. */
#include "control.h"
#include <stdio.h>
#include <string.h>

#define ID_PREFIX "Tern:MigrationRecord/"

/* The number that a person calls it by; all of the key if it looks otherwise. */
static const char *number_of(const struct xml *record)
{
	const char *id = cim_text(record, "InstanceID");

	return !id ? "-" : strncmp(id, ID_PREFIX, strlen(ID_PREFIX)) ? id : id + strlen(ID_PREFIX);
}

static void add_text(struct text *out, const struct xml *record, const char *name, const char *before, const char *after)
{
	const char *value = cim_text(record, name);

	if (!value || !*value)
		return;
	text_add(out, "%s", before);
	text_add_printable(out, value);
	text_add(out, "%s", after);
}

/* "20260528202640.000000+000" as a person writes it. */
static void add_time(struct text *out, const char *t)
{
	if (t && strlen(t) == 25 && strspn(t, "0123456789") == 14)
		text_add(out, "  %.4s-%.2s-%.2s %.2s:%.2s UTC", t, t + 4, t + 6, t + 8, t + 10);
}

static void print_record(const struct xml *record)
{
	const char *vm = cim_text(record, "VirtualSystemName"), *state = cim_text(record, "RecordState");
	struct text t = { 0 }, name = { 0 }, id = { 0 }, where = { 0 };

	text_add_printable(&name, vm && *vm ? vm : "-");
	text_add_printable(&id, number_of(record));
	text_add_printable(&where, state ? state : "-");
	text_add(&t, "  %-6s %-10s %-20s", id.data, where.data, name.data);
	add_text(&t, record, "PeerName", cim_true(record, "LeftFromHere") ? "  to " : "  from ", "");
	add_text(&t, record, "PeerAddress", " (", ")");
	add_time(&t, cim_text(record, "TimeOfRecord"));
	if (cim_true(record, "JobOpen"))
		text_add(&t, "; a job sees to it");
	else if (cim_true(record, "HoldsVirtualSystem"))
		text_add(&t, "; holds it from being started here");
	puts(t.data);
	text_free(&t);
	text_free(&name);
	text_free(&id);
	text_free(&where);
}

static void print_all(const struct control *c, const struct cim_answer *records)
{
	struct text t = { 0 };

	if (c->json)
		text_add(&t, "[");
	for (const struct xml *n = cim_first(records); n; n = cim_after(n)) {
		if (!c->json) {
			print_record(cim_instance(n));
			continue;
		}
		json_instance(&t, cim_instance(n));
		if (cim_after(n))
			text_add(&t, ",\n");
	}
	if (c->json)
		printf("%s]\n", t.data);
	else if (!cim_first(records))
		puts("  no records");
	text_free(&t);
}

static enum ctl drop(struct control *c, const struct cim_answer *records)
{
	struct cim_path path;

	for (const struct xml *n = cim_first(records); n; n = cim_after(n)) {
		if (strcmp(number_of(cim_instance(n)), c->drop) != 0)
			continue;
		if (cim_path_get(n, &path))
			return force_invoke(c, &path, "Drop", NULL, "dropped");
		return control_fail(CTL_CONNECTION, "the path of record %s in the answer can't be read", c->drop);
	}
	return control_fail(CTL_NO, "%s keeps no record %s", cim_host(c->cim), c->drop);
}

enum ctl record_list(struct control *c, char **argument, int arguments)
{
	struct cim_answer records;
	enum ctl result = cim_enumerate(c->cim, "Tern_MigrationRecord", &records);

	(void)argument, (void)arguments;
	if (result != CTL_OK)
		return control_fail_cim(c, result);
	if (c->drop)
		result = drop(c, &records);
	else
		print_all(c, &records);
	cim_answer_fini(&records);
	return result;
}
