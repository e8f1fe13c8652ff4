/* SPDX-License-Identifier: MIT */
/* records_age.c: which record gives way when there is no place for one more: an old one of a machine that came and
 * whose source never asked. */
#include <stddef.h>
#include "records.h"

#define SECOND_NS 1000000000ull

/* By the wall clock, or by this boot's where that knows better. */
static bool is_old(const struct mig_note *n, const struct mig_age *age)
{
	if (n->when_s && age->wall_s >= n->when_s + MIG_RECORD_AGE_S)
		return true;
	return age->now_ns - n->since_ns >= MIG_RECORD_AGE_S * SECOND_NS;
}

/* What it says may be needed to hold a machine back, of one that this host could start afresh. */
static bool may_go(const struct mig_note *n, const struct mig_age *age)
{
	return !n->source && n->state == MIG_RECORD_OWNED && is_old(n, age) &&
	       !(age->defines && age->defines(age->ctx, n->vm_uuid));
}

const struct mig_note *mig_records_oldest(const struct mig_records *r, uint32_t ipv4, const struct mig_age *age)
{
	const struct mig_note *oldest = NULL;
	unsigned most = 0;

	for (unsigned i = 0; i < MIG_RECORDS; i++) {
		const struct mig_note *n = &r->note[i];
		unsigned theirs;

		if (!may_go(n, age) || (ipv4 && n->peer_ipv4 != ipv4))
			continue;
		theirs = mig_records_unsettled(r, n->peer_ipv4);
		if (oldest && (theirs < most || (theirs == most && n->order > oldest->order)))
			continue;
		oldest = n;
		most = theirs;
	}
	return oldest;
}
