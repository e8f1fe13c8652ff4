/* SPDX-License-Identifier: MIT */
/* records_away.c: markers of machines that left this host and must not be started afresh here. */
#include <stddef.h>
#include <string.h>
#include "records.h"
#include "records_parts.h"

static struct mig_note *find(struct mig_records *r, const uint8_t *uuid)
{
	for (unsigned i = 0; i < MIG_AWAYS; i++)
		if (r->away[i].state && !memcmp(r->away[i].vm_uuid, uuid, sizeof(r->away[i].vm_uuid)))
			return &r->away[i];
	return NULL;
}

static struct mig_note *place(struct mig_records *r, const uint8_t *uuid,
			      bool (*defines)(void *ctx, const uint8_t *uuid), void *ctx)
{
	struct mig_note *oldest = find(r, uuid);

	if (oldest)
		return oldest;
	for (unsigned i = 0; i < MIG_AWAYS; i++) {
		struct mig_note *n = &r->away[i];

		if (!n->state)
			return n;
		if (!defines || defines(ctx, n->vm_uuid))
			continue;
		if (!oldest || n->order < oldest->order)
			oldest = n;
	}
	return oldest;
}

bool mig_away_room(const struct mig_records *r, const uint8_t uuid[16], bool (*defines)(void *ctx, const uint8_t *uuid),
		   void *ctx)
{
	return place((struct mig_records *)r, uuid, defines, ctx) != NULL;
}

enum err mig_away_put(struct mig_records *r, const struct mig_note *note,
		      bool (*defines)(void *ctx, const uint8_t *uuid), void *ctx, struct why *why)
{
	struct mig_note *n = place(r, note->vm_uuid, defines, ctx), fresh = *note;

	if (!n) {
		why_set(why, "%u machines are away already", MIG_AWAYS);
		return ERR_SPACE;
	}
	/* Tried whatever the attempt was: it hinders a second start after a restart. */
	fresh.in_memory = fresh.stored = false;
	if (n->state)
		records_settle(r, n->vm_uuid, note->attempt);
	if (n->state && memcmp(n->vm_uuid, note->vm_uuid, sizeof(n->vm_uuid))) {
		records_uncome(r, n->vm_uuid);
		records_unstore(r, n->vm_uuid, n);
	} else {
		fresh.stored = n->stored;
	}
	records_stamp(r, &fresh, MIG_RECORD_AWAY);
	*n = fresh;
	return records_store(r, n->vm_uuid, n, why);
}

const struct mig_note *mig_away_get(const struct mig_records *r, const uint8_t uuid[16])
{
	return find((struct mig_records *)r, uuid);
}

static bool came_home(const struct mig_records *r, const struct mig_note *away)
{
	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		const struct mig_note *d = &r->note[i];

		if ((d->state == MIG_RECORD_OWNED || d->state == MIG_RECORD_CAME) && d->stored &&
		    d->order > away->order && !memcmp(d->vm_uuid, away->vm_uuid, sizeof(d->vm_uuid)))
			return true;
	}
	return false;
}

void mig_away_home(struct mig_records *r, const uint8_t uuid[16])
{
	struct mig_note *n = find(r, uuid);

	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		struct mig_note *d = &r->note[i];

		if (!d->state || memcmp(d->vm_uuid, uuid, sizeof(d->vm_uuid)))
			continue;
		d->left = false;
		if (!d->owes_away && !d->untold)
			continue;
		d->owes_away = false;
		/* The stored one would be believed after a restart, and nothing else may come to drop it. */
		if (!r->spent)
			continue;
		if (d->untold)
			records_untie(r, d);
		else
			mig_records_remove(r, d->attempt);
	}
	if (!n)
		return;
	records_settle(r, uuid, NULL);
	/* Should it come back, one that came home after it says that it is old. */
	if (came_home(r, n))
		records_unstore(r, n->vm_uuid, n);
	else
		records_void(r, n->vm_uuid, n);
	memset(n, 0, sizeof(*n));
}
