/* SPDX-License-Identifier: MIT */
/* gpt_table.h: entries and tables of a gpt, shared by gpt.c and gpt_split.c only. */
#pragma once
#include "arch/x86_64/gpt.h"

#define GPT_ENTRIES	512u
#define GPT_LEVELS	4u

static inline uint64_t *gpt_table(uint64_t e)
{
	return (uint64_t *)(uintptr_t)(e & GPT_ADDRESS);
}

static inline unsigned gpt_index(gpa_t at, unsigned level)
{
	return (unsigned)(at.v >> (PAGE_SHIFT + 9 * (level - 1))) % GPT_ENTRIES;
}

/* True when @e, found at @level, points to a table of the next level. */
static inline bool gpt_is_table(uint64_t e, unsigned level)
{
	return level > 1 && e && !(e & GPT_LARGE);
}

static inline bool gpt_is_executable(const struct gpt_format *f, uint64_t leaf)
{
	return (leaf & (f->execute | f->no_execute)) == f->execute;
}

/* @leaf, made executable or not. */
static inline uint64_t gpt_executable(const struct gpt_format *f, uint64_t leaf, bool yes)
{
	return (leaf & ~(f->execute | f->no_execute)) | (yes ? f->execute : f->no_execute);
}

/* The CPU's page walker reads and sets bits in entries at any time: one access each. */
static inline uint64_t gpt_load(const uint64_t *e)
{
	return __atomic_load_n(e, __ATOMIC_RELAXED);
}

/* Publishes: what was stored before (a table's content) is visible first. */
static inline void gpt_store(uint64_t *e, uint64_t v)
{
	__atomic_store_n(e, v, __ATOMIC_RELEASE);
}

/* The entry of the page directory for @at, NULL if there is no page directory. */
uint64_t *gpt_directory_entry(const struct gpt *gpt, gpa_t at);
/* Fills @table with the 512 leaves of the 2 MiB @leaf, without @clear and executable; returns the entry that replaces
 * it. */
uint64_t gpt_split_leaf(const struct gpt *gpt, uint64_t leaf, uint64_t *table, uint64_t clear);
/* A page of the reserve; its content is not zero. Panics when there is none. Under gpt->spin. */
void *gpt_reserve_take(struct gpt *gpt);
/* Gives unused reserved pages back, but those that are kept. Takes gpt->spin. */
void gpt_reserve_drop(struct gpt *gpt);
