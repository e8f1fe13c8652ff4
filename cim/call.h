/* SPDX-License-Identifier: MIT */
/* call.h: one CIM request from its body to its answer (DSP0200, DSP0201), independent of the connection. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "emit.h"
#include "lib/why.h"
#include "path.h"
#include "request.h"

/* What the HTTP header said, as far as it matters; NULL where a header was absent. */
struct call_header {
	const char *operation, *method, *object, *protocol, *batch;	/* CIMOperation ... CIMBatch */
	const char *host;
};

/* Where an operation that writes many objects has come to. */
struct call_cursor {
	struct emit emit;
	const struct cim_class *class;	/* asked for, NULL: any */
	unsigned n, k;			/* class or provider, and instance of it */
	struct obj source;		/* of associations: from where, through which, to which, NULL: any */
	const struct cim_class *result;
	const char *role, *result_role;
};

struct call {
	struct call_header header;
	struct buf *body;
	size_t parsed;			/* bytes of it */
	bool begun;			/* what it asks for */
	size_t start;			/* of the answer's inner part in out */
	const struct operation *operation;	/* being run, NULL: none */
	struct call_cursor at;
	struct request request;		/* empty while it waits for another host, and after */
	unsigned ns;			/* 0: no such namespace */
	char host[96];
	struct buf *out;
	enum cim_status status;
	char text[WHY_TEXT + 64];	/* why, when status != CIM_OK */
	/* A request that isn't acceptable as HTTP: status line and CIMError header, 0 and NULL otherwise. */
	unsigned http_status;
	const char *http_error;
	const struct cim_method *declared;	/* of a METHODCALL: what the schema says of it */
	const struct method *waits;	/* for another host, NULL: none does */
	union {				/* what a method that waits keeps */
		uint32_t check;		/* its number at manage_check_poll */
		char vm[32];		/* which manage_vm_start starts */
	} context;
};

/* Begins to answer @body in @out (the whole XML text). @h's texts, @body and @out stay until call_fini, which must follow; @body is
 * emptied once it has been read, and what was read is freed before the call waits for another host: that may be long. */
void call_begin(struct call *c, const struct call_header *h, struct buf *body, struct buf *out);
/* Goes on with it while *work is positive, from which it takes what it did: about a unit for 256 bytes of the body, 512 of the
 * answer, or an object looked at. ERR_OK: done, @out or http_status tells; ERR_AGAIN: call again, and if it waits
 * after a while. */
enum err call_step(struct call *c, int *work) NODISCARD;
/* Does it wait for another host? */
static inline bool call_waits(const struct call *c)
{
	return c->waits;
}
/* Frees the request and gives up what it waits for. */
void call_fini(struct call *c);

/* --- for the operations ------------------------------------------------------------------------ */

/* Makes the answer an ERROR; the first one counts. */
__attribute__((format(printf, 3, 4)))
void call_fail(struct call *c, enum cim_status status, const char *format, ...);
/* IPARAMVALUE or PARAMVALUE called @name (case does not matter), NULL if absent. */
const struct param *call_param(const struct call *c, const char *name);
/* Text of a scalar parameter; NULL if absent or NULL. */
const char *call_text(const struct call *c, const char *name);
bool call_bool(const struct call *c, const char *name, bool otherwise);
/* Counts @units as done. */
void call_worked(int *work, size_t units);
/* Writes as this call's options want it. */
struct emit call_emit(const struct call *c);
