/* SPDX-License-Identifier: MIT */
/* throttle.c: the bucket of pages behind throttle.h. */
#include "hv/throttle.h"

#define NS		1000000000ll
#define PAGE		NS		/* what a page costs */
#define FOUND_NS	(NS / 2)	/* running time over which the price of a slice is averaged */

void throttle_set(struct vm_throttle *t, uint64_t pages_per_s, uint64_t now_ns)
{
	/* A tighter allowance keeps what was learnt of the guest. */
	if (!pages_per_s)
		t->found = t->ran_ns = 0;
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
		owe(t, pages < 1u << 20 ? (int64_t)pages * PAGE : PAGE << 20, now_ns);
}

void throttle_found(struct vm_throttle *t, uint64_t pages)
{
	if (t->pages_per_s)
		t->found += pages;
}

void throttle_ran(struct vm_throttle *t, uint64_t ns, uint64_t now_ns)
{
	if (!t->pages_per_s)
		return;
	t->ran_ns += ns;
	if (t->found && ns <= (uint64_t)NS)
		owe(t, (int64_t)(ns * t->found / t->ran_ns * NS + ns * t->found % t->ran_ns * NS / t->ran_ns), now_ns);
	if (t->ran_ns >= FOUND_NS) {
		t->found /= 2;
		t->ran_ns /= 2;
	}
}

bool throttle_waits(struct vm_throttle *t, uint64_t now_ns)
{
	if (t->until_ns && now_ns >= t->until_ns)
		t->until_ns = 0;
	return t->until_ns != 0;
}
