/* SPDX-License-Identifier: MIT */
#include "paging.h"
#include "cpu.h"
#include "lib/addr.h"
#include "lib/log.h"
#include "lib/pages.h"
#include "msr.h"

#define P	(1ull << 0)
#define RW	(1ull << 1)
#define PCD	(1ull << 4)
#define PWT	(1ull << 3)
#define PS	(1ull << 7)
#define NX	(1ull << 63)
#define ADDR	0x000ffffffffff000ull
#define SIZE_1G	(1ull << 30)

extern char image_start[], image_text[], image_text_end[], image_rodata[], image_rodata_end[], image_end[];

static uint64_t *root;

static uint64_t *new_table(void)
{
	uint64_t *t = page_alloc();

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
	__asm__ volatile("mov %0, %%cr3" : : "r"((uint64_t)root) : "memory");
}

void paging_load(void)
{
	msr_write(MSR_IA32_EFER, msr_read(MSR_IA32_EFER) | EFER_NXE);
	flush_all();
	cr0_write(cr0_read() | CR0_WP);
}

uint64_t paging_cr3(void)
{
	return (uint64_t)root;
}

/* The firmware's runtime code must be executable: without an attributes table it is writable too. */
static void map_runtime(const struct boot_info *boot, uint64_t top)
{
	for (uint32_t i = 0; i < boot->runtime_ranges; i++) {
		const struct boot_runtime *r = &boot->runtime[i];
		uint64_t rights = (r->writable ? RW : 0) | (r->executable ? 0 : NX) | (r->mmio ? PCD | PWT : 0);

		if (r->mmio && r->start + r->bytes <= top)
			continue;	/* present, and uncached by the firmware's MTRRs */
		set_range((const char *)r->start, (const char *)(r->start + r->bytes), rights);
	}
}

void paging_init(const struct boot_info *boot)
{
	uint64_t top = boot->top < 4 * SIZE_1G ? 4 * SIZE_1G : (boot->top + SIZE_1G - 1) & ~(SIZE_1G - 1);

	root = new_table();
	for (uint64_t a = 0; a < top; a += SIZE_1G) {
		uint64_t *pdpt = table_at(&root[a >> 39 & 511]);
		uint64_t *pd = table_at(&pdpt[a >> 30 & 511]);

		for (unsigned i = 0; i < 512; i++)
			pd[i] = (a + i * CHUNK_SIZE) | P | RW | PS | NX;
	}
	map_runtime(boot, top);
	*entry_4k(0) = 0;	/* a NULL dereference faults */
	set_range(image_start, image_end, RW | NX);
	set_range(image_text, image_text_end, 0);
	set_range(image_rodata, image_rodata_end, NX);
	paging_load();
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
