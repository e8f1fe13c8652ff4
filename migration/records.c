/* SPDX-License-Identifier: MIT */
/* records.c: the table of attempt records. */
#include "records.h"
#include <stddef.h>
#include <string.h>

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
		if (n->state != MIG_RECORD_ABORTED && n->state != MIG_RECORD_DONE)
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

enum err mig_records_put(struct mig_records *r, const uint8_t *attempt, enum mig_record_state state,
			 uint64_t digest)
{
	struct mig_note *n = find(r, attempt);

	if (!n)
		n = place(r);
	if (!n)
		return ERR_SPACE;
	memcpy(n->attempt, attempt, MIG_ATTEMPT);
	n->state = state;
	n->digest = digest;
	n->order = ++r->next;
	return ERR_OK;
}

const struct mig_note *mig_records_get(const struct mig_records *r, const uint8_t *attempt)
{
	return find((struct mig_records *)r, attempt);
}

void mig_records_remove(struct mig_records *r, const uint8_t *attempt)
{
	struct mig_note *n = find(r, attempt);

	if (n)
		memset(n, 0, sizeof(*n));
}
