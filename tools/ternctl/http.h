/* SPDX-License-Identifier: MIT */
/* http.h: one kept-alive HTTP connection to a Tern host (libcurl), with limits on time and size. */
#pragma once
#include "text.h"

#define HTTP_ANSWER_MAX (16u << 20)
#define HTTP_WHY 600

struct http;

/* @server is "HOST", "HOST:PORT" or "[IPv6]:PORT"; the port is 5988 if not said. NULL with a sentence in @why. */
struct http *http_open(const char *server, unsigned timeout_s, char why[HTTP_WHY]);
/* The host as it was given, without the port. */
const char *http_host(const struct http *h);
/* Posts @body with @headers (NULL-terminated lines); the answer's body is appended to @answer. Returns the HTTP
 * status, or 0 with a sentence in @why when there was no answer. */
long http_post(struct http *h, const char *const *headers, const struct text *body, struct text *answer,
	       char why[HTTP_WHY]);
/* The CIMError header of the last answer, "" if none. */
const char *http_cim_error(const struct http *h);
void http_close(struct http *h);
