/* SPDX-License-Identifier: MIT */
#include "call.h"
#include <stdarg.h>
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "methods.h"
#include "ops.h"
#include "utf8.h"

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

static bool refuse(struct call *c, unsigned http_status, const char *error, const char *why)
{
	c->http_status = http_status;
	c->http_error = error;
	fmt(c->text, sizeof(c->text), "%s", why);
	return false;
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

static bool version_ok(const char *version, char major)
{
	return version && version[0] == major && version[1] == '.';
}

/* What is round the call. */
static bool envelope(struct call *c, const struct call_header *h)
{
	const struct request *r = &c->request;

	if (!r->is_message)
		return refuse(c, 400, "request-not-valid", "the body is not a CIM message");
	if (!version_ok(r->cim_version, '2'))
		return refuse(c, 501, "unsupported-cim-version", "CIMVERSION must be 2.x");
	if (!version_ok(r->dtd_version, '2'))
		return refuse(c, 501, "unsupported-dtd-version", "DTDVERSION must be 2.x");
	if (!version_ok(r->protocol_version, '1'))
		return refuse(c, 501, "unsupported-protocol-version", "PROTOCOLVERSION must be 1.x");
	if (h->protocol && strcmp(h->protocol, r->protocol_version))
		return refuse(c, 400, "header-mismatch", "CIMProtocolVersion differs from PROTOCOLVERSION");
	if (h->batch)
		return refuse(c, 501, "multiple-requests-unsupported", "batches are not supported");
	if (r->multiple)
		return refuse(c, 400, "header-mismatch", "MULTIREQ without a CIMBatch header");
	if (!r->id || !r->method)
		return refuse(c, 400, "request-not-valid", "SIMPLEREQ without a named IMETHODCALL or METHODCALL");
	return true;
}

/* %41 to A; false if it is not decodable. */
static bool unpercent(const char *text, char *out, size_t room)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text; text++) {
		char v = *text;

		if (n + 1 >= room)
			return false;
		if (v == '%') {
			const char *high = text[1] ? strchr(digits, text[1] | 0x20) : NULL;
			const char *low = high && text[2] ? strchr(digits, text[2] | 0x20) : NULL;

			if (!low || !*high || !*low)
				return false;
			v = (char)((high - digits) << 4 | (low - digits));
			text += 2;
		}
		if (!v)
			return false;
		out[n++] = v;
	}
	out[n] = 0;
	return n > 0;
}

/* Whether the header says the same as the body. */
static bool target(struct call *c, const struct call_header *h)
{
	const struct request *r = &c->request;
	char object[1024];

	if (!h->method || (r->extrinsic ? strcmp : strcasecmp)(h->method, r->method))
		return refuse(c, 400, "header-mismatch", "CIMMethod differs from the method in the body");
	if (!h->object || !unpercent(h->object, object, sizeof(object)))
		return refuse(c, 400, "header-mismatch", "CIMObject is missing or can't be decoded");
	c->ns = namespace_find(r->ns_text);
	if (r->extrinsic) {
		if (!r->target || r->target->kind == NAMES_NOTHING)
			return refuse(c, 400, "request-not-valid", "METHODCALL without a target");
		if (!path_text_matches(object, r->ns_text, r->target))
			return refuse(c, 400, "header-mismatch", "CIMObject differs from the target in the body");
		return true;
	}
	if (!r->ns_text[0])
		return refuse(c, 400, "request-not-valid", "IMETHODCALL without a namespace");
	if (c->ns ? namespace_find(object) != c->ns : strcasecmp(object, r->ns_text) != 0)
		return refuse(c, 400, "header-mismatch", "CIMObject differs from the namespace in the body");
	return true;
}

#define PIECE	2048u		/* bytes of the body parsed at a time */

void call_worked(int *work, size_t units)
{
	*work -= (int)units;
}

/* The longest piece of the body from @at on that does not cut a character in two. */
static size_t piece(const struct buf *body, size_t at)
{
	size_t length = body->length - at;

	if (length <= PIECE)
		return length;
	length = PIECE;
	for (int n = 0; n < 3 && (body->data[at + length] & 0xc0) == 0x80; n++)
		length--;
	return length;
}

/* ERR_OK: the request is there; ERR_AGAIN: no work is left; ERR_INVALID: refused. */
static enum err parse(struct call *c, int *work)
{
	enum err e = ERR_AGAIN;

	while (e == ERR_AGAIN && *work > 0) {
		const char *at = c->body->data + c->parsed;
		size_t length = piece(c->body, c->parsed);

		if (!utf8_valid(at, length)) {
			refuse(c, 400, "request-not-valid", "the body is not UTF-8");
			buf_free(c->body);
			return ERR_INVALID;
		}
		c->parsed += length;
		call_worked(work, 1 + length / 256);
		e = request_feed(&c->request, at, length, c->parsed == c->body->length);
	}
	if (e == ERR_AGAIN)
		return e;
	buf_free(c->body);
	if (e == ERR_OK)
		return e;
	if (e == ERR_NOMEM)
		refuse(c, 503, NULL, "out of memory");
	else
		refuse(c, 400, e == ERR_INVALID ? "request-not-well-formed" : "request-not-valid",
		       e == ERR_INVALID ? "the body is not well-formed XML" :
		       "the XML is nested too deep, too large, not UTF-8 or has entities of its own");
	return ERR_INVALID;
}

static const char *response(const struct call *c)
{
	return c->request.extrinsic ? "METHODRESPONSE" : "IMETHODRESPONSE";
}

static void open_response(struct call *c)
{
	buf_str(c->out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<CIM CIMVERSION=\"2.0\" DTDVERSION=\"2.0\">"
		"<MESSAGE ID=\"");
	buf_xml(c->out, c->request.id);
	buf_str(c->out, "\" PROTOCOLVERSION=\"1.0\"><SIMPLERSP><");
	buf_str(c->out, response(c));
	buf_str(c->out, " NAME=\"");
	buf_xml(c->out, c->request.method);
	buf_str(c->out, "\">");
}

static void close_response(struct call *c)
{
	buf_fmt(c->out, "</%s></SIMPLERSP></MESSAGE></CIM>\n", response(c));
}

/* Puts the envelope round what the operation wrote, or writes the ERROR it failed with instead. */
static enum err finish(struct call *c, size_t start)
{
	if (c->status != CIM_OK) {
		c->out->length = start;
		buf_fmt(c->out, "<ERROR CODE=\"%u\" DESCRIPTION=\"", (unsigned)c->status);
		buf_xml(c->out, c->text);
		buf_str(c->out, "\"></ERROR>");
	} else if (!c->request.extrinsic) {
		buf_str(c->out, "</IRETURNVALUE>");
	}
	close_response(c);
	if (c->out->failed)
		refuse(c, 500, NULL, "the answer does not fit in memory");
	return ERR_OK;
}

void call_begin(struct call *c, const struct call_header *h, struct buf *body, struct buf *out)
{
	*c = (struct call){ .header = *h, .body = body, .out = out };
	fmt(c->host, sizeof(c->host), "%s", h->host ? h->host : "localhost");
	if (!body->length)
		refuse(c, 400, "request-not-well-formed", "the body is empty");
	else if (request_open(&c->request) != ERR_OK)
		refuse(c, 503, NULL, "out of memory");
}

/* The body has been parsed: starts what it asks for. ERR_AGAIN: it goes on. */
static enum err dispatch(struct call *c, int *work)
{
	call_worked(work, 4);	/* the object that it names is looked for */
	open_response(c);
	c->start = c->out->length;
	if (!c->ns) {
		call_fail(c, CIM_ERR_INVALID_NAMESPACE, "there is no namespace %s", c->request.ns_text);
		return ERR_OK;
	}
	if (c->request.extrinsic)
		return methods_run(c);
	buf_str(c->out, "<IRETURNVALUE>");
	ops_start(c);
	return c->operation ? ERR_AGAIN : ERR_OK;
}

enum err call_step(struct call *c, int *work)
{
	enum err e = ERR_AGAIN;

	if (c->request.builder && parse(c, work) == ERR_AGAIN)
		return ERR_AGAIN;
	if (c->http_status)
		return ERR_OK;
	if (!c->begun && (!envelope(c, &c->header) || !target(c, &c->header)))
		return ERR_OK;
	namespace_ask(c->ns, c->request.ns_text);
	if (call_waits(c)) {
		e = methods_poll(c);
	} else if (!c->begun) {
		c->begun = true;
		e = dispatch(c, work);
		if (call_waits(c))
			request_fini(&c->request);
	}
	if (e == ERR_AGAIN && c->operation)
		e = ops_step(c, work);
	return e == ERR_OK ? finish(c, c->start) : e;
}

void call_fini(struct call *c)
{
	methods_drop(c);
	request_fini(&c->request);
}
