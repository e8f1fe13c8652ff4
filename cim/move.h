/* SPDX-License-Identifier: MIT */
/* move.h: the parameters of the four migration methods, checked and turned into a struct manage_move. */
#pragma once
#include "host/manage.h"
#include "methods.h"

/* Return values of the methods of CIM_VirtualSystemMigrationService. */
enum { MOVE_DONE = 0, MOVE_UNSUPPORTED = 1, MOVE_FAILED = 2, MOVE_TIMEOUT = 3, MOVE_INVALID = 4, MOVE_STATE = 5,
       MOVE_INCOMPATIBLE = 6, MOVE_JOB = 4096 };

/* Fills @out from the parameters of @c. ERR_OK: go on. ERR_REFUSED: *value is the return value and @why the reason.
 * ERR_NOTFOUND: the call has been failed with a CIM error. */
enum err move_parse(struct call *c, struct manage_move *out, uint32_t *value, struct why *why) NODISCARD;
