/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/memory_map.h"
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/free_bytes.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define WB 0xfull
enum { RESERVED, LOADER_CODE, LOADER_DATA, BOOT_CODE, BOOT_DATA, RUNTIME_CODE, RUNTIME_DATA, CONVENTIONAL, UNUSABLE, RECLAIM, NVS, MMIO,
       PERSISTENT = 14, UNACCEPTED };

/* 48 bytes a descriptor, as EDK II has it. */
static struct { uint32_t type, pad; uint64_t start, virtual, pages, attributes, more; } map[4000];
static size_t n;
static struct memory_range free_ranges[2000], mapped[2000];
static struct memory_map m;

static void put(uint32_t type, uint64_t start, uint64_t bytes, uint64_t attributes)
{
	memset(&map[n], 0xee, sizeof(map[n]));
	map[n].type = type;
	map[n].start = start;
	map[n].pages = bytes / 4096;
	map[n++].attributes = attributes;
}

static void read_all(uint32_t room)
{
	m = (struct memory_map){ .free = free_ranges, .mapped = mapped, .room = room };
	memory_map_read(&m, map, n * sizeof(map[0]), sizeof(map[0]));
	n = 0;
}

static uint64_t unused(void)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < MEMORY_UNUSED_COUNT; i++)
		sum += m.unused[i];
	return sum;
}

Test(memory_map, memory_of_boot_services_is_free_and_one_with_its_neighbours)
{
	put(CONVENTIONAL, 0, 0xa0000, WB);
	put(CONVENTIONAL, 1 * MIB, 7 * MIB, WB);
	put(NVS, 8 * MIB, MIB, WB);
	put(BOOT_DATA, 9 * MIB, MIB, WB);
	put(CONVENTIONAL, 10 * MIB, 90 * MIB, WB);
	put(LOADER_CODE, 100 * MIB, MIB, WB);
	put(BOOT_CODE, 101 * MIB, MIB, WB);
	read_all(100);
	cr_assert_eq(m.free_ranges, 3);
	cr_assert(m.free[0].start == MIB && m.free[0].bytes == 7 * MIB);
	cr_assert(m.free[1].start == 9 * MIB && m.free[1].bytes == 91 * MIB);
	cr_assert(m.free[2].start == 101 * MIB && m.free[2].bytes == MIB);
	cr_assert_eq(free_bytes(&m), 99 * MIB);
	cr_assert_eq(m.unused[MEMORY_LOW], 0xa0000);
}

Test(memory_map, every_hole_leaves_its_neighbours_used)
{
	for (unsigned holes = 300; holes <= 1500; holes += 1200) {
		for (unsigned i = 0; i < holes; i++) {
			put(CONVENTIONAL, (16 + i) * MIB, MIB - 4096, WB);
			put(RESERVED, (17 + i) * MIB - 4096, 4096, WB);
		}
		read_all(2000);
		cr_assert_eq(m.free_ranges, holes);
		cr_assert_eq(free_bytes(&m), holes * (MIB - 4096));
		cr_assert_eq(unused(), 0);
	}
}

Test(memory_map, order_does_not_matter)
{
	for (unsigned i = 0; i < 1000; i++) {
		unsigned k = i * 617 % 1000;	/* each once */

		put(k % 10 ? CONVENTIONAL : NVS, GIB + k * MIB, MIB, WB);
	}
	read_all(2000);
	cr_assert_eq(m.free_ranges, 100);
	for (unsigned i = 0; i < 100; i++)
		cr_assert(m.free[i].start == GIB + (10 * i + 1) * MIB && m.free[i].bytes == 9 * MIB);
}

Test(memory_map, what_overlaps_counts_once)
{
	put(CONVENTIONAL, 16 * MIB, 8 * MIB, WB);
	put(CONVENTIONAL, 40 * MIB, 8 * MIB, WB);
	put(BOOT_DATA, 20 * MIB, 24 * MIB, WB);
	read_all(10);
	cr_assert_eq(m.free_ranges, 1);
	cr_assert(m.free[0].start == 16 * MIB && m.free[0].bytes == 32 * MIB);
}

Test(memory_map, ram_that_is_not_used_is_said)
{
	put(UNUSABLE, 16 * MIB, MIB, WB);
	put(PERSISTENT, 32 * MIB, 2 * MIB, WB);
	put(UNACCEPTED, 48 * MIB, 3 * MIB, WB);
	put(CONVENTIONAL, 64 * MIB, 4 * MIB, WB | 1 << 18);
	put(CONVENTIONAL, 80 * MIB, 5 * MIB, 1);
	put(CONVENTIONAL, 96 * MIB + 5, 6 * MIB, WB);
	put(CONVENTIONAL, 1ull << 47, 7 * MIB, WB);
	put(MMIO, 0xf0000000, MIB, 1);
	put(99, 0xe0000000, MIB, 1);
	read_all(100);
	cr_assert_eq(m.free_ranges, 0);
	cr_assert_eq(m.unused[MEMORY_BROKEN], MIB);
	cr_assert_eq(m.unused[MEMORY_PERSISTENT], 2 * MIB);
	cr_assert_eq(m.unused[MEMORY_UNACCEPTED], 3 * MIB);
	cr_assert_eq(m.unused[MEMORY_SPECIAL], 4 * MIB);
	cr_assert_eq(m.unused[MEMORY_UNCACHED], 5 * MIB);
	cr_assert_eq(m.unused[MEMORY_NONSENSE], 13 * MIB);
	for (unsigned i = 0; i < MEMORY_UNUSED_COUNT; i++)
		cr_assert(strlen(memory_unused_text(i)) > 5);
}

Test(memory_map, a_descriptor_may_say_anything)
{
	put(CONVENTIONAL, 0xfffffffffffff000ull, 4096, WB);
	put(CONVENTIONAL, 16 * MIB, 0xfffffffffffff000ull, WB);
	map[n - 1].pages = UINT64_MAX;
	put(CONVENTIONAL, 16 * MIB, 0, WB);
	put(CONVENTIONAL, 0x7ffffffff000ull, 4096, WB);
	read_all(100);
	cr_assert_eq(m.free_ranges, 1);
	cr_assert_eq(m.free[0].start, 0x7ffffffff000ull);
	memory_map_read(&m, map, 100, 0);
	cr_assert_eq(m.free_ranges, 0);
	memory_map_read(&m, map, 39, 48);
	cr_assert_eq(m.free_ranges, 0);
}

Test(memory_map, what_does_not_fit_is_said)
{
	for (unsigned i = 0; i < 10; i++)
		put(CONVENTIONAL, (16 + 2 * i) * MIB, MIB, WB);
	read_all(7);
	cr_assert_eq(m.free_ranges, 7);
	cr_assert_eq(m.unused[MEMORY_CROWDED], 3 * MIB);
}

Test(memory_map, each_gib_with_ram_is_mapped_and_the_first_four)
{
	put(RUNTIME_DATA, 5 * GIB + MIB, MIB, WB);
	put(CONVENTIONAL, 1024 * GIB - MIB, 2 * MIB, WB);
	put(RESERVED, 9 * GIB, GIB, WB);
	read_all(100);
	cr_assert_eq(m.mapped_ranges, 3);
	cr_assert(m.mapped[0].start == 0 && m.mapped[0].bytes == 4 * GIB);
	cr_assert(m.mapped[1].start == 5 * GIB && m.mapped[1].bytes == GIB);
	cr_assert(m.mapped[2].start == 1023 * GIB && m.mapped[2].bytes == 2 * GIB);
}
