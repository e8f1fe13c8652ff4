/* SPDX-License-Identifier: MIT */
/* records.h: what a host must not forget about an attempt until both sides agree (DESIGN 7). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/err.h"
#include "protocol.h"

#define MIG_RECORDS 32

enum mig_record_state {
	MIG_RECORD_NONE,
	MIG_RECORD_PREPARED,	/* D: complete copy, waits for COMMIT */
	MIG_RECORD_OWNED,	/* D: runs, or ran, the guest */
	MIG_RECORD_ABORTED,	/* D: never ran it and never will; S: resumed */
	MIG_RECORD_COMMITTED,	/* S: D may run it */
	MIG_RECORD_DONE,	/* S: D runs it, the copy here is gone */
};

struct mig_note {
	uint8_t attempt[MIG_ATTEMPT];
	enum mig_record_state state;
	uint64_t digest;
	uint64_t order;		/* of creation; set by put */
};

/* In memory: they end with the boot, which the boot id in HELLO shows to the peer. */
struct mig_records {
	struct mig_note note[MIG_RECORDS];
	uint64_t next;
};

/* True if one more attempt can be recorded. */
bool mig_records_room(const struct mig_records *r);
/* Stores or replaces the record of @attempt. ERR_SPACE: all places hold records that may not be forgotten. */
enum err mig_records_put(struct mig_records *r, const uint8_t *attempt, enum mig_record_state state,
			 uint64_t digest) NODISCARD;
/* NULL: no record. */
const struct mig_note *mig_records_get(const struct mig_records *r, const uint8_t *attempt);
void mig_records_remove(struct mig_records *r, const uint8_t *attempt);
