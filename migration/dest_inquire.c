/* SPDX-License-Identifier: MIT */
/* dest_inquire.c: a destination that is prepared, and has lost its source, asks it back: one that restarted in between
 * knows nothing of the attempt, and would never come by itself (wire spec, section 5). */
#include "dest_parts.h"
#include <string.h>
#include "lib/fmt.h"
#include "lib/log.h"

static bool may_ask(const struct mig_dest *d)
{
	static const uint8_t none[sizeof(d->hello.back)];

	return d->guest && d->handoff == HD_PREPARED && !mig_stream_open(&d->stream) &&
	       d->capabilities & MIG_CAP_ASK_BACK && memcmp(d->hello.back, none, sizeof(none));
}

static void begin(struct mig_dest *d, uint64_t now_ns)
{
	struct mig_note note = d->note;

	note.peer_ipv4 = d->peer_ipv4;
	note.peer_port = d->hello.port ? d->hello.port : MIG_PORT;
	memcpy(note.peer_proof, d->hello.back, sizeof(note.peer_proof));
	mig_ask_init(&d->ask, d->core, &note, now_ns);
	d->ask.wait_ns = MIG_ASK_BACK_NS;
	mig_ask_again(&d->ask, MIG_VERDICT, now_ns);
}

static void doubt(struct mig_dest *d, const char *text)
{
	if (d->job)
		fmt(d->job->doubt, sizeof(d->job->doubt), "prepared, waits for %s to decide: %s", d->peer_name, text);
}

static void on_verdict(struct mig_dest *d, uint64_t now_ns)
{
	const struct mig_verdict *v = &d->ask.verdict;
	char text[WHY_TEXT];
	struct why why;

	if (v->state == MIG_VERDICT_OPEN) {
		mig_text_copy(text, sizeof(text), v->text, sizeof(v->text));
		doubt(d, text);
		return;
	}
	if (v->state == MIG_VERDICT_COMMITTED) {
		doubt(d, "it has committed, and is to ask here by itself");
		return;
	}
	if (!mig_core_same_proof(v->word, d->hello.back + MIG_PROOF)) {
		why_set(&why, "who has its address now says that it never committed, and does not prove to be %s",
			d->peer_name);
		doubt(d, why.text);
		return;
	}
	mig_text_copy(text, sizeof(text), v->text, sizeof(v->text));
	if (text[0])
		why_set(&d->why, "%s", text);
	else
		why_set(&d->why, "%s never committed %s: it has restarted since, and that attempt is over",
			d->peer_name, d->def.name);
	log_limited(now_ns, LOG_WARN, "mig", "%s asked back, the copy of %s here is freed: %s", d->peer_name,
		    d->def.name, d->why.text);
	d->cancelled = v->cancelled;
	mig_ask_fini(&d->ask);
	/* Before anything else can go wrong, and be taken for the reason. */
	if (d->job && !d->cancelled)
		mig_job_end(d->job, MIG_JOB_FAILED, ERR_REFUSED, d->why.text, now_ns);
	dest_event(d, HE_NEVER, now_ns);
}

void dest_inquire_step(struct mig_dest *d, uint64_t now_ns)
{
	if (!may_ask(d)) {
		if (d->ask.type)
			mig_ask_fini(&d->ask);
		return;
	}
	if (!d->ask.type)
		begin(d, now_ns);
	if (mig_ask_step(&d->ask, now_ns) == MIG_ASK_VERDICT)
		on_verdict(d, now_ns);
	else if (d->ask.refused)
		doubt(d, d->ask.last.text);
	d->ask.refused = false;
}
