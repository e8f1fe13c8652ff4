/* SPDX-License-Identifier: MIT */
/* call.h: what an operation or a method works with: what is asked for, where its answer goes, how it fails. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "emit.h"
#include "lib/why.h"
#include "path.h"
#include "request.h"

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
	struct request request;		/* empty once a method waits for another host: that may be long */
	unsigned ns;			/* its namespace, 0: there is none such */
	char host[96];			/* this one, as the client calls it */
	struct buf *out;
	enum cim_status status;
	char text[WHY_TEXT + 64];	/* why, when status != CIM_OK */
	/* IMETHODCALL */
	const struct operation *operation;	/* being run, NULL: none */
	struct call_cursor at;
	/* METHODCALL */
	const struct cim_method *declared;	/* what the schema says of the method */
	const struct method *waits;	/* for another host, NULL: none does */
	union {				/* what a method that waits keeps */
		uint32_t check;		/* its number at manage_check_poll */
		char vm[32];		/* which manage_vm_start starts */
	} context;
};

/* Makes the answer an ERROR; the first one counts. */
__attribute__((format(printf, 3, 4)))
void call_fail(struct call *c, enum cim_status status, const char *format, ...);
/* The parameter called @name (case does not matter), NULL if absent. */
const struct param *call_param(const struct call *c, const char *name);
/* Text of a scalar parameter; NULL if absent or NULL. */
const char *call_text(const struct call *c, const char *name);
bool call_bool(const struct call *c, const char *name, bool otherwise);
/* As path_resolve; false after failing the call with what is wrong. */
bool call_object(struct call *c, const struct object_name *name, unsigned mask, struct obj *out);
/* Writes as this call's options want it. */
struct emit call_emit(const struct call *c);
