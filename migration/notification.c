/* SPDX-License-Identifier: MIT */
/* notification.c: after an attempt: telling the destination ABORT or DONE until it knows. */
#include <string.h>
#include "lib/fmt.h"
#include "lib/log.h"
#include "service_parts.h"

static struct mig_ask *start(struct mig_service *m, const struct mig_note *note, enum mig_type type, uint64_t now_ns)
{
	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++) {
		struct mig_ask *a = &m->notification[i];

		if (a->type)
			continue;
		mig_ask_init(a, &m->core, note, now_ns);
		a->type = type;
		return a;
	}
	return NULL;
}

void service_notification_start(struct mig_service *m, const struct mig_source *s, uint64_t now_ns)
{
	struct mig_ask *a = start(m, &s->note, s->notification, now_ns);

	if (!a) {
		mig_records_orphan(&m->core.records, s->attempt);
		return;
	}
	a->job = s->job_id;
	a->give_up_ns = s->notification_until_ns;
	a->cancelled = s->cancelled;
	memcpy(a->text, s->why.text, sizeof(a->text));
}

bool service_notification_restore(struct mig_service *m, const struct mig_note *note, uint64_t now_ns)
{
	struct mig_ask *a = start(m, note, note->state == MIG_RECORD_DONE ? MIG_DONE : MIG_ABORT, now_ns);

	if (a)
		fmt(a->text, sizeof(a->text), "%s was given up before %s restarted", note->vm, m->core.host.name);
	return a != NULL;
}

bool service_notification_pending(const struct mig_service *m, const struct mig_source *s)
{
	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++)
		if (m->notification[i].type && m->notification[i].note.peer_ipv4 == s->options.ipv4 &&
		    !strcmp(m->notification[i].note.vm, s->def.name))
			return true;
	return false;
}

unsigned service_notifications(const struct mig_service *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++)
		n += m->notification[i].type != 0;
	return n;
}

/* After ABORT, D says that it runs: only an operator's force, here or there, comes to that. Its record may go now. */
static void both_run(struct mig_service *m, struct mig_ask *a, uint64_t now_ns)
{
	struct why why;

	why_set(&why, "%s RUNS TWICE: it runs on %s too, stop one of them", a->note.vm, a->note.peer_name);
	log_error("mig", "%s", why.text);
	mig_core_tell(&m->core, a->job, why.text);
	mig_ask_again(a, MIG_DONE, now_ns);
}

bool service_forget(struct mig_service *m, const uint8_t *attempt)
{
	const struct mig_note *n = mig_records_get(&m->core.records, attempt);
	const struct mig_host *host = &m->core.host;
	struct why why;

	/* CAME: D has given the machine back meanwhile, so that it knew. */
	if (n && (n->untold || n->state == MIG_RECORD_CAME))
		return true;
	if (n && n->owes_away && mig_away_put(&m->core.records, n, host->defines, host->ctx, &why) != ERR_OK)
		/* Where nothing more can be stored in this boot, what is stored of the attempt holds the machine after
		 * the next start. */
		return m->core.records.spent && n->stored;
	mig_records_remove(&m->core.records, attempt);
	return true;
}

bool service_notification_step(struct mig_service *m, uint64_t now_ns, uint64_t *deadline)
{
	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++) {
		struct mig_ask *a = &m->notification[i];
		enum mig_ask_result result;

		if (!a->type)
			continue;
		result = mig_ask_step(a, now_ns);
		if ((result == MIG_ASK_RUNNING || result == MIG_ASK_LOST) && a->type == MIG_ABORT) {
			both_run(m, a, now_ns);
			result = MIG_ASK_AGAIN;
		}
		/* A destination that can't be holding anything any more needs no telling. */
		if (a->give_up_ns && now_ns >= a->give_up_ns)
			result = MIG_ASK_NONE;
		if (result != MIG_ASK_AGAIN && result != MIG_ASK_PREPARED) {
			if (service_forget(m, a->note.attempt)) {
				mig_ask_fini(a);
				continue;
			}
			mig_ask_again(a, a->type, now_ns);
		}
		if (mig_ask_deadline(a) < *deadline)
			*deadline = mig_ask_deadline(a);
	}
	return false;
}
