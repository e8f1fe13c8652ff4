/* SPDX-License-Identifier: MIT */
#include "message.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"
#include "methods.h"
#include "ops.h"
#include "utf8.h"

static bool refuse(struct message *m, unsigned http_status, const char *error, const char *why)
{
	m->http_status = http_status;
	m->http_error = error;
	m->http_why = why;
	return false;
}

static bool version_ok(const char *version, char major)
{
	return version && version[0] == major && version[1] == '.';
}

/* What is round the call. */
static bool envelope(struct message *m)
{
	const struct message_header *h = &m->header;
	const struct request *r = &m->call.request;

	if (!r->is_message)
		return refuse(m, 400, "request-not-valid", "the body is not a CIM message");
	if (!version_ok(r->cim_version, '2'))
		return refuse(m, 501, "unsupported-cim-version", "CIMVERSION must be 2.x");
	if (!version_ok(r->dtd_version, '2'))
		return refuse(m, 501, "unsupported-dtd-version", "DTDVERSION must be 2.x");
	if (!version_ok(r->protocol_version, '1'))
		return refuse(m, 501, "unsupported-protocol-version", "PROTOCOLVERSION must be 1.x");
	if (h->protocol && strcmp(h->protocol, r->protocol_version))
		return refuse(m, 400, "header-mismatch", "CIMProtocolVersion differs from PROTOCOLVERSION");
	if (h->batch)
		return refuse(m, 501, "multiple-requests-unsupported", "batches are not supported");
	if (r->multiple)
		return refuse(m, 400, "header-mismatch", "MULTIREQ without a CIMBatch header");
	if (!r->id || !r->method)
		return refuse(m, 400, "request-not-valid", "SIMPLEREQ without a named IMETHODCALL or METHODCALL");
	return true;
}

/* %41 to A; false if it is not decodable. */
static bool unpercent(const char *text, char *out, size_t room)
{
	size_t n = 0;

	for (; *text; text++) {
		char v = *text;

		if (v == '%') {
			if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
				return false;
			v = (char)strtoul((char[]){ text[1], text[2], 0 }, NULL, 16);
			text += 2;
		}
		if (!v || n + 1 >= room)
			return false;
		out[n++] = v;
	}
	out[n] = 0;
	return n > 0;
}

/* Whether the header says the same as the body. */
static bool header_fits(struct message *m)
{
	const struct message_header *h = &m->header;
	const struct request *r = &m->call.request;
	unsigned ns = namespace_find(r->ns_text);
	char object[1024];

	m->call.ns = ns;
	if (!h->method || (r->extrinsic ? strcmp : strcasecmp)(h->method, r->method))
		return refuse(m, 400, "header-mismatch", "CIMMethod differs from the method in the body");
	if (!h->object || !unpercent(h->object, object, sizeof(object)))
		return refuse(m, 400, "header-mismatch", "CIMObject is missing or can't be decoded");
	if (r->extrinsic) {
		if (!r->target || r->target->kind == NAMES_NOTHING)
			return refuse(m, 400, "request-not-valid", "METHODCALL without a target");
		if (!path_text_matches(object, r->ns_text, r->target))
			return refuse(m, 400, "header-mismatch", "CIMObject differs from the target in the body");
		return true;
	}
	if (!r->ns_text[0])
		return refuse(m, 400, "request-not-valid", "IMETHODCALL without a namespace");
	if (ns ? namespace_find(object) != ns : strcasecmp(object, r->ns_text) != 0)
		return refuse(m, 400, "header-mismatch", "CIMObject differs from the namespace in the body");
	return true;
}

#define PIECE	2048u		/* bytes of the body parsed at a time */

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
static enum err parse(struct message *m, int *work)
{
	enum err e = ERR_AGAIN;

	while (e == ERR_AGAIN && *work > 0) {
		const char *at = m->body->data + m->parsed;
		size_t length = piece(m->body, m->parsed);

		if (!utf8_valid(at, length)) {
			refuse(m, 400, "request-not-valid", "the body is not UTF-8");
			buf_free(m->body);
			return ERR_INVALID;
		}
		m->parsed += length;
		*work -= (int)(1 + length / 256);
		e = request_feed(&m->call.request, at, length, m->parsed == m->body->length);
	}
	if (e == ERR_AGAIN)
		return e;
	buf_free(m->body);
	if (e == ERR_NOMEM)
		refuse(m, 503, NULL, "out of memory");
	else if (e == ERR_INVALID)
		refuse(m, 400, "request-not-well-formed", "the body is not well-formed XML");
	else if (e != ERR_OK)
		refuse(m, 400, "request-not-valid",
		       "the XML is nested too deep, too large, not UTF-8 or has entities of its own");
	return e == ERR_OK ? ERR_OK : ERR_INVALID;
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

/* Puts the envelope round what was written, or round the ERROR instead with which the call failed. */
static enum err finish(struct message *m)
{
	struct call *c = &m->call;

	if (c->status != CIM_OK) {
		c->out->length = m->start;
		buf_fmt(c->out, "<ERROR CODE=\"%u\" DESCRIPTION=\"", (unsigned)c->status);
		buf_xml(c->out, c->text);
		buf_str(c->out, "\"></ERROR>");
	} else if (!c->request.extrinsic) {
		buf_str(c->out, "</IRETURNVALUE>");
	}
	buf_fmt(c->out, "</%s></SIMPLERSP></MESSAGE></CIM>\n", response(c));
	if (c->out->failed)
		refuse(m, 500, NULL, "the answer does not fit in memory");
	return ERR_OK;
}

void message_begin(struct message *m, const struct message_header *h, struct buf *body, struct buf *out)
{
	*m = (struct message){ .header = *h, .body = body, .call.out = out };
	fmt(m->call.host, sizeof(m->call.host), "%s", h->host ? h->host : "localhost");
	if (!body->length)
		refuse(m, 400, "request-not-well-formed", "the body is empty");
}

/* The request has been read: starts what it asks for. ERR_AGAIN: it goes on. */
static enum err dispatch(struct message *m, int *work)
{
	struct call *c = &m->call;

	*work -= 4;	/* the object that it names is looked for */
	open_response(c);
	m->start = c->out->length;
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

enum err message_step(struct message *m, int *work)
{
	struct call *c = &m->call;
	enum err e = ERR_AGAIN;

	if (m->body->length && parse(m, work) == ERR_AGAIN)
		return ERR_AGAIN;
	if (m->http_status || (!m->begun && (!envelope(m) || !header_fits(m))))
		return ERR_OK;
	namespace_ask(c->ns, c->request.ns_text);
	if (c->waits) {
		e = methods_poll(c);
	} else if (!m->begun) {
		m->begun = true;
		e = dispatch(m, work);
		if (c->waits)
			request_fini(&c->request);
	}
	if (e == ERR_AGAIN && c->operation)
		e = ops_step(c, work);
	return e == ERR_OK ? finish(m) : e;
}

void message_fini(struct message *m)
{
	methods_drop(&m->call);
	request_fini(&m->call.request);
}
