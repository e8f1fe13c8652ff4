/* SPDX-License-Identifier: MIT */
/* job_error.h: what went wrong with a job, in numbers that stay: docs/cim-errors.md lists them, and is made from this
 * table. */
#pragma once
#include <stdint.h>
#include "buf.h"
#include "host/manage.h"

/* What a row holds: ErrorCode and the number in MessageID, the error of the job (lib/err.h), and CIM_Error's ErrorType,
 * PerceivedSeverity, ProbableCause and CIMStatusCode (its value maps in CIM_Error). */
struct job_error {
	uint16_t number;
	uint16_t error;
	uint8_t type, severity, cause, status;
	const char *text;
};

/* The row of @j's error; NULL while nothing went wrong. */
const struct job_error *job_error(const struct mig_job *j);
/* All rows; NULL at the end. */
const struct job_error *job_error_at(unsigned n);
/* Writes the CIM_Error of @j, whose row is @e, as the text of an embedded instance. */
void job_error_instance(const struct mig_job *j, const struct job_error *e, struct buf *out);
