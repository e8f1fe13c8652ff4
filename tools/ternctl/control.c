/* SPDX-License-Identifier: MIT */
/* control.c: errors as sentences, and finding a virtual system by name. */
#include "control.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool json, told;

void control_json(void)
{
	json = true;
}

static void tell_json(const char *sentence, enum ctl result, const struct cim_answer *a)
{
	struct text t = { 0 };

	if (!json || told)
		return;
	told = true;
	text_add(&t, "{\"error\": ");
	text_add_json(&t, sentence);
	text_add(&t, ", \"exit\": %d", result);
	if (a) {
		text_add(&t, ", \"return_value\": %lld, \"reasons\": ", (long long)a->return_value);
		json_strings(&t, a->body, "Reasons");
	}
	text_add(&t, "}");
	puts(t.data);
	text_free(&t);
}

enum ctl control_fail(enum ctl result, const char *format, ...)
{
	char sentence[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	fprintf(stderr, "ternctl: %s\n", sentence);
	tell_json(sentence, result, NULL);
	return result;
}

enum ctl control_fail_cim(const struct control *c, enum ctl result)
{
	return control_fail(result, "%s", cim_why(c->cim));
}

/* Meanings that the methods of CIM share; the rest depends on the method. */
static const char *return_text(int64_t value, const char *method)
{
	bool state = strcmp(method, "RequestStateChange") == 0 || strcmp(method, "ForceOutcome") == 0 || strcmp(method, "Reclaim") == 0 ||
		     strcmp(method, "Drop") == 0;

	switch (value) {
	case 1: return "not supported";
	case 2: return state ? "unknown error" : "failed";
	case 3: return state ? "can't complete in time" : "timeout";
	case 4: return state ? "failed" : "invalid parameter";
	case 5: return state ? "invalid parameter" : "invalid state";
	case 6: return state ? "in use" : "incompatible parameters";
	case 4097: return "not possible in this state";
	case 4098: return "time limits are not supported";
	case 4099: return "busy";
	case 32768: return "the risk is not accepted";
	default: return "unknown return value";
	}
}

enum ctl control_refused(const struct cim_answer *a, const char *method)
{
	unsigned reasons = cim_elements(a->body, "Reasons");
	struct text t = { 0 };

	for (unsigned i = 0; i < reasons; i++) {
		text_add(&t, "%s", i ? "\n  " : "");
		text_add_printable(&t, cim_element(a->body, "Reasons", i));
	}
	text_add(&t, "%s%s: %s (%lld)%s", reasons ? "\n  (" : "", method, return_text(a->return_value, method),
		 (long long)a->return_value, reasons ? ")" : "");
	fprintf(stderr, "ternctl: %s\n", t.data);
	tell_json(reasons ? cim_element(a->body, "Reasons", 0) : t.data, CTL_NO, a);
	text_free(&t);
	return CTL_NO;
}

static bool is_called(const struct xml *instance, const char *name)
{
	const char *key = cim_text(instance, "Name"), *element = cim_text(instance, "ElementName");

	return (key && !strcmp(key, name)) || (element && !strcmp(element, name));
}

enum ctl control_find_vm(struct control *c, const char *name, struct cim_answer *holder,
			 struct cim_path *path, const struct xml **instance)
{
	enum ctl result = cim_enumerate(c->cim, "Tern_VirtualSystem", holder);
	struct text known = { 0 };

	if (result != CTL_OK)
		return control_fail_cim(c, result);
	for (const struct xml *n = cim_first(holder); n; n = cim_after(n)) {
		const char *other = cim_text(cim_instance(n), "Name");

		*instance = cim_instance(n);
		if (is_called(*instance, name)) {
			text_free(&known);
			if (cim_path_get(n, path))
				return CTL_OK;
			cim_answer_fini(holder);
			return control_fail(CTL_CONNECTION, "the path of %s in the answer can't be read", name);
		}
		if (other) {
			text_add(&known, "%s", known.length ? ", " : "");
			text_add_printable(&known, other);
		}
	}
	cim_answer_fini(holder);
	control_fail(CTL_NO, "%s has no virtual system '%s' (%s%s)", cim_host(c->cim), name,
		     known.length ? "it has " : "it has none", known.length ? known.data : "");
	text_free(&known);
	return CTL_NO;
}
