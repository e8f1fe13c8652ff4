/* SPDX-License-Identifier: MIT */
#include "leave.h"
#include "arch/x86_64/la57.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/smp.h"
#include "runtime.h"

#define ATTEMPTS	16
#define SPARE		128u	/* descriptors that the map may grow by before there is a larger place for it */
#define BELOW_4G	0xffffffffu
#define BELOW_640K	0x9efffu
#define EARLY_SPARE	(64u << 10)

/* Where the memory map and what it is read into lie. */
struct place {
	UINT8 *map;
	UINTN pages, map_room;		/* pages of all, bytes for the map alone */
	UINTN bytes, stride, key;	/* of the map last read */
};

static EFI_STATUS allocate(EFI_SYSTEM_TABLE *st, EFI_MEMORY_TYPE type, UINTN pages, uint64_t below, uint64_t *where)
{
	EFI_PHYSICAL_ADDRESS at = below;
	EFI_STATUS status = st->BootServices->AllocatePages(AllocateMaxAddress, type, pages, &at);

	*where = EFI_ERROR(status) ? 0 : at;
	return status;
}

/* A place for a map of so many bytes and SPARE more descriptors, instead of the one before. Allocating and freeing
 * memory is what UEFI still allows after a failed ExitBootServices. */
static EFI_STATUS make_room(EFI_SYSTEM_TABLE *st, struct place *p, UINTN bytes, UINTN stride, struct memory_map *m)
{
	UINTN descriptors = bytes / stride + SPARE;
	uint64_t at;
	EFI_STATUS status;

	if (p->map)
		st->BootServices->FreePages((EFI_PHYSICAL_ADDRESS)p->map, p->pages);
	p->map = NULL;
	p->map_room = descriptors * stride;
	p->pages = EFI_SIZE_TO_PAGES(p->map_room + 2 * descriptors * sizeof(struct memory_range));
	status = allocate(st, EfiLoaderData, p->pages, BELOW_4G, &at);
	if (EFI_ERROR(status))
		return status;
	p->map = (UINT8 *)at;
	m->room = (uint32_t)descriptors;
	m->free = (struct memory_range *)(p->map + p->map_room);
	m->mapped = m->free + descriptors;
	return EFI_SUCCESS;
}

static EFI_STATUS read_map(EFI_SYSTEM_TABLE *st, struct place *p, struct memory_map *m)
{
	EFI_STATUS status = EFI_BUFFER_TOO_SMALL;
	UINT32 version;

	for (int i = 0; i < ATTEMPTS && status == EFI_BUFFER_TOO_SMALL; i++) {
		p->bytes = p->map ? p->map_room : 0;
		status = st->BootServices->GetMemoryMap(&p->bytes, (EFI_MEMORY_DESCRIPTOR *)p->map, &p->key, &p->stride,
							&version);
		if (status != EFI_BUFFER_TOO_SMALL)
			break;
		if (p->stride < sizeof(EFI_MEMORY_DESCRIPTOR))
			return EFI_INCOMPATIBLE_VERSION;
		status = make_room(st, p, p->bytes, p->stride, m);
		if (!EFI_ERROR(status))
			status = EFI_BUFFER_TOO_SMALL;
	}
	if (!EFI_ERROR(status))
		memory_map_read(m, p->map, p->bytes, p->stride);
	return status;
}

static EFI_STATUS allocate_early(EFI_SYSTEM_TABLE *st, struct boot_info *boot)
{
	/* The MADT and the firmware may count a boot CPU differently: one area more than processors. */
	boot->early_bytes = paging_early_bytes(&boot->memory) + smp_early_bytes(boot->processors + 1) + EARLY_SPARE;
	/* Without it there are no other processors, and smp.c says so. Page 0 stays unmapped. */
	if (EFI_ERROR(allocate(st, EfiLoaderCode, 1, BELOW_640K, &boot->trampoline)))
		boot->trampoline = 0;
	return allocate(st, EfiLoaderData, EFI_SIZE_TO_PAGES(boot->early_bytes), BELOW_4G, &boot->early);
}

EFI_STATUS leave_firmware(EFI_SYSTEM_TABLE *st, EFI_HANDLE image, struct boot_info *boot, struct why *why)
{
	struct place p = { 0 };
	EFI_STATUS status = read_map(st, &p, &boot->memory);

	if (!EFI_ERROR(status))
		status = allocate_early(st, boot);
	if (!EFI_ERROR(status) && la57_is_on() && !boot->trampoline) {
		why_set(why, "Tern can't leave this firmware's 5-level paging: no page below 640 KiB is free.");
		return EFI_OUT_OF_RESOURCES;
	}
	if (EFI_ERROR(status)) {
		why_set(why,
			"Tern needs %llu KiB of memory below 4 GiB for its tables and did not get it (EFI status "
			"%llx).",
			(unsigned long long)boot->early_bytes >> 10, (unsigned long long)status);
		return status;
	}
	/* Nothing of boot services may be called between the map that is read last and ExitBootServices. */
	status = EFI_INVALID_PARAMETER;
	for (int i = 0; i < ATTEMPTS && status == EFI_INVALID_PARAMETER; i++) {
		status = read_map(st, &p, &boot->memory);
		if (EFI_ERROR(status))
			break;
		status = st->BootServices->ExitBootServices(image, p.key);
	}
	if (EFI_ERROR(status)) {
		why_set(why,
			"Tern could not leave the firmware: its memory map changed %u times, or ExitBootServices "
			"failed (EFI status %llx).",
			ATTEMPTS, (unsigned long long)status);
		return status;
	}
	runtime_note(st, p.map, p.bytes, p.stride, boot);
	return EFI_SUCCESS;
}
