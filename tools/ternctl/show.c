/* SPDX-License-Identifier: MIT */
/* show.c: what a host and its virtual systems look like to a person. */
#include "control.h"
#include <stdio.h>
#include <string.h>

/* OperatingStatus 10 and 11 say more than EnabledState while a machine moves. */
static const char *state_text(const struct xml *vm)
{
	uint64_t operating = cim_number(vm, "OperatingStatus", 0);

	if (operating == 9 || operating == 10)
		return "leaving";
	if (operating == 11)
		return "arriving";
	if (operating == 7)
		return "away";
	switch (cim_number(vm, "EnabledState", 0)) {
	case 2: return "running";
	case 3: return "stopped";
	case 4: return "stopping";
	case 6: return "offline";
	case 8: return "deferred";
	case 9: return "paused";
	case 10: return "starting";
	default: return "unknown";
	}
}

static void print_text(const struct xml *instance, const char *name)
{
	struct text t = { 0 };
	const char *value = cim_text(instance, name);

	text_add_printable(&t, value ? value : "-");
	fputs(t.data, stdout);
	text_free(&t);
}

/* Sentences that the host adds (why it can't run machines, why one crashed); not @known, which was printed. */
static void print_descriptions(const struct xml *instance, const char *known)
{
	for (unsigned i = 0; i < cim_elements(instance, "StatusDescriptions"); i++) {
		struct text t = { 0 };

		text_add_printable(&t, cim_element(instance, "StatusDescriptions", i));
		if (t.length && strcmp(t.data, known) != 0)
			printf("    %s\n", t.data);
		text_free(&t);
	}
}

static void print_host(const struct xml *host)
{
	const char *able = cim_true(host, "CanRunVirtualSystems") ? "runs virtual systems" : "can't run virtual systems";

	printf("host ");
	print_text(host, "Name");
	printf("  Tern ");
	print_text(host, "Version");
	printf("  address ");
	print_text(host, "Address");
	printf("  %llu CPU%s  %llu MiB, %llu MiB free  %s\n",
	       (unsigned long long)cim_number(host, "Processors", 0),
	       cim_number(host, "Processors", 0) == 1 ? "" : "s",
	       (unsigned long long)cim_number(host, "MemoryBytes", 0) >> 20,
	       (unsigned long long)cim_number(host, "FreeMemoryBytes", 0) >> 20,
	       able);
	print_descriptions(host, able);
	for (unsigned i = 0; i < cim_elements(host, "Limitations"); i++) {
		struct text t = { 0 };

		text_add_printable(&t, cim_element(host, "Limitations", i));
		printf("    %s\n", t.length ? t.data : "-");
		text_free(&t);
	}
	if (cim_text(host, "FramesSent"))
		printf("    network: %llu frames sent, %llu received; TCP: %llu connections, %llu segments sent again, %llu dropped; "
		       "out of memory %llu times\n", (unsigned long long)cim_number(host, "FramesSent", 0),
		       (unsigned long long)cim_number(host, "FramesReceived", 0), (unsigned long long)cim_number(host, "TCPConnections", 0),
		       (unsigned long long)cim_number(host, "TCPRetransmissions", 0), (unsigned long long)cim_number(host, "TCPDrops", 0),
		       (unsigned long long)cim_number(host, "NetworkMemoryFailures", 0));
	if (cim_text(host, "RecordsStatus")) {
		fputs("    records of hand-offs: ", stdout);
		print_text(host, "RecordsStatus");
		putchar('\n');
	}
}

static void print_vm(const struct xml *vm)
{
	const char *name = cim_text(vm, "Name");
	struct text t = { 0 };

	text_add_printable(&t, name ? name : "-");
	printf("  %-20s %-9s %6llu MiB  %2llu CPU%s  up %.1f s\n", t.data, state_text(vm),
	       (unsigned long long)cim_number(vm, "MemoryBytes", 0) >> 20,
	       (unsigned long long)cim_number(vm, "Processors", 0),
	       cim_number(vm, "Processors", 0) == 1 ? " " : "s",
	       (double)cim_number(vm, "UptimeMicroseconds", 0) / 1e6);
	text_free(&t);
	print_descriptions(vm, state_text(vm));
}

static void add_instances(struct text *out, const char *name, const struct cim_answer *a)
{
	text_add(out, "\"%s\": [", name);
	for (const struct xml *n = cim_first(a); n; n = cim_after(n)) {
		json_instance(out, cim_instance(n));
		if (cim_after(n))
			text_add(out, ",\n");
	}
	text_add(out, "]");
}

enum ctl show_list(struct control *c, char **argument, int arguments)
{
	struct cim_answer hosts, vms;
	struct text t = { 0 };
	enum ctl result = cim_enumerate(c->cim, "Tern_HostSystem", &hosts);

	(void)argument, (void)arguments;
	if (result != CTL_OK)
		return control_fail_cim(c, result);
	result = cim_enumerate(c->cim, "Tern_VirtualSystem", &vms);
	if (result != CTL_OK) {
		cim_answer_fini(&hosts);
		return control_fail_cim(c, result);
	}
	if (c->json) {
		text_add(&t, "{");
		add_instances(&t, "hosts", &hosts);
		text_add(&t, ",\n");
		add_instances(&t, "virtual_systems", &vms);
		printf("%s}\n", t.data);
		text_free(&t);
	} else {
		for (const struct xml *n = cim_first(&hosts); n; n = cim_after(n))
			print_host(cim_instance(n));
		for (const struct xml *n = cim_first(&vms); n; n = cim_after(n))
			print_vm(cim_instance(n));
		if (!cim_first(&vms))
			puts("  no virtual systems");
	}
	cim_answer_fini(&hosts);
	cim_answer_fini(&vms);
	return CTL_OK;
}

/* Every property that has a value, one a line. */
static void print_all(const struct xml *instance)
{
	for (const struct xml *p = xml_child(instance, NULL); p; p = xml_next(p, NULL)) {
		const char *name = xml_attribute(p, "NAME");
		struct text t = { 0 };

		if (!name)
			continue;
		if (cim_text(instance, name))
			text_add_printable(&t, cim_text(instance, name));
		for (unsigned i = 0; i < cim_elements(instance, name); i++) {
			text_add(&t, "%s", i ? ", " : "");
			text_add_printable(&t, cim_element(instance, name, i));
		}
		if (t.length)
			printf("  %-28.60s %s\n", name, t.data);
		text_free(&t);
	}
}

enum ctl show_one(struct control *c, char **argument, int arguments)
{
	struct cim_answer holder;
	struct cim_path path;
	const struct xml *instance;
	struct text t = { 0 };
	enum ctl result;

	if (arguments) {
		result = control_find_vm(c, argument[0], &holder, &path, &instance);
		if (result != CTL_OK)
			return result;
	} else {
		result = cim_enumerate(c->cim, "Tern_HostSystem", &holder);
		if (result != CTL_OK)
			return control_fail_cim(c, result);
		instance = cim_instance(cim_first(&holder));
	}
	if (c->json) {
		json_instance(&t, instance);
		puts(t.data);
		text_free(&t);
	} else {
		if (arguments)
			print_vm(instance);
		else
			print_host(instance);
		print_all(instance);
	}
	cim_answer_fini(&holder);
	return CTL_OK;
}
