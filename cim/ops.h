/* SPDX-License-Identifier: MIT */
/* ops.h: the intrinsic operations (DSP0200). Each writes the content of IRETURNVALUE, or fails the call. */
#pragma once
#include "call.h"

enum op_form { OP_OBJECTS, OP_NAMES = 1, OP_REFERENCES = 2 };	/* names only; the associations, not their other ends */

/* An operation starts by filling call.at or failing the call, and then writes one object (or passes one over) at a time
 * as long as @next returns true. Between two objects time may pass and machines and jobs come and go: what is then
 * found at a number is written. */
struct operation {
	const char *name;
	void (*start)(struct call *c);
	bool (*next)(struct call *c);
	unsigned form;			/* enum op_form */
	const char *params;		/* each between spaces */
};

/* Starts the IMETHODCALL of @c: call.operation is what ops_step is to go on with, NULL if the call has failed. */
void ops_start(struct call *c);
/* Goes on while *work is positive: ERR_OK when all is written, ERR_AGAIN when more is to be done. */
enum err ops_step(struct call *c, int *work) NODISCARD;

void op_class_start(struct call *c);
void op_instance_start(struct call *c);
void op_instances_start(struct call *c);
void op_assoc_start(struct call *c);
bool op_get_class(struct call *c);
bool op_enumerate_classes(struct call *c);
bool op_get_instance(struct call *c);
bool op_enumerate_instances(struct call *c);
bool op_assoc(struct call *c);

/* The class a CLASSNAME parameter names. Absent: NULL without failing unless @required. A name that does not
 * exist fails the call. */
const struct cim_class *op_class(struct call *c, const char *parameter, bool required);
