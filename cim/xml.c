/* SPDX-License-Identifier: MIT */
#include "xml.h"
#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct xml_builder {
	XML_Parser parser;
	struct xml_node *root, *at;
	unsigned nodes, depth;
	enum err failed;
};

static void fail(struct xml_builder *b, enum err e)
{
	if (b->failed == ERR_OK)
		b->failed = e;
	XML_StopParser(b->parser, XML_FALSE);
}

/* One block: the node, its attribute vector and all their strings. */
static struct xml_node *node_create(const char *name, const char **attr)
{
	size_t count = 0, bytes = strlen(name) + 1, size;
	struct xml_node *n;
	char *p;

	for (; attr[count]; count++)
		bytes += strlen(attr[count]) + 1;
	n = calloc(1, sizeof(*n) + (count + 1) * sizeof(char *) + bytes);
	if (!n)
		return NULL;
	n->attr = (char **)(n + 1);
	p = (char *)(n->attr + count + 1);
	n->name = memcpy(p, name, strlen(name) + 1);
	p += strlen(name) + 1;
	for (size_t i = 0; i < count; i++) {
		size = strlen(attr[i]) + 1;
		n->attr[i] = memcpy(p, attr[i], size);
		p += size;
	}
	n->text = (char *)"";
	return n;
}

static void on_start(void *data, const char *name, const char **attr)
{
	struct xml_builder *b = data;
	struct xml_node *n;

	if (b->failed != ERR_OK)
		return;
	if (++b->nodes > XML_NODES || b->depth == XML_DEPTH) {
		fail(b, ERR_UNSUPPORTED);
		return;
	}
	n = node_create(name, attr);
	if (!n) {
		fail(b, ERR_NOMEM);
		return;
	}
	b->depth++;
	n->parent = b->at;
	if (!b->at)
		b->root = n;
	else if (b->at->last)
		b->at->last->next = n;
	else
		b->at->child = n;
	if (b->at)
		b->at->last = n;
	b->at = n;
}

static void on_end(void *data, const char *name)
{
	struct xml_builder *b = data;

	(void)name;
	if (b->failed != ERR_OK)
		return;
	b->depth--;
	b->at = b->at->parent;
}

static void on_text(void *data, const char *text, int length)
{
	struct xml_builder *b = data;
	struct xml_node *n = b->at;
	size_t need, room;
	char *p;

	if (b->failed != ERR_OK || !n)
		return;
	need = n->text_length + (size_t)length + 1;
	if (need > n->text_room) {
		room = need * 2;
		p = realloc(n->text_room ? n->text : NULL, room);
		if (!p) {
			fail(b, ERR_NOMEM);
			return;
		}
		n->text = p;
		n->text_room = room;
	}
	memcpy(n->text + n->text_length, text, (size_t)length);
	n->text_length += (size_t)length;
	n->text[n->text_length] = 0;
}

/* Entities of the document's own are how a small request becomes a huge one. */
static void on_entity(void *data, const char *name, int parameter, const char *value, int length,
		      const char *base, const char *system, const char *public, const char *notation)
{
	(void)name, (void)parameter, (void)value, (void)length;
	(void)base, (void)system, (void)public, (void)notation;
	fail(data, ERR_UNSUPPORTED);
}

static void on_declaration(void *data, const char *version, const char *encoding, int standalone)
{
	(void)version, (void)standalone;
	if (encoding && strcasecmp(encoding, "utf-8") && strcasecmp(encoding, "us-ascii"))
		fail(data, ERR_UNSUPPORTED);
}

struct xml_builder *xml_open(void)
{
	static unsigned long salt = 0x7e12;
	struct xml_builder *b = calloc(1, sizeof(*b));

	if (b)
		b->parser = XML_ParserCreate("UTF-8");
	if (!b || !b->parser) {
		free(b);
		return NULL;
	}
	/* A salt of our own keeps expat from asking the system for entropy; XML_NODES bounds what
	 * colliding names could cost. */
	salt = salt * 6364136223846793005ul + 1442695040888963407ul;
	XML_SetHashSalt(b->parser, salt | 1);
	XML_SetUserData(b->parser, b);
	XML_SetElementHandler(b->parser, on_start, on_end);
	XML_SetCharacterDataHandler(b->parser, on_text);
	XML_SetEntityDeclHandler(b->parser, on_entity);
	XML_SetXmlDeclHandler(b->parser, on_declaration);
	return b;
}

void xml_drop(struct xml_builder *b)
{
	if (!b)
		return;
	XML_ParserFree(b->parser);
	xml_free(b->root);
	free(b);
}

enum err xml_feed(struct xml_builder *b, const char *data, size_t length, bool last, struct xml_node **root)
{
	enum XML_Status status = XML_Parse(b->parser, data, (int)length, last);
	enum err e;

	*root = NULL;
	if (status != XML_STATUS_OK && b->failed == ERR_OK)
		b->failed = XML_GetErrorCode(b->parser) == XML_ERROR_NO_MEMORY ? ERR_NOMEM : ERR_INVALID;
	if (b->failed == ERR_OK && !last)
		return ERR_AGAIN;
	e = b->failed;
	if (e == ERR_OK) {
		*root = b->root;
		b->root = NULL;
	}
	xml_drop(b);
	return e;
}

enum err xml_parse(const char *data, size_t length, struct xml_node **root)
{
	struct xml_builder *b = xml_open();

	*root = NULL;
	return b ? xml_feed(b, data, length, true, root) : ERR_NOMEM;
}

void xml_free(struct xml_node *root)
{
	struct xml_node *n = root, *up;

	while (n) {
		if (n->child) {
			struct xml_node *c = n->child;

			n->child = c->next;
			n = c;
			continue;
		}
		up = n == root ? NULL : n->parent;
		if (n->text_room)
			free(n->text);
		free(n);
		n = up;
	}
}

const char *xml_attr(const struct xml_node *n, const char *name)
{
	for (char **a = n ? n->attr : NULL; a && *a; a += 2)
		if (!strcmp(a[0], name))
			return a[1];
	return NULL;
}

const struct xml_node *xml_child(const struct xml_node *n, const char *name)
{
	if (!n)
		return NULL;
	for (n = n->child; n && strcmp(n->name, name); n = n->next)
		;
	return n;
}

int xml_is(const struct xml_node *n, const char *name)
{
	return n && !strcmp(n->name, name);
}
