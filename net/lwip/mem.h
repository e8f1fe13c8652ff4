/* SPDX-License-Identifier: MIT */
/* mem.h: lwIP's memory: blocks of a few size classes, each with its own bound. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 16-byte aligned; NULL if @bytes is larger than the largest size or this size and those that it may borrow from are
 * used up. Smaller sizes never lend to larger ones, so that bulk data can't keep acknowledgements (small blocks) out;
 * the largest lends to none that is small, so that connections (512 bytes each) can't keep data out. */
#define NET_MEM_SMALL_MAX 496u
void *net_mem_alloc(size_t bytes);
void *net_mem_calloc(size_t count, size_t bytes);
void net_mem_free(void *block);
/* Between true and false, requests are for data that waits until a peer takes it: they leave a quarter of each class to
 * what comes in and to control (ARP, acknowledgements, new connections). */
void net_mem_bulk(bool bulk);
/* Bytes of the largest blocks, those of full frames, that such requests can still have. */
#define NET_MEM_BLOCK_MAX 2048u
size_t net_mem_left(void);
/* Blocks of all other sizes that are left, but for a quarter. */
uint32_t net_mem_small_left(void);
/* Bytes of blocks in use, and requests that failed. */
size_t net_mem_used(void);
size_t net_mem_failures(void);
