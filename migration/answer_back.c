/* SPDX-License-Identifier: MIT */
/* answer_back.c: a destination asks this host, its source, what became of an attempt. Only what can't change any more
 * is said: NEVER makes it free what may be the last copy (wire spec, section 5). */
#include <string.h>
#include "dest_parts.h"
#include "lib/log.h"
#include "service_parts.h"

#define CLOSING_NS (2 * MIG_SECOND)

static const struct mig_source *leaving(const struct mig_service *m, const uint8_t *attempt)
{
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (m->out[i].source && !m->out[i].check && !memcmp(m->out[i].source->attempt, attempt, MIG_ATTEMPT))
			return m->out[i].source;
	return NULL;
}

static const struct mig_ask *notification(const struct mig_service *m, const uint8_t *attempt)
{
	for (unsigned i = 0; i < SERVICE_NOTIFICATIONS; i++)
		if (m->notification[i].type && !memcmp(m->notification[i].note.attempt, attempt, MIG_ATTEMPT))
			return &m->notification[i];
	return NULL;
}

static bool unreadable(const struct mig_records *r, const uint8_t *attempt)
{
	for (unsigned i = 0; i < MIG_STRANGE; i++)
		if (r->strange[i].used && !memcmp(r->strange[i].key, attempt, MIG_ATTEMPT))
			return true;
	return false;
}

/* MIG_VERDICT_*, with @why where that is known. */
static uint8_t decide(const struct mig_service *m, const uint8_t *attempt, struct why *why)
{
	const struct mig_note *n = mig_records_get(&m->core.records, attempt);
	const struct mig_source *s = leaving(m, attempt);
	const struct mig_ask *told = notification(m, attempt);
	const char *name = m->core.host.name;

	if ((n && (n->state == MIG_RECORD_COMMITTED || n->state == MIG_RECORD_DONE)) ||
	    (told && told->type == MIG_DONE) ||
	    (s && (s->handoff == HS_COMMITTED || s->handoff == HS_BARE || s->handoff == HS_DONE)))
		return MIG_VERDICT_COMMITTED;
	if (s && s->handoff != HS_ABORTED)
		why_set(why, "%s has not decided yet", name);
	else if (unreadable(&m->core.records, attempt))
		why_set(why, "%s has a record of it that can't be read", name);
	else if (!mig_records_found(&m->core.records))
		why_set(why, "%s can't be sure that it still has the records of its earlier boots", name);
	else {
		if (told)
			why_set(why, "%s", told->text);
		return MIG_VERDICT_NEVER;
	}
	return MIG_VERDICT_OPEN;
}

void service_answer_back(struct mig_service *m, struct mig_dest *from, uint64_t now_ns)
{
	const uint8_t *attempt = from->stream.attempt;
	struct mig_verdict verdict = { 0 };
	struct why_list reasons = { 0 };
	uint8_t back[2 * MIG_PROOF];
	struct mig_hello hello;
	struct why why = { "" };

	if (!mig_core_back(&m->core, attempt, back) || !mig_core_same_proof(from->hello.proof, back)) {
		why_add(&reasons, "%s does not know that attempt to be one of its own, or has lost what it kept",
			m->core.host.name);
		dest_reject(from, &reasons, now_ns);
		return;
	}
	verdict.state = decide(m, attempt, &why);
	if (verdict.state == MIG_VERDICT_NEVER) {
		memcpy(verdict.word, back + MIG_PROOF, sizeof(verdict.word));
		verdict.cancelled = notification(m, attempt) && notification(m, attempt)->cancelled;
	}
	memcpy(verdict.text, why.text, sizeof(verdict.text));
	log_limited(now_ns, LOG_INFO, "mig", "%s asks back: %s", from->peer_name,
		    verdict.state == MIG_VERDICT_NEVER ? "that was never committed" :
		    verdict.state == MIG_VERDICT_COMMITTED ? "that is committed" : why.text);
	mig_core_hello(&m->core, MIG_PURPOSE_INQUIRE, NULL, &hello);
	dest_put(from, MIG_HELLO, &hello, now_ns);
	dest_put(from, MIG_VERDICT, &verdict, now_ns);
	if (from->place != MIG_DEST_END)
		dest_go(from, MIG_DEST_CLOSING, now_ns + CLOSING_NS);
}
