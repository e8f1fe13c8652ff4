/* SPDX-License-Identifier: MIT */
/* throttle.h: how fast a guest may dirty clean pages, and until when its vCPU waits for having done more. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/*
 * A bucket of pages. Where a write is seen (write-protect: the write fault; PML: the drained log) it is paid there, so
 * a guest that only reads never waits. A/D sees no write: there each slice is charged with what the guest's running
 * time proved to cost in the last whole round of harvests; readers among its processes wait with the writers. Zeroed:
 * no throttle, nothing known of the guest.
 */
struct vm_throttle {
	uint64_t pages_per_s;		/* allowance; 0: as many as it likes */
	uint64_t until_ns;		/* the vCPU waits until then; 0: it does not */
	int64_t credit;			/* in 1e-9 pages; negative: owed */
	uint64_t seen_ns;		/* when the credit was last counted */
	/* A/D: what a whole round found, and the running time that this took. */
	uint64_t price_pages, price_ns;
	uint64_t found, ran_ns;		/* pages harvested and running time in this round */
	uint64_t before_ns;		/* running time in the round before */
	uint64_t next_chunk;		/* a harvest below begins another round */
};

/* Sets or, with 0, ends the throttle: who waits goes on. What is known of the guest stays. */
void throttle_set(struct vm_throttle *t, uint64_t pages_per_s, uint64_t now_ns);
/* @pages clean pages were made dirty; sets until_ns when that was too many. */
void throttle_spend(struct vm_throttle *t, uint64_t pages, uint64_t now_ns);
/* A/D, throttle or not: a harvest of @chunk found @pages. Rounds harvest in ascending order. */
void throttle_found(struct vm_throttle *t, uint64_t chunk, uint64_t pages);
/* The guest ran for @ns while its writes are tracked, throttle or not. */
void throttle_ran(struct vm_throttle *t, uint64_t ns, uint64_t now_ns);
/* True while the vCPU has to wait; ends the wait when its time has come. */
bool throttle_waits(struct vm_throttle *t, uint64_t now_ns);
