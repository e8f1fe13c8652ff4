/* SPDX-License-Identifier: MIT */
/* source_images.c: what the guest is started from goes along, beside the rounds, as far as the destination lacks it
 * (wire spec, section 7). */
#include "source_parts.h"
#include <string.h>
#include "lib/log.h"

#define NAME_A_STEP	(64u << 10)
#define PART		(MIG_BODY_MAX - sizeof(struct mig_blob_head))

static struct blob *blob_of(const struct source_images *t, int which)
{
	return which ? t->images.initrd : t->images.kernel;
}

static uint64_t bytes_of(const struct source_images *t, int which)
{
	return blob_of(t, which) ? blob_of(t, which)->bytes : 0;
}

void source_images_begin(struct mig_source *s)
{
	struct source_images *t = &s->images;

	if (!(s->capabilities & MIG_CAP_DEFINITION) || !s->guest->ops->images ||
	    !s->guest->ops->images(s->guest, s->options.type == MIG_MOVE_RESTART, &t->images)) {
		log_info("mig", "job %u: %s moves without what it is started from: a reset there ends it", s->job->id,
			 s->job->vm);
		return;
	}
	blob_use(t->images.kernel);
	blob_use(t->images.initrd);
	t->place = SOURCE_IMAGES_NAME;
}

void source_images_again(struct mig_source *s)
{
	if (s->images.place != SOURCE_IMAGES_NONE)
		s->images.place = SOURCE_IMAGES_NAME;
	s->images.deadline_ns = 0;
}

void source_images_fini(struct mig_source *s)
{
	blob_drop(s->images.images.kernel);
	blob_drop(s->images.images.initrd);
	memset(&s->images, 0, sizeof(s->images));
}

bool source_images_busy(const struct mig_source *s)
{
	return s->images.place == SOURCE_IMAGES_NAME && s->place >= MIG_AT_PASS && s->place <= MIG_AT_IMAGES;
}

static void put_definition(struct mig_source *s, uint64_t now_ns)
{
	struct source_images *t = &s->images;
	struct mig_definition_record rec;

	memset(&rec, 0, sizeof(rec));
	memcpy(rec.cmdline, t->images.cmdline, sizeof(rec.cmdline));
	rec.kernel_bytes = bytes_of(t, 0);
	rec.initrd_bytes = bytes_of(t, 1);
	memcpy(rec.kernel_sha256, t->images.kernel->name, sizeof(rec.kernel_sha256));
	if (t->images.initrd)
		memcpy(rec.initrd_sha256, t->images.initrd->name, sizeof(rec.initrd_sha256));
	t->place = SOURCE_IMAGES_ASKED;
	t->deadline_ns = now_ns + MIG_WANT_NS;
	source_put(s, MIG_DEFINITION, &rec, now_ns);
}

/* Names what has none yet, a piece at a time. */
static void name_step(struct mig_source *s, uint64_t now_ns)
{
	for (int n = 0; n < 2; n++) {
		struct blob *b = blob_of(&s->images, n);

		if (b && !b->named && !blob_name_step(b, NAME_A_STEP))
			return;
	}
	if (s->stream.tx_begin == s->stream.tx_end)
		put_definition(s, now_ns);
}

/* One part, in turn with the pages. */
static void send_step(struct mig_source *s, uint64_t now_ns)
{
	struct source_images *t = &s->images;
	int which = t->at[0] == bytes_of(t, 0);
	struct mig_blob_head head = { .which = (uint32_t)which + 1, .offset = t->at[which] };
	uint64_t run;
	const void *from = blob_at(blob_of(t, which), head.offset, &run);
	uint8_t *body;

	if (run > PART)
		run = PART;
	t->turn = !t->turn;
	if ((t->turn && s->place == MIG_AT_PASS) || s->stream.tx_begin != s->stream.tx_end ||
	    !mig_rate_allows(&s->rate, now_ns) || !(body = mig_stream_begin(&s->stream, sizeof(head) + run)))
		return;
	memcpy(body, &head, sizeof(head));
	memcpy(body + sizeof(head), from, run);
	mig_stream_end(&s->stream, MIG_BLOB, sizeof(head) + run);
	mig_rate_spend(&s->rate, MIG_HEADER + sizeof(head) + run);
	t->at[which] += run;
	if (t->at[0] < bytes_of(t, 0) || t->at[1] < bytes_of(t, 1))
		return;
	t->place = SOURCE_IMAGES_SENT;
	t->deadline_ns = now_ns + MIG_WANT_NS;
}

void source_images_step(struct mig_source *s, uint64_t now_ns)
{
	struct source_images *t = &s->images;

	if (t->place == SOURCE_IMAGES_NONE || s->final || s->place < MIG_AT_PASS || s->place > MIG_AT_IMAGES)
		return;
	if (t->place == SOURCE_IMAGES_NAME)
		name_step(s, now_ns);
	else if (t->place == SOURCE_IMAGES_SEND)
		send_step(s, now_ns);
	else if (now_ns >= t->deadline_ns)
		source_fail_link(s, now_ns, ERR_TIMEOUT, "WANT did not come in time");
}

bool source_images_wait(struct mig_source *s, uint64_t now_ns)
{
	if (s->images.place == SOURCE_IMAGES_NONE)
		return false;
	source_go(s, MIG_AT_IMAGES, MIG_PHASE_ROUNDS, UINT64_MAX, now_ns);
	return true;
}

static void done(struct mig_source *s, uint64_t now_ns)
{
	s->images.place = SOURCE_IMAGES_NONE;
	if (s->place == MIG_AT_IMAGES)
		source_decide(s, now_ns);
}

void source_on_want(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct source_images *t = &s->images;
	char text[WHY_TEXT - 80];
	struct mig_want want;
	bool all;

	if (!source_parse(s, r, &want, now_ns))
		return;
	all = want.kernel_from == bytes_of(t, 0) && want.initrd_from == bytes_of(t, 1);
	if (!want.taken) {
		mig_text_copy(text, sizeof(text), want.text, sizeof(want.text));
		log_warn("mig", "job %u: %s does not take what %s is started from (%s): a reset there ends it",
			 s->job->id, s->job->peer_name, s->job->vm, text);
		done(s, now_ns);
	} else if (want.kernel_from > bytes_of(t, 0) || want.initrd_from > bytes_of(t, 1) ||
		   (!all && t->place != SOURCE_IMAGES_ASKED)) {
		source_fail_link(s, now_ns, ERR_INVALID, "WANT asks for what was not offered");
	} else if (all) {
		done(s, now_ns);
	} else {
		t->at[0] = want.kernel_from;
		t->at[1] = want.initrd_from;
		t->place = SOURCE_IMAGES_SEND;
		t->deadline_ns = 0;
		log_info("mig", "job %u: %s lacks %llu KiB of what %s is started from", s->job->id, s->job->peer_name,
			 (unsigned long long)((bytes_of(t, 0) - t->at[0] + bytes_of(t, 1) - t->at[1]) >> 10),
			 s->job->vm);
	}
}
