/* SPDX-License-Identifier: MIT */
/* records_came.c: how machines came here: who left them may have them back. */
#include <string.h>
#include "lib/log.h"
#include "records.h"
#include "records_parts.h"

bool mig_records_newer(const struct mig_records *r, const struct mig_note *note)
{
	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		const struct mig_note *n = &r->note[i];

		if ((n->state == MIG_RECORD_OWNED || n->state == MIG_RECORD_CAME) && n->order > note->order &&
		    !memcmp(n->vm_uuid, note->vm_uuid, sizeof(n->vm_uuid)) &&
		    memcmp(n->attempt, note->attempt, sizeof(n->attempt)))
			return true;
	}
	return false;
}

/* Makes room for one of the machine of @uuid. */
static void forget_older(struct mig_records *r, const uint8_t *uuid, const uint8_t *attempt)
{
	struct mig_note *oldest = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		struct mig_note *n = &r->note[i];

		if (n->state != MIG_RECORD_CAME || !memcmp(n->attempt, attempt, sizeof(n->attempt)))
			continue;
		if (!memcmp(n->vm_uuid, uuid, sizeof(n->vm_uuid))) {
			mig_records_remove(r, n->attempt);
			continue;
		}
		count++;
		if (!oldest || n->order < oldest->order)
			oldest = n;
	}
	if (count >= MIG_CAMES)
		mig_records_remove(r, oldest->attempt);
}

void mig_came_put(struct mig_records *r, const struct mig_note *note)
{
	struct mig_note fresh = *note;
	struct why why;
	enum err e;

	/* Told late: of a machine that has left since, a CAME that is newer than AWAY would say that it is home; of one
	 * that came anew the newer attempt is the one by which it can be claimed. */
	if (fresh.left || mig_away_get(r, fresh.vm_uuid) || mig_records_newer(r, &fresh)) {
		mig_records_remove(r, fresh.attempt);
		return;
	}
	forget_older(r, fresh.vm_uuid, fresh.attempt);
	fresh.source = fresh.owes_away = false;
	e = mig_records_put(r, &fresh, MIG_RECORD_CAME, &why);
	if (e)
		log_warn("mig", "%s: a restart of this host forgets that it came from %s: %s", fresh.vm,
			 fresh.peer_name, why.text);
	/* An OWNED that stays would hold the machine after a restart. */
	if (e && e != ERR_SPACE)
		for (unsigned i = 0; i < MIG_RECORDS; i++)
			if (r->note[i].state && !memcmp(r->note[i].attempt, fresh.attempt, MIG_ATTEMPT))
				records_unstore(r, r->note[i].attempt, &r->note[i]);
}

/* Of OWNED that is taken out of the store: a source that asks after a restart is told nothing, and stays in doubt. */
static void leave(struct mig_records *r, const uint8_t *uuid, bool remove)
{
	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		struct mig_note *n = &r->note[i];

		if ((n->state != MIG_RECORD_CAME && n->state != MIG_RECORD_OWNED) ||
		    memcmp(n->vm_uuid, uuid, sizeof(n->vm_uuid)))
			continue;
		if (remove && n->state == MIG_RECORD_CAME) {
			mig_records_remove(r, n->attempt);
			continue;
		}
		records_unstore(r, n->attempt, n);
		n->left = true;
	}
}

void records_uncome(struct mig_records *r, const uint8_t uuid[16])
{
	leave(r, uuid, true);
}

void mig_came_leave(struct mig_records *r, const uint8_t uuid[16])
{
	const struct mig_note *away = mig_away_get(r, uuid);

	if (!away || !away->stored)
		leave(r, uuid, false);
}

const struct mig_note *mig_came_get(const struct mig_records *r, const uint8_t uuid[16], const uint8_t *attempt)
{
	const struct mig_note *n = mig_records_get(r, attempt);

	return n && n->state == MIG_RECORD_CAME && !memcmp(n->vm_uuid, uuid, sizeof(n->vm_uuid)) ? n : NULL;
}
