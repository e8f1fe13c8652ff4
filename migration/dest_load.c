/* SPDX-License-Identifier: MIT */
/* dest_load.c: rounds and state arriving at the destination. */
#include "dest_parts.h"
#include <string.h>
#include "lib/log.h"

static void note_round(struct mig_dest *d, uint64_t now_ns)
{
	struct mig_job_round *row;

	if (!d->job)
		return;
	d->job->rounds = d->load.round;
	row = mig_job_round(d->job);
	row->start_ns = d->round_start_ns - d->job->submitted_ns;
	row->end_ns = now_ns - d->job->submitted_ns;
	row->pages = d->load.raw_pages;
	row->zero_pages = d->load.zero_pages;
	row->bytes = d->round_bytes;
	row->dirty_pages = row->pages + row->zero_pages;
}

void dest_on_pages(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	uint64_t before = d->load.raw_pages, start = mig_core_clock(d->core);
	enum err e = mig_load_pages(&d->load, r->body, r->length, &d->why);

	if (e) {
		dest_fail(d, now_ns, e, d->why.text);
		return;
	}
	mig_digest_pages(&d->digest, r->body, r->length, r->crc);
	d->round_work_ns += mig_core_clock(d->core) - start;
	d->round_bytes += MIG_HEADER + r->length;
	d->pages_records++;
	if (d->job)
		d->job->pages_sent += d->load.raw_pages - before;
	if (d->job && d->load.round == 1) {
		d->job->nonzero_bytes = d->load.raw_pages * PAGE_SIZE;
		mig_job_percent(d->job, (unsigned)(75 * d->load.last_page / d->load.pages));
	}
	note_round(d, now_ns);
}

void dest_next_round(struct mig_dest *d, uint32_t round, uint64_t now_ns)
{
	struct mig_job_round *row;

	note_round(d, now_ns);
	d->load.round = round;
	d->load.raw_pages = d->load.zero_pages = d->round_bytes = d->round_work_ns = 0;
	d->round_start_ns = now_ns;
	if (!d->job)
		return;
	d->job->rounds = d->load.round;
	row = mig_job_round(d->job);
	memset(row, 0, sizeof(*row));
	row->start_ns = row->end_ns = now_ns - d->job->submitted_ns;
}

void dest_on_round_end(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_round_end end;
	struct mig_round_ack ack;

	if (!dest_parse(d, r, &end, now_ns))
		return;
	if (end.round != d->load.round || end.raw_pages != d->load.raw_pages ||
	    end.zero_pages != d->load.zero_pages || end.final != d->stopped) {
		why_set(&d->why,
			"ROUND_END of round %u counts %llu + %llu pages, received were %llu + %llu in round %u",
			end.round, (unsigned long long)end.raw_pages, (unsigned long long)end.zero_pages,
			(unsigned long long)d->load.raw_pages, (unsigned long long)d->load.zero_pages, d->load.round);
		dest_fail(d, now_ns, ERR_INVALID, d->why.text);
		return;
	}
	mig_digest_add(&d->digest, MIG_ROUND_END, r->body, r->length);
	ack = (struct mig_round_ack){ .round = end.round, .load_ns = d->round_work_ns };
	if (end.final) {
		note_round(d, now_ns);
		dest_go(d, MIG_DEST_STATE, UINT64_MAX);
		if (d->job)
			mig_job_phase(d->job, MIG_PHASE_STATE, now_ns);
	} else {
		dest_next_round(d, d->load.round + 1, now_ns);
	}
	dest_put(d, MIG_ROUND_ACK, &ack, now_ns);
}

void dest_on_stop(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_round stop;

	if (!dest_parse(d, r, &stop, now_ns))
		return;
	if (d->stopped || stop.round != d->load.round || d->load.raw_pages || d->load.zero_pages) {
		dest_fail(d, now_ns, ERR_INVALID, "STOP comes twice or in the middle of a round");
		return;
	}
	mig_digest_add(&d->digest, MIG_STOP, r->body, r->length);
	d->stopped = true;
	if (!d->job)
		return;
	if (!d->job->type)
		d->job->type = stop.round == 1 ? MIG_MOVE_RESUME : MIG_MOVE_LIVE;
	mig_job_phase(d->job, MIG_PHASE_STOP, now_ns);
}

static void dry_run(struct mig_dest *d, uint64_t now_ns)
{
	uint64_t start = mig_core_clock(d->core);
	struct mig_state_report report;
	struct why why = { "" };
	enum err e;

	memset(&report, 0, sizeof(report));
	e = d->guest->ops->state_check(d->guest, d->image.bytes, d->image.total, &why);
	report.check_ns = mig_core_clock(d->core) - start;
	report.ok = e == ERR_OK;
	if (d->flags & MIG_OFFER_VERIFY)
		report.hash_ns = mig_memory_hash_cost(&d->core->host, d->guest, d->def.memory_bytes);
	report.record_ns = 2 * mig_core_record_ns(d->core, &d->note);
	memcpy(report.text, why.text, sizeof(report.text));
	if (e)
		log_limited(now_ns, LOG_WARN, "mig", "dry run of %s: %s", d->def.name, why.text);
	mig_image_free(&d->image);
	dest_put(d, MIG_STATE_REPORT, &report, now_ns);
}

/* The last thing before PREPARED: the state is in the guest, which could run now. */
static void load_state(struct mig_dest *d, uint64_t now_ns)
{
	uint64_t start = mig_core_clock(d->core);

	if (!mig_records_room(&d->core->records)) {
		dest_fail(d, now_ns, ERR_SPACE, "no place left to record the hand-off");
		return;
	}
	d->guest->ops->state_load(d->guest, d->image.bytes, d->image.total);
	mig_image_free(&d->image);
	d->ready.load_ns += mig_core_clock(d->core) - start;
	d->ready.digest = mig_digest_value(&d->digest);
	if (d->job && d->ready.verified) {
		d->job->verified = true;
		d->job->hash_destination = d->job->hash_source = d->ready.memory_hash;
	}
	dest_event(d, HE_LOADED, now_ns);
}

void dest_hash_step(struct mig_dest *d, uint64_t now_ns)
{
	if (!mig_memory_hash_step(&d->hash, 256, &d->ready.memory_hash))
		return;
	d->ready.verified = 1;
	d->ready.verify_ns = mig_core_clock(d->core) - d->hash_start_ns;
	load_state(d, now_ns);
}

static void final_state(struct mig_dest *d, uint64_t now_ns)
{
	uint64_t start = mig_core_clock(d->core);
	enum err e = d->guest->ops->state_check(d->guest, d->image.bytes, d->image.total, &d->why);

	d->ready.load_ns = mig_core_clock(d->core) - start;
	if (e) {
		dest_fail(d, now_ns, e, d->why.text);
		return;
	}
	if (!(d->flags & MIG_OFFER_VERIFY)) {
		load_state(d, now_ns);
		return;
	}
	mig_memory_hash_init(&d->hash, d->guest, d->def.memory_bytes);
	d->hash_start_ns = mig_core_clock(d->core);
	dest_go(d, MIG_DEST_HASH, UINT64_MAX);
}

void dest_on_state(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns)
{
	enum err e = mig_image_add(&d->image, r->body, r->length, MIG_STATE_MAX, &d->why);
	bool dry = d->image.flags & MIG_STATE_DRY;

	if (e == ERR_OK || e == ERR_AGAIN) {
		mig_digest_add(&d->digest, MIG_STATE, r->body, r->length);
		if (dry ? d->place != MIG_DEST_ROUNDS || d->stopped : d->place != MIG_DEST_STATE) {
			why_set(&d->why, "STATE (%s) may not come now", dry ? "dry run" : "final");
			e = ERR_INVALID;
		}
	}
	if (e == ERR_AGAIN)
		return;
	if (e)
		dest_fail(d, now_ns, e, d->why.text);
	else if (dry)
		dry_run(d, now_ns);
	else
		final_state(d, now_ns);
}
