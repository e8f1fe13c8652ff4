/* SPDX-License-Identifier: MIT */
/* buf.h: a growing byte buffer with a limit, in which requests are collected and answers written. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All-zero is a valid empty buffer. Once an addition does not fit (limit or memory) failed is set and
 * further additions do nothing, so that writers check once at the end. */
struct buf {
	char *data;		/* NUL after data[length - 1] whenever length > 0 */
	size_t length, room;
	size_t limit;		/* 0: BUF_LIMIT */
	bool failed;
};

#define BUF_LIMIT (4u << 20)

void buf_free(struct buf *b);			/* back to empty, memory freed, limit kept */
void buf_clear(struct buf *b);			/* back to empty, memory kept */
void buf_add(struct buf *b, const void *data, size_t length);
void buf_str(struct buf *b, const char *text);
__attribute__((format(printf, 2, 3)))
void buf_fmt(struct buf *b, const char *format, ...);	/* at most 511 bytes */
/* Adds @text with the characters that XML reserves escaped; control characters that XML 1.0 can't carry
 * and bytes that aren't UTF-8 become '?'. */
void buf_xml(struct buf *b, const char *text);
/* Removes the first @n bytes. */
void buf_drop(struct buf *b, size_t n);
