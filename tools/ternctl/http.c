/* SPDX-License-Identifier: MIT */
/* http.c: libcurl underneath; turns its outcomes into sentences. */
#include "http.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct http {
	CURL *curl;
	char host[256], url[300], cim_error[128], detail[CURL_ERROR_SIZE];
	unsigned timeout_s;
	struct text *answer;
};

static size_t on_body(char *data, size_t size, size_t count, void *user)
{
	struct http *h = user;
	size_t bytes = size * count;

	if (bytes > HTTP_ANSWER_MAX - h->answer->length)
		return 0;	/* ends the transfer with CURLE_WRITE_ERROR */
	text_add_bytes(h->answer, data, bytes);
	return bytes;
}

static size_t on_header(char *data, size_t size, size_t count, void *user)
{
	static const char name[] = "CIMError:";
	struct http *h = user;
	size_t bytes = size * count, skip = sizeof(name) - 1;

	if (bytes > skip && !strncasecmp(data, name, skip)) {
		while (skip < bytes && data[skip] == ' ')
			skip++;
		snprintf(h->cim_error, sizeof(h->cim_error), "%.*s", (int)(bytes - skip), data + skip);
		h->cim_error[strcspn(h->cim_error, "\r\n")] = '\0';
	}
	return bytes;
}

/* Splits HOST[:PORT]; false if it can't be one. */
static bool server_parse(struct http *h, const char *server)
{
	const char *colon = server[0] == '[' ? strstr(server, "]:") : strrchr(server, ':');
	char *end = NULL;
	long port = 5988;
	size_t length;

	if (colon && server[0] != '[' && strchr(server, ':') != colon)
		return false;	/* IPv6 needs its brackets */
	if (colon && server[0] == '[')
		colon++;
	length = colon ? (size_t)(colon - server) : strlen(server);
	if (colon) {
		port = strtol(colon + 1, &end, 10);
		if (!colon[1] || *end || port < 1 || port > 65535)
			return false;
	}
	if (!length || length >= sizeof(h->host) || strcspn(server, "/@?# \t") < length)
		return false;
	memcpy(h->host, server, length);
	h->host[length] = '\0';
	snprintf(h->url, sizeof(h->url), "http://%s:%ld/cimom", h->host, port);
	return true;
}

struct http *http_open(const char *server, unsigned timeout_s, char why[HTTP_WHY])
{
	struct http *h = memory_get(sizeof(*h));

	if (!server_parse(h, server)) {
		snprintf(why, HTTP_WHY, "'%.80s' is not a host: expected HOST or HOST:PORT", server);
		free(h);
		return NULL;
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	h->curl = curl_easy_init();
	if (!h->curl) {
		snprintf(why, HTTP_WHY, "libcurl could not be started");
		free(h);
		return NULL;
	}
	h->timeout_s = timeout_s;
	return h;
}

const char *http_host(const struct http *h)
{
	return h->host;
}

const char *http_cim_error(const struct http *h)
{
	return h->cim_error;
}

static void explain(const struct http *h, CURLcode code, char why[HTTP_WHY])
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		snprintf(why, HTTP_WHY, "no address is known for host '%s'", h->host);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		snprintf(why, HTTP_WHY, "no answer from %s within %u s", h->url, h->timeout_s);
		break;
	case CURLE_COULDNT_CONNECT:
		snprintf(why, HTTP_WHY, "can't connect to %s: %.120s", h->url,
			 h->detail[0] ? h->detail : curl_easy_strerror(code));
		break;
	case CURLE_WRITE_ERROR:
		snprintf(why, HTTP_WHY, "the answer of %s is longer than %u MiB", h->url, HTTP_ANSWER_MAX >> 20);
		break;
	default:
		snprintf(why, HTTP_WHY, "the connection to %s failed: %.160s", h->url,
			 h->detail[0] ? h->detail : curl_easy_strerror(code));
	}
}

long http_post(struct http *h, const char *const *headers, const struct text *body, struct text *answer,
	       char why[HTTP_WHY])
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	CURLcode code;
	long status = 0;

	for (; *headers; headers++)
		list = curl_slist_append(list, *headers);
	h->answer = answer;
	h->cim_error[0] = h->detail[0] = '\0';
	curl_easy_setopt(h->curl, CURLOPT_URL, h->url);
	curl_easy_setopt(h->curl, CURLOPT_PROTOCOLS_STR, "http");
	curl_easy_setopt(h->curl, CURLOPT_PROXY, "");
	curl_easy_setopt(h->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(h->curl, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(h->curl, CURLOPT_CONNECTTIMEOUT, (long)(h->timeout_s < 10 ? h->timeout_s : 10));
	curl_easy_setopt(h->curl, CURLOPT_TIMEOUT, (long)h->timeout_s);
	curl_easy_setopt(h->curl, CURLOPT_ERRORBUFFER, h->detail);
	curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, body->data);
	curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, (long)body->length);
	curl_easy_setopt(h->curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(h->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(h->curl, CURLOPT_HEADERDATA, h);
	code = curl_easy_perform(h->curl);
	curl_slist_free_all(list);
	if (code != CURLE_OK)
		explain(h, code, why);
	else
		curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && !status)
		snprintf(why, HTTP_WHY, "%s did not answer with HTTP", h->url);
	return status;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	curl_easy_cleanup(h->curl);
	curl_global_cleanup();
	free(h);
}
