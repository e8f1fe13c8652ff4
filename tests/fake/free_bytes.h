/* SPDX-License-Identifier: MIT */
/* free_bytes.h: what a memory map leaves free, in all. */
#pragma once
#include "arch/x86_64/memory_map.h"

static inline uint64_t free_bytes(const struct memory_map *m)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < m->free_ranges; i++)
		sum += m->free[i].bytes;
	return sum;
}
