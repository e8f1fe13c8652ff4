/* SPDX-License-Identifier: MIT */
/* request.h: a CIM request as plain data: what its XML says (DSP0201), read in one place. What is absent is NULL. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "lib/err.h"

#define NAMESPACE_TEXT 64	/* bytes of a namespace as text */

struct xml_node;

struct keybinding {				/* KEYBINDING */
	const char *name;
	const char *value;			/* KEYVALUE */
	const struct object_name *reference;	/* VALUE.REFERENCE */
	const struct keybinding *next;
};

/* What a VALUE.REFERENCE, an INSTANCEPATH, a LOCALCLASSPATH ... names. */
struct object_name {
	enum { NAMES_NOTHING, NAMES_CLASS, NAMES_INSTANCE } kind;	/* CLASSNAME, INSTANCENAME */
	const char *class;
	const char *host;			/* HOST of an INSTANCEPATH */
	const struct keybinding *key;
	struct keybinding unnamed;		/* the only key of an instance may stand without its name */
};

/* A value as it is written: VALUE, INSTANCE, VALUE.NULL ... */
struct value {
	const char *element;
	const char *text;			/* "" if there is none */
	size_t text_length;
	unsigned elements;			/* that stand in it */
	const struct xml_node *instance;	/* the INSTANCE, or the first of those elements (embedded.h) */
	const struct value *next;		/* in an array */
};

struct value_array {				/* VALUE.ARRAY */
	unsigned count;				/* the first REQUEST_VALUES are kept */
	const struct value *value;
	bool several;				/* something follows it */
};
#define REQUEST_VALUES 256

struct param {					/* IPARAMVALUE or PARAMVALUE */
	const char *name;
	struct value value;			/* what stands in it first; its element is NULL if nothing does */
	bool several;				/* something follows that */
	const char *text;			/* of a VALUE */
	const char *class;			/* of a CLASSNAME */
	const struct value_array *array;
	const struct object_name *object;	/* of a PARAMVALUE: VALUE.REFERENCE */
	const struct param *next;
};
#define REQUEST_PARAMS 16	/* are kept: no operation or method has so many, so that among them one is wrong */

struct request {
	bool is_message;			/* CIM with a MESSAGE; else nothing below is set */
	const char *cim_version, *dtd_version, *protocol_version, *id;
	bool multiple;				/* MULTIREQ */
	bool extrinsic;				/* METHODCALL, not IMETHODCALL */
	const char *method;			/* its NAME */
	char ns_text[NAMESPACE_TEXT];		/* LOCALNAMESPACEPATH; "" if it is too long, too */
	const struct object_name *target;	/* LOCALINSTANCEPATH or LOCALCLASSPATH of a METHODCALL */
	const struct param *param;		/* those that have a name */
	/* Where it all is. */
	struct xml_builder *builder;		/* while it comes */
	struct xml_node *root;
	struct request_block *block;
	bool failed;				/* there was no memory */
};

/* Takes the next piece of a body, at first into an all-zero @r; @last: nothing follows. ERR_AGAIN: more is needed;
 * ERR_OK: @r is filled; else as xml_feed. request_fini is to follow. */
enum err request_feed(struct request *r, const char *data, size_t length, bool last) NODISCARD;
/* Frees what it points to; ns_text and extrinsic stay. */
void request_fini(struct request *r);
