/* SPDX-License-Identifier: MIT */
/* xml.h: a request body as a bounded tree (expat does the parsing). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "lib/err.h"

#define XML_NODES	8192		/* elements of one document */
#define XML_DEPTH	32

struct xml_node {
	struct xml_node *parent, *child, *last, *next;
	char *name;
	char **attr;			/* name, value, ..., NULL */
	char *text;			/* character data of this element itself, "" if none */
	size_t text_length, text_room;
};

/* Builds *@root; the caller frees it with xml_free. ERR_INVALID: ill-formed; ERR_UNSUPPORTED: well-formed as far
 * as read but not acceptable (other encoding, own entities, too deep or too many elements); ERR_NOMEM. */
enum err xml_parse(const char *data, size_t length, struct xml_node **root) NODISCARD;
/* The same piece by piece, since a body may be long. NULL if there is no memory. */
struct xml_builder *xml_open(void);
/* ERR_AGAIN: more is needed; otherwise as xml_parse, and the builder is gone. @last: nothing follows. */
enum err xml_feed(struct xml_builder *b, const char *data, size_t length, bool last, struct xml_node **root) NODISCARD;
void xml_drop(struct xml_builder *b);	/* gives up; NULL is fine */
void xml_free(struct xml_node *root);

/* The attribute's value, NULL if absent (or @n is NULL). */
const char *xml_attr(const struct xml_node *n, const char *name);
/* The first child called @name, NULL if there is none (or @n is NULL). */
const struct xml_node *xml_child(const struct xml_node *n, const char *name);
/* True if @n is an element called @name. */
int xml_is(const struct xml_node *n, const char *name);
