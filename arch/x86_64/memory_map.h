/* SPDX-License-Identifier: MIT */
/* memory_map.h: the memory map of UEFI ("GetMemoryMap()", UEFI 2.10 section 7.2.3) as ranges of RAM. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct memory_range { uint64_t start, bytes; };

/* Why RAM is not used. */
#define MEMORY_UNUSED(U) \
	U(MEMORY_LOW,		"below 1 MiB") \
	U(MEMORY_BROKEN,	"the firmware found errors in it") \
	U(MEMORY_PERSISTENT,	"it is persistent memory") \
	U(MEMORY_UNACCEPTED,	"it was not accepted before it was handed over (confidential computing)") \
	U(MEMORY_SPECIAL,	"the firmware sets it aside for a special purpose") \
	U(MEMORY_UNCACHED,	"it can't be cached write-back") \
	U(MEMORY_NONSENSE,	"its descriptor is impossible, or beyond 128 TiB") \
	U(MEMORY_CROWDED,	"the memory map grew too fast")
#define MEMORY_UNUSED_NAME(name, text) name,
enum memory_unused { MEMORY_UNUSED(MEMORY_UNUSED_NAME) MEMORY_UNUSED_COUNT };
#undef MEMORY_UNUSED_NAME

struct memory_map {
	struct memory_range *free;	/* nobody's, page-aligned, from 1 MiB on, ascending, none touching another */
	struct memory_range *mapped;	/* whole GiB: the first four, and every one that has RAM in it; ascending */
	uint32_t free_ranges, mapped_ranges;
	uint32_t room;			/* of each of the two arrays, which the caller owns; at least 1 */
	uint64_t unused[MEMORY_UNUSED_COUNT];	/* bytes that are not among the free ones */
};

/* Reads @bytes of descriptors, @stride bytes each, into @m; what it held before is forgotten. What one descriptor adds
 * to the arrays needs at most one entry of each. */
void memory_map_read(struct memory_map *m, const void *descriptors, size_t bytes, size_t stride);
const char *memory_unused_text(enum memory_unused why);
