/* SPDX-License-Identifier: MIT */
/* source_rounds.c: rounds of pages, the dry run of the state, and the decision to stop. */
#include "source_parts.h"
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"

#define TICK_NS		(MIG_SECOND / 2)
#define LOAD_NS_MAX	(MIG_SECOND / 10)	/* for a page; whoever claims more would overflow the budget */
#define FORETOLD_MAX	(3600 * MIG_SECOND)
#define STATE_PART	(MIG_BODY_MAX - sizeof(struct mig_state_head))

/* A link that only trickles is not dead, but the guest must not wait for it. One that stands still in any case may. */
static uint64_t still_until(const struct mig_source *s, uint64_t now_ns)
{
	uint64_t foretold = s->job->expected_downtime_ns;

	return s->still ? UINT64_MAX : now_ns + MIG_STILL_NS + 4 * (foretold < FORETOLD_MAX ? foretold : FORETOLD_MAX);
}

void source_begin_pass(struct mig_source *s, uint64_t now_ns)
{
	struct mig_job_round *row;

	mig_rounds_begin(&s->rounds, s->final);
	s->round_start_ns = now_ns;
	if (s->still)
		s->ticked_ns = now_ns;
	s->job->rounds = s->rounds.round;
	row = mig_job_round(s->job);
	memset(row, 0, sizeof(*row));
	row->start_ns = now_ns - s->job->submitted_ns;
	if (s->final)
		source_go(s, MIG_AT_FINAL, MIG_PHASE_STOP, still_until(s, now_ns), now_ns);
	else
		source_go(s, MIG_AT_PASS, MIG_PHASE_ROUNDS, UINT64_MAX, now_ns);
}

/* Copies the counters of the current pass to the job's row. */
static void note_round(struct mig_source *s, uint64_t now_ns)
{
	struct mig_job_round *row = mig_job_round(s->job);

	s->job->pages_sent += s->rounds.raw_pages - row->pages;
	row->pages = s->rounds.raw_pages;
	row->zero_pages = s->rounds.zero_pages;
	row->bytes = s->rounds.bytes;
	row->dirty_pages = s->rounds.dirty_pages;
	row->end_ns = now_ns - s->job->submitted_ns;
	s->job->nonzero_bytes = s->rounds.nonzero_pages * PAGE_SIZE;
	if (s->rounds.round == 1 && s->rounds.chunks)
		mig_job_percent(s->job, (unsigned)((s->still ? 96 : 75) * s->rounds.chunk / s->rounds.chunks));
}

/* The budget as it was when the guest stopped, or, where everything is sent after that, when the link's rate was first
 * known: later ones come ever nearer to what really happens. */
static void note_budget(struct mig_source *s, const struct mig_budget *budget)
{
	s->job->expected_downtime_ns = budget->total_ns + budget->term_ns[MIG_TERM_VERIFY];
	if (s->predicted)
		return;
	s->predicted = s->still && s->final && s->measured.rate;
	s->job->terms = MIG_TERMS;
	for (int t = 0; t < MIG_TERMS; t++) {
		s->job->term[t].name = mig_term_name((enum mig_term_id)t);
		s->job->term[t].budget_ns = budget->term_ns[t];
	}
}

void source_measure(struct mig_source *s, uint64_t now_ns, struct mig_budget *budget)
{
	uint64_t sent = s->rounds.raw_pages + s->rounds.zero_pages, took = now_ns - s->round_start_ns;
	struct mig_measured *m = &s->measured;

	m->dirty_pages = mig_rounds_left(&s->rounds);
	m->record_ns = s->core->records.put_ns;	/* of COMMITTED, or of AWAY if the attempt is in memory alone */
	if (sent) {
		m->page_bytes = s->rounds.bytes / sent;
		m->send_ns = s->rounds.work_ns / sent;
	}
	m->rate = mig_rate_known(&s->rate);
	m->cap = s->rate.limit;
	mig_budget(m, budget);
	if (s->still && s->final) {
		budget->term_ns[MIG_TERM_PAGES] += took;
		budget->total_ns += took;
	}
	/* A stop comes after this round: what it sends for the first time is to be sent, but not then. */
	s->job->bytes_left = (m->dirty_pages + mig_rounds_unsent(&s->rounds)) * PAGE_SIZE;
	s->job->rate_bytes = s->rate.average ? s->rate.average : mig_rate_known(&s->rate);
	if (took > 1000000 && !s->still)
		s->job->dirty_rate_pages = s->guest->ops->dirty_pages(s->guest) * 1000 / (took / 1000000);
	note_budget(s, budget);
}

static void put_round_end(struct mig_source *s, uint64_t now_ns)
{
	const struct state_desc *d = mig_type_table(MIG_ROUND_END);
	struct mig_round_end end;
	uint8_t body[256];
	size_t length;

	memset(&end, 0, sizeof(end));
	end.raw_pages = s->rounds.raw_pages;
	end.zero_pages = s->rounds.zero_pages;
	end.round = s->rounds.round;
	end.final = s->final;
	if (state_save(d, &end, d->version, body, sizeof(body), &length, NULL))
		panic("ROUND_END does not fit its cap");
	mig_digest_add(&s->digest, MIG_ROUND_END, body, length);
	source_put(s, MIG_ROUND_END, &end, now_ns);
}

/* The final round needs no wait before the state follows; other rounds wait until D has them. */
static void end_pass(struct mig_source *s, uint64_t now_ns)
{
	if (s->rounds.harvest_ns && s->rounds.harvested_chunks)
		s->measured.harvest_ns = s->rounds.harvest_ns;
	if (s->final)
		source_go(s, MIG_AT_STATE, MIG_PHASE_STATE, s->deadline_ns, now_ns);
	else
		source_go(s, MIG_AT_ROUND_ACK, MIG_PHASE_ROUNDS, now_ns + MIG_ROUND_NS, now_ns);
	put_round_end(s, now_ns);
}

void source_pass_step(struct mig_source *s, uint64_t now_ns)
{
	struct mig_budget budget;
	uint64_t before = s->rounds.bytes;
	bool bulk = !s->final || s->still;	/* most of memory: it keeps to the bandwidth, and is measured */
	enum err e;

	/* Nothing is harvested before what was harvested earlier is on its way. */
	if (s->stream.tx_begin != s->stream.tx_end || (bulk && !mig_rate_allows(&s->rate, now_ns)))
		return;
	e = mig_rounds_record(&s->rounds, &s->stream, &s->digest);
	mig_rate_spend(&s->rate, s->rounds.bytes - before);
	note_round(s, now_ns);
	if (bulk && now_ns - s->ticked_ns >= (s->still ? TICK_NS / 5 : TICK_NS)) {
		source_measure(s, now_ns, &budget);
		s->ticked_ns = now_ns;
	}
	if (e == ERR_OK)
		end_pass(s, now_ns);
}

/* Fills s->state; false after a failure. */
static bool save_state(struct mig_source *s, uint64_t now_ns)
{
	uint64_t start = mig_core_clock(s->core);
	size_t length = 0;
	enum err e = ERR_NOMEM;

	if (!s->state)
		s->state = malloc(s->state_limit);
	why_set(&s->why, "no memory for %u bytes", (unsigned)s->state_limit);
	if (s->state)
		e = s->guest->ops->state_save(s->guest, s->state, s->state_limit, &length, &s->why);
	if (e) {
		source_fail(s, now_ns, e, "the state of %s could not be saved: %s", s->def.name, s->why.text);
		return false;
	}
	s->state_bytes = (uint32_t)length;
	s->state_at = 0;
	s->measured.state_bytes = length;
	s->measured.state_save_ns = mig_core_clock(s->core) - start;
	return true;
}

/* Sends the next part; ERR_OK when the image is out. */
static enum err put_state(struct mig_source *s, uint32_t flags)
{
	struct mig_state_head head = { .flags = flags, .total = s->state_bytes, .offset = s->state_at };
	uint32_t bytes = s->state_bytes - s->state_at;
	uint8_t *body;

	if (bytes > STATE_PART)
		bytes = STATE_PART;
	body = mig_stream_begin(&s->stream, sizeof(head) + bytes);
	if (!body)
		return ERR_AGAIN;
	memcpy(body, &head, sizeof(head));
	memcpy(body + sizeof(head), s->state + s->state_at, bytes);
	mig_digest_add(&s->digest, MIG_STATE, body, sizeof(head) + bytes);
	mig_stream_end(&s->stream, MIG_STATE, sizeof(head) + bytes);
	s->state_at += bytes;
	return s->state_at == s->state_bytes ? ERR_OK : ERR_AGAIN;
}

void source_dry_run_step(struct mig_source *s, uint64_t now_ns)
{
	if (!s->state_bytes && s->options.type == MIG_MOVE_RESTART && s->guest->ops->is_off(s->guest)) {
		source_quiet(s, now_ns);
		return;
	}
	if (!s->state_bytes) {
		if (!save_state(s, now_ns))
			return;
		if (s->options.verify)
			s->measured.verify_ns = mig_memory_hash_cost(&s->core->host, s->guest, s->def.memory_bytes);
	}
	if (put_state(s, MIG_STATE_DRY) == ERR_OK)
		source_go(s, MIG_AT_DRY_REPORT, MIG_PHASE_ROUNDS, now_ns + MIG_ROUND_NS, now_ns);
}

void source_state_step(struct mig_source *s, uint64_t now_ns)
{
	uint64_t allowance = MIG_READY_NS;

	if (!s->state_bytes && !save_state(s, now_ns))
		return;
	/* From its last part on D may record PREPARED whatever becomes of the link. */
	if (s->state_bytes - s->state_at <= STATE_PART)
		s->peer_may_be_prepared = true;
	if (put_state(s, 0) != ERR_OK)
		return;
	s->state_end_ns = mig_core_clock(s->core);
	if (s->options.verify) {
		allowance += s->def.memory_bytes / (4u << 20) * MIG_SECOND;
		mig_memory_hash_init(&s->hash, s->guest, s->def.memory_bytes);
		s->hash_start_ns = mig_core_clock(s->core);
	} else {
		s->hash_done = true;
	}
	source_go(s, MIG_AT_READY, MIG_PHASE_READY, now_ns + allowance, now_ns);
	mig_job_percent(s->job, 98);
}

void source_throttle(struct mig_source *s, uint64_t pages_per_s)
{
	if (!pages_per_s && !s->throttled)
		return;
	s->guest->ops->throttle(s->guest, pages_per_s);
	s->throttled = pages_per_s != 0;
	if (!pages_per_s)
		return;
	s->job->throttle_pages = pages_per_s;
	log_info("mig", "job %u: %s may dirty %llu pages a second from now on", s->job->id, s->job->vm,
		 (unsigned long long)pages_per_s);
}

void source_decide(struct mig_source *s, uint64_t now_ns)
{
	enum mig_stuck stuck = s->options.stuck;
	struct mig_budget budget;
	unsigned percent = 95;

	if (source_images_wait(s, now_ns))
		return;
	source_measure(s, now_ns, &budget);
	if (s->options.type == MIG_MOVE_RESTART)
		source_quiet(s, now_ns);
	else if (s->still)
		source_event(s, HE_STOP, now_ns);
	if (s->still)
		return;
	if (budget.total_ns > s->options.max_downtime_ns)
		percent = 75 + (unsigned)(20 * s->options.max_downtime_ns / budget.total_ns);
	mig_job_percent(s->job, percent);
	log_info("mig", "job %u: round %u sent %llu pages, %llu are dirty again, stopping now would take %llu ms",
		 s->job->id, s->rounds.round, (unsigned long long)s->rounds.raw_pages,
		 (unsigned long long)s->measured.dirty_pages, (unsigned long long)(budget.total_ns / 1000000));
	if (stuck == MIG_STUCK_THROTTLE && !s->guest->ops->throttle)
		stuck = MIG_STUCK_STOP;
	switch (mig_decide(&s->progress, &budget, s->measured.dirty_pages, s->options.max_downtime_ns, stuck)) {
	case MIG_SLOW_DOWN:
		source_throttle(s, s->progress.allowance);
		source_begin_pass(s, now_ns);
		break;
	case MIG_CONTINUE:
		source_begin_pass(s, now_ns);
		break;
	case MIG_STOP_NOW:
		source_event(s, HE_STOP, now_ns);
		break;
	case MIG_GIVE_UP:
		source_fail(s, now_ns, ERR_TIMEOUT,
			    "%s writes too fast: after %u rounds a stop would take %llu ms, allowed are %llu ms",
			    s->def.name, s->rounds.round, (unsigned long long)(budget.total_ns / 1000000),
			    (unsigned long long)(s->options.max_downtime_ns / 1000000));
		break;
	}
}

void source_on_round_ack(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_round_ack ack;
	uint64_t loaded = s->rounds.raw_pages + s->rounds.zero_pages;

	if (!source_parse(s, r, &ack, now_ns))
		return;
	if (ack.round != s->rounds.round || s->final_acked) {
		source_fail_link(s, now_ns, ERR_INVALID, "ROUND_ACK for a round that was not asked for");
		return;
	}
	note_round(s, now_ns);
	if (ack.load_ns && loaded)
		s->measured.load_ns = ack.load_ns / loaded < LOAD_NS_MAX ? ack.load_ns / loaded : LOAD_NS_MAX;
	mig_rounds_confirm(&s->rounds);
	if (s->final) {
		s->final_acked = true;
		s->pages_end_ns = mig_core_clock(s->core);
	} else if (!s->dry_reported) {
		s->state_bytes = 0;
		source_go(s, MIG_AT_DRY_RUN, MIG_PHASE_ROUNDS, UINT64_MAX, now_ns);
	} else {
		source_decide(s, now_ns);
	}
}

void source_on_state_report(struct mig_source *s, const struct mig_record *r, uint64_t now_ns)
{
	struct mig_state_report report;
	char text[WHY_TEXT];

	if (!source_parse(s, r, &report, now_ns))
		return;
	if (!report.ok) {
		mig_text_copy(text, sizeof(text), report.text, sizeof(report.text));
		source_fail(s, now_ns, ERR_REFUSED, "%s can't load the state of %s: %s", s->job->peer_name,
			    s->def.name, text);
		return;
	}
	s->measured.state_load_ns = report.check_ns;
	s->measured.peer_record_ns = report.record_ns;
	/* Both hash at the same time. */
	if (report.hash_ns > s->measured.verify_ns)
		s->measured.verify_ns = report.hash_ns;
	s->dry_reported = true;
	s->state_bytes = 0;
	source_decide(s, now_ns);
}
