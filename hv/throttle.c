/* SPDX-License-Identifier: MIT */
/* throttle.c: the bucket of pages behind throttle.h. */
#include "hv/throttle.h"
#include "hv/dev/clock.h"

#define NS		1000000000ll
#define PAGE		NS		/* what a page costs */
#define MOST		(PAGE << 20)	/* what is charged at once */
/* a guest that ran for less in a round has shown nothing: the next one counts with it */
#define ROUND_NS	(NS / 100)

void throttle_set(struct vm_throttle *t, uint64_t pages_per_s, uint64_t now_ns)
{
	t->pages_per_s = pages_per_s < 1u << 30 ? pages_per_s : 1u << 30;
	t->until_ns = 0;
	t->credit = 0;
	t->seen_ns = now_ns;
}

/* Time is credit: what 20 ms are worth may be saved up, and at least a page. */
static void earn(struct vm_throttle *t, uint64_t now_ns)
{
	int64_t rate = (int64_t)t->pages_per_s, most = rate * (NS / 50);
	uint64_t elapsed = now_ns > t->seen_ns ? now_ns - t->seen_ns : 0;

	if (elapsed > NS)
		elapsed = NS;
	t->credit += rate * (int64_t)elapsed;
	if (t->credit > (most > PAGE ? most : PAGE))
		t->credit = most > PAGE ? most : PAGE;
	t->seen_ns = now_ns;
}

static void owe(struct vm_throttle *t, int64_t cost, uint64_t now_ns)
{
	int64_t rate = (int64_t)t->pages_per_s;

	earn(t, now_ns);
	t->credit -= cost;
	/* No wait is longer than a second: a guest that stands for longer looks dead to its own watchdogs. */
	if (t->credit < -rate * NS)
		t->credit = -rate * NS;
	if (t->credit < 0)
		t->until_ns = now_ns + (uint64_t)(-t->credit / rate) + 1;
}

void throttle_spend(struct vm_throttle *t, uint64_t pages, uint64_t now_ns)
{
	if (t->pages_per_s && pages)
		owe(t, pages < MOST / PAGE ? (int64_t)pages * PAGE : MOST, now_ns);
}

/*
 * What a harvest finds was made dirty since the same chunk's harvest in the round before, for the most part by running
 * time that is over: set against what the guest ran since a throttle began, it would all but stop it. A chunk harvested
 * early in the round has run in the round before, one harvested late in this round; over all of them it is half of
 * each.
 */
void throttle_found(struct vm_throttle *t, uint64_t chunk, uint64_t pages)
{
	if (chunk < t->next_chunk && t->ran_ns >= (uint64_t)ROUND_NS) {
		t->price_pages = 2 * t->found;
		t->price_ns = t->before_ns + t->ran_ns;
		t->before_ns = t->ran_ns;
		t->found = t->ran_ns = 0;
	}
	t->next_chunk = chunk + 1;
	t->found += pages;
}

void throttle_ran(struct vm_throttle *t, uint64_t ns, uint64_t now_ns)
{
	uint64_t cost;

	if (ns > (uint64_t)NS)
		ns = NS;
	t->ran_ns += ns;
	if (!t->pages_per_s || !t->price_pages)
		return;
	cost = clock_mul_div(ns * t->price_pages, PAGE, t->price_ns, 0);
	owe(t, cost < MOST ? (int64_t)cost : MOST, now_ns);
}

bool throttle_waits(struct vm_throttle *t, uint64_t now_ns)
{
	if (t->until_ns && now_ns >= t->until_ns)
		t->until_ns = 0;
	return t->until_ns != 0;
}
