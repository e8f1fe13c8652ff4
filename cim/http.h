/* SPDX-License-Identifier: MIT */
/* http.h: HTTP/1.1 requests (RFC 9112) as CIM-XML uses them, read piece by piece; and response headers. */
#pragma once
#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

/* The header fields that matter. */
#define HTTP_FIELDS(X) \
	X(HOST, "Host") X(CONTENT_TYPE, "Content-Type") X(EXPECT, "Expect") X(MAN, "Man") \
	X(OPERATION, "CIMOperation") X(METHOD, "CIMMethod") X(OBJECT, "CIMObject") \
	X(PROTOCOL, "CIMProtocolVersion") X(BATCH, "CIMBatch") \
	X(CONTENT_ENCODING, "Content-Encoding") X(TRANSFER_ENCODING, "Transfer-Encoding")
#define HTTP_FIELD_ENUM(name, text) HTTP_FIELD_##name,
enum http_field { HTTP_FIELDS(HTTP_FIELD_ENUM) HTTP_FIELD_COUNT };
#undef HTTP_FIELD_ENUM

enum http_phase { HTTP_IDLE, HTTP_HEADER, HTTP_BODY, HTTP_DONE, HTTP_BAD };

struct http {
	enum http_phase phase;
	unsigned status;		/* HTTP_BAD: the answer; the connection can't go on */
	char why[96];			/* with a status other than 0, also of http_check: a sentence */
	bool mpost;
	char prefix[3];			/* of M-POST's header fields: "73" */
	bool keep_alive;		/* from HTTP_DONE on */
	bool expects;			/* asked for 100 Continue, which has not been sent */
	size_t limit;			/* of the body */
	http_parser parser;
	char *value[HTTP_FIELD_COUNT];	/* NULL: absent */
	bool repeated[HTTP_FIELD_COUNT];	/* came again: value is the first one */
	struct buf body;
	/* While reading the header. */
	struct buf name, text;
	bool in_value;
	char held[2];			/* the first bytes, while they could be "M-" */
	size_t holding;
};

void http_init(struct http *h, size_t limit);
void http_fini(struct http *h);
/* Ready for the next request on the same connection. */
void http_next(struct http *h);
/* Takes bytes as they come; returns how many it used. Stops at the end of a request (HTTP_DONE) or when it
 * can't be read (HTTP_BAD). */
size_t http_feed(struct http *h, const char *data, size_t length);
/* NULL if absent. */
const char *http_field(const struct http *h, enum http_field f);
/* What is wrong with a complete request before its body is looked at: an HTTP status, *error for the CIMError
 * header or NULL, and h->why. 0 if nothing is. */
unsigned http_check(struct http *h, const char **error);
/* Writes status line and header fields, ending with the empty line. @error and @detail may be NULL. */
void http_answer(const struct http *h, struct buf *out, unsigned status, const char *error, const char *detail,
		 size_t body_length, bool keep_alive);
