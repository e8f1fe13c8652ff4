/* SPDX-License-Identifier: MIT */
#include "call.h"
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "path_why.h"

void call_fail(struct call *c, enum cim_status status, const char *format, ...)
{
	va_list args;

	if (c->status != CIM_OK)
		return;
	c->status = status;
	va_start(args, format);
	fmt_v(c->text, sizeof(c->text), format, args);
	va_end(args);
}

const struct param *call_param(const struct call *c, const char *name)
{
	const struct param *p = c->request.param;

	while (p && strcasecmp(p->name, name))
		p = p->next;
	return p;
}

const char *call_text(const struct call *c, const char *name)
{
	const struct param *p = call_param(c, name);

	return p ? p->text : NULL;
}

bool call_bool(const struct call *c, const char *name, bool otherwise)
{
	const char *text = call_text(c, name);

	if (!text)
		return otherwise;
	text += strspn(text, " \t\r\n");
	return !strncasecmp(text, "true", 4) ? true : !strncasecmp(text, "false", 5) ? false : otherwise;
}

struct emit call_emit(const struct call *c)
{
	const struct param *list = call_param(c, "PropertyList");

	return (struct emit){
		.out = c->out, .host = c->host, .ns_text = c->request.ns_text, .ns = c->ns,
		.only = list ? list->array : NULL, .origins = call_bool(c, "IncludeClassOrigin", false),
	};
}

bool call_object(struct call *c, const struct object_name *name, unsigned mask, struct obj *out)
{
	enum cim_status status = path_resolve(name, mask, out);
	struct why why;

	if (status == CIM_OK)
		return true;
	path_why(name, NULL, &why);
	call_fail(c, status, "%s", why.text);
	return false;
}
