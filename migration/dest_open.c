/* SPDX-License-Identifier: MIT */
/* dest_open.c: HELLO and OFFER at the destination, and every reason to refuse them. */
#include "dest_parts.h"
#include <string.h>
#include "lib/ipv4.h"
#include "lib/log.h"

#define CLOSING_NS (2 * MIG_SECOND)

void dest_reject(struct mig_dest *d, const struct why_list *reasons, uint64_t now_ns)
{
	struct mig_reject rec;

	memset(&rec, 0, sizeof(rec));
	rec.count = reasons->count < WHY_MAX ? reasons->count : WHY_MAX;
	for (unsigned n = 0; n < rec.count; n++) {
		memcpy(rec.text + n * WHY_TEXT, reasons->why[n].text, WHY_TEXT);
		log_limited(now_ns, LOG_INFO, "mig", "refused: %s", reasons->why[n].text);
	}
	dest_put(d, MIG_REJECT, &rec, now_ns);
	if (d->place != MIG_DEST_END)
		dest_go(d, MIG_DEST_CLOSING, now_ns + CLOSING_NS);
}

static void note_peer(struct mig_dest *d, const struct mig_hello *hello)
{
	struct mig_note *n = &d->note;

	memcpy(n->attempt, d->stream.attempt, sizeof(n->attempt));
	n->peer_ipv4 = d->peer_ipv4;
	memcpy(n->peer_name, d->peer_name, sizeof(n->peer_name));
	mig_core_note_peer(d->core, n, hello);
	n->peer_forgets = !n->peer_keeps && hello->capabilities & MIG_CAP_RECORDS_FOUND;
}

bool dest_peer_may_ask(const struct mig_dest *d, struct why *why)
{
	const struct mig_note *n = mig_core_note(d->core, d->stream.attempt);

	return !n || mig_core_same_peer(n, &d->hello, d->peer_ipv4, why) == ERR_OK;
}

void dest_on_hello(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	const struct mig_host *host = &d->core->host;
	struct why_list reasons = { 0 };
	const uint8_t *proof = NULL;
	const struct mig_note *n;
	struct mig_hello hello;
	struct why why;
	char address[16];

	if (!dest_parse(d, r, &hello, now_ns))
		return;
	mig_text_copy(d->peer_name, sizeof(d->peer_name), hello.name, sizeof(hello.name));
	d->purpose = hello.purpose;
	d->capabilities = hello.capabilities & mig_core_capabilities(d->core);
	ipv4_text(d->peer_ipv4, address);
	if (!host->accept_from(host->ctx, d->peer_ipv4))
		why_add(&reasons, "%s takes no migrations from %s (accept_from in its tern.conf)", host->name, address);
	if (mig_core_hello_check(&hello, &why))
		why_add(&reasons, "%s: %s", host->name, why.text);
	d->hello = hello;
	if (!reasons.count && d->purpose == MIG_PURPOSE_SETTLE && !dest_peer_may_ask(d, &why))
		why_add(&reasons, "%s: %s", host->name, why.text);
	if (reasons.count) {
		dest_reject(d, &reasons, now_ns);
		return;
	}
	/* The service knows who holds the attempt's guest, and what became of those that left. */
	if (d->purpose == MIG_PURPOSE_RESUME || d->purpose == MIG_PURPOSE_INQUIRE) {
		d->wants_attach = true;
		return;
	}
	note_peer(d, &hello);
	n = mig_core_note(d->core, d->stream.attempt);
	if (d->purpose == MIG_PURPOSE_MIGRATE) {
		mig_core_begin(d->core, &d->note);
		mig_core_prove(d->core, &d->note);
		proof = d->note.own_proof;
	} else if (d->purpose == MIG_PURPOSE_SETTLE && n) {
		proof = n->peer_proof;
	}
	mig_core_hello(d->core, d->purpose, proof, &hello);
	if (d->purpose == MIG_PURPOSE_LOCATE) {
		dest_go(d, MIG_DEST_LOCATE, now_ns + MIG_OFFER_NS);
	} else if (d->purpose == MIG_PURPOSE_SETTLE) {
		d->handoff = handoff_from_record(mig_records_get(&d->core->records, d->stream.attempt));
		dest_go(d, MIG_DEST_SETTLED, now_ns + MIG_OFFER_NS);
	} else {
		dest_go(d, MIG_DEST_OFFER, now_ns + MIG_OFFER_NS);
	}
	dest_put(d, MIG_HELLO, &hello, now_ns);
}

/* False: the offer is not one that a correct source sends. */
static bool offer_is_sane(struct mig_dest *d, const struct mig_offer *offer, uint64_t now_ns)
{
	const char *wrong = NULL;

	if (!offer->memory_bytes || offer->memory_bytes % CHUNK_SIZE)
		wrong = "OFFER: memory_bytes is not a multiple of 2 MiB";
	else if (!memchr(offer->name, 0, sizeof(offer->name)) || !offer->name[0])
		wrong = "OFFER: the name is empty or has no end";
	else if (!offer->vcpus)
		wrong = "OFFER: no vCPUs";
	else if ((offer->flags & MIG_OFFER_CHECK) != (d->purpose == MIG_PURPOSE_CHECK ? MIG_OFFER_CHECK : 0))
		wrong = "OFFER and HELLO do not agree whether this is a check";
	if (wrong)
		dest_fail(d, now_ns, ERR_INVALID, wrong);
	return !wrong;
}

static void take_definition(struct mig_dest *d, const struct mig_offer *offer)
{
	struct mig_definition *def = &d->def;

	mig_text_copy(def->name, sizeof(def->name), offer->name, sizeof(offer->name));
	memcpy(def->uuid, offer->uuid, sizeof(def->uuid));
	def->memory_bytes = offer->memory_bytes;
	def->vcpus = offer->vcpus;
	def->tsc_khz = offer->tsc_khz;
	def->cpu_policy_bytes = offer->cpu_policy_bytes;
	def->inventory_bytes = offer->inventory_bytes;
	memcpy(def->cpu_policy, offer->cpu_policy, sizeof(def->cpu_policy));
	memcpy(def->inventory, offer->inventory, sizeof(def->inventory));
	d->flags = offer->flags;
	memcpy(d->note.vm, def->name, sizeof(d->note.vm));
	memcpy(d->note.vm_uuid, def->uuid, sizeof(d->note.vm_uuid));
}

/* 0: not said, or of a later version. */
static enum mig_move_type type_of(const struct mig_offer *offer)
{
	switch (offer->move_type) {
	case MIG_MOVE_LIVE:	return MIG_MOVE_LIVE;
	case MIG_MOVE_RESUME:	return MIG_MOVE_RESUME;
	case MIG_MOVE_RESTART:	return MIG_MOVE_RESTART;
	default:		return (enum mig_move_type)0;
	}
}

static void begin_loading(struct mig_dest *d, const struct mig_offer *offer, uint64_t now_ns)
{
	d->load = (struct mig_load){
		.guest = d->guest, .pages = d->def.memory_bytes >> PAGE_SHIFT, .round = 1,
		.capabilities = d->capabilities,
	};
	mig_digest_init(&d->digest, d->capabilities);
	d->handoff = HD_LOADING;
	d->core->coming++;
	d->round_start_ns = now_ns;
	d->job = mig_core_job(d->core, true, now_ns);
	if (!d->job)
		return;
	memcpy(d->job->vm, d->def.name, sizeof(d->job->vm));
	memcpy(d->job->vm_uuid, d->def.uuid, sizeof(d->job->vm_uuid));
	memcpy(d->job->peer_name, d->peer_name, sizeof(d->job->peer_name));
	d->job->peer_ipv4 = d->peer_ipv4;
	d->job->incoming = true;
	d->job->type = type_of(offer);
	d->job->state = MIG_JOB_ACTIVE;
	d->job->started_ns = now_ns;
	d->job->rounds = 1;
	mig_job_phase(d->job, MIG_PHASE_ROUNDS, now_ns);
}

/* Guests of @ipv4 on their way here. */
static unsigned coming_from(const struct mig_core *c, uint32_t ipv4)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MIG_IN; i++)
		n += c->in[i] && c->in[i]->handoff == HD_LOADING && c->in[i]->peer_ipv4 == ipv4;
	return n;
}

/* Its source could have sent something, or come back. */
static bool stands_still(const struct mig_dest *d, uint64_t now_ns)
{
	if (d->handoff != HD_LOADING || (d->place != MIG_DEST_ROUNDS && d->place != MIG_DEST_LOST))
		return false;
	return now_ns - d->progress_ns >= (dest_may_wait(d) ? MIG_IDLE_OFF_NS : MIG_IDLE_NS);
}

/* All places are taken: who gives his up for @d, whose host has nothing on its way here: what stands still, of a peer
 * that has more than one. */
static struct mig_dest *yields_place(const struct mig_dest *d, uint64_t now_ns)
{
	struct mig_dest *idle = NULL;

	for (unsigned i = 0; i < MIG_IN && !coming_from(d->core, d->peer_ipv4); i++) {
		struct mig_dest *o = d->core->in[i];

		if (o && stands_still(o, now_ns) && coming_from(d->core, o->peer_ipv4) > 1 &&
		    (!idle || o->progress_ns < idle->progress_ns))
			idle = o;
	}
	return idle;
}

/* ACCEPT promises all of a guest's memory, though it is taken as pages come. What is promised to guests that stand
 * still goes to one of a peer with nothing on its way here, if it fits then and does not fit else. */
static bool would_fit(const struct mig_dest *d, uint64_t now_ns)
{
	const struct mig_host *host = &d->core->host;
	uint64_t chunks = d->def.memory_bytes / CHUNK_SIZE, there_would_be = mig_core_spare(d->core);

	if (!host->memory_fits || host->memory_fits(host->ctx, d->def.memory_bytes))
		return true;
	if (coming_from(d->core, d->peer_ipv4))
		return false;
	for (unsigned i = 0; i < MIG_IN; i++)
		if (d->core->in[i] && stands_still(d->core->in[i], now_ns))
			there_would_be += d->core->in[i]->def.memory_bytes / CHUNK_SIZE;
	/* With its page tables. */
	return there_would_be >= chunks + chunks / CHUNK_PAGES;
}

/* Nothing but what others hold that stand still speaks against the move: is it to be had? */
static bool may_have_way(struct mig_dest *d, struct mig_dest **place, uint64_t now_ns)
{
	const struct mig_host *host = &d->core->host;
	struct why_list reasons = { 0 };

	*place = NULL;
	if (d->core->coming >= mig_core_max_in(d->core)) {
		*place = yields_place(d, now_ns);
		if (!*place)
			return false;
	}
	if (!mig_core_job_would(d->core, d->peer_ipv4, *place ? (*place)->job : NULL, now_ns) || !would_fit(d, now_ns))
		return false;
	d->def.room_later = true;
	host->guest_check(host->ctx, &d->def, &reasons);
	d->def.room_later = false;
	return !reasons.count;
}

static void ends_for(struct mig_dest *d, struct mig_dest *idle, const char *reason, uint64_t now_ns)
{
	dest_fail(idle, now_ns, ERR_SPACE, reason);
	d->core->coming--;
}

/* All other checks are passed: what stands still gives way, the one that has stood longest first, and only as far as is
 * needed. */
static void make_way(struct mig_dest *d, uint64_t now_ns)
{
	const struct mig_host *host = &d->core->host;
	struct mig_dest *idle;

	if (!may_have_way(d, &idle, now_ns))
		return;
	if (idle)
		ends_for(d, idle, "it made no progress and gave way to another host's move", now_ns);
	mig_core_job_yield(d->core, d->peer_ipv4);
	while (host->memory_fits && !host->memory_fits(host->ctx, d->def.memory_bytes)) {
		idle = NULL;
		for (unsigned i = 0; i < MIG_IN; i++) {
			struct mig_dest *o = d->core->in[i];

			if (o && stands_still(o, now_ns) && (!idle || o->progress_ns < idle->progress_ns))
				idle = o;
		}
		if (!idle)
			return;
		ends_for(d, idle, "it made no progress, and its memory went to another host's move", now_ns);
	}
}

/* The record that must give way for one more of @d's host, by its own quota or by all that there is; NULL: none need,
 * or none can. */
static const struct mig_note *giving_way(const struct mig_dest *d, bool *full, bool *theirs)
{
	const struct mig_records *r = &d->core->records;
	const struct mig_host *host = &d->core->host;
	const struct mig_age age = { mig_core_wall(d->core), mig_core_clock(d->core), host->defines, host->ctx };

	*theirs = mig_records_unsettled(r, d->peer_ipv4) >= MIG_RECORDS_PEER;
	*full = *theirs || mig_records_unsettled(r, 0) >= MIG_RECORDS_IN || !mig_records_room(r);
	return *full ? mig_records_oldest(r, *theirs ? d->peer_ipv4 : 0, &age) : NULL;
}

/* What the records have no place for. */
static void check_records(const struct mig_dest *d, struct why_list *reasons)
{
	const char *name = d->core->host.name;
	char address[16];
	bool full, theirs;

	if (giving_way(d, &full, &theirs) || !full)
		return;
	ipv4_text(d->peer_ipv4, address);
	if (theirs)
		why_add(reasons,
			"%s has %u unsettled migrations from %s (%s): it must settle them, or an operator drop them",
			name, mig_records_unsettled(&d->core->records, d->peer_ipv4), d->peer_name, address);
	else
		why_add(reasons,
			"%s has too many unsettled migrations: those that they came from must settle them, or an "
			"operator drop them",
			name);
}

/* The move is taken: what check_records has seen gives way. */
static void make_places(struct mig_dest *d, uint64_t now_ns)
{
	const struct mig_note *n;
	char address[16];
	bool full, theirs;

	while ((n = giving_way(d, &full, &theirs))) {
		ipv4_text(n->peer_ipv4, address);
		log_limited(now_ns, LOG_WARN, "mig",
			    "the record of %s, which came from %s (%s), is old and gives way: asked for it, %s knows "
			    "nothing",
			    n->vm, n->peer_name, address, d->core->host.name);
		mig_records_remove(&d->core->records, n->attempt);
	}
}

void dest_on_offer(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	const struct mig_host *host = &d->core->host;
	struct mig_accept accept = { .state_bytes = MIG_STATE_MAX };
	struct why_list reasons = { 0 };
	struct mig_offer offer;
	struct why why;

	if (d->capabilities & MIG_CAP_RESUME)
		accept.resume_grace_ms = (uint32_t)(host->resume_grace_ns / 1000000);
	if (!dest_parse(d, r, &offer, now_ns) || !offer_is_sane(d, &offer, now_ns))
		return;
	take_definition(d, &offer);
	if (!host->can_run_vms)
		why_add(&reasons, "%s can't run virtual machines: %s", host->name, host->why_not);
	check_records(d, &reasons);
	if (mig_core_note(d->core, d->stream.attempt))
		why_add(&reasons, "%s knows this attempt already: it is an old one", host->name);
	if (mig_records_left(&d->core->records, d->def.uuid))
		why_add(&reasons, "%s left %s for another host, and whether it runs there is not settled yet",
			d->def.name, host->name);
	if (d->purpose == MIG_PURPOSE_MIGRATE && !reasons.count)
		make_way(d, now_ns);
	if (d->purpose == MIG_PURPOSE_MIGRATE && !mig_core_job_room(d->core, true, now_ns, &why))
		why_add(&reasons, "%s", why.text);
	if (d->core->coming >= mig_core_max_in(d->core))
		why_add(&reasons, "%s takes %u migrations at once (max_in in its tern.conf), and %u are coming in",
			host->name, mig_core_max_in(d->core), d->core->coming);
	/* Without VT-x the rest of the checks still tells what else would stand in the way. */
	if (d->purpose == MIG_PURPOSE_CHECK || reasons.count)
		host->guest_check(host->ctx, &d->def, &reasons);
	else
		d->guest = host->guest_create(host->ctx, &d->def, &reasons);
	if (d->purpose == MIG_PURPOSE_MIGRATE && !d->guest && !reasons.count)
		why_add(&reasons, "%s could not make the virtual machine", host->name);
	if (reasons.count && !d->guest) {
		dest_reject(d, &reasons, now_ns);
		return;
	}
	if (d->guest) {
		make_places(d, now_ns);
		begin_loading(d, &offer, now_ns);
		dest_go(d, MIG_DEST_ROUNDS, UINT64_MAX);
	} else {
		dest_go(d, MIG_DEST_CLOSING, now_ns + CLOSING_NS);
	}
	dest_put(d, MIG_ACCEPT, &accept, now_ns);
}
