/* SPDX-License-Identifier: MIT */
/* encode_price.c: the price of a byte, and what each way costs at that price. */
#include "encode_price.h"
#include <string.h>
#include "lib/addr.h"

/* Until something was seen the link is one of 1 Gb/s, so nothing goes raw that need not. */
#define FIRST_LINK_PS	8000u
#define FIRST_SEND_PS	1000u
#define LEAST_SEND_PS	50u
#define WINDOW_BYTES	(512u << 10)
#define WINDOW_NS	20000000u
#define RECORD_BYTES	16384u		/* smaller ones tell little about the price of a byte */
#define BACKOFF_MAX	256u
/* a way that could not pay even if nothing of a page were left is tried so rarely */
#define FAR_PAGES	4096u
#define NEAR_PAGES	256u

static uint32_t average(uint32_t old, uint64_t sample, unsigned weight)
{
	return (uint32_t)(((16ull - weight) * old + weight * (sample < 1u << 30 ? sample : 1u << 30)) / 16);
}

void mig_price_init(struct mig_price *p)
{
	memset(p, 0, sizeof(*p));
	p->link_ps = p->shown_ps = FIRST_LINK_PS;
	p->send_ps = FIRST_SEND_PS;
	p->backoff = p->backoff_next = 1;
	p->way[MIG_WAY_RAW] = (struct mig_seen){ .cost_ns = 300, .bytes = PAGE_SIZE };
	p->way[MIG_WAY_LZ4] = (struct mig_seen){ .cost_ns = 6000, .bytes = 2400 };
	p->way[MIG_WAY_BATCH] = (struct mig_seen){ .cost_ns = 12000, .bytes = 1800 };
}

void mig_price_limit(struct mig_price *p, uint64_t bytes_per_s)
{
	uint64_t ps = bytes_per_s ? 1000000000000ull / bytes_per_s : 0;

	p->least_ps = ps < 1u << 30 ? (uint32_t)ps : 1u << 30;
	if (p->link_ps < p->least_ps)
		p->link_ps = p->shown_ps = p->least_ps;
}

void mig_price_pause(struct mig_price *p)
{
	p->ended_bytes = 0;
	p->making_ns = p->between_ns = p->handed_ns = p->bytes = 0;
}

void mig_price_handed(struct mig_price *p, uint64_t took_ns)
{
	p->handed_ns += took_ns;
}

/* A probe that showed nothing new (@same) makes the next one rarer; one that did, and a price that has gone up since,
 * brings it at once: a moment's wait must not pass for a slow link for long. A window that went raw, or in which the
 * CPU waited most of the time (@idle), shows what a probe would; less may be what it takes to wake a receiver that
 * sleeps while pages are compressed. */
static void plan_probe(struct mig_price *p, bool probed, bool same, bool idle)
{
	if (probed)
		p->backoff = p->backoff_next = !same                         ? 1 :
					       p->backoff_next < BACKOFF_MAX ? 4 * p->backoff_next :
									       p->backoff_next;
	if (probed || p->link_ps < p->shown_ps)
		p->shown_ps = p->link_ps;
	if (p->link_ps > p->shown_ps + p->shown_ps / 2)
		p->backoff = 1;
	if (!probed && !idle && p->best != MIG_WAY_RAW && p->link_ps > p->least_ps + p->least_ps / 8 && !--p->backoff)
		p->probe = true, p->backoff = 1;
}

/* What the window that ends shows of the link. */
static void window_end(struct mig_price *p)
{
	uint64_t all_ns = p->making_ns + p->between_ns, ps = all_ns * 1000 / p->bytes;
	uint64_t cpu_ns = p->bytes * p->send_ps / 1000;
	bool waited = p->between_ns > 2 * cpu_ns + all_ns / 8 && p->between_ns > p->handed_ns + all_ns / 8;
	bool idle = waited && p->between_ns > p->making_ns, probed = p->probe;
	uint32_t before = p->link_ps;

	if (ps > 1u << 30)
		ps = 1u << 30;
	p->probe = false;
	if (waited && !probed)
		ps = (3ull * p->link_ps + ps) / 4;
	if (waited || ps < p->link_ps)
		p->link_ps = ps < p->least_ps ? p->least_ps : (uint32_t)ps;
	if (!waited)
		p->send_ps += p->send_ps / 64;
	p->handed_ps = average(p->handed_ps, p->handed_ns * 1000 / p->bytes, 4);
	mig_price_pause(p);
	plan_probe(p, probed, waited && ps > before - before / 4, idle);
}

void mig_price_begin(struct mig_price *p, uint64_t now_ns)
{
	uint64_t gap = now_ns - p->ended_ns;

	if (p->ended_bytes) {
		uint64_t most = (8ull * p->link_ps + 1000) * p->ended_bytes / 1000;

		if (p->ended_bytes >= RECORD_BYTES && gap * 1000 / p->ended_bytes < p->send_ps)
			p->send_ps = (uint32_t)(gap * 1000 / p->ended_bytes);
		if (p->send_ps < LEAST_SEND_PS)
			p->send_ps = LEAST_SEND_PS;
		/* One pause of the scheduler is no property of the link. */
		p->between_ns += gap < most ? gap : most;
		p->bytes += p->ended_bytes;
		p->ended_bytes = 0;
		if (p->bytes >= WINDOW_BYTES || p->making_ns + p->between_ns >= WINDOW_NS)
			window_end(p);
	}
	p->began_ns = now_ns;
}

void mig_price_end(struct mig_price *p, uint64_t now_ns, size_t bytes)
{
	p->making_ns += now_ns - p->began_ns;
	p->ended_ns = now_ns;
	p->ended_bytes = bytes;
}

static uint64_t cpu_ps(const struct mig_price *p, const struct mig_seen *w)
{
	return 1000ull * w->cost_ns + (uint64_t)w->bytes * (p->send_ps > p->handed_ps ? p->send_ps : p->handed_ps);
}

static uint64_t page_ps(const struct mig_price *p, enum mig_way way)
{
	const struct mig_seen *w = &p->way[way];
	uint64_t link = (uint64_t)w->bytes * p->link_ps, cpu = cpu_ps(p, w);

	return link > cpu ? link : cpu;
}

/* What takes about as long and sends less is better: others use the link too. So is what takes longer than another
 * compression, but not by more than it sends less: where both take about the same the noise of a measurement would
 * decide. */
static bool quick_enough(const struct mig_price *p, enum mig_way way, enum mig_way than)
{
	uint64_t least = page_ps(p, than), more = least / 16;
	uint32_t bytes = p->way[way].bytes, others = p->way[than].bytes;

	if (than != MIG_WAY_RAW && bytes < others)
		more += least * (others - bytes) / others;
	return page_ps(p, way) <= least + more;
}

/* Nothing may take much longer than raw. What saves nothing now may do so with the next page, but only a CPU that waits
 * most of the time can try that for nothing. */
static bool better(const struct mig_price *p, enum mig_way way, enum mig_way than)
{
	const struct mig_seen *w = &p->way[way];

	return quick_enough(p, way, than) && quick_enough(p, way, MIG_WAY_RAW) &&
		(w->bytes < PAGE_SIZE - PAGE_SIZE / 8 || 2 * cpu_ps(p, w) <= (uint64_t)w->bytes * p->link_ps);
}

/* A way that is not used has to be probed again, since content changes. */
static bool due(struct mig_price *p, enum mig_way way)
{
	struct mig_seen *w = &p->way[way];
	uint32_t every = 1000ull * w->cost_ns > 2ull * PAGE_SIZE * p->link_ps ? FAR_PAGES : NEAR_PAGES;

	if (way == MIG_WAY_BATCH)
		every *= MIG_PRICE_TRY / 2;
	return ++w->passed >= every;
}

enum mig_way mig_price_choose(struct mig_price *p, uint32_t allowed)
{
	if (p->forced && p->forced--)
		return MIG_WAY_BATCH;
	p->best = MIG_WAY_RAW;
	if (p->probe)
		return MIG_WAY_RAW;
	for (enum mig_way w = MIG_WAY_LZ4; w < MIG_WAYS; w++)
		if (allowed >> w & 1 && better(p, w, p->best))
			p->best = w;
	for (enum mig_way w = MIG_WAY_LZ4; w < MIG_WAYS; w++) {
		if (w == p->best || !(allowed >> w & 1) || !due(p, w))
			continue;
		p->way[w].passed = 0;
		p->forced = w == MIG_WAY_BATCH ? MIG_PRICE_TRY - 1 : 0;
		return w;
	}
	return p->best;
}

void mig_price_seen(struct mig_price *p, enum mig_way way, unsigned pages, size_t bytes, uint64_t took_ns)
{
	struct mig_seen *w = &p->way[way];
	unsigned weight = pages < MIG_PRICE_TRY / 4 ? 1 : 4;
	uint64_t cost = took_ns / pages;

	w->bytes = average(w->bytes, bytes / pages, weight);
	if (took_ns == UINT64_MAX)
		return;
	/* Nor is it a cost of the way: what is less is believed sooner than what is more. */
	if (cost > w->cost_ns + w->cost_ns / 2)
		cost = w->cost_ns + w->cost_ns / 2;
	w->cost_ns = average(w->cost_ns, cost, cost < w->cost_ns ? 8 : weight);
}
