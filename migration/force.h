/* SPDX-License-Identifier: MIT */
/* force.h: what an operator can force where the protocol alone would wait. */
#pragma once

enum mig_force {
	MIG_FORCE_RESUME,	/* S in doubt: the copy here runs on */
	MIG_FORCE_FORGET,	/* S in doubt: the copy here is given up, it is believed to run there; D prepared: it is discarded */
	MIG_FORCE_RUN,		/* D prepared, its source silent: the copy here runs */
};
