/* SPDX-License-Identifier: MIT */
#include "buf.h"
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "lib/fmt.h"
#include "utf8.h"

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .limit = b->limit };
}

void buf_clear(struct buf *b)
{
	b->length = 0;
	b->failed = false;
}

static bool reserve(struct buf *b, size_t more)
{
	size_t limit = b->limit ? b->limit : BUF_LIMIT, room;
	char *p;

	if (b->failed || more > limit || b->length > limit - more) {
		b->failed = true;
		return false;
	}
	if (b->length + more < b->room)
		return true;
	/* What comes at once gets no more than it needs: an answer may be held for long. */
	room = b->room ? 2 * b->room : 512;
	if (room <= b->length + more)
		room = b->length + more + 1;
	p = realloc(b->data, room);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->data = p;
	b->room = room;
	return true;
}

void buf_add(struct buf *b, const void *data, size_t length)
{
	if (!reserve(b, length))
		return;
	if (length)
		memcpy(b->data + b->length, data, length);
	b->length += length;
	b->data[b->length] = 0;
}

void buf_str(struct buf *b, const char *text)
{
	buf_add(b, text, strlen(text));
}

void buf_fmt(struct buf *b, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	fmt_v(text, sizeof(text), format, args);
	va_end(args);
	buf_str(b, text);
}

void buf_xml(struct buf *b, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		unsigned char c = (unsigned char)*text;
		size_t n = utf8_length(text, left);

		if (c == '&')
			buf_str(b, "&amp;");
		else if (c == '<')
			buf_str(b, "&lt;");
		else if (c == '>')
			buf_str(b, "&gt;");
		else if (c == '"')
			buf_str(b, "&quot;");
		else if (c == '\r')
			buf_str(b, "&#13;");
		else if (!n || (c < 0x20 && c != '\t' && c != '\n'))
			buf_str(b, "?");
		else
			buf_add(b, text, n);
		n = n ? n : 1;
		text += n;
		left -= n;
	}
}

void buf_drop(struct buf *b, size_t n)
{
	if (n > b->length)
		n = b->length;
	if (n)
		memmove(b->data, b->data + n, b->length - n + 1);
	b->length -= n;
}
