/* SPDX-License-Identifier: MIT */
/* type.h: what becomes of the guest while it moves: the values of CIM's MigrationType. */
#pragma once

enum mig_move_type {
	MIG_MOVE_LIVE = 2,	/* runs until the last moment */
	MIG_MOVE_RESUME = 3,	/* stands still from before the first page on, then goes on */
	MIG_MOVE_RESTART = 4,	/* is powered off and begins anew at the destination */
};
