/* SPDX-License-Identifier: MIT */
/* service_records.c: what the records of hand-offs hold, for an operator who may know that nobody will ask for it. */
#include <string.h>
#include "lib/log.h"
#include "service_parts.h"

static const char *const names[MIG_RECORD_STATES] = {
	[MIG_RECORD_PREPARED] = "PREPARED", [MIG_RECORD_OWNED] = "OWNED", [MIG_RECORD_ABORTED] = "ABORTED",
	[MIG_RECORD_COMMITTED] = "COMMITTED", [MIG_RECORD_DONE] = "DONE", [MIG_RECORD_AWAY] = "AWAY", [MIG_RECORD_VOID] = "VOID",
};

static bool open(const struct mig_service *m, const struct mig_note *n)
{
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (m->out[i].source && !memcmp(m->out[i].source->attempt, n->attempt, sizeof(n->attempt)))
			return true;
	return mig_dest_holder(&m->core, n->attempt) != NULL;
}

bool mig_service_record_get(const struct mig_service *m, unsigned index, struct mig_leftover *out)
{
	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		const struct mig_note *n = &m->core.records.note[i];

		if (!n->state || index--)
			continue;
		*out = (struct mig_leftover){
			.id = n->order, .state = names[n->state], .source = n->source, .open = open(m, n), .peer_ipv4 = n->peer_ipv4,
			.when_s = n->when_s,
		};
		memcpy(out->vm, n->vm, sizeof(out->vm));
		memcpy(out->vm_uuid, n->vm_uuid, sizeof(out->vm_uuid));
		memcpy(out->peer_name, n->peer_name, sizeof(out->peer_name));
		return true;
	}
	return false;
}

enum err mig_service_record_drop(struct mig_service *m, uint64_t id, bool accept_risk, struct why *why)
{
	const struct mig_note *n = NULL;

	for (unsigned i = 0; i < MIG_RECORDS; i++)
		if (m->core.records.note[i].state && m->core.records.note[i].order == id)
			n = &m->core.records.note[i];
	if (!n) {
		why_set(why, "there is no such record");
		return ERR_NOTFOUND;
	}
	if (open(m, n) || n->source || n->restored) {
		why_set(why, open(m, n) ? "a job sees to %s: force that" :
			"it may hold %s back here: reclaim that, or let it be settled", n->vm);
		return ERR_STATE;
	}
	why_set(why, "should %s ask what became of %s, it would not be told, and stay in doubt", n->peer_name, n->vm);
	if (!accept_risk)
		return ERR_REFUSED;
	log_warn("mig", "an operator drops the record of %s, which came from %s", n->vm, n->peer_name);
	mig_records_remove(&m->core.records, n->attempt);
	return ERR_OK;
}
