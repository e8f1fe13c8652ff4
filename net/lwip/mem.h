/* SPDX-License-Identifier: MIT */
/* mem.h: lwIP's memory: blocks in a few sizes, each size with its own bound. */
#pragma once
#include <stddef.h>

/* 16-byte aligned; NULL if @bytes is larger than the largest size or that size is used up. Sizes don't lend to each
 * other: bulk data that waits for a slow reader can't keep acknowledgements (small blocks) out. */
void *net_mem_alloc(size_t bytes);
void *net_mem_calloc(size_t count, size_t bytes);
void net_mem_free(void *block);
/* Bytes of blocks in use, and requests that failed. */
size_t net_mem_used(void);
size_t net_mem_failures(void);
