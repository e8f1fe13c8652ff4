/* SPDX-License-Identifier: MIT */
/* records_parts.h: what records.c, records_away.c and records_load.c owe each other. */
#pragma once
#include "records.h"

/* Writes @n under @key and marks it stored; the store's error with a sentence, logged. */
enum err records_store(struct mig_records *r, const uint8_t *key, struct mig_note *n, struct why *why) NODISCARD;
/* From now on in this boot the store is not counted on for new attempts. */
void records_spend(struct mig_records *r);
/* Takes it out of the store, if it is there. */
void records_unstore(struct mig_records *r, const uint8_t *key, struct mig_note *n);
/* Takes a DONE that D was not told of out of the store: now D may be. */
void records_untie(struct mig_records *r, struct mig_note *n);
/* The same of what must not come back: a drop may come undone with a crash, so it is first replaced by what no longer
 * counts. */
void records_void(struct mig_records *r, const uint8_t *key, struct mig_note *n);
/* AWAY of the machine of @uuid is about to go, or to be of another attempt than @but (NULL: of any): what it settled
 * must say so itself. */
void records_settle(struct mig_records *r, const uint8_t uuid[16], const uint8_t *but);
/* Nothing will say any more that the machine of @uuid left: nothing may say that it came. */
void records_uncome(struct mig_records *r, const uint8_t uuid[16]);
/* Makes @n the newest, of this boot. */
void records_stamp(struct mig_records *r, struct mig_note *n, enum mig_record_state state);
