/* SPDX-License-Identifier: MIT */
#include "request.h"
#include <stdlib.h>
#include <string.h>
#include "xml.h"

struct request_block { struct request_block *next; };

/* Zeroed memory that stays until request_fini; NULL: the request has failed. */
static void *take(struct request *r, size_t bytes)
{
	struct request_block *b = r->failed ? NULL : calloc(1, sizeof(*b) + bytes);

	if (!b) {
		r->failed = true;
		return NULL;
	}
	b->next = r->block;
	r->block = b;
	return b + 1;
}

static const char *text_of(const struct xml_node *n)
{
	return n ? n->text : NULL;
}

/* The path in a LOCALNAMESPACEPATH as text. */
static void read_namespace(const struct xml_node *local, char out[NAMESPACE_TEXT])
{
	size_t n = 0, length;

	for (const struct xml_node *c = xml_child(local, "NAMESPACE"); c; c = c->next) {
		const char *name = xml_attr(c, "NAME");

		if (!xml_is(c, "NAMESPACE") || !name)
			continue;
		length = strlen(name);
		if (n + length + 2 > NAMESPACE_TEXT) {
			out[0] = 0;
			return;
		}
		if (n)
			out[n++] = '/';
		memcpy(out + n, name, length + 1);
		n += length;
	}
}

/* Innermost INSTANCENAME or CLASSNAME below (or at) @n; NULL if there is none. */
static const struct xml_node *innermost(const struct xml_node *n)
{
	while (n && !xml_is(n, "INSTANCENAME") && !xml_is(n, "CLASSNAME")) {
		n = n->child;
		while (xml_is(n, "NAMESPACEPATH") || xml_is(n, "LOCALNAMESPACEPATH"))
			n = n->next;
	}
	return n;
}

static const struct object_name *read_name(struct request *r, const struct xml_node *n);

/* KEYVALUE or VALUE.REFERENCE in @n. */
static struct keybinding read_key(struct request *r, const char *name, const struct xml_node *n)
{
	return (struct keybinding){ .name = name, .value = text_of(xml_child(n, "KEYVALUE")),
				    .reference = read_name(r, xml_child(n, "VALUE.REFERENCE")) };
}

/* References in keys nest no deeper than the XML (XML_DEPTH). */
static const struct object_name *read_name(struct request *r, const struct xml_node *n)
{
	const struct xml_node *name = innermost(n), *path = xml_child(n, "INSTANCEPATH");
	struct object_name *o = n ? take(r, sizeof(*o)) : NULL;
	const struct keybinding **last;

	if (!o)
		return NULL;
	o->host = text_of(xml_child(xml_child(path, "NAMESPACEPATH"), "HOST"));
	if (!name)
		return o;
	o->kind = xml_is(name, "CLASSNAME") ? NAMES_CLASS : NAMES_INSTANCE;
	o->class = xml_attr(name, o->kind == NAMES_CLASS ? "NAME" : "CLASSNAME");
	o->unnamed = read_key(r, NULL, name);
	last = &o->key;
	for (const struct xml_node *b = name->child; b; b = b->next) {
		struct keybinding *key = xml_is(b, "KEYBINDING") ? take(r, sizeof(*key)) : NULL;

		if (!key)
			continue;
		*key = read_key(r, xml_attr(b, "NAME"), b);
		*last = key;
		last = &key->next;
	}
	return o;
}

static struct value read_value(const struct xml_node *n)
{
	struct value v = { .element = n->name, .text = n->text, .text_length = n->text_length,
			   .instance = xml_is(n, "INSTANCE") ? n : n->child };

	for (const struct xml_node *c = n->child; c; c = c->next)
		v.elements++;
	return v;
}

static const struct value_array *read_array(struct request *r, const struct xml_node *n)
{
	struct value_array *array = n ? take(r, sizeof(*array)) : NULL;
	const struct value **last;

	if (!array)
		return NULL;
	array->several = n->next;
	last = &array->value;
	for (const struct xml_node *v = n->child; v; v = v->next) {
		struct value *value = array->count++ < REQUEST_VALUES ? take(r, sizeof(*value)) : NULL;

		if (!value)
			continue;
		*value = read_value(v);
		*last = value;
		last = &value->next;
	}
	return array;
}

static void read_params(struct request *r, const struct xml_node *call)
{
	const struct param **last = &r->param;
	unsigned count = 0;

	for (const struct xml_node *n = call->child; n; n = n->next) {
		const char *name = xml_is(n, r->extrinsic ? "PARAMVALUE" : "IPARAMVALUE") ? xml_attr(n, "NAME") : NULL;
		struct param *p = name && count++ < REQUEST_PARAMS ? take(r, sizeof(*p)) : NULL;

		if (!p)
			continue;
		p->name = name;
		if (n->child) {
			p->value = read_value(n->child);
			p->several = n->child->next;
		}
		p->text = text_of(xml_child(n, "VALUE"));
		p->class = xml_attr(xml_child(n, "CLASSNAME"), "NAME");
		p->array = read_array(r, xml_child(n, "VALUE.ARRAY"));
		p->object = read_name(r, r->extrinsic ? xml_child(n, "VALUE.REFERENCE") : n);
		*last = p;
		last = &p->next;
	}
}

/* CIM, MESSAGE, SIMPLEREQ and the call in it. */
static void read_message(struct request *r)
{
	const struct xml_node *message = xml_is(r->root, "CIM") ? xml_child(r->root, "MESSAGE") : NULL;
	const struct xml_node *request = xml_child(message, "SIMPLEREQ");
	const struct xml_node *call = xml_child(request, "IMETHODCALL"), *local = call;

	if (!message)
		return;
	r->is_message = true;
	r->cim_version = xml_attr(r->root, "CIMVERSION");
	r->dtd_version = xml_attr(r->root, "DTDVERSION");
	r->protocol_version = xml_attr(message, "PROTOCOLVERSION");
	r->id = xml_attr(message, "ID");
	r->multiple = xml_child(message, "MULTIREQ");
	r->extrinsic = !call;
	if (r->extrinsic) {
		call = xml_child(request, "METHODCALL");
		local = xml_child(call, "LOCALINSTANCEPATH");
		if (!local)
			local = xml_child(call, "LOCALCLASSPATH");
		r->target = read_name(r, local);
	}
	r->method = xml_attr(call, "NAME");
	read_namespace(xml_child(local, "LOCALNAMESPACEPATH"), r->ns_text);
	if (call)
		read_params(r, call);
}

enum err request_feed(struct request *r, const char *data, size_t length, bool last)
{
	enum err e;

	if (!r->builder && !(r->builder = xml_open()))
		return ERR_NOMEM;
	e = xml_feed(r->builder, data, length, last, &r->root);
	if (e == ERR_AGAIN)
		return e;
	r->builder = NULL;
	if (e == ERR_OK)
		read_message(r);
	return r->failed ? ERR_NOMEM : e;
}

void request_fini(struct request *r)
{
	xml_drop(r->builder);
	r->builder = NULL;
	for (struct request_block *b = r->block, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	r->block = NULL;
	xml_free(r->root);
	r->root = NULL;
	r->id = r->method = NULL;
	r->target = NULL;
	r->param = NULL;
}
