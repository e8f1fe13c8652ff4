/* SPDX-License-Identifier: MIT */
/* cim_request.h: CIM-XML request messages. */
#pragma once
#include "cim.h"

/* Whole messages, appended to @out. */
void cim_request_enumerate(struct text *out, const char *class);
void cim_request_get_instance(struct text *out, const struct cim_path *path);
void cim_request_method(struct text *out, const struct cim_path *path, const char *method,
			const struct cim_argument *arguments);
/* The CIMObject header line for an operation on CIM_NAMESPACE (@path NULL) or on @path. */
void cim_request_object(struct text *out, const struct cim_path *path);
