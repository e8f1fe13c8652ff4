/* SPDX-License-Identifier: MIT */
/* records.c: the table of attempt records, written through to the store. */
#include "records.h"
#include <stddef.h>
#include <string.h>
#include "lib/log.h"
#include "record_entry.h"
#include "records_parts.h"

static struct mig_note *find(struct mig_records *r, const uint8_t *attempt)
{
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (r->note[i].state && !memcmp(r->note[i].attempt, attempt, MIG_ATTEMPT))
			return &r->note[i];
	return NULL;
}

/* A free place, else the oldest one that may be forgotten: its attempt has ended on this side. */
static struct mig_note *place(struct mig_records *r)
{
	struct mig_note *oldest = NULL;

	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		struct mig_note *n = &r->note[i];

		if (n->state == MIG_RECORD_NONE)
			return n;
		if ((n->state != MIG_RECORD_ABORTED && n->state != MIG_RECORD_DONE && n->state != MIG_RECORD_CAME) ||
		    n->owes_away || n->untold)
			continue;
		if (!oldest || n->order < oldest->order)
			oldest = n;
	}
	return oldest;
}

bool mig_records_room(const struct mig_records *r)
{
	return place((struct mig_records *)r) != NULL;
}

unsigned mig_records_unsettled(const struct mig_records *r, uint32_t ipv4)
{
	unsigned count = 0;

	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		const struct mig_note *n = &r->note[i];

		count += !n->source && (n->state == MIG_RECORD_PREPARED || n->state == MIG_RECORD_OWNED) &&
			(!ipv4 || n->peer_ipv4 == ipv4);
	}
	return count;
}

void records_spend(struct mig_records *r)
{
	if (!r->spent)
		log_warn("mig", "no room for more records until this host restarts: hand-offs go on by boot ids, so "
				"that a restart in the middle of one leaves it in doubt");
	r->spent = true;
}

void mig_records_begin(struct mig_records *r, struct mig_note *note, unsigned others)
{
	if (!r->spent && r->store.put && r->store.room && !r->store.room(r->store.ctx, MIG_RECORD_PUTS * (others + 1)))
		records_spend(r);
	note->in_memory = r->spent;
}

enum err records_store(struct mig_records *r, const uint8_t *key, struct mig_note *n, struct why *why)
{
	uint8_t bytes[MIG_ENTRY_BYTES];
	enum err e;

	if (!r->store.put || n->in_memory)
		return ERR_OK;
	mig_entry_pack(n, bytes);
	e = r->store.put(r->store.ctx, key, bytes, sizeof(bytes));
	n->stored |= e == ERR_OK;
	if (e) {
		records_spend(r);
		why_set(why, "the record of %s could not be stored: %s", n->vm, err_text(e));
		log_error("mig", "the record of %s could not be stored: %s", n->vm, err_text(e));
	}
	return e;
}

void records_unstore(struct mig_records *r, const uint8_t *key, struct mig_note *n)
{
	if (n->stored && r->store.drop)
		r->store.drop(r->store.ctx, key);
	n->stored = false;
}

void records_untie(struct mig_records *r, struct mig_note *n)
{
	records_unstore(r, n->attempt, n);
	n->untold = false;
	n->orphan = true;
}

void records_void(struct mig_records *r, const uint8_t *key, struct mig_note *n)
{
	struct why why;

	if (!n->stored)
		return;
	/* Should it come back all the same, the machine that it holds can't be started here. */
	if (r->defines && !r->defines(r->ctx, n->vm_uuid)) {
		records_unstore(r, key, n);
		return;
	}
	records_stamp(r, n, MIG_RECORD_VOID);
	if (records_store(r, key, n, &why) != ERR_OK)
		log_warn("mig", "%s: should the drop of its record be lost, a restart believes it again", n->vm);
	records_unstore(r, key, n);
}

void records_stamp(struct mig_records *r, struct mig_note *n, enum mig_record_state state)
{
	n->state = state;
	n->order = ++r->next;
	n->restored = n->orphan = n->untold = n->by_away = false;
	n->since_ns = r->now_ns;
	memcpy(n->own_boot, r->boot_id, sizeof(n->own_boot));
}

/* The store says so already: the attempt is COMMITTED there, and its machine AWAY with it. */
static bool settled(const struct mig_records *r, const struct mig_note *n)
{
	const struct mig_note *away = mig_away_get(r, n->vm_uuid);

	return n->stored && n->source && !n->owes_away && away && away->stored && away->settles &&
		!memcmp(away->attempt, n->attempt, sizeof(n->attempt));
}

void records_settle(struct mig_records *r, const uint8_t uuid[16], const uint8_t *but)
{
	struct why why;

	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		struct mig_note *n = &r->note[i];

		if (!n->by_away || memcmp(n->vm_uuid, uuid, sizeof(n->vm_uuid)) ||
		    (but && !memcmp(n->attempt, but, sizeof(n->attempt))))
			continue;
		n->by_away = false;
		/* COMMITTED would be in doubt after a restart, for a D that may have been told. */
		if (records_store(r, n->attempt, n, &why) != ERR_OK)
			records_unstore(r, n->attempt, n);
	}
}

enum err mig_records_put(struct mig_records *r, const struct mig_note *note, enum mig_record_state state,
			 struct why *why)
{
	bool promise = state == MIG_RECORD_PREPARED || state == MIG_RECORD_COMMITTED || state == MIG_RECORD_OWNED;
	struct mig_note *n = find(r, note->attempt), fresh = *note;
	enum err e;

	fresh.stored = n && n->stored;
	fresh.settles = false;
	if (!n) {
		n = place(r);
		if (!n) {
			why_set(why, "%u records of other attempts are still needed", MIG_RECORDS);
			return ERR_SPACE;
		}
		if (n->state)
			mig_records_remove(r, n->attempt);
	}
	records_stamp(r, &fresh, state);
	if (state == MIG_RECORD_DONE && n->state == MIG_RECORD_COMMITTED && settled(r, &fresh)) {
		fresh.by_away = true;
		*n = fresh;
		return ERR_OK;
	}
	e = records_store(r, fresh.attempt, &fresh, why);
	if (e && promise) {
		/* It may be there all the same, for all that is known; nothing may be promised by it later. */
		if (!n->state && r->store.drop)
			r->store.drop(r->store.ctx, fresh.attempt);
		return e;
	}
	fresh.untold = e && state == MIG_RECORD_DONE;
	if (e && fresh.source && !fresh.untold && r->store.drop) {
		r->store.drop(r->store.ctx, fresh.attempt);
		fresh.stored = false;
	}
	*n = fresh;
	return e;
}

const struct mig_note *mig_records_get(const struct mig_records *r, const uint8_t *attempt)
{
	return find((struct mig_records *)r, attempt);
}

const struct mig_note *mig_records_left(const struct mig_records *r, const uint8_t uuid[16])
{
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (r->note[i].state == MIG_RECORD_COMMITTED &&
		    !memcmp(r->note[i].vm_uuid, uuid, sizeof(r->note[i].vm_uuid)))
			return &r->note[i];
	return NULL;
}

void mig_records_remove(struct mig_records *r, const uint8_t *attempt)
{
	struct mig_note *n = find(r, attempt);

	if (!n)
		return;
	/* The others are harmless should they come back; this one would hold the machine. */
	if (n->state == MIG_RECORD_OWNED)
		records_void(r, n->attempt, n);
	else
		records_unstore(r, n->attempt, n);
	memset(n, 0, sizeof(*n));
}

void mig_records_orphan(struct mig_records *r, const uint8_t *attempt)
{
	struct mig_note *n = find(r, attempt);

	if (n)
		n->orphan = true;
}
