/* SPDX-License-Identifier: MIT */
/* source_open.c: from the connection to ACCEPT: everything that can be refused without touching the guest. */
#include "source_parts.h"
#include <string.h>
#include "lib/log.h"

void source_start_step(struct mig_source *s, uint64_t now_ns)
{
	const struct mig_host *host = &s->core->host;
	struct channel *ch;

	s->job->state = MIG_JOB_ACTIVE;
	s->job->started_ns = now_ns;
	ch = host->connect(host->ctx, s->options.ipv4, s->options.port, &s->why);
	if (!ch) {
		source_fail_link(s, now_ns, ERR_IO, s->why.text);
		return;
	}
	if (mig_stream_init(&s->stream, ch, s->attempt, now_ns)) {
		source_fail(s, now_ns, ERR_NOMEM, "no memory for the connection's buffers");
		return;
	}
	source_go(s, MIG_AT_CONNECT, MIG_PHASE_CONNECT, now_ns + MIG_CONNECT_NS, now_ns);
}

void source_connect_step(struct mig_source *s, uint64_t now_ns)
{
	enum err e = s->stream.ch->ops->status(s->stream.ch);
	struct mig_hello hello;

	if (e == ERR_AGAIN)
		return;
	if (e) {
		source_fail_link(s, now_ns, e, e == ERR_REFUSED ? "the connection was refused" :
				 e == ERR_TIMEOUT ? "no answer within 5 s" : err_text(e));
		return;
	}
	s->stream.heard_ns = s->asked_ns = now_ns;
	mig_rate_init(&s->rate, s->options.bandwidth_bytes, now_ns);
	if (s->options.purpose == MIG_PURPOSE_MIGRATE) {
		mig_core_begin(s->core, &s->note);
		if (!mig_core_marker_room(s->core, &s->note, s->def.uuid)) {
			source_fail(s, now_ns, ERR_SPACE,
				    "%s has no room left to store that %s leaves, and would start it afresh after a "
				    "restart: restart %s first",
				    s->core->host.name, s->def.name, s->core->host.name);
			return;
		}
	}
	if (s->options.purpose == MIG_PURPOSE_MIGRATE)
		mig_core_prove(s->core, &s->note);
	mig_core_hello(s->core, s->options.purpose,
		       s->options.purpose == MIG_PURPOSE_MIGRATE ? s->note.own_proof : NULL, &hello);
	s->hello_capabilities = hello.capabilities;
	/* What isn't recorded beyond a restart can't be answered for after one. */
	if (s->options.purpose == MIG_PURPOSE_MIGRATE && hello.capabilities & MIG_CAP_RECORDS_KEPT &&
	    !mig_core_back(s->core, s->attempt, hello.back))
		memset(hello.back, 0, sizeof(hello.back));
	source_go(s, MIG_AT_HELLO, MIG_PHASE_HELLO, now_ns + MIG_HELLO_NS, now_ns);
	source_put(s, MIG_HELLO, &hello, now_ns);
}

static void put_offer(struct mig_source *s, uint64_t now_ns)
{
	struct mig_offer offer;
	const struct mig_definition *def = &s->def;

	memset(&offer, 0, sizeof(offer));
	offer.memory_bytes = def->memory_bytes;
	offer.flags = (s->options.purpose == MIG_PURPOSE_CHECK ? MIG_OFFER_CHECK : 0) |
		(s->options.verify ? MIG_OFFER_VERIFY : 0);
	offer.vcpus = def->vcpus;
	offer.tsc_khz = def->tsc_khz;
	offer.move_type = (uint16_t)s->options.type;
	offer.cpu_policy_bytes = def->cpu_policy_bytes;
	offer.inventory_bytes = def->inventory_bytes;
	memcpy(offer.uuid, def->uuid, sizeof(offer.uuid));
	memcpy(offer.name, def->name, sizeof(offer.name));
	memcpy(offer.cpu_policy, def->cpu_policy, sizeof(offer.cpu_policy));
	memcpy(offer.inventory, def->inventory, sizeof(offer.inventory));
	source_go(s, MIG_AT_OFFER, MIG_PHASE_OFFER, now_ns + MIG_ACCEPT_NS, now_ns);
	source_put(s, MIG_OFFER, &offer, now_ns);
}

static void note_peer(struct mig_source *s, const struct mig_hello *hello)
{
	struct mig_note *n = &s->note;

	n->source = true;
	memcpy(n->attempt, s->attempt, sizeof(n->attempt));
	memcpy(n->vm, s->def.name, sizeof(n->vm));
	memcpy(n->vm_uuid, s->def.uuid, sizeof(n->vm_uuid));
	n->peer_ipv4 = s->options.ipv4;
	n->peer_port = s->options.port;
	memcpy(n->peer_name, s->job->peer_name, sizeof(n->peer_name));
	mig_core_note_peer(s->core, n, hello);
}

void source_on_hello(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_hello hello;
	enum err e;

	if (!source_parse(s, r, &hello, now_ns))
		return;
	e = mig_core_hello_check(&hello, &s->why);
	if (!e && hello.purpose != s->options.purpose) {
		why_set(&s->why, "HELLO answers with purpose %u", hello.purpose);
		e = ERR_INVALID;
	}
	if (!e && !memcmp(hello.boot_id, s->core->host.boot_id, sizeof(hello.boot_id))) {
		why_set(&s->why, "this is the host where %s runs already", s->def.name);
		e = ERR_INVALID;
	}
	if (e) {
		source_fail_link(s, now_ns, e, s->why.text);
		return;
	}
	mig_text_copy(s->job->peer_name, sizeof(s->job->peer_name), hello.name, sizeof(hello.name));
	mig_core_met(s->core, hello.uuid, s->options.ipv4);
	note_peer(s, &hello);
	s->capabilities = hello.capabilities & mig_core_capabilities(s->core);
	mig_digest_init(&s->digest, s->capabilities);
	s->measured.round_trip_ns = now_ns - s->asked_ns;
	put_offer(s, now_ns);
}

void source_on_accept(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_accept accept;
	enum err e;

	if (!source_parse(s, r, &accept, now_ns))
		return;
	if (s->options.purpose == MIG_PURPOSE_CHECK) {
		s->migratable = true;
		mig_stream_fini(&s->stream, false);
		s->place = MIG_AT_END;
		return;
	}
	s->state_limit = accept.state_bytes < MIG_STATE_MAX ? accept.state_bytes : MIG_STATE_MAX;
	if (s->capabilities & MIG_CAP_RESUME)
		s->link.grace_ns = accept.resume_grace_ms * (MIG_SECOND / 1000);
	/* Of what goes out once there is no earlier version to name a difference from. */
	e = mig_rounds_init(&s->rounds, s->core, s->guest, s->def.memory_bytes,
			    s->still ? s->capabilities & ~(uint64_t)MIG_CAP_DELTA : s->capabilities);
	if (e) {
		source_fail(s, now_ns, e, "no memory for the dirty map of %s", s->def.name);
		return;
	}
	mig_encode_limit(&s->rounds.encode, s->options.bandwidth_bytes);
	source_images_begin(s);
	log_limited(now_ns, LOG_INFO, "mig", "job %u: %s accepts %s", s->job->id, s->job->peer_name, s->def.name);
	if (s->still) {
		s->rounds.still = true;
		if (s->options.type == MIG_MOVE_RESTART && s->guest->ops->is_off(s->guest))
			source_quiet(s, now_ns);
		else
			source_go(s, MIG_AT_DRY_RUN, MIG_PHASE_ROUNDS, UINT64_MAX, now_ns);
		return;
	}
	e = s->guest->ops->track_start(s->guest, &s->why);
	if (e) {
		source_fail(s, now_ns, e, "dirty tracking of %s could not start: %s", s->def.name, s->why.text);
		return;
	}
	s->tracking = true;
	source_begin_pass(s, now_ns);
}

void source_on_reject(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_reject reject;
	char text[WHY_TEXT];

	if (!source_parse(s, r, &reject, now_ns))
		return;
	for (unsigned n = 0; n < reject.count; n++) {
		mig_text_copy(text, sizeof(text), reject.text + n * WHY_TEXT, WHY_TEXT);
		why_add(&s->reasons, "%s", text);
	}
	if (s->options.purpose == MIG_PURPOSE_CHECK && reject.count) {
		s->migratable = false;
		mig_stream_fini(&s->stream, false);
		s->place = MIG_AT_END;
		return;
	}
	source_fail(s, now_ns, ERR_REFUSED, "%s",
		    reject.count ? s->reasons.why[0].text : "the destination refused without a reason");
}
