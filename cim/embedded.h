/* SPDX-License-Identifier: MIT */
/* embedded.h: an embedded instance as a client writes it: a CIM-XML INSTANCE or MOF "instance of". */
#pragma once
#include <stdbool.h>
#include "buf.h"
#include "lib/err.h"
#include "lib/why.h"

struct xml_node;

#define EMBEDDED_PROPS	48

/* How the value of a property is given. An array without elements is NULL too: it says nothing. */
enum embedded_kind { EMBEDDED_NULL, EMBEDDED_VALUE, EMBEDDED_ARRAY, EMBEDDED_REFERENCE };

struct embedded {			/* all-zero: no property yet */
	char class[96];
	unsigned count;
	struct { uint32_t name, value; enum embedded_kind kind; } prop[EMBEDDED_PROPS];	/* offsets into text */
	struct buf text;
};

/* ERR_OK: @out is filled, embedded_fini frees it. Otherwise there is nothing to free and @why says what
 * is wrong. A property given twice is wrong; an array keeps its first element only. */
enum err embedded_parse(const char *text, struct embedded *out, struct why *why) NODISCARD;
/* The same from the INSTANCE element @root of a parsed document. */
enum err embedded_from_xml(const struct xml_node *root, struct embedded *out, struct why *why) NODISCARD;
void embedded_fini(struct embedded *e);

const char *embedded_name(const struct embedded *e, unsigned n);
enum embedded_kind embedded_kind(const struct embedded *e, unsigned n);
const char *embedded_value(const struct embedded *e, unsigned n);	/* NULL: no value; "" of a reference */

/* For those who fill one: adds a property, @value NULL unless it is a VALUE or an ARRAY. False with @why if it is there
 * already or there is no room. */
bool embedded_add(struct embedded *e, const char *name, size_t name_length, enum embedded_kind kind, const char *value,
		  size_t value_length, struct why *why);
