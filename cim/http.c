/* SPDX-License-Identifier: MIT */
#include "http.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lib/fmt.h"

#define FIELD_LIMIT	4096		/* bytes of one header field */

static const char *const field_name[HTTP_FIELD_COUNT] = {
#define HTTP_FIELD_NAME(name, text) [HTTP_FIELD_##name] = text,
	HTTP_FIELDS(HTTP_FIELD_NAME)
#undef HTTP_FIELD_NAME
};

__attribute__((format(printf, 3, 4)))
static int bad(struct http *h, unsigned status, const char *why, ...)
{
	va_list args;

	if (!h->status) {
		h->status = status;
		va_start(args, why);
		fmt_v(h->why, sizeof(h->why), why, args);
		va_end(args);
	}
	h->phase = HTTP_BAD;
	return -1;		/* 1 would only skip the body when the header is complete */
}

/* Keeps the header field just read if it is one of ours. */
static int field_end(struct http *h)
{
	const char *name = h->name.length ? h->name.data : "";
	int result = 0;

	/* M-POST's extension fields: "73-CIMMethod". */
	if (h->mpost && isdigit((unsigned char)name[0]) && isdigit((unsigned char)name[1]) && name[2] == '-') {
		memcpy(h->prefix, name, 2);
		name += 3;
	}
	for (unsigned f = 0; h->in_value && h->phase == HTTP_HEADER && f < HTTP_FIELD_COUNT; f++) {
		if (strcasecmp(name, field_name[f]))
			continue;
		h->repeated[f] = h->value[f];
		if (!h->value[f])
			h->value[f] = strdup(h->text.length ? h->text.data : "");
		if (!h->value[f])
			result = bad(h, 503, "out of memory");
	}
	if (h->name.failed || h->text.failed)
		result = bad(h, 431, "a header field is longer than %u bytes", FIELD_LIMIT);
	buf_clear(&h->name);
	buf_clear(&h->text);
	h->in_value = false;
	return result;
}

static int on_begin(http_parser *p)
{
	((struct http *)p->data)->phase = HTTP_HEADER;
	return 0;
}

static int on_field(http_parser *p, const char *at, size_t length)
{
	struct http *h = p->data;

	if (h->in_value && field_end(h))
		return -1;
	buf_add(&h->name, at, length);
	return 0;
}

static int on_value(http_parser *p, const char *at, size_t length)
{
	struct http *h = p->data;

	h->in_value = true;
	buf_add(&h->text, at, length);
	return 0;
}

static int on_headers(http_parser *p)
{
	struct http *h = p->data;
	const char *expect, *coding;

	if (field_end(h))
		return -1;
	if (p->http_major != 1)
		return bad(h, 505, "HTTP/%u.%u: only HTTP/1 is spoken here", p->http_major, p->http_minor);
	if (p->method != HTTP_POST)
		return bad(h, 501, "the method is not POST or M-POST");
	/* From here on fields are trailers of a chunked body, which carry nothing we need. */
	h->phase = HTTP_BODY;
	coding = http_field(h, HTTP_FIELD_TRANSFER_ENCODING);
	if (coding && (strcasecmp(coding, "chunked") || h->repeated[HTTP_FIELD_TRANSFER_ENCODING]))
		return bad(h, 501, "Transfer-Encoding is not just \"chunked\"");
	if (p->content_length != UINT64_MAX && p->content_length > h->limit)
		return bad(h, 413, "the body is longer than %u bytes", (unsigned)h->limit);
	expect = http_field(h, HTTP_FIELD_EXPECT);
	if (expect && strcasecmp(expect, "100-continue"))
		return bad(h, 417, "Expect is not \"100-continue\"");
	h->expects = expect && (p->http_major > 1 || p->http_minor >= 1);
	return 0;
}

static int on_body(http_parser *p, const char *at, size_t length)
{
	struct http *h = p->data;

	h->expects = false;
	if (length > h->limit - h->body.length)
		return bad(h, 413, "the body is longer than %u bytes", (unsigned)h->limit);
	buf_add(&h->body, at, length);
	return h->body.failed ? bad(h, 503, "out of memory") : 0;
}

static int on_complete(http_parser *p)
{
	struct http *h = p->data;

	h->keep_alive = http_should_keep_alive(p);
	h->expects = false;
	h->phase = HTTP_DONE;
	http_parser_pause(p, 1);
	return 0;
}

void http_init(struct http *h, size_t limit)
{
	*h = (struct http){ .limit = limit, .name.limit = FIELD_LIMIT, .text.limit = FIELD_LIMIT };
	h->body.limit = limit + 1;
	http_parser_init(&h->parser, HTTP_REQUEST);
	h->parser.data = h;
}

void http_fini(struct http *h)
{
	for (unsigned f = 0; f < HTTP_FIELD_COUNT; f++)
		free(h->value[f]);
	buf_free(&h->body);
	buf_free(&h->name);
	buf_free(&h->text);
}

void http_next(struct http *h)
{
	size_t limit = h->limit;

	http_fini(h);
	http_init(h, limit);
}

static size_t execute(struct http *h, const char *data, size_t length)
{
	static const http_parser_settings settings = {
		.on_message_begin = on_begin, .on_header_field = on_field, .on_header_value = on_value,
		.on_headers_complete = on_headers, .on_body = on_body, .on_message_complete = on_complete,
	};
	size_t used = http_parser_execute(&h->parser, &settings, data, length);
	enum http_errno e = HTTP_PARSER_ERRNO(&h->parser);

	if (h->phase == HTTP_DONE || h->phase == HTTP_BAD)
		return used;
	if (e != HPE_OK || h->parser.upgrade)
		bad(h, e == HPE_HEADER_OVERFLOW ? 431 : e == HPE_INVALID_METHOD ? 501 :
		    e == HPE_INVALID_VERSION ? 505 : 400, "it can't be read as HTTP: %s",
		    e != HPE_OK ? http_errno_description(e) : "it asks for another protocol");
	return used;
}

size_t http_feed(struct http *h, const char *data, size_t length)
{
	size_t used = 0;

	if (h->phase == HTTP_DONE || h->phase == HTTP_BAD)
		return 0;
	/* http-parser does not know M-POST (RFC 2774); without the "M-" it is a POST. */
	while (h->phase == HTTP_IDLE && !h->mpost && used < length && h->holding < 2) {
		char c = data[used];

		if (h->holding == 0 && (c == '\r' || c == '\n')) {
			used++;
			continue;
		}
		if (c != "M-"[h->holding])
			break;
		h->held[h->holding++] = c;
		used++;
	}
	if (h->holding == 2) {
		h->mpost = true;
		h->holding = 0;
	}
	if (used == length)
		return used;
	if (h->holding && !h->mpost) {
		h->holding = 0;
		execute(h, "M", 1);
	}
	return h->phase == HTTP_BAD ? used : used + execute(h, data + used, length - used);
}

const char *http_field(const struct http *h, enum http_field f)
{
	return h->value[f];
}

/* application/xml or text/xml, and no charset but utf-8. */
static bool type_ok(const char *type)
{
	const char *charset;
	size_t length = strcspn(type, "; \t");

	if (!(length == 15 && !strncasecmp(type, "application/xml", 15)) &&
	    !(length == 8 && !strncasecmp(type, "text/xml", 8)))
		return false;
	for (charset = type + length; *charset; charset++)
		if (!strncasecmp(charset, "charset", 7))
			break;
	if (!*charset)
		return true;
	charset += 7;
	charset += strspn(charset, " \t=\"'");
	return !strncasecmp(charset, "utf-8", 5) && !isalnum((unsigned char)charset[5]);
}

static unsigned unfit(struct http *h, unsigned status, const char *why)
{
	fmt(h->why, sizeof(h->why), "%s", why);
	return status;
}

unsigned http_check(struct http *h, const char **error)
{
	const char *operation = http_field(h, HTTP_FIELD_OPERATION), *type = http_field(h, HTTP_FIELD_CONTENT_TYPE);
	const char *coding = http_field(h, HTTP_FIELD_CONTENT_ENCODING);
	bool http11 = h->parser.http_minor >= 1;

	*error = NULL;
	for (unsigned f = 0; f < HTTP_FIELD_COUNT; f++)
		if (h->repeated[f]) {
			fmt(h->why, sizeof(h->why), "the header field %s is given more than once", field_name[f]);
			return 400;
		}
	if (http11 && !http_field(h, HTTP_FIELD_HOST))
		return unfit(h, 400, "HTTP/1.1 without Host");
	if (h->mpost && (!http11 || !http_field(h, HTTP_FIELD_MAN) || !h->prefix[0]))
		return unfit(h, 400, "M-POST needs HTTP/1.1, a Man field and prefixed fields (RFC 2774)");
	if (coding && *coding && strcasecmp(coding, "identity"))
		return unfit(h, 415, "Content-Encoding is not supported");
	if (!type || !type_ok(type))
		return unfit(h, 400, "Content-Type is not application/xml or text/xml in UTF-8");
	if (!operation)
		return unfit(h, 400, "it is no CIM request: there is no CIMOperation");
	if (strcasecmp(operation, "MethodCall")) {
		*error = "unsupported-operation";
		return unfit(h, 400, "CIMOperation is not MethodCall");
	}
	return 0;
}

/* A sentence in a header field, as OpenPegasus' clients know it. */
static void detail_field(struct buf *out, const char *detail)
{
	buf_str(out, "PGErrorDetail: ");
	for (; *detail; detail++)
		if (isalnum((unsigned char)*detail))
			buf_add(out, detail, 1);
		else
			buf_fmt(out, "%%%02X", (unsigned)(unsigned char)*detail);
	buf_str(out, "\r\n");
}

void http_answer(const struct http *h, struct buf *out, unsigned status, const char *error, const char *detail,
		 size_t body_length, bool keep_alive)
{
	buf_fmt(out, "HTTP/1.1 %u %s\r\n", status, http_status_str((enum http_status)status));
	if (status == 200) {
		buf_str(out, "Content-Type: application/xml; charset=utf-8\r\n");
		if (h->mpost)
			buf_fmt(out, "Ext:\r\nCache-Control: no-cache\r\n"
				"Man: http://www.dmtf.org/cim/mapping/http/v1.0 ; ns=%s\r\n%s-", h->prefix, h->prefix);
		buf_str(out, "CIMOperation: MethodResponse\r\n");
	}
	if (status == 501)
		buf_str(out, "Allow: POST, M-POST\r\n");
	if (status == 415)
		buf_str(out, "Accept-Encoding: identity\r\n");
	if (error)
		buf_fmt(out, "CIMError: %s\r\n", error);
	if (detail && *detail)
		detail_field(out, detail);
	buf_fmt(out, "Content-Length: %u\r\n", (unsigned)body_length);
	if (!keep_alive)
		buf_str(out, "Connection: close\r\n");
	else if (h->parser.http_major == 1 && h->parser.http_minor == 0)
		buf_str(out, "Connection: keep-alive\r\n");
	buf_str(out, "\r\n");
}
