/* SPDX-License-Identifier: MIT */
/* text.h: a growing text buffer and the escapes that XML, JSON and HTTP headers need. */
#pragma once
#include <stddef.h>

/* Zero-initialised is empty. data is NUL-terminated once something was added, NULL before. */
struct text { char *data; size_t length, room; };

/* Running out of memory ends the program with a sentence. */
void *memory_get(size_t bytes);

__attribute__((format(printf, 2, 3)))
void text_add(struct text *t, const char *format, ...);
void text_add_bytes(struct text *t, const char *data, size_t length);
/* Characters that XML 1.0 can't hold are left out. */
void text_add_xml(struct text *t, const char *s);
/* With the quotes. */
void text_add_json(struct text *t, const char *s);
/* Everything but RFC 3986 unreserved characters and '/' becomes %XX. */
void text_add_percent(struct text *t, const char *s);
/* As it would be printed on a terminal: control characters become '?'. */
void text_add_printable(struct text *t, const char *s);
void text_free(struct text *t);
