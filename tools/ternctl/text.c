/* SPDX-License-Identifier: MIT */
/* text.c: growing text and its escapes. */
#include "text.h"
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *memory_get(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	if (!p) {
		fputs("ternctl: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

static void reserve(struct text *t, size_t more)
{
	size_t need = t->length + more + 1, room = t->room ? t->room : 256;
	char *data;

	if (need <= t->room)
		return;
	while (room < need)
		room *= 2;
	data = memory_get(room);
	if (t->length)
		memcpy(data, t->data, t->length);
	free(t->data);
	t->data = data;
	t->room = room;
}

void text_add_bytes(struct text *t, const char *data, size_t length)
{
	reserve(t, length);
	if (length)
		memcpy(t->data + t->length, data, length);
	t->length += length;
	t->data[t->length] = '\0';
}

void text_add(struct text *t, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		return;
	reserve(t, (size_t)length);
	va_start(args, format);
	vsnprintf(t->data + t->length, (size_t)length + 1, format, args);
	va_end(args);
	t->length += (size_t)length;
}

void text_add_xml(struct text *t, const char *s)
{
	for (; *s; s++)
		switch (*s) {
		case '&': text_add_bytes(t, "&amp;", 5); break;
		case '<': text_add_bytes(t, "&lt;", 4); break;
		case '>': text_add_bytes(t, "&gt;", 4); break;
		case '"': text_add_bytes(t, "&quot;", 6); break;
		case '\n': case '\r': case '\t': text_add(t, "&#%d;", *s); break;
		default:
			if ((unsigned char)*s >= 0x20)
				text_add_bytes(t, s, 1);
		}
}

void text_add_json(struct text *t, const char *s)
{
	text_add_bytes(t, "\"", 1);
	for (; *s; s++)
		if (*s == '"' || *s == '\\')
			text_add(t, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			text_add(t, "\\u%04x", *s);
		else
			text_add_bytes(t, s, 1);
	text_add_bytes(t, "\"", 1);
}

void text_add_percent(struct text *t, const char *s)
{
	for (; *s; s++)
		if (isalnum((unsigned char)*s) || strchr("-._~/", *s))
			text_add_bytes(t, s, 1);
		else
			text_add(t, "%%%02X", (unsigned char)*s);
}

void text_add_printable(struct text *t, const char *s)
{
	for (; *s; s++)
		text_add_bytes(t, iscntrl((unsigned char)*s) ? "?" : s, 1);
}

void text_free(struct text *t)
{
	free(t->data);
	*t = (struct text){ 0 };
}
