/* SPDX-License-Identifier: MIT */
/* service_out.c: checks and migrations that leave this host. */
#include <stdlib.h>
#include <string.h>
#include "lib/fmt.h"
#include "lib/log.h"
#include "service_parts.h"

void service_out_free(struct service_out *o)
{
	mig_source_fini(o->source);
	free(o->source);
	memset(o, 0, sizeof(*o));
}

static void ended(struct mig_service *m, struct service_out *o, uint64_t now_ns)
{
	struct mig_source *s = o->source;

	if (o->check) {
		if (!o->ended)
			o->since_ns = now_ns;
		o->ended = true;
		if (now_ns - o->since_ns >= CHECK_KEEP_NS)
			service_out_free(o);
		return;
	}
	if (!s->notification && !service_forget(m, s->attempt))
		s->notification = MIG_DONE;
	if (s->notification)
		service_notification_start(m, s, now_ns);
	service_out_free(o);
}

/* All migrations that run together keep to the host's limit; each to its own wish within its share. */
static void share_bandwidth(struct mig_service *m)
{
	unsigned running = service_running(m);

	for (unsigned i = 0; i < SERVICE_OUT; i++) {
		struct mig_source *s = m->out[i].source;
		uint64_t share = running ? m->core.host.bandwidth_bytes / running : 0, limit;

		if (!s || s->place <= MIG_AT_CONNECT)
			continue;
		limit = s->options.bandwidth_bytes;
		if (share && share < limit)
			limit = share;
		if (limit && s->options.bandwidth_percent)
			limit = limit * s->options.bandwidth_percent / 100;
		mig_rate_cap(&s->rate, limit, limit ? 0 : s->options.bandwidth_percent);
	}
}

bool service_out_step(struct mig_service *m, uint64_t now_ns, uint64_t *deadline)
{
	bool more = false;

	share_bandwidth(m);
	for (unsigned i = 0; i < SERVICE_OUT; i++) {
		struct service_out *o = &m->out[i];
		uint64_t when;

		if (!o->source)
			continue;
		if (o->source->place == MIG_AT_START && !o->check && !service_may_begin(m, o, now_ns)) {
			if (o->since_ns + NOTIFICATION_WAIT_NS > now_ns &&
			    o->since_ns + NOTIFICATION_WAIT_NS < *deadline)
				*deadline = o->since_ns + NOTIFICATION_WAIT_NS;
			continue;
		}
		more |= mig_source_step(o->source, now_ns);
		if (o->source->place == MIG_AT_END) {
			/* Another one may wait for its place. */
			more |= !o->check;
			ended(m, o, now_ns);
			continue;
		}
		when = mig_source_deadline(o->source, now_ns);
		if (when < *deadline)
			*deadline = when;
	}
	return more;
}

/* A free place for a check, or for a migration that may have to wait. */
static struct service_out *place(struct mig_service *m, bool check, struct why *why)
{
	struct service_out *free = NULL;
	unsigned taken = 0;

	for (unsigned i = 0; i < SERVICE_NEW; i++) {
		taken += m->out[i].source && !m->out[i].check == !check;
		if (!m->out[i].source && !free)
			free = &m->out[i];
	}
	if (free && taken < (check ? SERVICE_CHECKS : SERVICE_MOVES))
		return free;
	why_set(why, "%u %s are under way or waiting already", taken, check ? "checks" : "migrations");
	return NULL;
}

static void options(const struct mig_service *m, const struct mig_move *move, enum mig_purpose purpose,
		    struct mig_source_options *out)
{
	const struct mig_host *host = &m->core.host;

	memset(out, 0, sizeof(*out));
	out->purpose = purpose;
	out->ipv4 = move->ipv4;
	out->port = move->port ? move->port : host->port ? host->port : MIG_PORT;
	out->type = move->type ? move->type : MIG_MOVE_LIVE;
	out->verify = move->verify == MIG_VERIFY_FULL || (move->verify == MIG_VERIFY_DEFAULT && host->verify);
	out->stuck = move->stuck ? move->stuck : host->stuck;
	out->bandwidth_bytes = move->bandwidth_bytes ? move->bandwidth_bytes : host->bandwidth_bytes;
	out->bandwidth_percent = move->bandwidth_percent;
	out->priority = move->priority;
	out->max_downtime_ns = 1000000ull * (move->max_downtime_ms ? move->max_downtime_ms : host->max_downtime_ms);
}

static struct mig_guest *find(struct mig_service *m, const struct mig_move *move, struct why *why)
{
	struct mig_guest *g;

	why_set(why, "there is no virtual machine %s here", move->vm);
	g = m->core.host.guest_find(m->core.host.ctx, move->vm, move->type ? move->type : MIG_MOVE_LIVE, why);
	return g;
}

enum err mig_check_start(struct mig_service *m, const struct mig_move *move, uint32_t *check, uint64_t now_ns,
			 struct why *why)
{
	struct mig_source_options o;
	struct mig_guest *g = find(m, move, why);
	struct service_out *out;

	if (!g)
		return ERR_NOTFOUND;
	out = place(m, true, why);
	if (!out)
		return ERR_SPACE;
	out->source = malloc(sizeof(*out->source));
	if (!out->source) {
		why_set(why, "no memory for a check");
		return ERR_NOMEM;
	}
	options(m, move, MIG_PURPOSE_CHECK, &o);
	mig_source_init(out->source, &m->core, g, &o, NULL);
	out->check = *check = ++m->last_check;
	out->since_ns = now_ns;
	return ERR_OK;
}

static struct service_out *find_check(struct mig_service *m, uint32_t check)
{
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (m->out[i].source && check && m->out[i].check == check)
			return &m->out[i];
	return NULL;
}

enum err mig_check_poll(struct mig_service *m, uint32_t check, bool *migratable, struct why_list *reasons)
{
	struct service_out *o = find_check(m, check);

	if (!o)
		return ERR_NOTFOUND;
	if (o->source->place != MIG_AT_END)
		return ERR_AGAIN;
	*migratable = o->source->migratable;
	*reasons = o->source->reasons;
	service_out_free(o);
	return ERR_OK;
}

void mig_check_drop(struct mig_service *m, uint32_t check)
{
	struct service_out *o = find_check(m, check);

	if (o)
		service_out_free(o);
}

static struct service_out *find_guest(struct mig_service *m, const struct mig_guest *g)
{
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (m->out[i].source && !m->out[i].check && m->out[i].source->guest == g)
			return &m->out[i];
	return NULL;
}

enum err mig_migrate_start(struct mig_service *m, const struct mig_move *move, uint32_t *job, uint64_t now_ns,
			   struct why *why)
{
	struct mig_source_options o;
	struct mig_guest *g = find(m, move, why);
	struct mig_definition def;
	struct service_out *out;
	struct mig_job *j;

	if (!g)
		return ERR_NOTFOUND;
	/* One that was cancelled since the last step has yet to give its place and its guest back. */
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (m->out[i].source && !m->out[i].check && m->out[i].source->place == MIG_AT_END)
			ended(m, &m->out[i], now_ns);
	if (find_guest(m, g)) {
		why_set(why, "%s is being moved already, by job %u", move->vm, find_guest(m, g)->source->job->id);
		return ERR_STATE;
	}
	g->ops->definition(g, &def);
	if (!mig_away_room(&m->core.records, def.uuid, m->core.host.defines, m->core.host.ctx)) {
		why_set(why, "%u machines are away from %s already: reclaim those that will not come back", MIG_AWAYS,
			m->core.host.name);
		return ERR_SPACE;
	}
	out = place(m, false, why);
	if (!out || !mig_core_job_room(&m->core, false, now_ns, why))
		return ERR_SPACE;
	out->source = malloc(sizeof(*out->source));
	j = out->source ? mig_core_job(&m->core, false, now_ns) : NULL;
	if (!j) {
		free(out->source);
		out->source = NULL;
		why_set(why, "no memory for a migration");
		return ERR_NOMEM;
	}
	options(m, move, MIG_PURPOSE_MIGRATE, &o);
	mig_source_init(out->source, &m->core, g, &o, j);
	out->since_ns = now_ns;
	*job = j->id;
	return ERR_OK;
}

enum err mig_job_cancel(struct mig_service *m, uint32_t job, uint64_t now_ns, struct why *why)
{
	const struct mig_job *j = mig_job_find(m, job);

	for (unsigned i = 0; i < SERVICE_OUT && j; i++)
		if (m->out[i].source && m->out[i].source->job == j)
			return mig_source_cancel(m->out[i].source, now_ns, why);
	for (unsigned i = 0; i < SERVICE_IN && j; i++)
		if (m->core.in[i] && m->core.in[i]->job == j && !j->ended_ns)
			return mig_dest_cancel(m->core.in[i], now_ns, why);
	why_set(why, j ? "job %u has ended already" : "there is no job %u", job);
	return j ? ERR_STATE : ERR_NOTFOUND;
}

unsigned mig_job_count(const struct mig_service *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < MIG_JOBS; i++)
		n += m->core.job[i].id != 0;
	return n;
}

const struct mig_job *mig_job_get(const struct mig_service *m, unsigned index)
{
	const struct mig_job *next = NULL;
	uint32_t above = 0;

	/* Places are reused, numbers only grow. */
	for (unsigned n = 0; n <= index; n++) {
		next = NULL;
		for (unsigned i = 0; i < MIG_JOBS; i++)
			if (m->core.job[i].id > above && (!next || m->core.job[i].id < next->id))
				next = &m->core.job[i];
		if (!next)
			return NULL;
		above = next->id;
	}
	return next;
}

const struct mig_job *mig_job_open(const struct mig_service *m, const char *vm)
{
	const struct mig_job *open = NULL;

	for (unsigned i = 0; i < MIG_JOBS; i++) {
		const struct mig_job *j = &m->core.job[i];

		if (j->id && !j->ended_ns && !strcmp(j->vm, vm) && (!open || j->id > open->id))
			open = j;
	}
	return open;
}

bool mig_service_peer(const struct mig_service *m, const uint8_t uuid[16], uint32_t *ipv4)
{
	for (unsigned i = 0; i < MIG_MET; i++)
		if (m->core.met[i].ipv4 && !memcmp(m->core.met[i].uuid, uuid, 16)) {
			*ipv4 = m->core.met[i].ipv4;
			return true;
		}
	return false;
}

const struct mig_job *mig_job_find(const struct mig_service *m, uint32_t id)
{
	for (unsigned i = 0; i < MIG_JOBS && id; i++)
		if (m->core.job[i].id == id)
			return &m->core.job[i];
	return NULL;
}

bool mig_service_guest_awaits_off(struct mig_service *m, struct mig_guest *guest)
{
	struct service_out *o = find_guest(m, guest);

	return o && o->source->place == MIG_AT_QUIET;
}

enum err mig_service_guest_gone(struct mig_service *m, struct mig_guest *guest, const char *reason, uint64_t now_ns)
{
	struct service_out *o = find_guest(m, guest);

	if (!o || o->source->place == MIG_AT_END)
		return ERR_OK;
	if (o->source->handoff != HS_RUNNING)
		return ERR_STATE;
	mig_source_guest_gone(o->source, now_ns, reason);
	return ERR_OK;
}
