/* SPDX-License-Identifier: MIT */
/* ept_split.c: from 2 MiB leaves to 4 KiB ones and back, off the vCPU's path. */
#include <stddef.h>
#include "arch/x86_64/ept.h"
#include "arch/x86_64/ept_table.h"
#include "lib/log.h"
#include "lib/pages.h"

uint64_t ept_split_leaf(uint64_t leaf, uint64_t *table, uint64_t clear)
{
	uint64_t e = leaf & ~EPT_LARGE;

	if (e & EPT_WRITABLE)
		e &= ~clear;
	for (unsigned i = 0; i < EPT_ENTRIES; i++, e += PAGE_SIZE)
		table[i] = e;
	return (uintptr_t)table | EPT_RWX | EPT_SPLIT;
}

void ept_reserve_drop(struct ept *ept)
{
	while (ept->reserve) {
		void **page = ept->reserve;

		ept->reserve = *page;
		page_free(page);
	}
	ept->reserved = 0;
}

static bool reserve_add(struct ept *ept)
{
	void **page = page_alloc();

	if (!page)
		return false;
	*page = ept->reserve;
	ept->reserve = page;
	ept->reserved++;
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

/* Leaves that were 4 KiB all along: the same bits go, in place. */
static void clear_leaves(uint64_t *table, uint64_t clear)
{
	for (unsigned i = 0; i < EPT_ENTRIES; i++)
		if (ept_load(&table[i]) & EPT_WRITABLE)
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

/* The 2 MiB leaf that @table stands for. D is set: without tracking nobody asks, and the CPU need not. */
static uint64_t merged_leaf(const struct ept *ept, const uint64_t *table)
{
	uint64_t leaf = ept_load(&table[0]) | EPT_LARGE;

	if (leaf & EPT_WRITABLE)
		leaf |= EPT_W;
	return ept->ad ? leaf | EPT_A | EPT_D : leaf;
}

static void restore_leaves(uint64_t *table)
{
	for (unsigned i = 0; i < EPT_ENTRIES; i++)
		if (ept_load(&table[i]) & EPT_WRITABLE)
			__atomic_fetch_or(&table[i], EPT_W, __ATOMIC_RELAXED);
}

/* Merges one page directory's chunks. The CPU may walk the old tables until the flush, so they are noted in @old
 * and freed after it. */
static void merge_directory(struct ept *ept, uint64_t from, uint64_t to, uint64_t **old)
{
	unsigned count = 0;

	for (uint64_t at = from; at < to; at += CHUNK_SIZE) {
		uint64_t *e = ept_directory_entry(ept, gpa(at));

		if (!e)
			break;
		if (!ept_is_table(*e, 2))
			continue;
		if (*e & EPT_SPLIT) {
			old[count] = ept_table(*e);
			ept_store(e, merged_leaf(ept, old[count++]));
		} else {
			restore_leaves(ept_table(*e));
		}
	}
	if (count)
		ept_flush(ept);
	while (count)
		page_free(old[--count]);
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
	spin_unlock(&ept->spin);
	old = ept_reserve_take(ept);
	for (uint64_t at = 0; at < bytes; at += (uint64_t)EPT_ENTRIES * CHUNK_SIZE) {
		uint64_t to = at + (uint64_t)EPT_ENTRIES * CHUNK_SIZE;

		merge_directory(ept, at, to < bytes ? to : bytes, old);
	}
	page_free(old);
	ept_reserve_drop(ept);
}
