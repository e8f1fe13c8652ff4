/* SPDX-License-Identifier: MIT */
/* xml.h: an XML text as a tree, with limits on its depth and size. */
#pragma once
#include <stddef.h>

#define XML_DEPTH	32	/* nested elements */
#define XML_NODES	100000	/* elements in all */
#define XML_ATTRIBUTES	16	/* of one element */
#define XML_WHY		160

struct xml {
	const char *name;
	const char *text;		/* character data of this element itself, "" if none */
	const char **attribute;		/* name, value, name, value ..., NULL */
	struct xml *parent, *child, *next;
};

struct xml_document;

/* NULL with a sentence in @why if the text is not well-formed or beyond the limits. DTDs are refused. */
struct xml_document *xml_parse(const char *text, size_t length, char why[XML_WHY]);
struct xml *xml_root(struct xml_document *d);
void xml_free(struct xml_document *d);

/* The first child called @name (any, if NULL); all functions here take NULL for @node and give NULL. */
const struct xml *xml_child(const struct xml *node, const char *name);
/* The next sibling of @node with @name. */
const struct xml *xml_next(const struct xml *node, const char *name);
/* Follows @names, separated by '/', from child to child. */
const struct xml *xml_path(const struct xml *node, const char *names);
/* The attribute's value, NULL if absent. */
const char *xml_attribute(const struct xml *node, const char *name);
/* The first child @element whose attribute NAME is @name. */
const struct xml *xml_named(const struct xml *node, const char *element, const char *name);
