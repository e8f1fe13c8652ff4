/* SPDX-License-Identifier: MIT */
/* ops.h: the intrinsic operations (DSP0200). Each writes the content of IRETURNVALUE or fails the call. */
#pragma once
#include "call.h"

/* Runs the IMETHODCALL of @c. */
void ops_run(struct call *c);

void op_get_class(struct call *c);
void op_enumerate_classes(struct call *c);
void op_enumerate_class_names(struct call *c);
void op_get_instance(struct call *c);
void op_enumerate_instances(struct call *c);
void op_enumerate_instance_names(struct call *c);
void op_associators(struct call *c);
void op_associator_names(struct call *c);
void op_references(struct call *c);
void op_reference_names(struct call *c);

/* The class a CLASSNAME parameter names. Absent: NULL without failing unless @required. A name that does not
 * exist fails the call. */
const struct cim_class *op_class(struct call *c, const char *parameter, bool required);
