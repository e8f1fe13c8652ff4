/* SPDX-License-Identifier: MIT */
#include "runtime.h"
#include <string.h>

#define MEMORY_RO 0x20000ull	/* EFI_MEMORY_RO, which the headers lack */

/* UEFI "EFI Memory Attributes Table" and "EFI_RT_PROPERTIES_TABLE". */
struct attributes_table { UINT32 version, entries, stride, flags; };
struct rt_properties { UINT16 version, length; UINT32 supported; };

static EFI_GUID attributes_guid = { 0xdcfa911d, 0x26eb, 0x469f, { 0xa2, 0x20, 0x38, 0xb7, 0xdc, 0x46, 0x12, 0x20 } };
static EFI_GUID rt_properties_guid = { 0xeb66918a, 0x7eef, 0x402a, { 0x84, 0x2e, 0x93, 0x1d, 0x21, 0xc3, 0x8a, 0xe9 } };

static const void *table_of(EFI_SYSTEM_TABLE *st, const EFI_GUID *guid)
{
	for (UINTN i = 0; i < st->NumberOfTableEntries; i++)
		if (!memcmp(&st->ConfigurationTable[i].VendorGuid, guid, sizeof(*guid)))
			return st->ConfigurationTable[i].VendorTable;
	return NULL;
}

static void note(struct boot_info *boot, const EFI_MEMORY_DESCRIPTOR *d, bool writable, bool executable)
{
	struct boot_runtime *r;

	if (boot->runtime_ranges == BOOT_RUNTIME) {
		boot->runtime_lost++;
		return;
	}
	r = &boot->runtime[boot->runtime_ranges++];
	*r = (struct boot_runtime){ .start = d->PhysicalStart, .bytes = d->NumberOfPages * EFI_PAGE_SIZE,
				    .writable = writable, .executable = executable,
				    .mmio = d->Type == EfiMemoryMappedIO || d->Type == EfiMemoryMappedIOPortSpace };
}

/* The attributes table splits code from data inside the ranges of the map, where the firmware has one. */
static void note_attributes(struct boot_info *boot, const struct attributes_table *t)
{
	if (!t || t->stride < sizeof(EFI_MEMORY_DESCRIPTOR))
		return;
	for (UINT32 i = 0; i < t->entries; i++) {
		const EFI_MEMORY_DESCRIPTOR *d = (const void *)((const UINT8 *)(t + 1) + (UINTN)i * t->stride);

		if (d->Type == EfiRuntimeServicesCode || d->Type == EfiRuntimeServicesData)
			note(boot, d, !(d->Attribute & MEMORY_RO), !(d->Attribute & EFI_MEMORY_XP));
	}
}

void runtime_note(EFI_SYSTEM_TABLE *st, const UINT8 *map, UINTN bytes, UINTN stride, struct boot_info *boot)
{
	const struct rt_properties *p = table_of(st, &rt_properties_guid);

	for (UINTN at = 0; stride >= sizeof(EFI_MEMORY_DESCRIPTOR) && at + stride <= bytes; at += stride) {
		const EFI_MEMORY_DESCRIPTOR *d = (const EFI_MEMORY_DESCRIPTOR *)(map + at);

		if (d->Attribute & EFI_MEMORY_RUNTIME)
			note(boot, d, true, d->Type == EfiRuntimeServicesCode);
	}
	note_attributes(boot, table_of(st, &attributes_guid));
	boot->runtime_supported = p ? p->supported : UINT32_MAX;
	boot->runtime_services = (uint64_t)st->RuntimeServices;
}
