/* SPDX-License-Identifier: MIT */
/* emit.h: instances, names and classes as CIM-XML (DSP0201), in the form that wbemcli and pywbem both accept:
 * no self-closed PROPERTY, VALUE or PARAMETER, no CDATA. */
#pragma once
#include <stdbool.h>
#include "buf.h"
#include "provider.h"
#include "request.h"

struct emit {
	struct buf *out;
	const char *host;		/* for INSTANCEPATH */
	const char *ns_text;		/* the caller's spelling ... */
	unsigned ns;			/* ... of this namespace */
	const struct value_array *only;	/* PropertyList, NULL: all properties */
	const struct cim_class *as;	/* only properties that this class has, NULL: all */
	bool origins, qualifiers, local_only;
	/* Of the last class written: which of its members are wanted, so that a list is read once for each class. */
	const struct cim_class *wanted_of;
	bool wanted[CIM_PROPS_MAX];
};

void emit_name(const struct emit *e, struct obj o);		/* INSTANCENAME */
void emit_path(const struct emit *e, struct obj o);		/* INSTANCEPATH */
void emit_reference(const struct emit *e, struct obj o);	/* VALUE.REFERENCE with a LOCALINSTANCEPATH */
void emit_instance(struct emit *e, struct obj o);		/* INSTANCE */
void emit_class(struct emit *e, const struct cim_class *c);
/* NAMESPACEPATH with @host, or LOCALNAMESPACEPATH if @host is NULL. */
void emit_namespace(struct buf *out, const char *host, const char *ns_text);
/* <VALUE>text</VALUE> */
void emit_value(struct buf *out, const char *text);
