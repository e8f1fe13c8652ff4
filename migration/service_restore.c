/* SPDX-License-Identifier: MIT */
/* service_restore.c: what earlier boots of this host left unsettled, and which machines must not be started afresh for
 * it. */
#include <stdlib.h>
#include <string.h>
#include "lib/calendar.h"
#include "lib/fmt.h"
#include "lib/ipv4.h"
#include "lib/log.h"
#include "service_parts.h"

/* A prepared copy died with its boot and never ran. */
static void abort_prepared(struct mig_records *r, const struct mig_note *n)
{
	struct mig_note note = *n;
	struct why why;

	log_warn("mig", "%s was prepared here for %s when this host restarted: that attempt is given up", n->vm,
		 n->peer_name);
	if (mig_records_put(r, &note, MIG_RECORD_ABORTED, &why) != ERR_OK)
		log_warn("mig", "%s: a further restart will give it up again", note.vm);
}

/* The machine had come back before it was lost: an older marker of its leaving was about to go, or its drop came
 * undone. */
static void settle_markers(struct mig_records *r, const struct mig_note *back)
{
	const struct mig_note *away = mig_away_get(r, back->vm_uuid);

	if (away && away->order < back->order)
		mig_away_home(r, back->vm_uuid);
}

void service_restore(struct mig_service *m)
{
	struct mig_records *r = &m->core.records;

	r->defines = m->core.host.defines;
	r->ctx = m->core.host.ctx;
	mig_records_load(r, &m->core.host.store, m->core.host.boot_id);
	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		struct mig_note *n = &r->note[i];

		if (!n->state || !n->restored)
			continue;
		n->orphan = n->source;
		if (n->state == MIG_RECORD_PREPARED)
			abort_prepared(r, n);
		else if (n->state == MIG_RECORD_OWNED || n->state == MIG_RECORD_CAME)
			settle_markers(r, n);
	}
}

static bool restore_committed(struct mig_service *m, const struct mig_note *note, uint64_t now_ns)
{
	struct service_out *o = NULL;
	struct mig_job *job;

	for (unsigned i = SERVICE_NEW; i < SERVICE_OUT && !o; i++)
		if (!m->out[i].source)
			o = &m->out[i];
	if (!o)
		return false;
	o->source = malloc(sizeof(*o->source));
	job = o->source ? mig_core_job(&m->core, false, now_ns) : NULL;
	if (!job) {
		free(o->source);
		o->source = NULL;
		return false;
	}
	mig_source_restore(o->source, &m->core, note, job, now_ns);
	o->since_ns = now_ns;
	log_warn("mig", "job %u: %s", job->id, job->doubt);
	return true;
}

void service_restore_step(struct mig_service *m, uint64_t now_ns)
{
	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		struct mig_note *n = &m->core.records.note[i];

		if (!n->state || !n->orphan)
			continue;
		n->orphan = !(n->state == MIG_RECORD_COMMITTED ? restore_committed(m, n, now_ns) :
			      service_notification_restore(m, n, now_ns));
	}
}

/* " at 2026-11-23 02:46 UTC", "" if it is not known. */
static void when_text(uint64_t when_s, char out[32])
{
	struct calendar c = calendar_from(when_s);

	out[0] = 0;
	if (when_s)
		fmt(out, 32, " at %04u-%02u-%02u %02u:%02u UTC", c.year, c.month, c.day, c.hour, c.minute);
}

static bool held_by_guest(const struct mig_service *m, const uint8_t uuid[16], struct why *why)
{
	for (unsigned i = 0; i < SERVICE_IN; i++) {
		const struct mig_dest *d = m->core.in[i];

		if (!d || !d->guest || memcmp(d->def.uuid, uuid, sizeof(d->def.uuid)))
			continue;
		why_set(why, "%s is on its way here from %s", d->def.name, d->peer_name);
		return true;
	}
	return false;
}

static bool held_by_note(const struct mig_note *n, struct why *why)
{
	char address[16], when[32];

	ipv4_text(n->peer_ipv4, address);
	when_text(n->when_s, when);
	if (n->state == MIG_RECORD_COMMITTED)
		why_set(why,
			"%s was handed over to %s (%s)%s, and whether it runs there is not known yet: starting it here "
			"could run it twice",
			n->vm, n->peer_name, address, when);
	else if (n->state == MIG_RECORD_OWNED && n->restored)
		why_set(why,
			"%s came here from %s (%s)%s and was lost when this host restarted; %s still has a copy from "
			"before, which could be resumed there",
			n->vm, n->peer_name, address, when, n->peer_name);
	else if (n->state == MIG_RECORD_AWAY || (n->state == MIG_RECORD_DONE && n->owes_away))
		why_set(why, "%s moved to %s (%s)%s: starting it here could run it twice", n->vm, n->peer_name, address,
			when);
	else
		return false;
	return true;
}

static bool held_by_strange(const struct mig_records *r, const uint8_t uuid[16], struct why *why)
{
	for (unsigned i = 0; i < MIG_STRANGE; i++) {
		const struct mig_strange *s = &r->strange[i];

		if (!s->used || memcmp(s->uuid_known ? s->vm_uuid : s->key, uuid, sizeof(s->vm_uuid)))
			continue;
		why_set(why, "a record of its hand-off is kept here that can't be read: starting it here could run it "
			     "twice");
		return true;
	}
	return false;
}

static bool held_by_promise(const struct mig_core *c, const uint8_t uuid[16], struct why *why)
{
	const struct mig_promise *p = mig_core_promised(c, uuid, mig_core_clock(c));

	if (p)
		why_set(why, "%s has asked for it to start it there: starting it here too could run it twice",
			p->peer_name);
	return p;
}

bool mig_service_vm_held(const struct mig_service *m, const uint8_t uuid[16], struct why *why)
{
	const struct mig_records *r = &m->core.records;
	const struct mig_note *away = mig_away_get(r, uuid);

	if (held_by_guest(m, uuid, why))
		return true;
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (!memcmp(r->note[i].vm_uuid, uuid, sizeof(r->note[i].vm_uuid)) && held_by_note(&r->note[i], why))
			return true;
	if (away)
		return held_by_note(away, why);
	return held_by_strange(r, uuid, why) || held_by_promise(&m->core, uuid, why);
}

bool mig_service_vm_away(const struct mig_service *m, const uint8_t uuid[16])
{
	const struct mig_records *r = &m->core.records;

	if (mig_records_left(r, uuid))
		return false;
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (r->note[i].state == MIG_RECORD_DONE && r->note[i].owes_away &&
		    !memcmp(r->note[i].vm_uuid, uuid, 16))
			return true;
	return mig_away_get(r, uuid) != NULL;
}
