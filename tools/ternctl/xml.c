/* SPDX-License-Identifier: MIT */
/* xml.c: builds the tree with expat; all of a document's memory is one chain, freed at once. */
#include "xml.h"
#include <expat.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "text.h"

struct block { struct block *next; };

struct xml_document {
	struct block *blocks;
	struct xml *root;
	/* While parsing: */
	XML_Parser parser;
	struct xml *open;
	struct xml *last[XML_DEPTH];	/* newest child of each open element */
	struct text text[XML_DEPTH];
	unsigned depth, nodes;
	const char *refused;
};

static void *take(struct xml_document *d, size_t bytes)
{
	struct block *b = memory_get(sizeof(*b) + bytes);

	b->next = d->blocks;
	d->blocks = b;
	return b + 1;
}

static const char *copy(struct xml_document *d, const char *s)
{
	size_t bytes = strlen(s) + 1;

	return memcpy(take(d, bytes), s, bytes);
}

static void refuse(struct xml_document *d, const char *what)
{
	d->refused = what;
	XML_StopParser(d->parser, XML_FALSE);
}

static const char **attributes_copy(struct xml_document *d, const char **from)
{
	const char **to;
	size_t count = 0;

	while (from[count])
		count++;
	if (count > 2 * XML_ATTRIBUTES) {
		refuse(d, "too many attributes");
		count = 0;
	}
	to = take(d, (count + 1) * sizeof(*to));
	for (size_t i = 0; i < count; i++)
		to[i] = copy(d, from[i]);
	return to;
}

static void on_start(void *user, const char *name, const char **attribute)
{
	struct xml_document *d = user;
	struct xml *node;

	if (d->refused)
		return;
	if (d->depth == XML_DEPTH || d->nodes == XML_NODES) {
		refuse(d, d->depth == XML_DEPTH ? "elements nested too deeply" : "too many elements");
		return;
	}
	node = take(d, sizeof(*node));
	node->name = copy(d, name);
	node->attribute = attributes_copy(d, attribute);
	node->text = "";
	node->parent = d->open;
	if (!d->depth)
		d->root = node;
	else if (d->last[d->depth - 1])
		d->last[d->depth - 1]->next = node;
	else
		d->open->child = node;
	if (d->depth)
		d->last[d->depth - 1] = node;
	d->last[d->depth] = NULL;
	d->text[d->depth].length = 0;
	d->open = node;
	d->depth++;
	d->nodes++;
}

static void on_end(void *user, const char *name)
{
	struct xml_document *d = user;
	struct text *t;

	(void)name;
	if (d->refused)
		return;
	t = &d->text[--d->depth];
	if (t->length)
		d->open->text = copy(d, t->data);
	d->open = d->open->parent;
}

static void on_text(void *user, const char *s, int length)
{
	struct xml_document *d = user;

	if (d->depth && !d->refused)
		text_add_bytes(&d->text[d->depth - 1], s, (size_t)length);
}

static void on_doctype(void *user, const char *name, const char *system, const char *public_id, int internal)
{
	(void)name, (void)system, (void)public_id, (void)internal;
	refuse(user, "a document type declaration");
}

struct xml_document *xml_parse(const char *text, size_t length, char why[XML_WHY])
{
	struct xml_document *d = memory_get(sizeof(*d));
	bool good;

	d->parser = XML_ParserCreate(NULL);
	if (!d->parser || length > 1u << 30) {
		snprintf(why, XML_WHY, "XML text too large");
		XML_ParserFree(d->parser);
		free(d);
		return NULL;
	}
	XML_SetUserData(d->parser, d);
	XML_SetElementHandler(d->parser, on_start, on_end);
	XML_SetCharacterDataHandler(d->parser, on_text);
	XML_SetStartDoctypeDeclHandler(d->parser, on_doctype);
	good = XML_Parse(d->parser, text, (int)length, 1) == XML_STATUS_OK && !d->refused;
	if (!good && d->refused)
		snprintf(why, XML_WHY, "XML refused: %s in line %lu", d->refused,
			 (unsigned long)XML_GetCurrentLineNumber(d->parser));
	else if (!good)
		snprintf(why, XML_WHY, "not well-formed XML: %s in line %lu",
			 XML_ErrorString(XML_GetErrorCode(d->parser)),
			 (unsigned long)XML_GetCurrentLineNumber(d->parser));
	XML_ParserFree(d->parser);
	d->parser = NULL;
	for (unsigned i = 0; i < XML_DEPTH; i++)
		text_free(&d->text[i]);
	if (good)
		return d;
	xml_free(d);
	return NULL;
}

struct xml *xml_root(struct xml_document *d)
{
	return d->root;
}

void xml_free(struct xml_document *d)
{
	if (!d)
		return;
	for (struct block *b = d->blocks, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	free(d);
}

static const struct xml *first(const struct xml *node, const char *name)
{
	while (node && name && strcmp(node->name, name) != 0)
		node = node->next;
	return node;
}

const struct xml *xml_child(const struct xml *node, const char *name)
{
	return node ? first(node->child, name) : NULL;
}

const struct xml *xml_next(const struct xml *node, const char *name)
{
	return node ? first(node->next, name) : NULL;
}

const struct xml *xml_path(const struct xml *node, const char *names)
{
	char name[64];

	while (node && *names) {
		size_t length = strcspn(names, "/");

		if (length >= sizeof(name))
			return NULL;
		memcpy(name, names, length);
		name[length] = '\0';
		node = xml_child(node, name);
		names += length + (names[length] == '/');
	}
	return node;
}

const char *xml_attribute(const struct xml *node, const char *name)
{
	for (const char **a = node ? node->attribute : NULL; a && a[0]; a += 2)
		if (!strcmp(a[0], name))
			return a[1];
	return NULL;
}

const struct xml *xml_named(const struct xml *node, const char *element, const char *name)
{
	for (node = xml_child(node, element); node; node = xml_next(node, element)) {
		const char *value = xml_attribute(node, "NAME");

		if (value && !strcmp(value, name))
			return node;
	}
	return NULL;
}
