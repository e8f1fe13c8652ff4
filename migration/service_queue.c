/* SPDX-License-Identifier: MIT */
/* service_queue.c: which of the migrations that wait may begin: by priority, then by age, within the host's limit. */
#include "lib/fmt.h"
#include "service_parts.h"

static bool waiting(const struct service_out *o)
{
	return o->source && !o->check && o->source->place == MIG_AT_START;
}

unsigned service_running(const struct mig_service *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SERVICE_NEW; i++) {
		const struct service_out *o = &m->out[i];

		n += o->source && !o->check && o->source->place > MIG_AT_START && o->source->place < MIG_AT_DOUBT;
	}
	return n;
}

/* The destination would refuse a guest that it still holds for an earlier attempt. */
static bool unsettled(const struct mig_service *m, const struct service_out *o, uint64_t now_ns)
{
	return now_ns - o->since_ns < NOTIFICATION_WAIT_NS && service_notification_pending(m, o->source);
}

/* Job numbers only grow. */
static bool goes_before(const struct service_out *a, const struct service_out *b)
{
	if (a->source->options.priority != b->source->options.priority)
		return a->source->options.priority < b->source->options.priority;
	return a->source->job->id < b->source->job->id;
}

static unsigned ahead(const struct mig_service *m, const struct service_out *o, uint64_t now_ns)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SERVICE_NEW; i++)
		n += &m->out[i] != o && waiting(&m->out[i]) && !unsettled(m, &m->out[i], now_ns) &&
		     goes_before(&m->out[i], o);
	return n;
}

bool service_may_begin(struct mig_service *m, struct service_out *o, uint64_t now_ns)
{
	unsigned running = service_running(m), most = mig_core_max_out(&m->core), first = ahead(m, o, now_ns);
	char *text = o->source->job->waits;
	const char *name = m->core.host.name;

	text[0] = 0;
	if (unsettled(m, o, now_ns))
		fmt(text, WHY_TEXT, "waits until an earlier attempt to move %s is settled", o->source->job->vm);
	else if (running >= most)
		fmt(text, WHY_TEXT,
		    "waits for its turn: %s sends %u migrations at once (max_out in its tern.conf), and %u go first",
		    name, most, first);
	else if (first)
		fmt(text, WHY_TEXT, "waits for its turn: %u go first", first);
	/* Each attempt may need a notification and a record: never begin one that could not end in order. */
	else if (service_notifications(m) + running >= SERVICE_NOTIFICATIONS || !mig_records_room(&m->core.records))
		fmt(text, WHY_TEXT,
		    "waits until %s has settled earlier migrations, or an operator drops their records: %u are left",
		    name, service_notifications(m));
	return !text[0];
}
