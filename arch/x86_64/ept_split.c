/* SPDX-License-Identifier: MIT */
/* ept_split.c: from 2 MiB leaves to 4 KiB ones and back: all of them for tracking, off the vCPU's path, and one for its code. */
#include <stddef.h>
#include "arch/x86_64/ept.h"
#include "arch/x86_64/ept_table.h"
#include "lib/log.h"
#include "lib/pages.h"

uint64_t ept_split_leaf(uint64_t leaf, uint64_t *table, uint64_t clear)
{
	uint64_t e = (leaf & ~EPT_LARGE & ~clear) | EPT_X;

	for (unsigned i = 0; i < EPT_ENTRIES; i++, e += PAGE_SIZE)
		table[i] = e;
	return (uintptr_t)table | EPT_RWX;
}

void ept_reserve_drop(struct ept *ept)
{
	spin_lock(&ept->spin);
	while (ept->reserved > ept->kept)
		page_free(ept_reserve_take(ept));
	spin_unlock(&ept->spin);
}

static void reserve_push(struct ept *ept, void **page)
{
	*page = ept->reserve;
	ept->reserve = page;
	ept->reserved++;
}

/* A table that no CPU walks any more. */
static void give_back(struct ept *ept, void *table)
{
	bool keep;

	spin_lock(&ept->spin);
	keep = ept->reserved < ept->kept;
	if (keep)
		reserve_push(ept, table);
	spin_unlock(&ept->spin);
	if (!keep)
		page_free(table);
}

static bool reserve_add(struct ept *ept)
{
	void **page = page_alloc();

	if (!page)
		return false;
	spin_lock(&ept->spin);
	reserve_push(ept, page);
	spin_unlock(&ept->spin);
	return true;
}

void *ept_reserve_take(struct ept *ept)
{
	void **page = ept->reserve;

	if (!page)
		panic("EPT split without a reserved table");
	ept->reserve = *page;
	ept->reserved--;
	return page;
}

enum err ept_small_code(struct ept *ept, uint64_t bytes, struct why *why)
{
	uint64_t want = bytes / CHUNK_SIZE;

	while (ept->reserved < want)
		if (!reserve_add(ept)) {
			why_set(why, "this CPU must not run a guest's code from 2 MiB pages; tables for smaller ones need %llu KiB, %llu KiB are free",
				(unsigned long long)(want * PAGE_SIZE >> 10),
				(unsigned long long)((ept->reserved * PAGE_SIZE + pages_free_bytes()) >> 10));
			ept_reserve_drop(ept);
			return ERR_NOMEM;
		}
	ept->kept = want;
	ept->small_code = true;
	return ERR_OK;
}

bool ept_fetch(struct ept *ept, gpa_t at)
{
	uint64_t *e = ept->small_code ? ept_directory_entry(ept, at) : NULL;
	bool split = false;

	if (!e || !ept_load(e))
		return false;
	spin_lock(&ept->spin);
	/* Without a reserve tables are on their way back to it from a merge: the fetch faults again until they are there. */
	if (*e & EPT_LARGE && ept->reserve) {
		uint64_t clear = at.v < ept->split_bytes ? ept->clear : 0;

		ept_store(e, ept_split_leaf(*e, ept_reserve_take(ept), clear) | EPT_CODE);
		ept->kept--;
		ept->code_chunks++;
		split = true;
	}
	spin_unlock(&ept->spin);
	if (split)
		ept_flush(ept);
	return true;
}

enum err ept_split_reserve(struct ept *ept, uint64_t bytes, struct why *why)
{
	uint64_t want = 1;	/* merging notes the tables of one page directory in a page */

	/* Empty chunks count too: the guest may touch one now, or while its memory is tracked. */
	for (uint64_t at = 0; at < bytes; at += CHUNK_SIZE)
		want += !ept_leaves(ept, gpa(at));
	while (ept->reserved < want)
		if (!reserve_add(ept)) {
			why_set(why, "splitting %llu MiB into 4 KiB pages needs %llu KiB for tables, %llu KiB are free",
				(unsigned long long)(bytes >> 20), (unsigned long long)(want * PAGE_SIZE >> 10),
				(unsigned long long)((ept->reserved * PAGE_SIZE + pages_free_bytes()) >> 10));
			ept_reserve_drop(ept);
			return ERR_NOMEM;
		}
	return ERR_OK;
}

/* Leaves that are 4 KiB for the code in them: the same bits go, in place. */
static void clear_leaves(uint64_t *table, uint64_t clear)
{
	for (unsigned i = 0; i < EPT_ENTRIES; i++)
		__atomic_fetch_and(&table[i], ~clear, __ATOMIC_RELAXED);
}

void ept_split_all(struct ept *ept, uint64_t bytes, uint64_t clear)
{
	for (uint64_t at = 0; at < bytes; at += CHUNK_SIZE) {
		uint64_t *e;

		spin_lock(&ept->spin);
		ept->clear = clear;
		ept->split_bytes = bytes;	/* under the lock: a vCPU may be mapping a chunk */
		e = ept_directory_entry(ept, gpa(at));
		if (e && *e & EPT_LARGE)
			ept_store(e, ept_split_leaf(*e, ept_reserve_take(ept), clear));
		else if (e && *e)
			clear_leaves(ept_table(*e), clear);
		spin_unlock(&ept->spin);
	}
	ept_flush(ept);
}

/* What every leaf gets back. D is set: without tracking nobody asks, and the CPU need not. */
static uint64_t untracked(const struct ept *ept)
{
	return ept->ad ? EPT_W | EPT_A | EPT_D : EPT_W;
}

/* The 2 MiB leaf that @table stands for. */
static uint64_t merged_leaf(const struct ept *ept, const uint64_t *table)
{
	uint64_t leaf = ept_load(&table[0]) | EPT_LARGE | untracked(ept);

	return ept->small_code ? leaf & ~EPT_X : leaf;
}

static void restore_leaves(const struct ept *ept, uint64_t *table)
{
	for (unsigned i = 0; i < EPT_ENTRIES; i++)
		__atomic_fetch_or(&table[i], untracked(ept), __ATOMIC_RELAXED);
}

/* Merges one page directory's chunks. The CPU may walk the old tables until the flush, so they are noted in @old
 * and given back after it. */
static void merge_directory(struct ept *ept, uint64_t from, uint64_t to, uint64_t **old)
{
	unsigned count = 0;

	for (uint64_t at = from; at < to; at += CHUNK_SIZE) {
		uint64_t *e = ept_directory_entry(ept, gpa(at));

		if (!e)
			break;
		if (!ept_is_table(*e, 2))
			continue;
		if (*e & EPT_CODE) {
			restore_leaves(ept, ept_table(*e));
		} else {
			old[count] = ept_table(*e);
			ept_store(e, merged_leaf(ept, old[count++]));
		}
	}
	if (count)
		ept_flush(ept);
	while (count)
		give_back(ept, old[--count]);
}

void ept_merge_all(struct ept *ept)
{
	uint64_t bytes = ept->split_bytes;
	uint64_t **old;

	if (!bytes) {
		ept_reserve_drop(ept);
		return;
	}
	spin_lock(&ept->spin);
	ept->split_bytes = 0;	/* from here on vCPUs map whole chunks and take no table */
	ept->clear = 0;
	old = ept_reserve_take(ept);
	spin_unlock(&ept->spin);
	for (uint64_t at = 0; at < bytes; at += (uint64_t)EPT_ENTRIES * CHUNK_SIZE) {
		uint64_t to = at + (uint64_t)EPT_ENTRIES * CHUNK_SIZE;

		merge_directory(ept, at, to < bytes ? to : bytes, old);
	}
	give_back(ept, old);
	ept_reserve_drop(ept);
}
