/* SPDX-License-Identifier: MIT */
/* core.c: attempt ids, job places and HELLO. */
#include "core.h"
#include <string.h>
#include "lib/fmt.h"
#include "lib/ipv4.h"

/* Places taken by jobs of one way, and when the first of those that have ended is forgotten. */
static unsigned jobs_taken(const struct mig_core *c, bool incoming, uint64_t *until_ns)
{
	unsigned taken = 0;

	*until_ns = UINT64_MAX;
	for (unsigned i = 0; i < MIG_JOBS; i++) {
		const struct mig_job *j = &c->job[i];

		if (!j->id || (incoming && !j->incoming))
			continue;
		taken++;
		if (j->ended_ns && j->ended_ns + MIG_JOB_KEEP_NS < *until_ns)
			*until_ns = j->ended_ns + MIG_JOB_KEEP_NS;
	}
	return taken;
}

bool mig_core_job_room(const struct mig_core *c, bool incoming, uint64_t now_ns, struct why *why)
{
	unsigned room = incoming ? MIG_JOBS_IN : MIG_JOBS;
	uint64_t until_ns, all_until_ns, wait_ns;

	if (jobs_taken(c, incoming, &until_ns) < room && jobs_taken(c, false, &all_until_ns) < MIG_JOBS)
		return true;
	wait_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	if (until_ns == UINT64_MAX)
		why_set(why, "%s has %u jobs under way and no room for another", c->host.name, room);
	else
		why_set(why,
			"%s keeps the jobs of ended moves for %u minutes and has no room for another: there is in %u s",
			c->host.name, (unsigned)(MIG_JOB_KEEP_NS / 60000000000ull),
			(unsigned)((wait_ns + 999999999) / 1000000000));
	return false;
}

struct mig_job *mig_core_job(struct mig_core *c, bool incoming, uint64_t now_ns)
{
	struct mig_job *job = c->job;

	if (!mig_core_job_room(c, incoming, now_ns, NULL))
		return NULL;
	while (job->id)
		job++;
	memset(job, 0, sizeof(*job));
	job->id = ++c->last_job;
	job->incoming = incoming;
	job->submitted_ns = job->changed_ns = now_ns;
	return job;
}

/* Jobs of moves that came from @ipv4. */
static unsigned jobs_from(const struct mig_core *c, uint32_t ipv4)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MIG_JOBS; i++)
		n += c->job[i].id && c->job[i].incoming && c->job[i].peer_ipv4 == ipv4;
	return n;
}

/* What would be forgotten early; NULL: nothing is, or can be. */
static const struct mig_job *yielding(const struct mig_core *c, uint32_t ipv4, const struct mig_job *ending)
{
	unsigned most = jobs_from(c, ipv4) + 1;
	const struct mig_job *oldest = NULL;
	uint64_t until_ns;

	if (jobs_taken(c, true, &until_ns) < MIG_JOBS_IN)
		return NULL;
	for (unsigned i = 0; i < MIG_JOBS; i++) {
		const struct mig_job *j = &c->job[i];
		unsigned theirs = jobs_from(c, j->peer_ipv4);
		bool failed = j->id && j->incoming && j->peer_ipv4 &&
			      ((j->ended_ns && j->state != MIG_JOB_COMPLETED) || j == ending);

		if (!failed || theirs <= most)
			continue;
		if (!oldest || theirs > jobs_from(c, oldest->peer_ipv4) ||
		    (theirs == jobs_from(c, oldest->peer_ipv4) && j->ended_ns < oldest->ended_ns))
			oldest = j;
	}
	return oldest;
}

void mig_core_job_yield(struct mig_core *c, uint32_t ipv4)
{
	const struct mig_job *oldest = yielding(c, ipv4, NULL);

	if (oldest)
		c->job[oldest - c->job].id = 0;
}

bool mig_core_job_would(const struct mig_core *c, uint32_t ipv4, const struct mig_job *ending, uint64_t now_ns)
{
	return mig_core_job_room(c, true, now_ns, NULL) || yielding(c, ipv4, ending);
}

void mig_core_met(struct mig_core *c, const uint8_t uuid[16], uint32_t ipv4)
{
	unsigned at = c->met_next;

	for (unsigned i = 0; i < MIG_MET; i++)
		if (c->met[i].ipv4 == ipv4 || (c->met[i].ipv4 && !memcmp(c->met[i].uuid, uuid, 16)))
			at = i;
	if (at == c->met_next)
		c->met_next = (c->met_next + 1) % MIG_MET;
	memcpy(c->met[at].uuid, uuid, 16);
	c->met[at].ipv4 = ipv4;
}

void mig_core_tell(struct mig_core *c, uint32_t id, const char *text)
{
	char before[WHY_TEXT];

	for (unsigned i = 0; i < MIG_JOBS; i++) {
		struct mig_job *j = &c->job[i];

		if (!id || j->id != id || !j->ended_ns)
			continue;
		/* The new fact first: it is what an operator must act on. */
		memcpy(before, j->error, sizeof(before));
		fmt(j->error, sizeof(j->error), before[0] ? "%s (%s)" : "%s", text, before);
		j->state = MIG_JOB_FAILED;
		j->phase = MIG_PHASE_FAILED;
	}
}

static unsigned limit(uint32_t wish)
{
	return !wish ? MIG_MOVES_DEFAULT : wish < MIG_MOVES_MAX ? wish : MIG_MOVES_MAX;
}

unsigned mig_core_max_out(const struct mig_core *c)
{
	return limit(c->host.max_out);
}

unsigned mig_core_max_in(const struct mig_core *c)
{
	return limit(c->host.max_in);
}

void mig_core_attempt(struct mig_core *c, uint8_t attempt[MIG_ATTEMPT])
{
	c->host.random(c->host.ctx, attempt, MIG_ATTEMPT);
}

/* Jobs under way. */
static unsigned under_way(const struct mig_core *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MIG_JOBS; i++)
		n += c->job[i].id && c->job[i].started_ns && !c->job[i].ended_ns;
	return n;
}

void mig_core_begin(struct mig_core *c, struct mig_note *note)
{
	mig_records_begin(&c->records, note, under_way(c));
}

bool mig_core_needs_marker(const struct mig_core *c, const struct mig_note *note, const uint8_t uuid[16])
{
	return note->in_memory && c->records.store.put && (!c->host.defines || c->host.defines(c->host.ctx, uuid));
}

bool mig_core_marker_room(const struct mig_core *c, const struct mig_note *note, const uint8_t uuid[16])
{
	const struct mig_store *store = &c->records.store;

	/* The job of the attempt itself is under way. */
	return !mig_core_needs_marker(c, note, uuid) || !store->room || store->room(store->ctx, under_way(c));
}

enum err mig_core_record(struct mig_core *c, const struct mig_note *note, enum mig_record_state state,
			 uint64_t *took_ns, struct why *why)
{
	uint64_t start = mig_core_clock(c), took;
	enum err e;

	c->records.now_ns = start;
	e = mig_records_put(&c->records, note, state, why);
	took = mig_core_clock(c) - start;
	*took_ns += took;
	if (!e && !note->in_memory && !mig_records_get(&c->records, note->attempt)->by_away)
		c->records.put_ns = took;
	return e;
}

uint64_t mig_core_record_ns(const struct mig_core *c, const struct mig_note *note)
{
	return note->in_memory ? 0 : c->records.put_ns;
}

uint64_t mig_core_clock(const struct mig_core *c)
{
	return c->host.clock_ns(c->host.ctx);
}

uint64_t mig_core_wall(const struct mig_core *c)
{
	return c->host.wall_s ? c->host.wall_s(c->host.ctx) : 0;
}

uint64_t mig_core_spare(const struct mig_core *c)
{
	return c->host.spare_chunks ? c->host.spare_chunks(c->host.ctx) : 0;
}

uint64_t mig_core_capabilities(const struct mig_core *c)
{
	return MIG_CAPABILITIES & ~(c->host.resume_grace_ns ? 0ull : MIG_CAP_RESUME);
}

void mig_core_hello(const struct mig_core *c, enum mig_purpose purpose, const uint8_t *proof, struct mig_hello *out)
{
	memset(out, 0, sizeof(*out));
	out->magic = MIG_MAGIC;
	out->version_min = MIG_VERSION;
	out->version_max = MIG_VERSION;
	out->purpose = (uint8_t)purpose;
	out->capabilities = mig_core_capabilities(c) | (mig_records_kept(&c->records) ? MIG_CAP_RECORDS_KEPT :
							mig_records_found(&c->records) ? MIG_CAP_RECORDS_FOUND : 0);
	memcpy(out->boot_id, c->host.boot_id, sizeof(out->boot_id));
	memcpy(out->uuid, c->host.uuid, sizeof(out->uuid));
	memcpy(out->name, c->host.name, sizeof(out->name));
	out->port = c->host.port;
	if (proof)
		memcpy(out->proof, proof, sizeof(out->proof));
}

void mig_core_prove(struct mig_core *c, struct mig_note *note)
{
	c->host.random(c->host.ctx, note->own_proof, sizeof(note->own_proof));
}

void mig_core_note_peer(const struct mig_core *c, struct mig_note *note, const struct mig_hello *hello)
{
	memcpy(note->peer_uuid, hello->uuid, sizeof(note->peer_uuid));
	memcpy(note->peer_boot, hello->boot_id, sizeof(note->peer_boot));
	/* A source knows where it connected to. */
	if (!note->source)
		note->peer_port = hello->port;
	note->peer_keeps = hello->capabilities & MIG_CAP_RECORDS_KEPT;
	note->proves = hello->capabilities & mig_core_capabilities(c) & MIG_CAP_PROOF;
	if (note->proves)
		memcpy(note->peer_proof, hello->proof, sizeof(note->peer_proof));
}

bool mig_core_back(const struct mig_core *c, const uint8_t attempt[MIG_ATTEMPT], uint8_t out[2 * MIG_PROOF])
{
	static const char about[16] = "tern asks back";
	uint8_t in[sizeof(about) + MIG_ATTEMPT];

	if (!c->host.derive)
		return false;
	memcpy(in, about, sizeof(about));
	memcpy(in + sizeof(about), attempt, MIG_ATTEMPT);
	c->host.derive(c->host.ctx, in, sizeof(in), out);
	return true;
}

bool mig_core_same_proof(const uint8_t a[MIG_PROOF], const uint8_t b[MIG_PROOF])
{
	uint8_t different = 0;

	for (unsigned i = 0; i < MIG_PROOF; i++)
		different |= a[i] ^ b[i];
	return !different;
}

enum err mig_core_same_peer(const struct mig_note *note, const struct mig_hello *hello, uint32_t ipv4, struct why *why)
{
	char address[16];

	ipv4_text(ipv4, address);
	if (memcmp(hello->uuid, note->peer_uuid, sizeof(note->peer_uuid)))
		why_set(why, "%s is another host than %s, with which this attempt began", address, note->peer_name);
	else if (note->proves && !mig_core_same_proof(hello->proof, note->own_proof))
		why_set(why, "%s does not prove that it is %s, with which this attempt began", address,
			note->peer_name);
	else if (!note->proves && ipv4 != note->peer_ipv4)
		why_set(why, "%s has another address than %s, with which this attempt began", address, note->peer_name);
	else
		return ERR_OK;
	return ERR_REFUSED;
}

enum err mig_core_hello_check(const struct mig_hello *hello, struct why *why)
{
	if (hello->magic != MIG_MAGIC) {
		why_set(why, "the peer's HELLO is not Tern's: magic 0x%llx", (unsigned long long)hello->magic);
		return ERR_INVALID;
	}
	if (hello->version_min > hello->version_max || hello->purpose < MIG_PURPOSE_MIGRATE) {
		why_set(why, "the peer's HELLO is impossible: versions %u to %u, purpose %u", hello->version_min,
			hello->version_max, hello->purpose);
		return ERR_INVALID;
	}
	if (hello->version_min > MIG_VERSION || hello->version_max < MIG_VERSION) {
		why_set(why, "the peer speaks versions %u to %u of the protocol, this host %u", hello->version_min,
			hello->version_max, MIG_VERSION);
		return ERR_VERSION;
	}
	return ERR_OK;
}

const struct mig_promise *mig_core_promised(const struct mig_core *c, const uint8_t uuid[16], uint64_t now_ns)
{
	for (unsigned i = 0; i < MIG_PROMISES; i++)
		if (now_ns < c->promise[i].until_ns && !memcmp(c->promise[i].vm_uuid, uuid, 16))
			return &c->promise[i];
	return NULL;
}

bool mig_core_promise(struct mig_core *c, const uint8_t uuid[16], const uint8_t peer_uuid[16], const char *peer_name,
		      uint64_t now_ns)
{
	const struct mig_promise *before = mig_core_promised(c, uuid, now_ns);
	struct mig_promise *p = NULL;

	/* What can't be started here can't be promised away. */
	if (c->host.defines && !c->host.defines(c->host.ctx, uuid))
		return true;
	if (before && memcmp(before->peer_uuid, peer_uuid, 16))
		return false;
	for (unsigned i = 0; i < MIG_PROMISES && !p; i++)
		if (&c->promise[i] == before || (!before && now_ns >= c->promise[i].until_ns))
			p = &c->promise[i];
	if (!p)
		return false;
	p->until_ns = now_ns + MIG_PROMISE_NS;
	memcpy(p->vm_uuid, uuid, 16);
	memcpy(p->peer_uuid, peer_uuid, 16);
	memcpy(p->peer_name, peer_name, sizeof(p->peer_name));
	return true;
}
