/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include "cim/http.h"

#define POST "POST / HTTP/1.1\r\nHost: h\r\n"

static struct http h;

static void fresh(void)
{
	http_init(&h, 1000);
}

static void gone(void)
{
	http_fini(&h);
}

TestSuite(http, .init = fresh, .fini = gone);

/* Feeds @text in steps of @step bytes; returns how much was used. */
static size_t feed(const char *text, size_t step)
{
	size_t length = strlen(text), used = 0;

	while (used < length && h.phase != HTTP_DONE && h.phase != HTTP_BAD)
		used += http_feed(&h, text + used, length - used < step ? length - used : step);
	return used;
}

static unsigned checked(const char *header, const char **error)
{
	char text[2000];

	snprintf(text, sizeof(text), "%sContent-Length: 0\r\n\r\n", header);
	feed(text, sizeof(text));
	cr_assert_eq(h.phase, HTTP_DONE);
	return http_check(&h, error);
}

Test(http, a_request_may_come_byte_by_byte)
{
	feed(POST "CIMMethod: GetClass\r\nContent-Length: 5\r\n\r\nhello", 1);
	cr_assert_eq(h.phase, HTTP_DONE);
	cr_assert_str_eq(h.body.data, "hello");
	cr_assert_str_eq(http_field(&h, HTTP_FIELD_METHOD), "GetClass");
	cr_assert(h.keep_alive);
}

Test(http, stops_at_the_end_of_the_first_of_two_requests)
{
	const char *two = POST "Content-Length: 1\r\n\r\naPOST / HTTP/1.1\r\n";

	cr_assert_eq(feed(two, 1000), strlen(two) - strlen("POST / HTTP/1.1\r\n"));
	cr_assert_eq(h.phase, HTTP_DONE);
}

Test(http, chunks_are_joined_and_trailers_ignored)
{
	feed(POST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nCIMMethod: x\r\n\r\n", 3);
	cr_assert_eq(h.phase, HTTP_DONE);
	cr_assert_str_eq(h.body.data, "abcde");
}

Test(http, a_long_body_is_refused_at_the_end_of_the_header)
{
	feed(POST "Content-Length: 1001\r\n\r\n", 1000);
	cr_assert_eq(h.phase, HTTP_BAD);
	cr_assert_eq(h.status, 413);
}

Test(http, a_long_chunked_body_is_refused)
{
	char text[2000];

	snprintf(text, sizeof(text), POST "Transfer-Encoding: chunked\r\n\r\n7d0\r\n%01500d", 1);
	feed(text, 100);
	cr_assert_eq(h.status, 413);
}

Test(http, a_long_field_is_refused)
{
	char text[6000];

	snprintf(text, sizeof(text), POST "CIMObject: %05000d\r\n\r\n", 1);
	feed(text, 100);
	cr_assert_eq(h.status, 431);
}

Test(http, other_verbs_are_not_implemented)
{
	feed("DELETE / HTTP/1.1\r\nHost: h\r\n\r\n", 1000);
	cr_assert_eq(h.status, 501);
	http_next(&h);
	feed("FROBNICATE / HTTP/1.1\r\n", 1000);
	cr_assert_eq(h.status, 501);
	http_next(&h);
	feed("MOVE / HTTP/1.1\r\nHost: h\r\n\r\n", 1);
	cr_assert_eq(h.status, 501);
}

Test(http, mpost_fields_lose_their_prefix)
{
	feed("M-POST / HTTP/1.1\r\nHost: h\r\nMan: x ; ns=42\r\n42-CIMMethod: GetClass\r\nContent-Length: 0\r\n\r\n",
		1);
	cr_assert_eq(h.phase, HTTP_DONE);
	cr_assert(h.mpost);
	cr_assert_str_eq(h.prefix, "42");
	cr_assert_str_eq(http_field(&h, HTTP_FIELD_METHOD), "GetClass");
}

Test(http, mpost_needs_http_1_1)
{
	const char *error;

	cr_assert_eq(checked("M-POST / HTTP/1.0\r\nMan: x ; ns=42\r\n42-CIMOperation: MethodCall\r\nContent-Type: "
		"text/xml\r\n",
			     &error), 400);
	cr_assert_null(error);
}

Test(http, expectation_is_noticed_until_the_body_comes)
{
	feed(POST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n", 1000);
	cr_assert_eq(h.phase, HTTP_BODY);
	cr_assert(h.expects);
	feed("x", 1);
	cr_assert_not(h.expects);
}

Test(http, unknown_expectation_fails)
{
	feed(POST "Expect: miracles\r\nContent-Length: 1\r\n\r\n", 1000);
	cr_assert_eq(h.status, 417);
}

Test(http, http_1_0_is_not_kept_alive)
{
	feed("POST / HTTP/1.0\r\nContent-Length: 0\r\n\r\n", 1000);
	cr_assert_eq(h.phase, HTTP_DONE);
	cr_assert_not(h.keep_alive);
}

Test(http, the_first_of_two_equal_fields_counts)
{
	feed(POST "CIMMethod: A\r\nCIMMethod: B\r\nContent-Length: 0\r\n\r\n", 1000);
	cr_assert_str_eq(http_field(&h, HTTP_FIELD_METHOD), "A");
}

struct check { const char *header; unsigned status; const char *error; };

Test(http, what_is_not_a_cim_request_is_told_so)
{
	static const struct check table[] = {
		{ POST "Content-Type: application/xml\r\nCIMOperation: MethodCall\r\n", 0, NULL },
		{ POST "Content-Type: text/xml; charset=UTF-8\r\nCIMOperation: methodcall\r\n", 0, NULL },
		{ POST "Content-Type: application/xml\r\n", 400, NULL },
		{ POST "CIMOperation: MethodCall\r\n", 400, NULL },
		{ POST "Content-Type: text/plain\r\nCIMOperation: MethodCall\r\n", 400, NULL },
		{ POST "Content-Type: text/xml; charset=utf-16\r\nCIMOperation: MethodCall\r\n", 400, NULL },
		{ POST "Content-Type: text/xml\r\nCIMOperation: Other\r\n", 400, "unsupported-operation" },
		{ "POST / HTTP/1.1\r\nContent-Type: text/xml\r\nCIMOperation: MethodCall\r\n", 400, NULL },
		{ "POST / HTTP/1.0\r\nContent-Type: text/xml\r\nCIMOperation: MethodCall\r\n", 0, NULL },
	};

	for (size_t n = 0; n < sizeof(table) / sizeof(table[0]); n++) {
		const char *error;

		cr_expect_eq(checked(table[n].header, &error), table[n].status, "row %zu", n);
		cr_expect(table[n].error ? error && !strcmp(error, table[n].error) : !error, "row %zu", n);
		http_next(&h);
	}
}

Test(http, a_coding_of_the_body_that_is_not_known_is_no_media_type)
{
	static const struct check table[] = {
		{ POST "Content-Type: text/xml\r\nCIMOperation: MethodCall\r\nContent-Encoding: gzip\r\n", 415, NULL },
		{ POST "Content-Type: text/xml\r\nCIMOperation: MethodCall\r\nContent-Encoding: identity, br\r\n", 415,
			NULL },
		{ POST "Content-Type: text/xml\r\nCIMOperation: MethodCall\r\nContent-Encoding: Identity\r\n", 0,
			NULL },
	};

	for (size_t n = 0; n < sizeof(table) / sizeof(table[0]); n++) {
		const char *error;

		cr_expect_eq(checked(table[n].header, &error), table[n].status, "row %zu", n);
		http_next(&h);
	}
}

Test(http, a_transfer_coding_other_than_chunked_is_not_implemented)
{
	static const char *const coding[] = { "gzip, chunked", "gzip", "identity", "chunked, chunked", "x" };
	char text[200];

	for (size_t n = 0; n < sizeof(coding) / sizeof(coding[0]); n++) {
		snprintf(text, sizeof(text), POST "Transfer-Encoding: %s\r\n\r\n0\r\n\r\n", coding[n]);
		feed(text, 1000);
		cr_expect_eq(h.status, 501, "%s: %u", coding[n], h.status);
		cr_expect(h.why[0], "%s", coding[n]);
		http_next(&h);
	}
	feed(POST "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 1000);
	cr_expect_eq(h.status, 501);
	http_next(&h);
	feed(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n0\r\n\r\n", 1000);
	cr_expect_neq(h.phase, HTTP_DONE);
	http_next(&h);
	feed(POST "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 1000);
	cr_expect_eq(h.phase, HTTP_DONE);
}

Test(http, a_field_that_counts_is_given_once)
{
	const char *error;

	cr_expect_eq(checked(POST "Host: other\r\nContent-Type: text/xml\r\nCIMOperation: MethodCall\r\n", &error),
		400);
	cr_expect(strstr(h.why, "Host"), "%s", h.why);
	http_next(&h);
	cr_expect_eq(checked(POST "Content-Type: text/xml\r\nCIMOperation: MethodCall\r\nCIMObject: a\r\ncimobject: "
		"a\r\n", &error), 400);
	cr_expect(strstr(h.why, "CIMObject"), "%s", h.why);
	http_next(&h);
	feed(POST "Content-Type: text/xml\r\nCIMOperation: MethodCall\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHost: "
		"x\r\nCIMMethod: y\r\nX: z\r\n\r\n", 7);
	cr_assert_eq(h.phase, HTTP_DONE);
	cr_expect_eq(http_check(&h, &error), 0, "a trailer is no field of the header: %s", h.why);
	cr_expect_null(http_field(&h, HTTP_FIELD_METHOD));
}

Test(http, another_major_version_is_not_supported)
{
	static const char *const version[] = { "HTTP/3.0", "HTTP/2.0", "HTTP/0.9", "HTTP/11.1" };
	char text[200];

	for (size_t n = 0; n < sizeof(version) / sizeof(version[0]); n++) {
		snprintf(text, sizeof(text), "POST / %s\r\nHost: h\r\nContent-Length: 0\r\n\r\n", version[n]);
		feed(text, 1000);
		cr_expect_eq(h.status, 505, "%s: %u", version[n], h.status);
		http_next(&h);
	}
	feed("POST / HTTP/1.7\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 1000);
	cr_expect_eq(h.phase, HTTP_DONE, "minor versions are compatible");
}

Test(http, every_refusal_says_why)
{
	static const char *const bad[] = {
		"nonsense\r\n\r\n", POST "Content-Length: x\r\n\r\n", POST "Content-Length: 1\r\nContent-Length: "
		"2\r\n\r\n", POST "a b: c\r\n\r\n", "POST / HTTP/1.1 x\r\n\r\n", POST "Content-Length: 1001\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", POST "Expect: x\r\n\r\n",
		POST "Transfer-Encoding: chunked\r\n\r\nzz\r\n", POST "Transfer-Encoding: chunked\r\nContent-Length: "
			"1\r\n\r\n",
	};
	static const char *const unfit[] = {
		"POST / HTTP/1.1\r\n", POST, POST "Content-Type: text/plain\r\n", POST "Content-Type: text/xml\r\n",
		POST "Content-Type: text/xml; charset=utf-16\r\n", POST "Content-Type: text/xml\r\nCIMOperation: "
		"Other\r\n", "M-POST / HTTP/1.1\r\nHost: h\r\nContent-Type: text/xml\r\n",
	};
	const char *error;

	for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
		feed(bad[n], 1000);
		cr_expect_eq(h.phase, HTTP_BAD, "%s", bad[n]);
		cr_expect(h.why[0], "%s: %u", bad[n], h.status);
		http_next(&h);
	}
	for (size_t n = 0; n < sizeof(unfit) / sizeof(unfit[0]); n++) {
		cr_expect_eq(checked(unfit[n], &error), 400, "%s", unfit[n]);
		cr_expect(h.why[0], "%s", unfit[n]);
		http_next(&h);
	}
}

Test(http, an_error_has_a_length_and_says_why)
{
	struct buf out = { 0 };

	feed(POST "Content-Length: 0\r\n\r\n", 1000);
	http_answer(&h, &out, 400, "header-mismatch", "a b", 0, true);
	cr_assert_str_eq(out.data, "HTTP/1.1 400 Bad Request\r\nCIMError: header-mismatch\r\nPGErrorDetail: a%20b\r\n"
			 "Content-Length: 0\r\n\r\n");
	buf_free(&out);
}
