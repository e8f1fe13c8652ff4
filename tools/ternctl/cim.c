/* SPDX-License-Identifier: MIT */
/* cim.c: sends CIM-XML requests and checks the frame of the answers. */
#include "cim.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cim_request.h"

struct cim {
	struct http *http;
	unsigned error_code;
	char why[CIM_WHY];
};

static const char *const error_name[] = {	/* DSP0200, "Status codes" */
	[1] = "FAILED", [2] = "ACCESS_DENIED", [3] = "INVALID_NAMESPACE", [4] = "INVALID_PARAMETER",
	[5] = "INVALID_CLASS", [6] = "NOT_FOUND", [7] = "NOT_SUPPORTED", [11] = "ALREADY_EXISTS",
	[12] = "NO_SUCH_PROPERTY", [13] = "TYPE_MISMATCH", [16] = "METHOD_NOT_AVAILABLE",
	[17] = "METHOD_NOT_FOUND", [27] = "SERVER_LIMITS_EXCEEDED", [28] = "SERVER_IS_SHUTTING_DOWN",
};

struct cim *cim_open(const char *server, unsigned timeout_s, char why[CIM_WHY])
{
	struct http *http = http_open(server, timeout_s, why);
	struct cim *c;

	if (!http)
		return NULL;
	c = memory_get(sizeof(*c));
	c->http = http;
	return c;
}

void cim_close(struct cim *c)
{
	if (!c)
		return;
	http_close(c->http);
	free(c);
}

const char *cim_host(const struct cim *c)
{
	return http_host(c->http);
}

const char *cim_why(const struct cim *c)
{
	return c->why;
}

unsigned cim_error_code(const struct cim *c)
{
	return c->error_code;
}

void cim_answer_fini(struct cim_answer *a)
{
	xml_free(a->document);
	*a = (struct cim_answer){ 0 };
}

static enum ctl explain_error(const struct xml *error, unsigned *code, char why[CIM_WHY])
{
	const char *number = xml_attribute(error, "CODE"), *description = xml_attribute(error, "DESCRIPTION");
	unsigned long value = number ? strtoul(number, NULL, 10) : 0;
	const char *name = value < sizeof(error_name) / sizeof(error_name[0]) ? error_name[value] : NULL;
	struct text t = { 0 };

	*code = (unsigned)value;
	text_add_printable(&t, description ? description : "");
	snprintf(why, CIM_WHY, "CIM error %lu%s%s%s%s", value, name ? " " : "", name ? name : "",
		 t.length ? ": " : "", t.length ? t.data : "");
	text_free(&t);
	return CTL_NO;
}

/* False if the return value of a method is missing or not a number. */
static bool return_value(const struct xml *response, int64_t *out)
{
	const struct xml *value = xml_path(response, "RETURNVALUE/VALUE");
	char *end;

	if (!value || !*value->text)
		return false;
	*out = strtoll(value->text, &end, 10);
	return !*end;
}

enum ctl cim_answer_parse(const char *text, size_t length, const char *method, bool intrinsic,
			  struct cim_answer *out, unsigned *code, char why[CIM_WHY])
{
	const struct xml *root, *response, *error;
	const char *name;
	char xml_why[XML_WHY];
	enum ctl result = CTL_CONNECTION;

	*code = 0;
	*out = (struct cim_answer){ .document = xml_parse(text, length, xml_why) };
	if (!out->document) {
		snprintf(why, CIM_WHY, "the answer can't be read: %s", xml_why);
		return result;
	}
	root = xml_root(out->document);
	response = strcmp(root->name, "CIM") ? NULL :
		xml_path(root, intrinsic ? "MESSAGE/SIMPLERSP/IMETHODRESPONSE" : "MESSAGE/SIMPLERSP/METHODRESPONSE");
	name = xml_attribute(response, "NAME");
	error = xml_child(response, "ERROR");
	if (!response || !name || strcmp(name, method) != 0)
		snprintf(why, CIM_WHY, "the answer is XML but not a CIM-XML answer to %s", method);
	else if (error)
		result = explain_error(error, code, why);
	else if (!intrinsic && !return_value(response, &out->return_value))
		snprintf(why, CIM_WHY, "the answer to %s has no return value", method);
	else
		result = CTL_OK;
	out->body = intrinsic ? xml_child(response, "IRETURNVALUE") : response;
	if (result != CTL_OK)
		cim_answer_fini(out);
	return result;
}

static enum ctl explain_status(struct cim *c, long status)
{
	const char *detail = http_cim_error(c->http);

	snprintf(c->why, sizeof(c->why), "%s answered with HTTP status %ld%s%s%s", cim_host(c), status,
		 *detail ? " (" : "", detail, *detail ? ")" : "");
	return status == 401 || status == 403 ? CTL_NO : CTL_CONNECTION;
}

static enum ctl send_request(struct cim *c, const char *method, bool intrinsic, const struct cim_path *path,
			     struct text *request, struct cim_answer *out)
{
	struct text object = { 0 }, name = { 0 }, answer = { 0 };
	const char *headers[] = { "Content-Type: application/xml; charset=\"utf-8\"", "Accept: application/xml",
		"CIMOperation: MethodCall", NULL, NULL, NULL };
	enum ctl result = CTL_CONNECTION;
	long status;

	cim_request_object(&object, path);
	text_add(&name, "CIMMethod: %s", method);
	headers[3] = name.data;
	headers[4] = object.data;
	c->error_code = 0;
	status = http_post(c->http, headers, request, &answer, c->why);
	if (status == 200)
		result = cim_answer_parse(answer.data ? answer.data : "", answer.length, method, intrinsic, out,
					  &c->error_code, c->why);
	else if (status)
		result = explain_status(c, status);
	text_free(&object);
	text_free(&name);
	text_free(&answer);
	text_free(request);
	return result;
}

enum ctl cim_enumerate(struct cim *c, const char *class, struct cim_answer *out)
{
	struct text request = { 0 };

	cim_request_enumerate(&request, class);
	return send_request(c, "EnumerateInstances", true, NULL, &request, out);
}

enum ctl cim_get_instance(struct cim *c, const struct cim_path *path, struct cim_answer *out)
{
	struct text request = { 0 };

	cim_request_get_instance(&request, path);
	return send_request(c, "GetInstance", true, NULL, &request, out);
}

enum ctl cim_invoke(struct cim *c, const struct cim_path *path, const char *method,
		    const struct cim_argument *arguments, struct cim_answer *out)
{
	struct text request = { 0 };

	cim_request_method(&request, path, method, arguments);
	return send_request(c, method, false, path, &request, out);
}
