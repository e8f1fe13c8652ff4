/* SPDX-License-Identifier: MIT */
/* dest_images.c: what an arriving guest is started from: found here by its hash, or received (wire spec, section 7). */
#include "dest_parts.h"
#include <string.h>
#include "lib/log.h"

#define NAME_A_STEP	(64u << 10)

static uint64_t bytes_of(const struct dest_images *t, int which)
{
	return which ? t->rec.initrd_bytes : t->rec.kernel_bytes;
}

static uint64_t have(const struct dest_images *t, int which)
{
	return t->blob[which] ? t->blob[which]->have : 0;
}

static bool whole(const struct dest_images *t, int which)
{
	return !bytes_of(t, which) || (t->blob[which] && blob_whole(t->blob[which]));
}

static void put_want(struct mig_dest *d, const char *refused, uint64_t now_ns)
{
	struct dest_images *t = &d->images;
	struct mig_want want;

	memset(&want, 0, sizeof(want));
	want.kernel_from = have(t, 0);
	want.initrd_from = have(t, 1);
	want.taken = !refused;
	if (refused)
		mig_text_set((struct mig_text *)want.text, refused);
	dest_put(d, MIG_WANT, &want, now_ns);
}

void dest_images_fini(struct mig_dest *d)
{
	blob_drop(d->images.blob[0]);
	blob_drop(d->images.blob[1]);
	memset(&d->images, 0, sizeof(d->images));
}

/* The guest runs here all the same; what it is not given it can't start from. */
static void refuse(struct mig_dest *d, const char *text, uint64_t now_ns)
{
	log_limited(now_ns, LOG_WARN, "mig", "%s comes without what it is started from: %s", d->def.name, text);
	blob_drop(d->images.blob[0]);
	blob_drop(d->images.blob[1]);
	d->images.blob[0] = d->images.blob[1] = NULL;
	d->images.place = DEST_IMAGES_REFUSED;
	put_want(d, text, now_ns);
}

static void done(struct mig_dest *d, uint64_t now_ns)
{
	struct dest_images *t = &d->images;
	static struct mig_images images;

	memset(&images, 0, sizeof(images));
	memcpy(images.cmdline, t->rec.cmdline, sizeof(images.cmdline));
	images.kernel = t->blob[0];
	images.initrd = t->blob[1];
	t->place = DEST_IMAGES_DONE;
	if (d->guest->ops->images_set)
		d->guest->ops->images_set(d->guest, &images);
	put_want(d, NULL, now_ns);
}

/* Files of that size are named first: one of them may be it. */
static bool names_known(const struct dest_images *t)
{
	for (int n = 0; n < 2; n++) {
		struct blob *b = bytes_of(t, n) && !t->blob[n] ? blob_unnamed(bytes_of(t, n)) : NULL;

		if (b && !blob_name_step(b, NAME_A_STEP))
			return false;
	}
	return true;
}

static bool find_or_begin(struct dest_images *t, int which)
{
	const uint8_t *name = which ? t->rec.initrd_sha256 : t->rec.kernel_sha256;

	if (!t->blob[which] && bytes_of(t, which))
		t->blob[which] = blob_find(name, bytes_of(t, which));
	if (!t->blob[which] && bytes_of(t, which))
		t->blob[which] = blob_begin(name, bytes_of(t, which));
	return t->blob[which] || !bytes_of(t, which);
}

void dest_images_step(struct mig_dest *d, uint64_t now_ns)
{
	struct dest_images *t = &d->images;

	if (t->place != DEST_IMAGES_NAME || d->place != MIG_DEST_ROUNDS || !names_known(t))
		return;
	t->place = DEST_IMAGES_LOAD;
	if (!find_or_begin(t, 0) || !find_or_begin(t, 1))
		refuse(d, "too many kernels and initrds here, or one of more than 512 MiB", now_ns);
	else if (whole(t, 0) && whole(t, 1))
		done(d, now_ns);
	else
		put_want(d, NULL, now_ns);
}

bool dest_images_busy(const struct mig_dest *d)
{
	return d->images.place == DEST_IMAGES_NAME && d->place == MIG_DEST_ROUNDS;
}

void dest_on_definition(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	struct dest_images *t = &d->images;
	struct mig_definition_record rec;
	const char *wrong = NULL;

	if (!dest_parse(d, r, &rec, now_ns))
		return;
	if (!(d->capabilities & MIG_CAP_DEFINITION) || d->stopped || t->told)
		wrong = "DEFINITION may not come now";
	else if (t->place != DEST_IMAGES_NONE && memcmp(&rec, &t->rec, sizeof(rec)))
		wrong = "DEFINITION differs from the one before the link was lost";
	else if (!rec.kernel_bytes || rec.kernel_bytes > d->def.memory_bytes ||
		 rec.initrd_bytes > d->def.memory_bytes || rec.kernel_bytes + rec.initrd_bytes > d->def.memory_bytes)
		wrong = "DEFINITION: kernel and initrd don't fit the guest's memory";
	else if (!memchr(rec.cmdline, 0, sizeof(rec.cmdline)))
		wrong = "DEFINITION: the command line has no end";
	if (wrong) {
		dest_fail(d, now_ns, ERR_INVALID, wrong);
		return;
	}
	t->told = true;
	t->rec = rec;
	if (t->place == DEST_IMAGES_DONE)
		put_want(d, NULL, now_ns);
	else
		t->place = DEST_IMAGES_NAME;
}

void dest_on_blob(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	struct dest_images *t = &d->images;
	struct mig_blob_head head;
	int which;
	enum err e;

	/* What was on its way when it was refused. */
	if (t->place == DEST_IMAGES_REFUSED)
		return;
	if (r->length <= sizeof(head) || t->place != DEST_IMAGES_LOAD || d->stopped) {
		dest_fail(d, now_ns, ERR_INVALID, "BLOB may not come now, or is empty");
		return;
	}
	memcpy(&head, r->body, sizeof(head));
	which = head.which == 2;
	if (head.which < 1 || head.which > 2 || head.zero || !t->blob[which] || whole(t, which) ||
	    head.offset != have(t, which) || r->length - sizeof(head) > bytes_of(t, which) - head.offset) {
		dest_fail(d, now_ns, ERR_INVALID, "BLOB is not what comes next of kernel and initrd");
		return;
	}
	if ((blob_wants_chunk(t->blob[which]) || head.offset / CHUNK_SIZE != (head.offset + r->length) / CHUNK_SIZE) &&
	    !mig_core_spare(d->core)) {
		refuse(d, "this host's memory is promised to guests", now_ns);
		return;
	}
	e = blob_add(t->blob[which], r->body + sizeof(head), r->length - sizeof(head));
	if (e == ERR_NOMEM)
		refuse(d, "no memory", now_ns);
	else if (e)
		dest_fail(d, now_ns, e, which ? "the initrd is not what DEFINITION's hash says" :
			  "the kernel is not what DEFINITION's hash says");
	else if (whole(t, 0) && whole(t, 1))
		done(d, now_ns);
}
