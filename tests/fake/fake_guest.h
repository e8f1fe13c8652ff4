/* SPDX-License-Identifier: MIT */
/* fake_guest.h: a virtual machine of bytes: memory that a small program keeps rewriting, and a state image. */
#pragma once
#include <stdbool.h>
#include "migration/guest.h"

enum fake_guest_life { FAKE_RUNNING, FAKE_STOPPED, FAKE_RELEASED, FAKE_EMPTY, FAKE_LOADED, FAKE_DISCARDED, FAKE_OFF };

struct fake_guest {
	struct mig_guest guest;		/* first */
	struct mig_definition def;
	uint8_t **chunk;		/* NULL: never touched */
	uint64_t *dirty;		/* bit per page: the hardware's view */
	uint64_t chunks;
	enum fake_guest_life life;
	unsigned buttons, prepares;	/* calls */
	bool deaf;			/* does not hear the power button */
	bool broken;			/* can't be prepared */
	bool tracking;
	unsigned tracked;		/* times that tracking began */
	bool idle;			/* writes nothing although it runs */
	bool corrupt;			/* a byte of page 0 changes while it is loaded */
	bool state_refused;		/* state_check says no */
	uint64_t allowance, credit;	/* clean pages that it may dirty: per second (0: all), and now, in 1e-9 pages */
	uint32_t state_bytes;		/* size of its image */
	uint64_t counter;		/* device and CPU state: one for each write that the guest made */
	uint64_t random;
	uint64_t stopped_ns;		/* as run() was told */
	unsigned stops, resumes, runs;
	struct mig_images images;	/* kernel NULL: not known */
};

/* A running guest of @memory_bytes, nothing touched. */
struct fake_guest *fake_guest_new(const char *name, uint64_t memory_bytes);
/* An empty one, as a destination makes it. */
struct fake_guest *fake_guest_empty(const struct mig_definition *def);
void fake_guest_free(struct fake_guest *g);
/* The guest writes @count random words (even pages) or whole pages of noise (odd ones) within its first @pages pages;
 * nothing unless it runs. */
void fake_guest_work(struct fake_guest *g, unsigned count, uint64_t pages);
/* @ns pass for the guest: what its allowance is worth. */
void fake_guest_time(struct fake_guest *g, uint64_t ns);
/* The guest fills page @pfn with @byte, or with noise that depends on it if @byte is odd. */
void fake_guest_fill(struct fake_guest *g, uint64_t pfn, uint8_t byte);
/* True if memory and state of both are equal. */
bool fake_guest_equal(const struct fake_guest *a, const struct fake_guest *b);
