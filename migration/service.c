/* SPDX-License-Identifier: MIT */
/* service.c: the service's own life, incoming connections, and the step that moves everything. */
#include "service.h"
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"
#include "service_parts.h"

struct mig_service *mig_service_create(const struct mig_host *host)
{
	struct mig_service *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->core.host = *host;
	service_restore(m);
	return m;
}

static void in_free(struct mig_service *m, unsigned i)
{
	mig_dest_fini(m->core.in[i]);
	free(m->core.in[i]);
	m->core.in[i] = NULL;
}

void mig_service_destroy(struct mig_service *m)
{
	struct why why;

	if (!m)
		return;
	for (unsigned i = 0; i < SERVICE_OUT; i++) {
		if (!m->out[i].source)
			continue;
		if (!m->out[i].check && m->out[i].source->place != MIG_AT_END &&
		    mig_source_cancel(m->out[i].source, m->out[i].since_ns, &why))
			log_warn("mig", "ending with %s unsettled: %s", m->out[i].source->def.name, why.text);
		service_out_free(&m->out[i]);
	}
	for (unsigned i = 0; i < SERVICE_IN; i++) {
		if (!m->core.in[i])
			continue;
		if (m->core.in[i]->guest)
			m->core.in[i]->guest->ops->discard(m->core.in[i]->guest);
		in_free(m, i);
	}
	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++)
		mig_ask_fini(&m->notification[i]);
	service_search_fini(m);
	free(m);
}

void mig_service_accept(struct mig_service *m, struct channel *ch, uint64_t now_ns)
{
	struct mig_dest *d = NULL;
	unsigned i = 0, open = 0, theirs = 0;

	for (unsigned k = 0; k < SERVICE_IN; k++) {
		bool connected = m->core.in[k] && mig_stream_open(&m->core.in[k]->stream);

		open += connected;
		theirs += connected && m->core.in[k]->peer_ipv4 == ch->peer_ipv4;
	}
	while (i < SERVICE_IN && m->core.in[i])
		i++;
	if (i < SERVICE_IN && open < MIG_CONNECTIONS && theirs < MIG_CONNECTIONS_PEER)
		d = malloc(sizeof(*d));
	if (!d) {
		log_limited(now_ns, LOG_WARN, "mig", "a connection is turned away: %u are open, %u from its address",
			    open, theirs);
		ch->ops->abort(ch);
		return;
	}
	if (mig_dest_init(d, &m->core, ch, now_ns)) {
		log_limited(now_ns, LOG_WARN, "mig", "a connection is turned away: out of memory");
		free(d);
		return;
	}
	m->core.in[i] = d;
}

/* Gives a settling or resuming connection to the guest it is about, if this host holds it. Who goes on with it. */
static struct mig_dest *attach(struct mig_service *m, struct mig_dest *from, uint64_t now_ns)
{
	struct mig_dest *holder = NULL;

	from->wants_attach = false;
	from->alone = true;
	if (!mig_stream_open(&from->stream))
		return from;
	if (from->purpose == MIG_PURPOSE_INQUIRE) {
		service_answer_back(m, from, now_ns);
		return from;
	}
	holder = mig_dest_holder(&m->core, from->stream.attempt);
	if (from->purpose == MIG_PURPOSE_RESUME)
		mig_dest_resume(holder, from, now_ns);
	else if (holder)
		mig_dest_attach(holder, from, now_ns);
	return holder ? holder : from;
}

static bool in_step(struct mig_service *m, uint64_t now_ns, uint64_t *deadline)
{
	bool more = false;

	for (unsigned i = 0; i < SERVICE_IN; i++) {
		uint64_t when;

		if (!m->core.in[i])
			continue;
		more |= mig_dest_step(m->core.in[i], now_ns);
		if (m->core.in[i]->wants_attach) {
			/* Its question is answered at once. */
			mig_dest_step(attach(m, m->core.in[i], now_ns), now_ns);
			more = true;
		}
		if (m->core.in[i]->place == MIG_DEST_END) {
			in_free(m, i);
			continue;
		}
		when = mig_dest_deadline(m->core.in[i]);
		if (when < *deadline)
			*deadline = when;
	}
	return more;
}

static void count_coming(struct mig_service *m)
{
	m->core.coming = 0;
	for (unsigned i = 0; i < SERVICE_IN; i++)
		m->core.coming += m->core.in[i] && m->core.in[i]->guest &&
			(m->core.in[i]->handoff == HD_LOADING || mig_stream_open(&m->core.in[i]->stream));
}

/* Ended jobs stay for a while, so that whoever polls sees the end. */
static void forget_jobs(struct mig_service *m, uint64_t now_ns)
{
	for (unsigned i = 0; i < MIG_JOBS; i++) {
		struct mig_job *j = &m->core.job[i];

		if (j->id && j->ended_ns && now_ns - j->ended_ns >= MIG_JOB_KEEP_NS)
			j->id = 0;
	}
}

bool mig_service_stands(const struct mig_service *m)
{
	bool stands = false;

	for (unsigned i = 0; i < SERVICE_OUT; i++)
		stands |= m->out[i].source && mig_source_stands(m->out[i].source);
	for (unsigned i = 0; i < SERVICE_IN; i++)
		stands |= m->core.in[i] && mig_dest_stands(m->core.in[i]);
	return stands;
}

uint64_t mig_service_step(struct mig_service *m, uint64_t now_ns, bool *more)
{
	uint64_t deadline = UINT64_MAX;

	forget_jobs(m, now_ns);
	count_coming(m);
	service_restore_step(m, now_ns);
	*more = service_out_step(m, now_ns, &deadline);
	*more |= in_step(m, now_ns, &deadline);
	*more |= service_notification_step(m, now_ns, &deadline);
	service_search_step(m, now_ns, &deadline);
	count_coming(m);
	return deadline;
}
