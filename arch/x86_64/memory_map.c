/* SPDX-License-Identifier: MIT */
#include "memory_map.h"
#include <stdbool.h>
#include <string.h>
#include "lib/addr.h"

#define LOW_END		0x100000u
#define MAPPABLE	(1ull << 47)	/* the lower half of 4-level paging */
#define GIB		(1ull << 30)
#define WRITE_BACK	(1ull << 3)	/* EFI_MEMORY_WB */
#define SPECIAL_PURPOSE	(1ull << 18)	/* EFI_MEMORY_SP */
#define ALWAYS_MAPPED	(4 * GIB)

/* EFI_MEMORY_DESCRIPTOR. */
struct descriptor { uint32_t type, padding; uint64_t start, virtual, pages, attributes; };
_Static_assert(sizeof(struct descriptor) == 40, "as the UEFI specification has it");

/* By EFI_MEMORY_TYPE. What is neither RAM nor unused is device memory, or memory that the firmware does not show. */
static const struct { bool ram, free, unused; enum memory_unused why; } types[] = {
	[1] = { .ram = true },			/* EfiLoaderCode: Tern */
	[2] = { .ram = true },			/* EfiLoaderData: Tern's */
	[3] = { .ram = true, .free = true },	/* EfiBootServicesCode */
	[4] = { .ram = true, .free = true },	/* EfiBootServicesData */
	[5] = { .ram = true },			/* EfiRuntimeServicesCode */
	[6] = { .ram = true },			/* EfiRuntimeServicesData */
	[7] = { .ram = true, .free = true },	/* EfiConventionalMemory */
	[8] = { .unused = true, .why = MEMORY_BROKEN },		/* EfiUnusableMemory */
	[9] = { .ram = true },			/* EfiACPIReclaimMemory */
	[10] = { .ram = true },			/* EfiACPIMemoryNVS */
	[14] = { .unused = true, .why = MEMORY_PERSISTENT },	/* EfiPersistentMemory */
	[15] = { .unused = true, .why = MEMORY_UNACCEPTED },	/* EfiUnacceptedMemoryType */
};

#define MEMORY_UNUSED_TEXT(name, text) text,
static const char *const texts[] = { MEMORY_UNUSED(MEMORY_UNUSED_TEXT) };

/* Puts [start, end) in its place, as one with those that it touches; false: no room. */
static bool insert(struct memory_range *r, uint32_t *count, uint32_t room, uint64_t start, uint64_t end)
{
	uint32_t at = *count, last;

	while (at && r[at - 1].start + r[at - 1].bytes >= start)
		at--;
	for (last = at; last < *count && r[last].start <= end; last++) {
		if (r[last].start < start)
			start = r[last].start;
		if (r[last].start + r[last].bytes > end)
			end = r[last].start + r[last].bytes;
	}
	if (last == at && *count == room)
		return false;
	memmove(&r[at + 1], &r[last], (*count - last) * sizeof(*r));
	*count = *count - (last - at) + 1;
	r[at] = (struct memory_range){ start, end - start };
	return true;
}

static void add_free(struct memory_map *m, const struct descriptor *d, uint64_t end)
{
	uint64_t start = d->start, low = end < LOW_END ? end : LOW_END;

	if (start < LOW_END) {
		m->unused[MEMORY_LOW] += low - start;
		start = low;
	}
	if (start >= end)
		return;
	if (!(d->attributes & WRITE_BACK))
		m->unused[MEMORY_UNCACHED] += end - start;
	else if (d->attributes & SPECIAL_PURPOSE)
		m->unused[MEMORY_SPECIAL] += end - start;
	else if (!insert(m->free, &m->free_ranges, m->room, start, end))
		m->unused[MEMORY_CROWDED] += end - start;
}

static void add(struct memory_map *m, const struct descriptor *d)
{
	uint64_t end = d->start + d->pages * PAGE_SIZE;

	if (d->type >= sizeof(types) / sizeof(types[0]) || !d->pages)
		return;
	if (!types[d->type].ram && !types[d->type].unused)
		return;
	if (d->start % PAGE_SIZE || d->start >= MAPPABLE || d->pages > (MAPPABLE - d->start) >> PAGE_SHIFT) {
		m->unused[MEMORY_NONSENSE] += d->pages < MAPPABLE >> PAGE_SHIFT ? d->pages * PAGE_SIZE : MAPPABLE;
		return;
	}
	if (types[d->type].unused) {
		m->unused[types[d->type].why] += end - d->start;
		return;
	}
	if (!insert(m->mapped, &m->mapped_ranges, m->room, d->start & ~(GIB - 1), (end + GIB - 1) & ~(GIB - 1)))
		m->unused[MEMORY_CROWDED] += end - d->start;
	else if (types[d->type].free)
		add_free(m, d, end);
}

void memory_map_read(struct memory_map *m, const void *descriptors, size_t bytes, size_t stride)
{
	struct descriptor d;

	memset(m->unused, 0, sizeof(m->unused));
	m->free_ranges = 0;
	m->mapped[0] = (struct memory_range){ 0, ALWAYS_MAPPED };
	m->mapped_ranges = 1;
	for (size_t at = 0; stride >= sizeof(d) && bytes - at >= stride && at < bytes; at += stride) {
		memcpy(&d, (const char *)descriptors + at, sizeof(d));
		add(m, &d);
	}
}

const char *memory_unused_text(enum memory_unused why)
{
	return texts[why];
}
