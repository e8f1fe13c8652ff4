/* SPDX-License-Identifier: MIT */
/* pages.h: the allocator of physical memory: 4 KiB pages and 2 MiB chunks. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Gives [start, start + bytes) to the allocator, which describes its chunks in the range's own first pages; called at
 * boot for each free range, of which there may be any number, below 2^48. */
void pages_add(uint64_t start, uint64_t bytes);
/* A zeroed, 4 KiB-aligned page below 4 GiB; NULL when memory is out. */
void *page_alloc(void);
void page_free(void *page);
/* A zeroed, 2 MiB-aligned chunk; NULL when memory is out. */
void *chunk_alloc(void);
void chunk_free(void *chunk);
/* Bytes that page_alloc or chunk_alloc could still give, and whole chunks among them. */
uint64_t pages_free_bytes(void);
uint64_t pages_free_chunks(void);
uint64_t pages_total_bytes(void);
