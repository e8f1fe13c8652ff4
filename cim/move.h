/* SPDX-License-Identifier: MIT */
/* move.h: the parameters of the four migration methods, checked and turned into a struct mig_move. */
#pragma once
#include "host/manage.h"
#include "methods.h"

/* Return values of the methods of CIM_VirtualSystemMigrationService. */
enum { MOVE_DONE = 0, MOVE_UNSUPPORTED = 1, MOVE_FAILED = 2, MOVE_TIMEOUT = 3, MOVE_INVALID = 4, MOVE_STATE = 5,
       MOVE_INCOMPATIBLE = 6, MOVE_JOB = 4096 };

/* Answers that a parameter is wrong; false. */
#define move_invalid(c, ...) method_refuse(c, MOVE_INVALID, __VA_ARGS__)

/* Fills @out from the parameters of @c. False: it can't be, and the call has been answered or failed. */
bool move_parse(struct call *c, struct mig_move *out) NODISCARD;
