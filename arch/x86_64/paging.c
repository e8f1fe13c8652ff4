/* SPDX-License-Identifier: MIT */
#include "paging.h"
#include <stdbool.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/msr.h"
#include "early.h"
#include "la57.h"
#include "lib/addr.h"
#include "lib/log.h"
#include "lib/pages.h"

#define P	(1ull << 0)
#define RW	(1ull << 1)
#define PCD	(1ull << 4)
#define PWT	(1ull << 3)
#define PS	(1ull << 7)
#define NX	(1ull << 63)
#define ADDR	0x000ffffffffff000ull
#define SIZE_1G	(1ull << 30)
#define SIZE_4G	(1ull << 32)
#define CPUID_EXTENDED	0x80000001u
#define PAGES_1G_EDX	(1u << 26)
#define LEAST_SPARE	8u	/* tables: page 0, and what the image's ends share */

extern char image_start[], image_text[], image_text_end[], image_rodata[], image_rodata_end[], image_end[];

static uint64_t *root;
static uint64_t *root5;		/* above it, while the CPU is in the firmware's 5-level paging */

static uint64_t *new_table(void)
{
	uint64_t *t = early_alloc(PAGE_SIZE);

	if (!t)
		t = page_alloc();
	if (!t)
		panic("no memory for host page tables");
	return t;
}

static uint64_t *table_at(uint64_t *entry)
{
	if (!(*entry & P))
		*entry = (uint64_t)new_table() | P | RW;
	return (uint64_t *)(*entry & ADDR);
}

/* Replaces a large entry by a table of the next smaller size with the same rights. */
static void split(uint64_t *entry, uint64_t step)
{
	uint64_t *t;
	uint64_t old = *entry;

	if (!(old & P) || !(old & PS))
		return;
	t = new_table();
	for (unsigned i = 0; i < 512; i++)
		t[i] = ((old & ~PS) + i * step) | (step == PAGE_SIZE ? 0 : PS);
	*entry = (uint64_t)t | P | RW;
}

/* The entry that maps the 4 KiB page at @address. */
static uint64_t *entry_4k(uint64_t address)
{
	uint64_t *pdpt = table_at(&root[address >> 39 & 511]);
	uint64_t *pdpte = &pdpt[address >> 30 & 511];
	uint64_t *pde;

	split(pdpte, CHUNK_SIZE);
	pde = &table_at(pdpte)[address >> 21 & 511];
	split(pde, PAGE_SIZE);
	return &table_at(pde)[address >> 12 & 511];
}

static void set_range(const char *from, const char *to, uint64_t rights)
{
	for (uint64_t a = (uint64_t)from; a < (uint64_t)to; a += PAGE_SIZE)
		*entry_4k(a) = a | rights | P;
}

static void flush_all(void)
{
	cr3_write((uint64_t)(la57_is_on() ? root5 : root));
}

void paging_load(void)
{
	msr_write(MSR_IA32_EFER, msr_read(MSR_IA32_EFER) | EFER_NXE);
	/* Global translations of the firmware's would outlive its tables, and its shadow stack is not Tern's. */
	cr4_write(cr4_read() & ~(CR4_PGE | CR4_PCIDE | CR4_CET));
	flush_all();
	cr0_write(cr0_read() | CR0_WP);
}

uint64_t paging_cr3(void)
{
	return (uint64_t)root;
}

static bool has_1g_pages(void)
{
	uint32_t r[4];

	cpuid(CPUID_EXTENDED & 0x80000000u, 0, r);
	if (r[0] < CPUID_EXTENDED)
		return false;
	cpuid(CPUID_EXTENDED, 0, r);
	return r[3] & PAGES_1G_EDX;
}

/* Below 4 GiB memory types differ within a GiB, which one entry can't map (SDM Vol. 3 "MTRR Considerations"). */
static void map_gib(uint64_t at, bool large)
{
	uint64_t *pdpte = &table_at(&root[at >> 39 & 511])[at >> 30 & 511], *pd;

	if (large && at >= SIZE_4G) {
		*pdpte = at | P | RW | PS | NX;
		return;
	}
	pd = table_at(pdpte);
	for (unsigned i = 0; i < 512; i++)
		pd[i] = (at + i * CHUNK_SIZE) | P | RW | PS | NX;
}

uint64_t paging_early_bytes(const struct memory_map *m)
{
	uint64_t tables = 1 + (uint64_t)(image_end - image_start) / CHUNK_SIZE + LEAST_SPARE, last = UINT64_MAX;
	bool large = has_1g_pages();

	for (uint32_t i = 0; i < m->mapped_ranges; i++)
		for (uint64_t a = m->mapped[i].start; a < m->mapped[i].start + m->mapped[i].bytes; a += SIZE_1G) {
			tables += (a >> 39 != last) + !(large && a >= SIZE_4G);
			last = a >> 39;
		}
	return tables * PAGE_SIZE;
}

void paging_init(const struct memory_map *m)
{
	bool large = has_1g_pages();

	root = new_table();
	for (uint32_t i = 0; i < m->mapped_ranges; i++)
		for (uint64_t a = m->mapped[i].start; a < m->mapped[i].start + m->mapped[i].bytes; a += SIZE_1G)
			map_gib(a, large);
	*entry_4k(0) = 0;	/* a NULL dereference faults */
	set_range(image_start, image_end, RW | NX);
	set_range(image_text, image_text_end, 0);
	set_range(image_rodata, image_rodata_end, NX);
	if (la57_is_on()) {
		root5 = new_table();
		root5[0] = (uint64_t)root | P | RW;
	}
	paging_load();
}

/* The firmware's runtime code must be executable: without an attributes table it is writable too. */
void paging_map_runtime(const struct boot_info *boot)
{
	for (uint32_t i = 0; i < boot->runtime_ranges; i++) {
		const struct boot_runtime *r = &boot->runtime[i];
		uint64_t rights = (r->writable ? RW : 0) | (r->executable ? 0 : NX) | (r->mmio ? PCD | PWT : 0);

		if (r->mmio && paging_maps(r->start, r->bytes))
			continue;	/* present, and uncached by the firmware's MTRRs */
		set_range((const char *)r->start, (const char *)(r->start + r->bytes), rights);
	}
	flush_all();
}

/* The entry that maps @address, of whatever size; NULL where none does. */
static const uint64_t *entry_of(uint64_t address, uint64_t *size)
{
	const uint64_t *t = root;

	for (unsigned shift = 39; address >> 48 == 0; shift -= 9) {
		const uint64_t *e = &t[address >> shift & 511];

		*size = 1ull << shift;
		if (!(*e & P))
			return NULL;
		if (shift == PAGE_SHIFT || (*e & PS))
			return e;
		t = (const uint64_t *)(*e & ADDR);
	}
	return NULL;
}

bool paging_maps(uint64_t start, uint64_t bytes)
{
	uint64_t size;

	if (!root)
		return true;
	for (uint64_t left = bytes, a = start; left; ) {
		if (!entry_of(a, &size))
			return false;
		size -= a & (size - 1);
		if (size >= left)
			break;
		a += size;
		left -= size;
	}
	return true;
}

void paging_map_mmio(uint64_t base, uint64_t bytes)
{
	for (uint64_t a = base & ~(PAGE_SIZE - 1); a < base + bytes; a += PAGE_SIZE)
		*entry_4k(a) = a | P | RW | PCD | PWT | NX;
	flush_all();
}

void paging_set_executable(uint64_t page, int executable)
{
	*entry_4k(page) = page | P | (executable ? 0 : RW | NX);
	flush_all();
}

void paging_guard(uint64_t page)
{
	*entry_4k(page) = 0;
	flush_all();
}
