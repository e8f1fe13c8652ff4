/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/boot/leave.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/boot/runtime.h"
#include "arch/x86_64/la57.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/smp.h"
#include "tests/fake/free_bytes.h"

#define MIB (1ull << 20)
#define STRIDE 48u

/* A firmware whose map has so many descriptors, grows when memory is allocated, and changes behind the caller's back. */
static struct {
	UINTN descriptors, grows, key, exits_fail;
	UINTN exits, maps, freed, allocated;
	UINTN largest;			/* bytes: an allocation above that fails */
	EFI_STATUS exit_status, map_status;
	bool after_exit;		/* a call that is not allowed then */
	bool low_full, started_exit;
	UINTN growth_per_exit;
} fw;

static UINT8 memory[32 * MIB] __attribute__((aligned(4096)));
static UINTN used;
static struct boot_info boot;
static EFI_BOOT_SERVICES services;
static EFI_SYSTEM_TABLE table = { .BootServices = &services };

static EFIAPI EFI_STATUS get_map(UINTN *size, EFI_MEMORY_DESCRIPTOR *map, UINTN *key, UINTN *stride, UINT32 *version)
{
	UINTN room = *size;

	fw.maps++;
	*stride = STRIDE;
	*version = 1;
	*size = fw.descriptors * STRIDE;
	if (fw.map_status)
		return fw.map_status;
	if (room < *size || !map)
		return EFI_BUFFER_TOO_SMALL;
	*key = fw.key;
	for (UINTN i = 0; i < fw.descriptors; i++) {
		EFI_MEMORY_DESCRIPTOR *d = (EFI_MEMORY_DESCRIPTOR *)((UINT8 *)map + i * STRIDE);

		*d = (EFI_MEMORY_DESCRIPTOR){ .Type = EfiConventionalMemory, .PhysicalStart = (16 + 2 * i) * MIB,
					      .NumberOfPages = 256, .Attribute = EFI_MEMORY_WB };
	}
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS allocate(EFI_ALLOCATE_TYPE how, EFI_MEMORY_TYPE type, UINTN pages, EFI_PHYSICAL_ADDRESS *at)
{
	cr_assert_eq(how, AllocateMaxAddress);
	cr_assert(type == EfiLoaderData || type == EfiLoaderCode, "it must not be in memory of boot services");
	fw.key++;
	fw.descriptors += fw.grows;
	if (*at < MIB) {
		*at = 0x9e000;
		return fw.low_full ? EFI_OUT_OF_RESOURCES : EFI_SUCCESS;
	}
	if ((fw.largest && pages * 4096 > fw.largest) || used + pages * 4096 > sizeof(memory))
		return EFI_OUT_OF_RESOURCES;
	fw.allocated++;
	*at = (EFI_PHYSICAL_ADDRESS)(memory + used);
	memset(memory + used, 0xa5, pages * 4096);
	used += pages * 4096;
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS free_pages(EFI_PHYSICAL_ADDRESS at, UINTN pages)
{
	cr_assert(at >= (UINT64)memory && at + pages * 4096 <= (UINT64)memory + sizeof(memory));
	fw.freed++;
	fw.key++;
	return EFI_SUCCESS;
}

static EFIAPI EFI_STATUS exit_services(EFI_HANDLE image, UINTN key)
{
	(void)image;
	fw.exits++;
	if (fw.exit_status)
		return fw.exit_status;
	if (fw.exits <= fw.exits_fail) {
		fw.key++;
		fw.descriptors += fw.growth_per_exit;
	}
	return key == fw.key ? EFI_SUCCESS : EFI_INVALID_PARAMETER;
}

uint64_t paging_early_bytes(const struct memory_map *m)
{
	cr_assert(m->mapped_ranges);
	return 100 * 4096;
}

static bool la57;

bool la57_is_on(void)
{
	return la57;
}

uint64_t smp_early_bytes(uint32_t processors)
{
	return processors * 48 * 1024;
}

void runtime_note(EFI_SYSTEM_TABLE *st, const UINT8 *map, UINTN bytes, UINTN stride, struct boot_info *b)
{
	cr_assert_eq(st, &table);
	cr_assert_eq(map, (UINT8 *)b->memory.free - b->memory.room * STRIDE);
	cr_assert_eq(bytes, fw.descriptors * stride);
	b->runtime_services = 1;
}

static EFI_STATUS leave(UINTN descriptors, struct why *why)
{
	services.GetMemoryMap = get_map;
	services.AllocatePages = allocate;
	services.FreePages = free_pages;
	services.ExitBootServices = exit_services;
	fw.descriptors = descriptors;
	boot.processors = 24;
	why->text[0] = 0;
	return leave_firmware(&table, NULL, &boot, why);
}

Test(leave, a_map_of_any_length_is_read_whole)
{
	static const UINTN lengths[] = { 10, 300, 1500, 5000 };
	struct why why;

	for (unsigned i = 0; i < 4; i++) {
		used = 0;
		fw.grows = 2;
		cr_assert_eq(leave(lengths[i], &why), EFI_SUCCESS, "%lu: %s", lengths[i], why.text);
		cr_assert_eq(boot.memory.free_ranges, fw.descriptors);
		cr_assert_eq(free_bytes(&boot.memory), fw.descriptors * MIB);
		cr_assert_eq(boot.memory.unused[MEMORY_CROWDED], 0);
		cr_assert_eq(boot.runtime_services, 1);
	}
}

Test(leave, a_map_that_changes_in_between_is_read_again)
{
	struct why why;

	fw.exits_fail = 5;
	fw.growth_per_exit = 90;	/* twice more than there was room for */
	cr_assert_eq(leave(200, &why), EFI_SUCCESS, "%s", why.text);
	cr_assert_eq(fw.exits, 6);
	cr_assert_eq(boot.memory.free_ranges, 200 + 5 * 90);
}

Test(leave, a_map_that_never_stands_still_is_given_up_with_a_sentence)
{
	struct why why;

	fw.exits_fail = 1000000;
	cr_assert(EFI_ERROR(leave(200, &why)));
	cr_assert(strstr(why.text, "could not leave the firmware"), "%s", why.text);
	cr_assert_lt(fw.exits, 100);
}

Test(leave, what_the_firmware_refuses_is_told)
{
	struct why why;

	fw.map_status = EFI_DEVICE_ERROR;
	cr_assert_eq(leave(10, &why), EFI_DEVICE_ERROR);
	cr_assert(why.text[0]);
	fw.map_status = 0;
	fw.exit_status = EFI_ACCESS_DENIED;
	cr_assert_eq(leave(10, &why), EFI_ACCESS_DENIED);
	cr_assert(why.text[0]);
	cr_assert_eq(fw.exits, 1);
}

Test(leave, without_early_memory_it_stays_and_says_how_much_it_needs)
{
	struct why why;

	fw.largest = 1 << 20;
	cr_assert_eq(leave(10, &why), EFI_OUT_OF_RESOURCES);
	cr_assert_eq(fw.exits, 0);
	cr_assert(strstr(why.text, "1664 KiB"), "%s", why.text);
}

Test(leave, early_memory_is_for_all_processors_and_the_trampoline_is_low)
{
	struct why why;

	cr_assert_eq(leave(10, &why), EFI_SUCCESS);
	cr_assert(boot.early >= (uint64_t)memory && boot.early % 4096 == 0);
	cr_assert_geq(boot.early_bytes, 100 * 4096 + 24 * 48 * 1024);
	cr_assert_eq(boot.trampoline, 0x9e000);
	fw.low_full = true;
	cr_assert_eq(leave(10, &why), EFI_SUCCESS, "other processors are not worth the boot");
	cr_assert_eq(boot.trampoline, 0);
}

Test(leave, five_level_paging_is_left_only_with_a_page_for_it)
{
	struct why why;

	la57 = true;
	cr_assert_eq(leave(10, &why), EFI_SUCCESS);
	fw.exits = 0;
	fw.low_full = true;
	cr_assert(EFI_ERROR(leave(10, &why)));
	cr_assert(strstr(why.text, "5-level"), "%s", why.text);
	cr_assert_eq(fw.exits, 0, "said while the firmware is still there");
}
