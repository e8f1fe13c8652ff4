/* SPDX-License-Identifier: MIT */
/* store.h: the records of hand-offs in variables of the firmware, and what is known of how long those are kept. */
#pragma once
#include "arch/x86_64/boot.h"
#include "migration/store.h"

/* Bytes left in the firmware's store from which on only records that exist are replaced. */
#define STORE_RESERVE 4096u

/* Of store_text: what follows from a full store, and the firmware's own reason (WHY_TEXT). */
#define STORE_TEXT 320u

enum store_state {
	STORE_NONE,		/* no variables: records live in memory */
	STORE_FORGETFUL,	/* written, but an earlier boot's were not found: the first, or the firmware forgets */
	STORE_FULL,		/* an earlier boot's were found, but no more should be written before the next one */
	STORE_KEPT,		/* an earlier boot's were found, and writing works */
};

/* Reads what earlier boots left, notes this boot beside it, and logs which of the four it is. After host_init. */
void store_init(const struct boot_info *boot, const uint8_t boot_id[16]);
enum store_state store_state(void);
/* That as a sentence. */
const char *store_text(void);
#define STORE_SECRET 32u
/* STORE_SECRET bytes that this host keeps beside its records, made once; whoever loses the records loses them too.
 * NULL: there are none, or not all records could be read in this boot. */
const uint8_t *store_secret(void);
/* NULL in state STORE_NONE. */
const struct mig_store *store_seam(void);
