/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/boot/runtime.h"
#include <criterion/criterion.h>
#include <string.h>

#define RO	0x20000ull
#define STRIDE	56u

static struct boot_info boot;
static EFI_CONFIGURATION_TABLE tables[2] = {
	{ { 0xdcfa911d, 0x26eb, 0x469f, { 0xa2, 0x20, 0x38, 0xb7, 0xdc, 0x46, 0x12, 0x20 } }, NULL },
	{ { 0xeb66918a, 0x7eef, 0x402a, { 0x84, 0x2e, 0x93, 0x1d, 0x21, 0xc3, 0x8a, 0xe9 } }, NULL },
};
static EFI_RUNTIME_SERVICES services;
static EFI_SYSTEM_TABLE st = { .RuntimeServices = &services, .ConfigurationTable = tables };
static UINT8 map[600][STRIDE];
static UINTN rows;

static void put(UINT8 *at, UINT32 type, UINT64 start, UINT64 pages, UINT64 attribute)
{
	EFI_MEMORY_DESCRIPTOR d = { .Type = type, .PhysicalStart = start, .NumberOfPages = pages, .Attribute = attribute };

	memcpy(at, &d, sizeof(d));
}

static void row(UINT32 type, UINT64 start, UINT64 pages, UINT64 attribute) { put(map[rows++], type, start, pages, attribute); }
static void note(void) { runtime_note(&st, map[0], rows * STRIDE, STRIDE, &boot); }

static bool is(unsigned n, uint64_t start, uint64_t bytes, bool writable, bool executable, bool mmio)
{
	const struct boot_runtime *r = &boot.runtime[n];

	return r->start == start && r->bytes == bytes && r->writable == writable && r->executable == executable && r->mmio == mmio;
}

Test(runtime, what_the_map_marks_is_noted)
{
	row(EfiConventionalMemory, 0x1000, 1, EFI_MEMORY_WB);
	row(EfiRuntimeServicesCode, 0x2000, 2, EFI_MEMORY_WB | EFI_MEMORY_RUNTIME);
	row(EfiRuntimeServicesData, 0x5000, 3, EFI_MEMORY_WB | EFI_MEMORY_RUNTIME);
	row(EfiMemoryMappedIO, 0xfed00000, 1, EFI_MEMORY_UC | EFI_MEMORY_RUNTIME);
	note();
	cr_assert_eq(boot.runtime_ranges, 3);
	cr_expect(is(0, 0x2000, 0x2000, true, true, false));
	cr_expect(is(1, 0x5000, 0x3000, true, false, false));
	cr_expect(is(2, 0xfed00000, 0x1000, true, false, true));
	cr_expect_eq(boot.runtime_services, (uint64_t)&services);
	cr_expect_eq(boot.runtime_supported, UINT32_MAX, "all of them, where nothing is said");
}

Test(runtime, the_attributes_table_splits_code_from_data)
{
	static struct { UINT32 version, entries, stride, flags; UINT8 row[3][STRIDE]; } t = { 1, 3, STRIDE, 0, { { 0 } } };
	static struct { UINT16 version, length; UINT32 supported; } p = { 1, 8, 0x15 };

	row(EfiRuntimeServicesCode, 0x2000, 2, EFI_MEMORY_WB | EFI_MEMORY_RUNTIME);
	put(t.row[0], EfiRuntimeServicesCode, 0x2000, 1, EFI_MEMORY_RUNTIME | RO);
	put(t.row[1], EfiRuntimeServicesCode, 0x3000, 1, EFI_MEMORY_RUNTIME | EFI_MEMORY_XP);
	put(t.row[2], EfiConventionalMemory, 0x9000, 1, 0);
	tables[0].VendorTable = &t;
	tables[1].VendorTable = &p;
	st.NumberOfTableEntries = 2;
	note();
	cr_assert_eq(boot.runtime_ranges, 3);
	cr_expect(is(1, 0x2000, 0x1000, false, true, false));
	cr_expect(is(2, 0x3000, 0x1000, true, false, false));
	cr_expect_eq(boot.runtime_supported, 0x15);
	t.stride = 8;
	boot.runtime_ranges = 0;
	note();
	cr_expect_eq(boot.runtime_ranges, 1, "rows that are shorter than a descriptor are not read");
}

Test(runtime, more_ranges_than_there_are_places_for_are_counted)
{
	while (rows < BOOT_RUNTIME + 3)
		row(EfiRuntimeServicesData, rows * 0x2000, 1, EFI_MEMORY_RUNTIME);
	note();
	cr_expect(boot.runtime_ranges == BOOT_RUNTIME && boot.runtime_lost == 3);
}

Test(runtime, a_map_of_rows_without_length_ends, .timeout = 10)
{
	row(EfiRuntimeServicesData, 0, 1, EFI_MEMORY_RUNTIME);
	runtime_note(&st, map[0], STRIDE, 0, &boot);
	cr_expect_eq(boot.runtime_ranges, 0);
}
