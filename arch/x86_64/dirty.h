/* SPDX-License-Identifier: MIT */
/* dirty.h: which pages a guest has written: one interface, three trackers (docs/design.md, section 4). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/x86_64/gpt.h"
#include "lib/addr.h"
#include "lib/err.h"
#include "lib/why.h"

#define DIRTY_ROW_WORDS		(CHUNK_PAGES / 64)	/* bitmap of one chunk: bit n = page n */
#define DIRTY_ROWS_PER_PAGE	64u
#define DIRTY_PAGE_BITS		(PAGE_SIZE * 8)	/* a bitmap page covers 128 MiB */
#define DIRTY_BITMAP_PAGES	512u
/* Largest guest that can be tracked: 64 GiB. */
#define DIRTY_MAX_BYTES		(DIRTY_BITMAP_PAGES * DIRTY_ROWS_PER_PAGE * CHUNK_SIZE)

enum dirty_kind { DIRTY_AUTO, DIRTY_WRITE_PROTECT, DIRTY_AD, DIRTY_PML };

/* The seam between dirty.c and a tracker: what it does with the row and the 512 leaves of one chunk. */
struct dirty_ops {
	const char *name;
	bool needs_ad;		/* it looks for the format's dirty flags in leaves, not for GPT_W */
	/* ORs the dirty pages into @out, clears them in @row and @armed in their leaves. True: a leaf changed, flush.
	 * */
	bool (*take)(uint64_t *leaves, uint64_t *row, uint64_t *out, uint64_t armed);
	/* The same without taking them. */
	void (*peek)(const uint64_t *leaves, const uint64_t *row, uint64_t *out, uint64_t armed);
};

extern const struct dirty_ops dirty_write_protect, dirty_ad, dirty_pml;

/* Zeroed: never started. One per VM, beside its gpt. */
struct dirty {
	const struct dirty_ops *ops;
	struct gpt *gpt;
	uint64_t armed;			/* the leaf bit that is clear in a clean page */
	uint64_t pages;			/* guest pages tracked, from 0 up; 0: not tracking */
	uint64_t *bitmap[DIRTY_BITMAP_PAGES];	/* each page holds the rows of 64 chunks */
};

/* The tracker to use on a CPU with @ad and @pml: PML, else A/D, else write-protect, unless one is forced.
 * ERR_UNSUPPORTED: the forced one needs what the CPU lacks. */
enum err dirty_kind_pick(bool ad, bool pml, enum dirty_kind forced, enum dirty_kind *kind, struct why *why) NODISCARD;
const char *dirty_kind_name(enum dirty_kind kind);

/*
 * Starts tracking guest-physical [0, @memory_bytes), a multiple of 2 MiB. All pages are clean afterwards: each write
 * that a vCPU makes after the return is found, so whoever copies memory starts with "all dirty". Splits all leaves
 * there. May be called while vCPUs run. Before each entry a vCPU must look at dirty_wants_pml() and log accordingly
 * (with an empty log when it turns on): this call makes every vCPU pass that point before the first leaf is armed.
 * ERR_STATE: tracking already. ERR_RANGE: too large. ERR_UNSUPPORTED: needs accessed and dirty flags. ERR_NOMEM.
 * Nothing changed then.
 */
enum err dirty_start(struct dirty *d, struct gpt *gpt, enum dirty_kind kind, uint64_t memory_bytes,
		     struct why *why) NODISCARD;
/* Ends tracking and merges the leaves back. Allowed when not tracking, and while vCPUs run. */
void dirty_stop(struct dirty *d);

/* ORs the pages of @chunk written since they were last taken into @bitmap and takes them. A page read after the return
 * is newer than its bit; a later write sets it again. vCPUs may run. Writes in PML logs not drained come with a later
 * call: for an exact set stop and drain the vCPUs first. */
void dirty_harvest(struct dirty *d, uint64_t chunk, uint64_t bitmap[DIRTY_ROW_WORDS]);
/* ORs the pages of @chunk written since they were last taken into @bitmap and changes nothing: later harvests find
 * them. */
void dirty_peek(const struct dirty *d, uint64_t chunk, uint64_t bitmap[DIRTY_ROW_WORDS]);
/* Dirty pages now: an estimate while vCPUs run. Reads all leaves for A/D, all bitmaps otherwise. */
uint64_t dirty_count(const struct dirty *d);

void dirty_mark_pages(struct dirty *d, gpa_t at, size_t bytes);
/* Host code has written [@at, @at + @bytes): called after the write, so that no harvest takes the bit before it. */
static inline void dirty_mark(struct dirty *d, gpa_t at, size_t bytes)
{
	if (__builtin_expect(d->pages != 0, 0))
		dirty_mark_pages(d, at, bytes);
}

/* A guest write to @at was not allowed. True: the page is (now) writable and marked, enter the guest again, no
 * flush. False: no tracker's doing. Also true for one that was under way when tracking stopped. */
bool dirty_write_fault(struct dirty *d, gpa_t at);

static inline bool dirty_wants_pml(const struct dirty *d)
{
	return d->pages && d->ops == &dirty_pml;
}
/* Takes over a vCPU's log of 512 entries; @index is its PML index, which the caller then sets to 511.
 * Called on every exit, before the exit is handled. */
void dirty_pml_drain(struct dirty *d, const uint64_t *log, uint16_t index);
