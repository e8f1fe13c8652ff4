/* SPDX-License-Identifier: MIT */
/* dest_locate.c: another host asks where a machine is, to start it if it is nowhere, or to have it back
 * (docs/wire/protocol.md, section 8). */
#include <string.h>
#include "dest_parts.h"
#include "lib/log.h"

static bool moving(const struct mig_core *c, const uint8_t *uuid)
{
	for (unsigned i = 0; i < MIG_IN; i++)
		if (c->in[i] && c->in[i]->guest && !memcmp(c->in[i]->def.uuid, uuid, sizeof(c->in[i]->def.uuid)))
			return true;
	for (unsigned i = 0; i < MIG_JOBS; i++)
		if (c->job[i].id && !c->job[i].ended_ns && !memcmp(c->job[i].vm_uuid, uuid, 16))
			return true;
	return mig_records_left(&c->records, uuid) != NULL;
}

/* Records that leave open whether a copy elsewhere may still be resumed, or that can't be read. */
static bool doubtful(const struct mig_records *r, const uint8_t *uuid)
{
	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (!memcmp(r->note[i].vm_uuid, uuid, 16) &&
		    (r->note[i].state == MIG_RECORD_OWNED || r->note[i].owes_away))
			return true;
	for (unsigned i = 0; i < MIG_STRANGE; i++)
		if (r->strange[i].used &&
		    !memcmp(r->strange[i].uuid_known ? r->strange[i].vm_uuid : r->strange[i].key, uuid, 16))
			return true;
	return false;
}

/* Entries that may be of any machine. */
static bool unreadable(const struct mig_records *r)
{
	for (unsigned i = 0; i < MIG_STRANGE; i++)
		if (r->strange[i].used && !r->strange[i].uuid_known)
			return true;
	return false;
}

/* Is it the machine of @n that is claimed, by who knows how it came? */
static bool entitled(const struct mig_dest *d, const struct mig_note *n, const struct mig_locate_record *ask)
{
	if (!n || memcmp(n->attempt, ask->attempt, sizeof(n->attempt)))
		return false;
	if (n->proves)
		return mig_core_same_proof(ask->proof, n->own_proof);
	return !memcmp(d->hello.uuid, n->peer_uuid, sizeof(n->peer_uuid)) && d->peer_ipv4 == n->peer_ipv4;
}

static void say(struct mig_located *out, enum mig_located_state state, const struct why *why)
{
	out->state = (uint8_t)state;
	memcpy(out->text, why->text, sizeof(out->text));
}

/* The machine went on to another host: the claim goes there, with what this host could claim it by. */
static void refer(const struct mig_note *away, bool claim, struct mig_located *out)
{
	out->ipv4 = away->peer_ipv4;
	out->port = away->peer_port;
	memcpy(out->name, away->peer_name, sizeof(out->name));
	if (!claim)
		return;
	memcpy(out->peer_uuid, away->peer_uuid, sizeof(out->peer_uuid));
	out->given = away->given;
	memcpy(out->attempt, away->attempt, sizeof(out->attempt));
	if (away->proves) {
		memcpy(out->own_proof, away->own_proof, sizeof(out->own_proof));
		memcpy(out->peer_proof, away->peer_proof, sizeof(out->peer_proof));
	}
}

/* Gives the machine of @came up for good: recorded before the answer. */
static bool give_up(struct mig_dest *d, const struct mig_note *came, struct why *why)
{
	struct mig_core *c = d->core;
	struct mig_note note = *came;
	bool defines = !c->host.defines || c->host.defines(c->host.ctx, note.vm_uuid);

	note.peer_ipv4 = d->peer_ipv4;
	note.peer_port = d->hello.port;
	note.source = true;
	note.given++;
	note.when_s = mig_core_wall(c);
	memcpy(note.peer_name, d->peer_name, sizeof(note.peer_name));
	memcpy(note.peer_uuid, d->hello.uuid, sizeof(note.peer_uuid));
	/* What tern.conf here doesn't define can't be started here after a restart, recorded or not. */
	if (mig_away_put(&c->records, &note, c->host.defines, c->host.ctx, why) != ERR_OK && defines) {
		/* A marker in memory alone would answer the next claim. */
		mig_away_home(&c->records, note.vm_uuid);
		why_set(why, "%s could not record that it gives %s up, which its tern.conf defines", c->host.name,
			note.vm);
		return false;
	}
	c->host.vm_give_up(c->host.ctx, note.vm_uuid);
	log_info("mig", "%s was off here and goes back to %s, which claims it", note.vm, note.peer_name);
	return true;
}

/* The machine of @came does not run here and is not known to have left. */
static bool may_give_up(const struct mig_dest *d, const struct mig_note *came, uint32_t given, uint64_t now_ns,
			struct why *why)
{
	const struct mig_promise *other = mig_core_promised(d->core, came->vm_uuid, now_ns);
	const struct mig_records *r = &d->core->records;
	const char *own = d->core->host.name;

	if (came->given != given)
		why_set(why, "%s has been given back %u times since, not %u", came->vm, came->given, given);
	/* What came in this boot left in it too, or not at all: of that nothing is unreadable. */
	else if (came->restored && unreadable(r))
		why_set(why,
			"not all records of %s can be read, so %s may have gone on from there: an operator must drop "
			"those that can't (ternctl records), or reclaim it",
			own, came->vm);
	else if (came->restored && !mig_records_found(r))
		why_set(why,
			"%s can't tell whether its restart left it all of its records, so %s may have gone on from "
			"there: an operator must reclaim it",
			own, came->vm);
	else if (other && memcmp(other->peer_uuid, d->hello.uuid, sizeof(other->peer_uuid)))
		why_set(why, "%s has just told %s that it may start %s: try again in %u s", own, other->peer_name,
			came->vm, (unsigned)((other->until_ns - now_ns) / MIG_SECOND + 1));
	else
		return true;
	return false;
}

static void on_claim(struct mig_dest *d, const struct mig_locate_record *ask, enum mig_vm_here here, uint64_t now_ns,
		     struct mig_located *out)
{
	const struct mig_records *r = &d->core->records;
	const struct mig_note *away = mig_away_get(r, ask->uuid), *came = mig_came_get(r, ask->uuid, ask->attempt);
	const char *own = d->core->host.name;
	struct why why = { "" };

	if (away && entitled(d, away, ask) && !memcmp(away->peer_uuid, d->hello.uuid, sizeof(away->peer_uuid))) {
		memcpy(out->proof, away->peer_proof, sizeof(out->proof));
		out->given = away->given;
		/* Given up to the asking host already, which the answer did not reach; or the other way round, and this
		 * host has not heard. */
		why_set(&why, "%s gave %s back to %s, which has not taken it yet: it can be started there",
			d->peer_name, away->vm, own);
		say(out, away->given == ask->given + 1 ? MIG_LOCATED_RELEASED : MIG_LOCATED_REFUSED, &why);
		return;
	}
	if (!entitled(d, came, ask)) {
		if (came)
			why_set(&why, "%s does not prove that it is the host that %s came to %s from", d->peer_name,
				came->vm, own);
		else
			why_set(&why, "the records of %s do not say that this machine came there from %s", own,
				d->peer_name);
		say(out, MIG_LOCATED_REFUSED, &why);
		return;
	}
	memcpy(out->proof, came->peer_proof, sizeof(out->proof));
	if (here == MIG_VM_RUNS) {
		why_set(&why, "%s runs on %s", came->vm, own);
		say(out, MIG_LOCATED_RUNS, &why);
	} else if (away) {
		why_set(&why, "%s moved from %s on to %s", away->vm, own, away->peer_name);
		say(out, MIG_LOCATED_MOVED, &why);
		refer(away, true, out);
	} else if (!may_give_up(d, came, ask->given, now_ns, &why)) {
		say(out, MIG_LOCATED_REFUSED, &why);
	} else {
		out->given = came->given + 1;
		say(out, give_up(d, came, &why) ? MIG_LOCATED_RELEASED : MIG_LOCATED_REFUSED, &why);
	}
}

/* May the asking host start the machine? If so this one doesn't for a while. */
static void on_question(struct mig_dest *d, const struct mig_locate_record *ask, enum mig_vm_here here, uint64_t now_ns,
			struct mig_located *out)
{
	struct mig_core *c = d->core;
	const struct mig_note *away = mig_away_get(&c->records, ask->uuid);
	struct why why = { "" };

	if (here == MIG_VM_RUNS || here == MIG_VM_OFF) {
		if (away && here == MIG_VM_OFF)
			here = MIG_VM_ABSENT;
		why_set(&why, here == MIG_VM_RUNS ? "it runs on %s" : "it is on %s, and is off there", c->host.name);
	}
	if (here == MIG_VM_RUNS || here == MIG_VM_OFF) {
		say(out, here == MIG_VM_RUNS ? MIG_LOCATED_RUNS : MIG_LOCATED_STOPPED, &why);
	} else if (away && memcmp(away->peer_uuid, d->hello.uuid, sizeof(away->peer_uuid))) {
		why_set(&why, "it moved from %s on to %s", c->host.name, away->peer_name);
		say(out, MIG_LOCATED_MOVED, &why);
		refer(away, false, out);
	} else if (here == MIG_VM_WAITS && memcmp(c->host.uuid, d->hello.uuid, sizeof(c->host.uuid)) <= 0) {
		why_set(&why, "%s is to start it too, and goes first", c->host.name);
		say(out, MIG_LOCATED_FIRST, &why);
	} else if (!mig_core_promise(c, ask->uuid, d->hello.uuid, d->peer_name, now_ns)) {
		why_set(&why, "%s has told another host that it may start it", c->host.name);
		say(out, MIG_LOCATED_REFUSED, &why);
	} else {
		why = (struct why){ "" };
		say(out, MIG_LOCATED_NOT_HERE, &why);
	}
}

void dest_on_locate(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	const struct mig_host *host = &d->core->host;
	struct mig_located out = { 0 };
	struct mig_locate_record ask;
	struct why why = { "" };
	enum mig_vm_here here;

	if (!dest_parse(d, r, &ask, now_ns))
		return;
	here = host->vm_here ? host->vm_here(host->ctx, ask.uuid) : MIG_VM_ABSENT;
	if (!host->vm_here || moving(d->core, ask.uuid) || doubtful(&d->core->records, ask.uuid)) {
		why_set(&why,
			!host->vm_here            ? "%s does not say which machines it runs" :
			moving(d->core, ask.uuid) ? "it is on its way from or to %s" :
						    "what became of it on %s is not settled",
			host->name);
		say(&out, MIG_LOCATED_MOVING, &why);
	} else if (ask.flags & MIG_LOCATE_CLAIM) {
		on_claim(d, &ask, here, now_ns, &out);
	} else {
		on_question(d, &ask, here, now_ns, &out);
	}
	dest_put(d, MIG_LOCATED, &out, now_ns);
	if (d->place != MIG_DEST_END)
		dest_go(d, MIG_DEST_CLOSING, now_ns + MIG_OFFER_NS);
}
