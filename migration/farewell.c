/* SPDX-License-Identifier: MIT */
/* farewell.c: after an attempt: telling the destination ABORT or DONE until it knows. */
#include <string.h>
#include "lib/log.h"
#include "service_parts.h"

void service_farewell_start(struct mig_service *m, const struct mig_source *s, uint64_t now_ns)
{
	for (unsigned i = 0; i < SERVICE_FAREWELLS; i++) {
		struct mig_ask *a = &m->farewell[i];

		if (a->type)
			continue;
		mig_ask_init(a, &m->core, s->attempt, s->peer_boot_id, s->options.ipv4, s->options.port, now_ns);
		a->type = s->farewell;
		memcpy(a->text, s->why.text, sizeof(a->text));
		memcpy(a->vm, s->def.name, sizeof(a->vm));
		return;
	}
	log_error("mig", "%s: no place left to settle the attempt with its destination", s->def.name);
}

bool service_farewell_pending(const struct mig_service *m, const struct mig_source *s)
{
	for (unsigned i = 0; i < SERVICE_FAREWELLS; i++)
		if (m->farewell[i].type && m->farewell[i].ipv4 == s->options.ipv4 &&
		    !strcmp(m->farewell[i].vm, s->def.name))
			return true;
	return false;
}

unsigned service_farewells(const struct mig_service *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SERVICE_FAREWELLS; i++)
		n += m->farewell[i].type != 0;
	return n;
}

bool service_farewell_step(struct mig_service *m, uint64_t now_ns, uint64_t *deadline)
{
	for (unsigned i = 0; i < SERVICE_FAREWELLS; i++) {
		struct mig_ask *a = &m->farewell[i];
		enum mig_ask_result result;

		if (!a->type)
			continue;
		result = mig_ask_step(a, now_ns);
		if (result == MIG_ASK_RUNNING && a->type == MIG_ABORT)
			log_error("mig", "%s runs at its destination although it was never committed", a->vm);
		if (result != MIG_ASK_AGAIN && result != MIG_ASK_PREPARED) {
			mig_records_remove(&m->core.records, a->attempt);
			mig_ask_fini(a);
			continue;
		}
		if (mig_ask_deadline(a) < *deadline)
			*deadline = mig_ask_deadline(a);
	}
	return false;
}
