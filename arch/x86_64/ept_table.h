/* SPDX-License-Identifier: MIT */
/* ept_table.h: entries and tables of EPT, shared by ept.c and ept_split.c only. */
#pragma once
#include "arch/x86_64/ept.h"

#define EPT_ENTRIES	512u
#define EPT_LEVELS	4u

static inline uint64_t *ept_table(uint64_t e)
{
	return (uint64_t *)(uintptr_t)(e & EPT_ADDRESS);
}

static inline unsigned ept_index(gpa_t at, unsigned level)
{
	return (unsigned)(at.v >> (PAGE_SHIFT + 9 * (level - 1))) % EPT_ENTRIES;
}

/* True when @e, found at @level, points to a table of the next level. */
static inline bool ept_is_table(uint64_t e, unsigned level)
{
	return level > 1 && e && !(e & EPT_LARGE);
}

/* The CPU's page walker reads and sets bits in entries at any time: one access each. */
static inline uint64_t ept_load(const uint64_t *e)
{
	return __atomic_load_n(e, __ATOMIC_RELAXED);
}

/* Publishes: what was stored before (a table's content) is visible first. */
static inline void ept_store(uint64_t *e, uint64_t v)
{
	__atomic_store_n(e, v, __ATOMIC_RELEASE);
}

/* The entry of the page directory for @at, NULL if there is no page directory. */
uint64_t *ept_directory_entry(const struct ept *ept, gpa_t at);
/* Fills @table with the 512 leaves of the 2 MiB @leaf, without @clear and executable; returns the entry that replaces it. */
uint64_t ept_split_leaf(uint64_t leaf, uint64_t *table, uint64_t clear);
/* A page of the reserve; its content is not zero. Panics when there is none. Under ept->spin. */
void *ept_reserve_take(struct ept *ept);
/* Gives unused reserved pages back, but those that are kept. Takes ept->spin. */
void ept_reserve_drop(struct ept *ept);
