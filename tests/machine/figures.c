/* SPDX-License-Identifier: MIT */
/* figures.c: what tracking costs the guest and the host. With Bochs' clock: sync=none the TSC counts instructions. */
#include <string.h>
#include "arch/x86_64/dirty.h"
#include "arch/x86_64/time.h"
#include "lib/log.h"
#include "tests/machine/machine.h"

#define REGION_PAGES	16384u		/* what is harvested each time */
#define DIRTY_PAGES	4096u		/* of them */
#define REPEATS		3u
#define FIGURES_MAX	64u

static struct { const char *name; uint64_t pages, ticks; } figures[FIGURES_MAX];
static unsigned figure_count;

static void figure(const char *name, uint64_t pages, uint64_t ticks)
{
	if (figure_count < FIGURES_MAX) {
		figures[figure_count].name = name;
		figures[figure_count].pages = pages;
		figures[figure_count++].ticks = ticks;
	}
}

static uint64_t region(const struct machine_test *t)
{
	return t->first_page + t->pages - REGION_PAGES;
}

static uint64_t touch(struct machine_test *t, enum mailbox_order order, uint64_t count, uint64_t stride)
{
	machine_order(t, (struct mailbox){ .order = order, .first = region(t) << PAGE_SHIFT, .count = count,
					   .stride = stride << PAGE_SHIFT });
	return machine_finish(t);
}

/* Ticks of taking what is dirty in the region, which must be @want pages. */
static uint64_t harvest(struct machine_test *t, uint64_t want)
{
	static uint64_t rows[REGION_PAGES / CHUNK_PAGES][DIRTY_ROW_WORDS];
	uint64_t first = region(t) / CHUNK_PAGES, ticks, pages = 0;

	memset(rows, 0, sizeof(rows));
	ticks = time_tsc();
	for (uint64_t c = 0; c < REGION_PAGES / CHUNK_PAGES; c++)
		t->guest->ops->harvest(t->guest, first + c, rows[c]);
	ticks = time_tsc() - ticks;
	for (uint64_t i = 0; i < REGION_PAGES / 64; i++)
		for (uint64_t bits = rows[i / DIRTY_ROW_WORDS][i % DIRTY_ROW_WORDS]; bits; bits &= bits - 1)
			pages++;
	if (pages != want)
		panic("%llu pages were found dirty, the guest wrote %llu", (unsigned long long)pages, (unsigned long long)want);
	return ticks;
}

static void pattern(struct machine_test *t, const char *write, const char *take, uint64_t stride)
{
	uint64_t first, again;

	first = touch(t, ORDER_WRITE, DIRTY_PAGES, stride);
	again = touch(t, ORDER_WRITE, DIRTY_PAGES, stride);	/* the same without a first write */
	figure(write, DIRTY_PAGES, first - again);
	figure(take, DIRTY_PAGES, harvest(t, DIRTY_PAGES));
}

static void tracked(struct machine_test *t)
{
	struct why why = { "" };
	uint64_t begin = time_tsc(), first;

	if (t->guest->ops->track_start(t->guest, &why) != ERR_OK)
		panic("writes can't be tracked: %s", why.text);
	figure("switch_on", t->vm->memory_bytes >> PAGE_SHIFT, time_tsc() - begin);
	pattern(t, "first_write_dense", "harvest_dense", 1);
	pattern(t, "first_write_sparse", "harvest_sparse", REGION_PAGES / DIRTY_PAGES);
	figure("harvest_nothing", REGION_PAGES, harvest(t, 0));
	begin = time_tsc();
	(void)t->guest->ops->dirty_pages(t->guest);
	figure("count", t->vm->memory_bytes >> PAGE_SHIFT, time_tsc() - begin);
	first = touch(t, ORDER_READ, DIRTY_PAGES, 1);
	figure("first_read", DIRTY_PAGES, first - touch(t, ORDER_READ, DIRTY_PAGES, 1));
	begin = time_tsc();
	t->guest->ops->track_stop(t->guest);
	figure("switch_off", t->vm->memory_bytes >> PAGE_SHIFT, time_tsc() - begin);
}

void figures_run(struct machine_test *t, const char *words)
{
	(void)words;
	if (t->pages < REGION_PAGES)
		panic("memory: at least %u MiB more are needed", (unsigned)(REGION_PAGES - t->pages) >> 8);
	touch(t, ORDER_WRITE, REGION_PAGES, 1);
	log_set_level(LOG_WARN);	/* a line that the tracker logs is no part of its cost */
	for (unsigned i = 0; i < REPEATS; i++)
		tracked(t);
	log_set_level(LOG_INFO);
	log_info("machine", "tracker %s", t->vm->dirty.ops->name);
	for (unsigned i = 0; i < figure_count; i++)
		log_info("machine", "figure %s pages %llu ticks %llu", figures[i].name, (unsigned long long)figures[i].pages,
			 (unsigned long long)figures[i].ticks);
}
