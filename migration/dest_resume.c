/* SPDX-License-Identifier: MIT */
/* dest_resume.c: a guest that came in part waits for its source after the link was lost (wire spec, section 6). */
#include "dest_parts.h"
#include <string.h>
#include "lib/log.h"

static unsigned grace_s(const struct mig_dest *d)
{
	return (unsigned)(d->core->host.resume_grace_ns / MIG_SECOND);
}

/* The grace time runs from the loss of a connection on which the attempt went on. */
static void begin_grace(struct mig_dest *d, uint64_t now_ns, const char *text)
{
	d->lost_until_ns = now_ns + d->core->host.resume_grace_ns;
	why_set(&d->cause, "%s", text);
	if (d->job)
		mig_job_lost(d->job, text, now_ns, d->lost_until_ns);
	log_limited(now_ns, LOG_WARN, "mig", "%s: the link to %s is lost (%s), what came is kept for %u s", d->def.name,
		    d->peer_name, d->cause.text, grace_s(d));
}

void dest_lost(struct mig_dest *d, uint64_t now_ns, enum err e, const char *text)
{
	bool cut = e == ERR_CLOSED || e == ERR_IO || e == ERR_TIMEOUT;
	bool waits = d->place == MIG_DEST_LOST || d->place == MIG_DEST_RESUME;

	if (!cut || d->stopped || !(d->capabilities & MIG_CAP_RESUME) || (!waits && d->place != MIG_DEST_ROUNDS)) {
		dest_fail(d, now_ns, e, text);
		return;
	}
	if (!waits)
		begin_grace(d, now_ns, text);
	mig_stream_fini(&d->stream, true);
	dest_go(d, MIG_DEST_LOST, d->lost_until_ns);
}

void dest_lost_late(struct mig_dest *d, uint64_t now_ns)
{
	char cause[WHY_TEXT - 120];
	struct why why;

	if (now_ns < d->lost_until_ns) {
		dest_lost(d, now_ns, ERR_TIMEOUT, "RESUME did not come in time");
		return;
	}
	mig_text_copy(cause, sizeof(cause), (const uint8_t *)d->cause.text, WHY_TEXT);
	why_set(&why, "the link to %s was lost (%s) and did not come back within %u s", d->peer_name, cause,
		grace_s(d));
	dest_fail(d, now_ns, ERR_TIMEOUT, why.text);
}

/* Why @from may not go on with what @to holds; false: it may. */
static bool refused(const struct mig_dest *to, const struct mig_dest *from, struct why_list *reasons)
{
	const struct mig_hello *now = &from->hello, *first = to ? &to->hello : NULL;
	const char *name = from->core->host.name;
	struct why why;

	if (!to)
		why_add(reasons, "%s holds nothing of this attempt", name);
	else if (mig_core_same_peer(&to->note, now, from->peer_ipv4, &why))
		why_add(reasons, "%s: %s", name, why.text);
	else if (memcmp(now->boot_id, first->boot_id, sizeof(now->boot_id)))
		why_add(reasons, "%s: another boot of a host began this attempt", name);
	else if ((now->capabilities ^ first->capabilities) & ~(MIG_CAP_RECORDS_KEPT | MIG_CAP_RECORDS_FOUND) ||
		 now->version_min != first->version_min ||
		 now->version_max != first->version_max || memcmp(now->uuid, first->uuid, sizeof(now->uuid)))
		why_add(reasons, "%s: HELLO differs from the one that began this attempt", name);
	else if (!(to->capabilities & MIG_CAP_RESUME))
		why_add(reasons, "%s: HELLO did not agree that this attempt may be resumed", name);
	else if (to->handoff != HD_LOADING || to->stopped)
		why_add(reasons, "%s: this attempt is past STOP, and can only be settled", name);
	return reasons->count;
}

void mig_dest_resume(struct mig_dest *to, struct mig_dest *from, uint64_t now_ns)
{
	struct why_list reasons = { 0 };
	struct mig_hello hello;

	if (refused(to, from, &reasons)) {
		dest_reject(from, &reasons, now_ns);
		return;
	}
	if (to->place == MIG_DEST_ROUNDS)
		begin_grace(to, now_ns, "its source opened another connection");
	dest_put_abort(to, now_ns, "another connection resumes this attempt");
	mig_stream_fini(&to->stream, false);
	to->stream = from->stream;
	memset(&from->stream, 0, sizeof(from->stream));
	dest_go(from, MIG_DEST_END, UINT64_MAX);
	to->peer_ipv4 = from->peer_ipv4;
	to->purpose = MIG_PURPOSE_MIGRATE;
	mig_core_hello(to->core, MIG_PURPOSE_RESUME, to->note.peer_proof, &hello);
	dest_go(to, MIG_DEST_RESUME, now_ns + MIG_HELLO_NS);
	dest_put(to, MIG_HELLO, &hello, now_ns);
}

void dest_on_resume(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	const struct state_desc *t = mig_type_table(MIG_RESUMED);
	struct mig_resumed resumed = { .records = d->pages_records };
	struct mig_round resume;
	uint8_t body[64];
	size_t length;
	struct why why;

	if (!dest_parse(d, r, &resume, now_ns))
		return;
	if (resume.round < d->load.round || resume.round - d->load.round > 1) {
		why_set(&why, "RESUME begins round %u, here it is %u", resume.round, d->load.round);
		dest_fail(d, now_ns, ERR_INVALID, why.text);
		return;
	}
	if (state_save(t, &resumed, t->version, body, sizeof(body), &length, NULL))
		panic("RESUMED does not fit its cap");
	mig_image_free(&d->image);
	d->images.told = false;
	dest_next_round(d, resume.round, now_ns);
	mig_digest_init(&d->digest, d->capabilities);
	mig_digest_add(&d->digest, MIG_RESUME, r->body, r->length);
	mig_digest_add(&d->digest, MIG_RESUMED, body, length);
	if (d->job)
		mig_job_back(d->job, now_ns);
	log_limited(now_ns, LOG_INFO, "mig", "%s: the link to %s is back, %llu records of pages are here", d->def.name,
		    d->peer_name, (unsigned long long)d->pages_records);
	dest_go(d, MIG_DEST_ROUNDS, UINT64_MAX);
	dest_put(d, MIG_RESUMED, &resumed, now_ns);
}
