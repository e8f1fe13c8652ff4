/* SPDX-License-Identifier: MIT */
/* move.h: what is asked of a migration, or of a check whether it could be. */
#pragma once
#include <stdint.h>
#include "policy.h"
#include "type.h"

enum mig_verify { MIG_VERIFY_DEFAULT, MIG_VERIFY_OFF, MIG_VERIFY_FULL };	/* the values of CIM's Verify */

struct mig_move {
	char vm[32];
	uint32_t ipv4;			/* of the destination, host byte order */
	uint16_t port;			/* 0: the one on which this host listens */
	enum mig_verify verify;
	enum mig_move_type type;	/* 0: live */
	uint64_t bandwidth_bytes;	/* per second, 0: the host's default */
	uint32_t max_downtime_ms;	/* 0: the host's default */
	enum mig_stuck stuck;
	unsigned bandwidth_percent;	/* 1 to 99: of the host's limit, or of the link if it has none; 0: all */
	unsigned priority;		/* smaller goes first when migrations wait for their turn */
};
