/* SPDX-License-Identifier: MIT */
/* fuzz: migration fake_pages */
#include <stdlib.h>
#include <string.h>
#include "migration/service_parts.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/mig_said.h"

/* Several connections to a destination about one or two attempts: the source's, older and newer ones, a stranger's, in any
 * order, cut anywhere. Nothing runs without a COMMIT from the host with which the attempt began, for what it prepared; an
 * attempt has at most one guest; a stranger changes nothing of an attempt that is known; in the end all is given back. */

#define SECOND	 1000000000ull
#define LINKS	 4u
#define ACTS	 150u
#define COMMITS	 64u
#define SOURCE	 0x0a4d0005u
#define STRANGER 0x0a4d0006u

enum { DO_SAY, DO_OPEN, DO_CLOSE, DO_STEP, DO_TIME, DO_HOLD, DO_OPERATE, DO_RESTART, DO_COUNT };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pair pair;
static struct fake_store store[2];
static uint8_t store_how;
static struct link { struct said said; bool open, held; } link_of[LINKS];	/* held: a guest came on it */
/* What was said by whom may show itself much later. */
static struct { uint8_t attempt[MIG_ATTEMPT]; uint64_t digest; bool entitled; } commit[COMMITS];
static unsigned commits;
/* Guests that came, by their places at the host. */
static struct { bool known, forced; uint8_t attempt[MIG_ATTEMPT]; uint64_t digest; } came[PAIR_GUESTS];

static void check(bool right)
{
	if (!right)
		abort();
}

static uint64_t spare_chunks(void *ctx)
{
	(void)ctx;
	return 8;
}

static void prepare(struct pair_host *h)
{
	h->absent = !h->number;
	h->host.resume_grace_ns = store_how & 1 ? 30 * SECOND : 0;
	h->host.spare_chunks = spare_chunks;
	h->host.max_in = MIG_MOVES_MAX;		/* nobody gives way */
	h->host.verify = false;
	h->store = store_how & 2 ? &store[h->number] : NULL;
	h->proven = store_how & 4;
}

static struct mig_service *host(void)
{
	return pair.host[1].service;
}

/* May @l decide what becomes of the attempt that @note is of? */
static bool entitled(const struct link *l, const struct mig_note *note)
{
	const struct mig_hello *h = &l->said.hello;

	if (l->held)
		return true;
	if (!l->said.greeted || memcmp(h->uuid, note->peer_uuid, sizeof(h->uuid)))
		return false;
	return note->proves ? !memcmp(h->proof, note->own_proof, sizeof(h->proof)) : l->said.raw.ipv4 == note->peer_ipv4;
}

/* Every guest that has come, and by what right the ones run that do. */
static void look(void)
{
	const struct mig_core *c = &host()->core;
	struct pair_host *h = &pair.host[1];

	for (unsigned i = 0; i < MIG_IN; i++) {
		if (!c->in[i] || !c->in[i]->guest)
			continue;
		check(mig_dest_holder(c, c->in[i]->stream.attempt) == c->in[i]);
		for (unsigned n = 0; n < LINKS; n++)
			link_of[n].held |= link_of[n].open && link_of[n].said.raw.theirs == c->in[i]->stream.ch;
		for (unsigned g = 0; g < h->guests; g++) {
			if (&h->guest[g]->guest != c->in[i]->guest)
				continue;
			came[g].known = true;
			memcpy(came[g].attempt, c->in[i]->stream.attempt, MIG_ATTEMPT);
			came[g].digest = c->in[i]->ready.digest;
		}
	}
	for (unsigned g = 0; g < h->guests; g++) {
		bool right = came[g].forced;

		if (h->guest[g]->life != FAKE_RUNNING)
			continue;
		for (unsigned n = 0; n < commits && !right; n++)
			right = came[g].known && commit[n].entitled && commit[n].digest == came[g].digest &&
				!memcmp(commit[n].attempt, came[g].attempt, MIG_ATTEMPT);
		check(right);
	}
}

static void step(unsigned most)
{
	bool more = true;

	while (most-- && more) {
		mig_service_step(host(), pipe_now_ns, &more);
		look();
	}
}

/* What a host has of one attempt: record, guest, its life, connection, where that is. */
struct known { uint64_t what[5]; };

static struct known know(const uint8_t *attempt)
{
	const struct mig_dest *d = mig_dest_holder(&host()->core, attempt);
	const struct mig_note *n = mig_records_get(&host()->core.records, attempt);
	struct known k = { { n ? n->state : MIG_RECORD_NONE } };

	if (!d)
		return k;
	k.what[1] = (uint64_t)(uintptr_t)d->guest;
	k.what[2] = ((struct fake_guest *)d->guest)->life;
	k.what[3] = (uint64_t)(uintptr_t)d->stream.ch;
	k.what[4] = d->place;
	return k;
}

static void note_commit(const struct link *l, const struct mig_note *note, uint64_t digest)
{
	if (commits == COMMITS)
		return;
	memcpy(commit[commits].attempt, l->said.raw.attempt, MIG_ATTEMPT);
	commit[commits].digest = digest;
	commit[commits++].entitled = note && entitled(l, note);
}

static void say(struct link *l, struct input *in)
{
	const struct mig_note *known;
	struct mig_note note;
	struct known before, after;

	if (!l->open || commits == COMMITS)
		return;
	/* What others said is heard first. */
	step(50);
	known = mig_core_note(&host()->core, l->said.raw.attempt);
	if (known)
		note = *known;
	before = know(l->said.raw.attempt);
	if (in->left && in->at[0] == SAID_COMMIT)
		note_commit(l, known, said_digest(&l->said) ^ (in->left > 1 && in->at[1] & 1));
	said_record(&l->said, in);
	if (!known || entitled(l, &note))
		return;
	step(50);
	after = know(l->said.raw.attempt);
	check(!memcmp(&before, &after, sizeof(before)));
}

static void open_link(struct link *l, uint8_t how)
{
	uint8_t attempt[MIG_ATTEMPT];

	if (l->open)
		raw_close(&l->said.raw);
	memset(attempt, how & 1 ? 0x42 : 0x41, sizeof(attempt));
	l->held = false;
	said_open(&l->said, &pair, 1, how & 2 ? STRANGER : SOURCE, attempt);
	l->said.strict = l->open = true;
}

static void close_link(struct link *l, uint8_t how)
{
	if (!l->open)
		return;
	l->open = false;
	if (how & 1)
		pipe_cut(l->said.raw.pipe, how & 2);
	raw_close(&l->said.raw);
}

static void operate(uint8_t how)
{
	struct mig_service *m = host();
	const struct mig_job *job = mig_job_get(m, how & 15);
	struct why why;

	if (!job)
		return;
	if (how & 16) {
		(void)!mig_job_cancel(m, job->id, pipe_now_ns, &why);
		return;
	}
	for (unsigned g = 0; g < pair.host[1].guests; g++)
		if (pair.host[1].guest[g]->life == FAKE_LOADED && how & 32)
			came[g].forced = true;
	(void)!mig_job_force(m, job->id, how & 32 ? MIG_FORCE_RUN : MIG_FORCE_FORGET, true, pipe_now_ns, &why);
}

static void act(struct input *in)
{
	uint8_t what = input_u8(in), how;
	struct link *l = &link_of[what >> 3 & 3];

	/* Most of what happens is said; the connection is told by the rest of the byte. */
	if (what & 0x80) {
		say(l, in);
		return;
	}
	how = input_u8(in);
	switch (what % DO_COUNT) {
	case DO_OPEN:	 open_link(l, how); break;
	case DO_CLOSE:	 close_link(l, how); break;
	case DO_STEP:	 step(how % 8 + 1); break;
	case DO_TIME:	 pipe_now_ns += how * (SECOND / 4); step(4); break;
	case DO_OPERATE: operate(how); break;
	case DO_HOLD:
		if (l->open) {
			size_t sent;

			pipe_sent(l->said.raw.pipe, 0, &sent);
			pipe_hold(l->said.raw.pipe, 0, how & 1 ? UINT64_MAX : sent + how);
		}
		break;
	case DO_RESTART:
		if (pair.boots < 2) {
			pair_restart(&pair, 1, how & 1 ? FAKE_STORE_KEEPS : FAKE_STORE_FORGETS);
			memset(came, 0, sizeof(came));
		}
		break;
	default:	 say(l, in); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	memset(link_of, 0, sizeof(link_of));
	memset(store, 0, sizeof(store));
	memset(came, 0, sizeof(came));
	commits = 0;
	store_how = input_u8(&in);
	pair_init_by(&pair, 2u << 20, prepare);
	pair.unplugged = true;
	for (unsigned n = 0; in.left && n < ACTS; n++)
		act(&in);
	for (unsigned n = 0; n < LINKS; n++)
		close_link(&link_of[n], 0);
	for (unsigned n = 0; n < 8; n++) {
		step(30);
		pipe_now_ns += 15 * SECOND;
	}
	/* What is left is prepared, and waits without a link. */
	check(!pair_count(&pair, FAKE_EMPTY) && !host()->core.coming);
	for (unsigned i = 0; i < MIG_IN; i++) {
		const struct mig_dest *d = host()->core.in[i];

		check(!d || (d->handoff == HD_PREPARED && d->guest && !mig_stream_open(&d->stream)));
	}
	pair_fini(&pair);
	blob_give_up(UINT64_MAX);
	check(!fake_chunks_out);
	return 0;
}
