/* SPDX-License-Identifier: MIT */
/* exit.h: ternctl's exit codes, which every function that may fail for good returns. */
#pragma once

enum ctl {
	CTL_OK = 0,
	CTL_NO = 1,		/* the host refused, the answer is "false", or a job failed */
	CTL_USAGE = 2,
	CTL_CONNECTION = 3,	/* no connection, or an answer that is not CIM-XML as it should be */
};
