/* SPDX-License-Identifier: MIT */
/* control.c: errors as sentences, and finding a virtual system by name. */
#include "control.h"
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum ctl control_fail(enum ctl result, const char *format, ...)
{
	va_list args;

	fputs("ternctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return result;
}

enum ctl control_fail_cim(const struct control *c, enum ctl result)
{
	return control_fail(result, "%s", cim_why(c->cim));
}

/* Meanings that the methods of CIM share; the rest depends on the method. */
static const char *return_text(int64_t value, const char *method)
{
	bool state = strcmp(method, "RequestStateChange") == 0 || strcmp(method, "ForceOutcome") == 0 || strcmp(method, "Reclaim") == 0;

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
	control_fail(CTL_NO, "%s: %s (%lld)", method, return_text(a->return_value, method),
		     (long long)a->return_value);
	for (unsigned i = 0; i < cim_elements(a->body, "Reasons"); i++) {
		struct text t = { 0 };

		text_add_printable(&t, cim_element(a->body, "Reasons", i));
		fprintf(stderr, "  %s\n", t.data ? t.data : "");
		text_free(&t);
	}
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
