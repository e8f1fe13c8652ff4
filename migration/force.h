/* SPDX-License-Identifier: MIT */
/* force.h: what an operator can force where the protocol alone would wait: the values of CIM's ForceOutcome. */
#pragma once

enum mig_force {
	MIG_FORCE_RESUME = 2,	/* S in doubt: the copy here runs on */
	/* S in doubt: the copy here is given up, it is believed to run there; D prepared: it is discarded */
	MIG_FORCE_FORGET = 3,
	MIG_FORCE_RUN = 4,	/* D prepared, its source silent: the copy here runs */
};
