/* SPDX-License-Identifier: MIT */
/* embedded.h: an embedded instance as a client writes it: a CIM-XML INSTANCE or MOF "instance of". */
#pragma once
#include <stdbool.h>
#include "buf.h"
#include "lib/err.h"
#include "lib/why.h"

#define EMBEDDED_PROPS	48

struct embedded {
	char class[96];
	unsigned count;
	struct { uint32_t name, value; bool null; } prop[EMBEDDED_PROPS];	/* offsets into text */
	struct buf text;
};

/* ERR_OK: @out is filled, embedded_fini frees it. Otherwise there is nothing to free and @why says what
 * is wrong. An array keeps its first element only. */
enum err embedded_parse(const char *text, struct embedded *out, struct why *why) NODISCARD;
void embedded_fini(struct embedded *e);
const char *embedded_name(const struct embedded *e, unsigned n);
const char *embedded_value(const struct embedded *e, unsigned n);	/* NULL: no value */
