/* SPDX-License-Identifier: MIT */
/* records.c: host/manage.h for the records of hand-offs. */
#include "host/manage.h"
#include <string.h>
#include "host/moves.h"
#include "lib/fmt.h"
#include "lib/uuid.h"
#include "migration/service.h"

static const uint8_t no_uuid[16];

unsigned manage_record_count(void)
{
	return mig_service_record_count(moves_service());
}

bool manage_record_get(unsigned index, struct manage_record *out)
{
	struct mig_leftover left;

	memset(out, 0, sizeof(*out));
	if (!mig_service_record_get(moves_service(), index, &left))
		return false;
	out->id = left.id;
	out->source = left.source;
	out->open = left.open;
	out->holds = left.holds;
	out->when_s = left.when_s;
	fmt(out->state, sizeof(out->state), "%s", left.state);
	fmt(out->vm, sizeof(out->vm), "%s", left.vm);
	fmt(out->peer_name, sizeof(out->peer_name), "%s", left.peer_name);
	if (memcmp(left.vm_uuid, no_uuid, sizeof(no_uuid)))
		uuid_text(left.vm_uuid, out->vm_uuid);
	if (left.peer_ipv4)
		fmt(out->peer, sizeof(out->peer), "%u.%u.%u.%u", left.peer_ipv4 >> 24, left.peer_ipv4 >> 16 & 255,
		    left.peer_ipv4 >> 8 & 255, left.peer_ipv4 & 255);
	return true;
}

enum err manage_record_drop(uint64_t id, bool accept_risk, struct why *why)
{
	return mig_service_record_drop(moves_service(), id, accept_risk, why);
}
