/* SPDX-License-Identifier: MIT */
/* gpt_split.c: from 2 MiB leaves to 4 KiB ones and back: all of them for tracking, off the vCPU's path, and one for its
 * code. */
#include <stddef.h>
#include "arch/x86_64/gpt.h"
#include "arch/x86_64/gpt_table.h"
#include "lib/log.h"
#include "lib/pages.h"

uint64_t gpt_split_leaf(const struct gpt *gpt, uint64_t leaf, uint64_t *table, uint64_t clear)
{
	uint64_t e = gpt_executable(gpt->format, leaf & ~GPT_LARGE & ~clear, true);

	for (unsigned i = 0; i < GPT_ENTRIES; i++, e += PAGE_SIZE)
		table[i] = e;
	return (uintptr_t)table | GPT_TABLE;
}

void gpt_reserve_drop(struct gpt *gpt)
{
	spin_lock(&gpt->spin);
	while (gpt->reserved > gpt->kept)
		page_free(gpt_reserve_take(gpt));
	spin_unlock(&gpt->spin);
}

static void reserve_push(struct gpt *gpt, void **page)
{
	*page = gpt->reserve;
	gpt->reserve = page;
	gpt->reserved++;
}

/* A table that no CPU walks any more. */
static void give_back(struct gpt *gpt, void *table)
{
	bool keep;

	spin_lock(&gpt->spin);
	keep = gpt->reserved < gpt->kept;
	if (keep)
		reserve_push(gpt, table);
	spin_unlock(&gpt->spin);
	if (!keep)
		page_free(table);
}

static bool reserve_add(struct gpt *gpt)
{
	void **page = page_alloc();

	if (!page)
		return false;
	spin_lock(&gpt->spin);
	reserve_push(gpt, page);
	spin_unlock(&gpt->spin);
	return true;
}

void *gpt_reserve_take(struct gpt *gpt)
{
	void **page = gpt->reserve;

	if (!page)
		panic("page split without a reserved table");
	gpt->reserve = *page;
	gpt->reserved--;
	return page;
}

enum err gpt_small_code(struct gpt *gpt, uint64_t bytes, struct why *why)
{
	uint64_t want = bytes / CHUNK_SIZE;

	while (gpt->reserved < want)
		if (!reserve_add(gpt)) {
			why_set(why, "this CPU must not run a guest's code from 2 MiB pages; tables for smaller ones "
				"need %llu KiB, %llu KiB are free",
				(unsigned long long)(want * PAGE_SIZE >> 10),
				(unsigned long long)((gpt->reserved * PAGE_SIZE + pages_free_bytes()) >> 10));
			gpt_reserve_drop(gpt);
			return ERR_NOMEM;
		}
	gpt->kept = want;
	gpt->small_code = true;
	return ERR_OK;
}

bool gpt_fetch(struct gpt *gpt, gpa_t at)
{
	uint64_t *e = gpt->small_code ? gpt_directory_entry(gpt, at) : NULL;
	bool split = false;

	if (!e || !gpt_load(e))
		return false;
	spin_lock(&gpt->spin);
	/* Without a reserve tables are on their way back to it from a merge: the fetch faults again until they are
	 * there. */
	if (*e & GPT_LARGE && gpt->reserve) {
		uint64_t clear = at.v < gpt->split_bytes ? gpt->clear : 0;

		gpt_store(e, gpt_split_leaf(gpt, *e, gpt_reserve_take(gpt), clear) | GPT_CODE);
		gpt->kept--;
		gpt->code_chunks++;
		split = true;
	}
	spin_unlock(&gpt->spin);
	if (split)
		gpt_flush(gpt);
	return true;
}

enum err gpt_split_reserve(struct gpt *gpt, uint64_t bytes, struct why *why)
{
	uint64_t want = 1;	/* merging notes the tables of one page directory in a page */

	/* Empty chunks count too: the guest may touch one now, or while its memory is tracked. */
	for (uint64_t at = 0; at < bytes; at += CHUNK_SIZE)
		want += !gpt_leaves(gpt, gpa(at));
	while (gpt->reserved < want)
		if (!reserve_add(gpt)) {
			why_set(why, "splitting %llu MiB into 4 KiB pages needs %llu KiB for tables, %llu KiB are free",
				(unsigned long long)(bytes >> 20), (unsigned long long)(want * PAGE_SIZE >> 10),
				(unsigned long long)((gpt->reserved * PAGE_SIZE + pages_free_bytes()) >> 10));
			gpt_reserve_drop(gpt);
			return ERR_NOMEM;
		}
	return ERR_OK;
}

/* Leaves that are 4 KiB for the code in them: the same bits go, in place. */
static void clear_leaves(uint64_t *table, uint64_t clear)
{
	for (unsigned i = 0; i < GPT_ENTRIES; i++)
		__atomic_fetch_and(&table[i], ~clear, __ATOMIC_RELAXED);
}

void gpt_split_all(struct gpt *gpt, uint64_t bytes, uint64_t clear)
{
	for (uint64_t at = 0; at < bytes; at += CHUNK_SIZE) {
		uint64_t *e;

		spin_lock(&gpt->spin);
		gpt->clear = clear;
		gpt->split_bytes = bytes;	/* under the lock: a vCPU may be mapping a chunk */
		e = gpt_directory_entry(gpt, gpa(at));
		if (e && *e & GPT_LARGE)
			gpt_store(e, gpt_split_leaf(gpt, *e, gpt_reserve_take(gpt), clear));
		else if (e && *e)
			clear_leaves(gpt_table(*e), clear);
		spin_unlock(&gpt->spin);
	}
	gpt_flush(gpt);
}

/* What every leaf gets back. Dirty is set: without tracking nobody asks, and the CPU need not. */
static uint64_t untracked(const struct gpt *gpt)
{
	return gpt->ad ? GPT_W | gpt->format->accessed | gpt->format->dirty : GPT_W;
}

/* The 2 MiB leaf that @table stands for. */
static uint64_t merged_leaf(const struct gpt *gpt, const uint64_t *table)
{
	return gpt_executable(gpt->format, gpt_load(&table[0]) | GPT_LARGE | untracked(gpt), !gpt->small_code);
}

static void restore_leaves(const struct gpt *gpt, uint64_t *table)
{
	for (unsigned i = 0; i < GPT_ENTRIES; i++)
		__atomic_fetch_or(&table[i], untracked(gpt), __ATOMIC_RELAXED);
}

/* Merges one page directory's chunks. The CPU may walk the old tables until the flush, so they are noted in @old
 * and given back after it. */
static void merge_directory(struct gpt *gpt, uint64_t from, uint64_t to, uint64_t **old)
{
	unsigned count = 0;

	for (uint64_t at = from; at < to; at += CHUNK_SIZE) {
		uint64_t *e = gpt_directory_entry(gpt, gpa(at));

		if (!e)
			break;
		if (!gpt_is_table(*e, 2))
			continue;
		if (*e & GPT_CODE) {
			restore_leaves(gpt, gpt_table(*e));
		} else {
			old[count] = gpt_table(*e);
			gpt_store(e, merged_leaf(gpt, old[count++]));
		}
	}
	if (count)
		gpt_flush(gpt);
	while (count)
		give_back(gpt, old[--count]);
}

void gpt_merge_all(struct gpt *gpt)
{
	uint64_t bytes = gpt->split_bytes;
	uint64_t **old;

	if (!bytes) {
		gpt_reserve_drop(gpt);
		return;
	}
	spin_lock(&gpt->spin);
	gpt->split_bytes = 0;	/* from here on vCPUs map whole chunks and take no table */
	gpt->clear = 0;
	old = gpt_reserve_take(gpt);
	spin_unlock(&gpt->spin);
	for (uint64_t at = 0; at < bytes; at += (uint64_t)GPT_ENTRIES * CHUNK_SIZE) {
		uint64_t to = at + (uint64_t)GPT_ENTRIES * CHUNK_SIZE;

		merge_directory(gpt, at, to < bytes ? to : bytes, old);
	}
	give_back(gpt, old);
	gpt_reserve_drop(gpt);
}
