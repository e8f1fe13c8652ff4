/* SPDX-License-Identifier: MIT */
/* records.c: host/manage.h for the records of hand-offs. */
#include "host/manage.h"
#include "host/moves.h"
#include "migration/service.h"

unsigned manage_record_count(void)
{
	return mig_service_record_count(moves_service());
}

bool manage_record_get(unsigned index, struct mig_leftover *out)
{
	return mig_service_record_get(moves_service(), index, out);
}

enum err manage_record_drop(uint64_t id, bool accept_risk, struct why *why)
{
	return mig_service_record_drop(moves_service(), id, accept_risk, why);
}
