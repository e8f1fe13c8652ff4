/* SPDX-License-Identifier: MIT */
/* records_load.c: records of earlier boots, as the store hands them out. */
#include <stddef.h>
#include <string.h>
#include "lib/log.h"
#include "record_entry.h"
#include "records.h"
#include "records_parts.h"

static void keep_strange(struct mig_records *r, const uint8_t *key, const struct mig_note *note, bool uuid_known,
			 const char *why)
{
	/* The rest of the key may be what only the two hosts of an attempt know. */
	log_error("mig", "the stored record %02x%02x%02x%02x.. can't be used and is kept as it is: %s", key[0], key[1],
		  key[2], key[3], why);
	for (unsigned i = 0; i < MIG_STRANGE; i++) {
		struct mig_strange *s = &r->strange[i];

		if (s->used)
			continue;
		s->used = true;
		s->uuid_known = uuid_known;
		memcpy(s->key, key, sizeof(s->key));
		memcpy(s->vm_uuid, note->vm_uuid, sizeof(s->vm_uuid));
		return;
	}
}

static struct mig_note *place(struct mig_note *table, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!table[i].state)
			return &table[i];
	return NULL;
}

static void load(void *arg, const uint8_t key[MIG_STORE_KEY], const void *bytes, size_t length)
{
	struct mig_records *r = arg;
	struct mig_note note, *to;
	struct why why = { "" };
	enum err e = mig_entry_unpack(bytes, length, &note, &why);
	bool machine = note.state == MIG_RECORD_AWAY ||
		(note.state == MIG_RECORD_VOID && !memcmp(key, note.vm_uuid, MIG_STORE_KEY));

	if (!e && memcmp(key, machine ? note.vm_uuid : note.attempt, MIG_STORE_KEY)) {
		why_set(&why, "it is filed under another name than its own");
		e = ERR_CORRUPT;
	}
	if (e) {
		keep_strange(r, key, &note, e == ERR_VERSION || e == ERR_UNKNOWN, why.text);
		return;
	}
	to = machine ? place(r->away, MIG_AWAYS) : place(r->note, MIG_RECORDS);
	if (!to) {
		keep_strange(r, key, &note, true, "there are more than this host can hold");
		return;
	}
	note.stored = true;
	note.restored = memcmp(note.own_boot, r->boot_id, sizeof(note.own_boot)) != 0;
	if (note.order > r->next)
		r->next = note.order;
	*to = note;
}

/* Its drop had come undone. */
static void drop_void(struct mig_records *r, struct mig_note *n, const uint8_t *key)
{
	if (n->state != MIG_RECORD_VOID)
		return;
	records_unstore(r, key, n);
	memset(n, 0, sizeof(*n));
}

/* DONE was not written beside AWAY. */
static void take_settled(const struct mig_records *r, struct mig_note *n)
{
	const struct mig_note *away = mig_away_get(r, n->vm_uuid);

	if (n->state != MIG_RECORD_COMMITTED || !n->source || !away || !away->settles ||
	    memcmp(away->attempt, n->attempt, sizeof(n->attempt)))
		return;
	n->state = MIG_RECORD_DONE;
	n->by_away = true;
}

void mig_records_load(struct mig_records *r, const struct mig_store *store, const uint8_t boot_id[16])
{
	r->store = *store;
	r->put_ns = store->put_ns;
	memcpy(r->boot_id, boot_id, sizeof(r->boot_id));
	if (!store->put || !store->each)
		return;
	store->each(store->ctx, load, r);
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		drop_void(r, &r->note[i], r->note[i].attempt);
	for (unsigned i = 0; i < MIG_AWAYS; i++)
		drop_void(r, &r->away[i], r->away[i].vm_uuid);
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		take_settled(r, &r->note[i]);
	if (store->room && !store->room(store->ctx, MIG_RECORD_PUTS))
		records_spend(r);
}

bool mig_records_found(const struct mig_records *r)
{
	return r->store.put && r->store.proven;
}

bool mig_records_kept(const struct mig_records *r)
{
	return mig_records_found(r) && !r->spent;
}

void mig_records_drop_strange(struct mig_records *r, const uint8_t uuid[16])
{
	for (unsigned i = 0; i < MIG_STRANGE; i++) {
		struct mig_strange *s = &r->strange[i];

		if (!s->used || memcmp(s->uuid_known ? s->vm_uuid : s->key, uuid, sizeof(s->vm_uuid)))
			continue;
		if (r->store.drop)
			r->store.drop(r->store.ctx, s->key);
		s->used = false;
	}
}
