/* SPDX-License-Identifier: MIT */
/* service_records.c: what the records of hand-offs hold, for an operator who may know that nobody will ask for it. */
#include <string.h>
#include "lib/log.h"
#include "service_parts.h"

#define STRANGE_ID	(1ull << 63)	/* of entries that can't be read, and so have no order */

static const char *const names[MIG_RECORD_STATES] = {
	[MIG_RECORD_PREPARED] = "PREPARED",   [MIG_RECORD_OWNED] = "OWNED", [MIG_RECORD_ABORTED] = "ABORTED",
	[MIG_RECORD_COMMITTED] = "COMMITTED", [MIG_RECORD_DONE] = "DONE",   [MIG_RECORD_AWAY] = "AWAY",
	[MIG_RECORD_VOID] = "VOID",           [MIG_RECORD_CAME] = "CAME",
};

static bool open(const struct mig_service *m, const struct mig_note *n)
{
	if (n->state == MIG_RECORD_AWAY)
		return false;
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (m->out[i].source && !memcmp(m->out[i].source->attempt, n->attempt, sizeof(n->attempt)))
			return true;
	return mig_dest_holder(&m->core, n->attempt) != NULL;
}

static bool lost(const struct mig_note *n)
{
	return n->state == MIG_RECORD_OWNED && n->restored;
}

/* Its machine is not started afresh here, for it. */
static bool holds(const struct mig_note *n)
{
	return lost(n) || n->state == MIG_RECORD_COMMITTED || n->state == MIG_RECORD_AWAY || n->owes_away || n->untold;
}

static void show(const struct mig_service *m, const struct mig_note *n, struct mig_leftover *out)
{
	*out = (struct mig_leftover){
		.id = n->order,
		.state = lost(n) ? "LOST" : names[n->state],
		.source = n->source,
		.open = open(m, n),
		.holds = holds(n),
		.peer_ipv4 = n->peer_ipv4,
		.when_s = n->when_s,
	};
	memcpy(out->vm, n->vm, sizeof(out->vm));
	memcpy(out->vm_uuid, n->vm_uuid, sizeof(out->vm_uuid));
	memcpy(out->peer_name, n->peer_name, sizeof(out->peer_name));
}

unsigned mig_service_record_count(const struct mig_service *m)
{
	const struct mig_records *r = &m->core.records;
	unsigned count = 0;

	for (unsigned i = 0; i < MIG_RECORDS; i++)
		count += r->note[i].state != MIG_RECORD_NONE;
	for (unsigned i = 0; i < MIG_AWAYS; i++)
		count += r->away[i].state != MIG_RECORD_NONE;
	for (unsigned i = 0; i < MIG_STRANGE; i++)
		count += r->strange[i].used;
	return count;
}

static const struct mig_note *nth(const struct mig_note *table, unsigned count, unsigned *index)
{
	for (unsigned i = 0; i < count; i++)
		if (table[i].state && !(*index)--)
			return &table[i];
	return NULL;
}

bool mig_service_record_get(const struct mig_service *m, unsigned index, struct mig_leftover *out)
{
	const struct mig_records *r = &m->core.records;
	const struct mig_note *n = nth(r->note, MIG_RECORDS, &index);

	if (!n)
		n = nth(r->away, MIG_AWAYS, &index);
	if (n)
		show(m, n, out);
	for (unsigned i = 0; i < MIG_STRANGE && !n; i++) {
		if (!r->strange[i].used || index--)
			continue;
		*out = (struct mig_leftover){ .id = STRANGE_ID + i, .state = "UNREADABLE", .holds = true };
		memcpy(out->vm_uuid, r->strange[i].uuid_known ? r->strange[i].vm_uuid : r->strange[i].key,
		       sizeof(out->vm_uuid));
		if (!r->strange[i].uuid_known)
			memset(out->vm_uuid, 0, sizeof(out->vm_uuid));	/* the key may be a secret */
		return true;
	}
	return n;
}

static const struct mig_note *by_order(const struct mig_note *table, unsigned count, uint64_t order)
{
	for (unsigned i = 0; i < count; i++)
		if (table[i].state && table[i].order == order)
			return &table[i];
	return NULL;
}

static enum err drop_strange(struct mig_records *r, uint64_t id, bool accept_risk, struct why *why)
{
	struct mig_strange *s = id - STRANGE_ID < MIG_STRANGE ? &r->strange[id - STRANGE_ID] : NULL;

	if (!s || !s->used)
		return ERR_NOTFOUND;
	why_set(why, "it can't be read: a machine that it holds could run twice when started here, and the other host "
		     "of its attempt stay in doubt, or give up a copy that is the last one");
	if (!accept_risk)
		return ERR_REFUSED;
	if (r->store.drop)
		r->store.drop(r->store.ctx, s->key);
	s->used = false;
	return ERR_OK;
}

static void say_risk(const struct mig_note *n, struct why *why)
{
	if (n->state == MIG_RECORD_CAME)
		why_set(why, "%s could not claim %s back from here", n->peer_name, n->vm);
	else if (!n->source)
		why_set(why, "should %s ask what became of %s, it would not be told, and stay in doubt", n->peer_name,
			n->vm);
	else if (n->state == MIG_RECORD_ABORTED)
		why_set(why, "a copy of %s that %s may hold stays there until an operator gives it up", n->vm,
			n->peer_name);
	else
		why_set(why, "%s would not be told that it may forget %s, and keeps its record", n->peer_name, n->vm);
}

static enum err drop_note(struct mig_service *m, const struct mig_note *n, bool accept_risk, struct why *why)
{
	struct mig_note copy = *n;

	if (open(m, n)) {
		why_set(why, "a job sees to %s: force that", n->vm);
		return ERR_STATE;
	}
	/* Whatever else holds the machine goes with it: what is risked is the same. */
	if (holds(n))
		return mig_service_vm_reclaim(m, copy.vm_uuid, accept_risk, why);
	say_risk(n, why);
	if (!accept_risk)
		return ERR_REFUSED;
	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++)
		if (m->notification[i].type &&
		    !memcmp(m->notification[i].note.attempt, copy.attempt, sizeof(copy.attempt)))
			mig_ask_fini(&m->notification[i]);
	mig_records_remove(&m->core.records, copy.attempt);
	return ERR_OK;
}

enum err mig_service_record_drop(struct mig_service *m, uint64_t id, bool accept_risk, struct why *why)
{
	const struct mig_note *n = by_order(m->core.records.note, MIG_RECORDS, id);
	char vm[32] = "a machine";
	enum err e;

	if (!n)
		n = by_order(m->core.records.away, MIG_AWAYS, id);
	if (n)
		memcpy(vm, n->vm, sizeof(vm));
	e = n ? drop_note(m, n, accept_risk, why) : drop_strange(&m->core.records, id, accept_risk, why);
	if (e == ERR_NOTFOUND)
		why_set(why, "there is no such record");
	if (e == ERR_OK)
		log_warn("mig", "an operator drops a record of %s: %s", vm, why->text);
	return e;
}
