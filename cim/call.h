/* SPDX-License-Identifier: MIT */
/* call.h: one CIM request from its body to its answer (DSP0200, DSP0201), independent of the connection. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "emit.h"
#include "lib/why.h"
#include "path.h"
#include "xml.h"

/* What the HTTP header said, as far as it matters; NULL where a header was absent. */
struct call_header {
	const char *operation, *method, *object, *protocol, *batch;	/* CIMOperation ... CIMBatch */
	const char *host;
};

struct call {
	struct xml_node *root;
	const struct xml_node *node;	/* IMETHODCALL or METHODCALL */
	bool extrinsic;
	const char *id, *method;	/* point into the tree */
	unsigned ns;			/* 0: no such namespace */
	char ns_text[NAMESPACE_TEXT];
	char host[96];
	struct buf *out;
	enum cim_status status;
	char text[WHY_TEXT + 64];	/* why, when status != CIM_OK */
	/* A request that isn't acceptable as HTTP: status line and CIMError header, 0 and NULL otherwise. */
	unsigned http_status;
	const char *http_error;
	/* A method that waits: its number at manage_check_poll, 0 none. */
	uint32_t check;
};

/* Answers @body in @out (the whole XML text). ERR_OK: done, @out or http_status tells; ERR_AGAIN: waiting, call
 * call_poll. Either way call_fini must follow. */
enum err call_begin(struct call *c, const struct call_header *h, const struct buf *body, struct buf *out) NODISCARD;
enum err call_poll(struct call *c) NODISCARD;
/* Frees the request and gives up what it waits for. */
void call_fini(struct call *c);

/* --- for the operations ------------------------------------------------------------------------ */

/* Makes the answer an ERROR; the first one counts. */
__attribute__((format(printf, 3, 4)))
void call_fail(struct call *c, enum cim_status status, const char *format, ...);
/* IPARAMVALUE or PARAMVALUE called @name (case does not matter), NULL if absent. */
const struct xml_node *call_param(const struct call *c, const char *name);
/* Text of a scalar parameter; NULL if absent or NULL. */
const char *call_text(const struct call *c, const char *name);
bool call_bool(const struct call *c, const char *name, bool otherwise);
/* Writes as this call's options want it. */
struct emit call_emit(const struct call *c);
