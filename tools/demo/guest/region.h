/* SPDX-License-Identifier: MIT */
/* region.h: the demo guest's memory region: pages whose content can be checked, and the known order of writes. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGION_PAGE	4096u
#define REGION_WORDS	(REGION_PAGE / sizeof(uint64_t))

/* A page holds its number, its generation, and a body that follows from both (region_word). */
struct region {
	uint64_t *words;	/* pages * REGION_WORDS, page-aligned, owned by the caller */
	uint32_t *generation;	/* what each page should hold, owned by the caller */
	uint64_t pages;		/* at least 1 */
};

/* The first word of a page that differs from what was written there last. */
struct region_fault { uint64_t page, word, expected, found; };

/* Word @index of page @page in generation @generation. */
uint64_t region_word(uint64_t page, uint32_t generation, size_t index);
/* The page that write number @write (from 0) goes to. */
uint64_t region_pick(uint64_t write, uint64_t pages);
/* The running checksum @sum after a page whose words add up to @page_sum (mod 2^64) was read. */
uint64_t region_fold(uint64_t sum, uint64_t page_sum);

/* Writes generation 0 to every page. */
void region_fill(struct region *r);
/* True if @page holds what was written last. Adds up its words as found in *page_sum; describes the first
 * wrong word in *fault. */
bool region_verify(const struct region *r, uint64_t page, uint64_t *page_sum, struct region_fault *fault);
/* Writes the next generation to @page. */
void region_write(struct region *r, uint64_t page);
