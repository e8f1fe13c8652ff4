/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/paging.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/early.h"
#include "arch/x86_64/la57.h"
#include "arch/x86_64/msr.h"
#include "lib/pages.h"

#define GIB (1ull << 30)
#define MIB (1ull << 20)
#define P 1ull
#define RW 2ull
#define PCD 16ull
#define PS 128ull
#define NX (1ull << 63)
#define ADDR 0x000ffffffffff000ull

/* The image's sections, at page borders as tern.lds has them. */
__asm__(".section .bss\n.balign 4096\n"
	".globl image_start, image_text, image_text_end, image_rodata, image_rodata_end, image_end\n"
	"image_start: .skip 4096\nimage_text: .skip 8192\nimage_text_end: .skip 4096\n"
	"image_rodata: .skip 4096\nimage_rodata_end: .skip 8192\nimage_end:\n.text");
extern char image_start[], image_text[], image_text_end[], image_rodata[], image_rodata_end[], image_end[];

static struct memory_range mapped[64];
static struct memory_map memory;
static unsigned pages;
static uint64_t early_bytes;
static void *kept[1000];	/* what only page tables point to */
static unsigned keeps;

static void *keep(uint64_t bytes)
{
	cr_assert_lt(keeps, 1000u);
	kept[keeps] = aligned_alloc(4096, bytes);
	return kept[keeps++];
}

bool la57_is_on(void)
{
	return fake_cpu.cr4 & CR4_LA57;
}

void *page_alloc(void)
{
	void *p = keep(4096);

	pages++;
	return p ? memset(p, 0, 4096) : NULL;
}

/* The entry that translates @a by the tables in CR3, 0: none. */
static uint64_t walk(uint64_t a, unsigned *shift_out)
{
	const uint64_t *t = (const uint64_t *)(fake_cpu.cr3 & ADDR);

	for (unsigned shift = 39;; shift -= 9) {
		uint64_t e = t[a >> shift & 511];

		if (!(e & P))
			return 0;
		if (shift == 12 || (e & PS)) {
			uint64_t mask = (1ull << shift) - 1;

			cr_assert_eq((e & ADDR & ~mask) | (a & mask), a, "%lx is mapped to elsewhere", a);
			if (shift_out)
				*shift_out = shift;
			return e;
		}
		t = (const uint64_t *)(e & ADDR);
	}
}

static uint64_t cr4_of_firmware = CR4_PGE | CR4_PAE;

static void setup(bool with_large, uint32_t ranges)
{
	fake_cpu = (struct fake_cpu){ .cr4 = cr4_of_firmware, .cpuids = 2 };
	fake_cpu.cpuid[0].leaf = 0x80000000;
	fake_cpu.cpuid[0].out[0] = 0x80000008;
	fake_cpu.cpuid[1].leaf = 0x80000001;
	fake_cpu.cpuid[1].out[3] = with_large ? 1u << 26 : 0;
	/* A test's image lies high. */
	mapped[0] = (struct memory_range){ 0, 4 * GIB };
	mapped[ranges] = (struct memory_range){ (uint64_t)image_start & ~(GIB - 1), 2 * GIB };
	memory = (struct memory_map){ .mapped = mapped, .mapped_ranges = ranges + 1, .room = 64 };
	early_bytes = paging_early_bytes(&memory);
	early_init((uint64_t)keep(early_bytes), early_bytes);
	paging_init(&memory);
}

Test(paging, all_is_mapped_one_to_one_and_never_writable_and_executable)
{
	unsigned shift;

	mapped[1] = (struct memory_range){ 1024 * GIB, 2 * GIB };
	for (int with_large = 0; with_large < 2; with_large++) {
		setup(with_large, 2);
		for (uint64_t a = 4096; a < 4 * GIB; a += 77 * MIB) {
			cr_assert_eq(walk(a, &shift) & (P | RW | NX), P | RW | NX);
			cr_assert_leq(shift, 21u, "memory types differ below 4 GiB");
		}
		cr_assert_eq(walk(1025 * GIB + 5 * MIB, &shift) & (P | RW | NX), P | RW | NX);
		cr_assert_eq(shift, with_large ? 30u : 21u);
		cr_assert_eq(walk(1026 * GIB, NULL), 0);
		cr_assert_eq(walk(500 * GIB, NULL), 0);
	}
}

Test(paging, page_0_faults_and_the_image_has_the_rights_of_its_sections)
{
	setup(false, 1);
	cr_assert_eq(walk(0, NULL), 0);
	cr_assert_eq(walk((uint64_t)image_start, NULL) & (RW | NX), RW | NX);
	cr_assert_eq(walk((uint64_t)image_text + 4096, NULL) & (RW | NX), 0);
	cr_assert_eq(walk((uint64_t)image_text_end, NULL) & (RW | NX), RW | NX);
	cr_assert_eq(walk((uint64_t)image_rodata, NULL) & (RW | NX), NX);
	cr_assert_eq(walk((uint64_t)image_rodata_end + 4096, NULL) & (RW | NX), RW | NX);
}

/* Memory of boot services may be touched only after CR3 is loaded, so all of it comes from early memory. */
Test(paging, tables_come_from_early_memory)
{
	for (unsigned n = 1; n < 60; n += 7) {
		for (unsigned i = 1; i < n; i++)
			mapped[i] = (struct memory_range){ i * 600 * GIB, GIB };
		setup(n & 1, n);
		cr_assert_eq(pages, 0, "%u ranges", n);
		cr_assert_lt(early_bytes, (n + 20) * 2 * 4096 + 6 * 4096, "and not much of it is left over");
	}
}

Test(paging, nothing_of_the_firmwares_translations_stays)
{
	setup(true, 1);
	cr_assert_eq(fake_cpu.cr4 & CR4_PGE, 0, "global translations outlive a load of CR3");
	cr_assert(fake_cpu.cr0 & CR0_WP);
	cr_assert(msr_read(MSR_IA32_EFER) & EFER_NXE);
	cr_assert_eq(paging_cr3(), fake_cpu.cr3);
}

Test(paging, device_registers_are_uncached)
{
	setup(true, 1);
	fake_cpu.cr3 = 0;
	paging_map_mmio(0xfee00800, 4096);
	cr_assert_eq(fake_cpu.cr3, paging_cr3(), "the old translations are gone");
	cr_assert_eq(walk(0xfee00000, NULL) & (PCD | RW | NX), PCD | RW | NX);
	cr_assert_eq(walk(0xfee01000, NULL) & (PCD | RW | NX), PCD | RW | NX);
	cr_assert_eq(walk(0xfee02000, NULL) & PCD, 0);
	paging_map_mmio(8000 * GIB, 4096);
	cr_assert_eq(walk(8000 * GIB, NULL) & (PCD | RW | NX), PCD | RW | NX);
}

Test(paging, a_page_is_executable_or_writable)
{
	setup(true, 1);
	paging_set_executable(0x9e000, 1);
	cr_assert_eq(walk(0x9e000, NULL) & (RW | NX), 0);
	paging_set_executable(0x9e000, 0);
	cr_assert_eq(walk(0x9e000, NULL) & (RW | NX), RW | NX);
}

/* CR3 with a 4-level table while CR4.LA57 is set is a triple fault. */
Test(paging, a_firmware_in_5_level_paging_gets_a_table_of_that_level)
{
	uint64_t top;

	cr4_of_firmware |= CR4_LA57;
	setup(true, 1);
	top = fake_cpu.cr3;
	cr_assert_neq(top, paging_cr3());
	cr_assert_eq(*(uint64_t *)top & ADDR, paging_cr3());
	cr_assert_eq(*(uint64_t *)top & (P | RW | NX), P | RW);
	cr_assert_eq(((uint64_t *)top)[1], 0);
	cr_assert_eq(pages, 0);
	fake_cpu.cr4 &= ~CR4_LA57;
	paging_load();
	cr_assert_eq(fake_cpu.cr3, paging_cr3());
	cr_assert(walk(0x100000, NULL));
}

Test(paging, a_guard_is_not_there_and_its_neighbours_are)
{
	setup(true, 1);
	fake_cpu.cr3 = 0;
	paging_guard(0x5000000);
	cr_assert_eq(fake_cpu.cr3, paging_cr3());
	cr_assert_eq(walk(0x5000000, NULL), 0);
	cr_assert(walk(0x5001000, NULL) & walk(0x4fff000, NULL) & RW);
}

Test(paging, runtime_services_have_the_rights_that_they_need)
{
	static struct boot_info boot;

	setup(true, 1);
	boot.runtime[0] = (struct boot_runtime){ .start = 0x7f000000, .bytes = 0x3000, .writable = true, .executable = true };
	boot.runtime[1] = (struct boot_runtime){ .start = 0x7f001000, .bytes = 0x1000, .executable = true };
	boot.runtime[2] = (struct boot_runtime){ .start = 0xffc00000, .bytes = 0x1000, .writable = true, .mmio = true };
	boot.runtime[3] = (struct boot_runtime){ .start = 9000 * GIB, .bytes = 0x1000, .writable = true, .mmio = true };
	boot.runtime_ranges = 4;
	paging_map_runtime(&boot);
	cr_assert_eq(walk(0x7f000000, NULL) & (RW | NX), RW);
	cr_assert_eq(walk(0x7f001000, NULL) & (RW | NX), 0, "the later one says more");
	cr_assert_eq(walk(0xffc00000, NULL) & PCD, 0, "as the firmware's MTRRs have it");
	cr_assert_eq(walk(9000 * GIB, NULL) & (PCD | RW | NX), PCD | RW | NX);
}

Test(paging, what_is_mapped_is_known)
{
	cr_assert(paging_maps(UINT64_MAX - 5, 100), "the firmware maps all there is");
	mapped[1] = (struct memory_range){ 8 * GIB, 2 * GIB };
	setup(true, 2);
	cr_assert(paging_maps(4096, 4 * GIB - 4096));
	cr_assert(!paging_maps(4095, 2));
	cr_assert(!paging_maps(4 * GIB - 1, 2));
	cr_assert(paging_maps(9 * GIB - 8, 16));
	cr_assert(!paging_maps(10 * GIB - 8, 9));
	cr_assert(!paging_maps(UINT64_MAX, 1));
	cr_assert(!paging_maps(UINT64_MAX - 4, 100));
	cr_assert(!paging_maps(8 * GIB, UINT64_MAX));
	cr_assert(paging_maps(8 * GIB, 0));
}
