/* SPDX-License-Identifier: MIT */
/* linux.c: fills guest memory for the 64-bit boot protocol. */
#include "linux.h"
#include <string.h>
#include "guest_mem.h"
#include "lib/bytes.h"
#include "linux_header.h"

#define E820_RAM      1u
#define E820_RESERVED 2u

#define PTE_PRESENT 0x001ull
#define PTE_WRITE   0x002ull
#define PTE_LARGE   0x080ull

/* Index 2 and 3 are the protocol's __BOOT_CS and __BOOT_DS. */
static const uint64_t gdt[] = { 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff };
#define BOOT_CS 0x10
#define BOOT_DS 0x18

static enum err put64(struct vm *vm, uint64_t at, uint64_t v)
{
	return guest_write(vm, gpa(at), &v, sizeof(v));
}

static enum err check_fit(const struct linux_load *in, const struct linux_info *k, struct why *why)
{
	uint64_t need = k->load_address + k->init_bytes;
	size_t words = strlen(in->cmdline);

	if (in->memory_bytes > LINUX_MEMORY_MAX) {
		why_set(why, "memory of %llu MiB, expected at most 3072 MiB",
			(unsigned long long)(in->memory_bytes >> 20));
		return ERR_RANGE;
	}
	if (in->memory_bytes < need) {
		why_set(why, "memory of %llu MiB is too small: the kernel alone needs %llu MiB",
			(unsigned long long)(in->memory_bytes >> 20), (unsigned long long)((need + 0xfffff) >> 20));
		return ERR_RANGE;
	}
	if (words > k->cmdline_max || words >= LINUX_CMDLINE_ROOM) {
		why_set(why, "command line has %zu bytes, the kernel takes %u", words,
			k->cmdline_max < LINUX_CMDLINE_ROOM ? k->cmdline_max : LINUX_CMDLINE_ROOM - 1);
		return ERR_RANGE;
	}
	return ERR_OK;
}

/* As high as memory and kernel allow, so that it is out of the way of the kernel's unpacking. */
static enum err place_initrd(const struct linux_load *in, const struct linux_info *k, uint64_t *at,
			     struct why *why)
{
	uint64_t top = in->memory_bytes, bottom = k->load_address + k->init_bytes, bytes;

	*at = 0;
	if (!in->initrd)
		return ERR_OK;
	bytes = in->initrd->bytes;
	if (top > k->initrd_max + 1)
		top = k->initrd_max + 1;
	if (bottom > top || bytes > top - bottom ||
	    (*at = (top - bytes) & ~(PAGE_SIZE - 1)) < bottom) {
		why_set(why, "initrd of %llu KiB does not fit between the kernel's end at %llu MiB and %llu MiB; "
			"expected more memory or a smaller initrd", (unsigned long long)(bytes >> 10),
			(unsigned long long)((bottom + 0xfffff) >> 20), (unsigned long long)(top >> 20));
		return ERR_RANGE;
	}
	return ERR_OK;
}

static enum err write_setup_header(const struct linux_load *in, const struct linux_info *k, uint64_t initrd)
{
	uint8_t whole[HDR_MOST_END];
	uint8_t *h = whole + HDR_SETUP_SECTS;
	uint64_t run;

	memcpy(h, (const uint8_t *)blob_at(in->kernel, 0, &run) + HDR_SETUP_SECTS, k->header_end - HDR_SETUP_SECTS);
	whole[HDR_TYPE_OF_LOADER] = TYPE_OF_LOADER_UNKNOWN;
	whole[HDR_EXT_LOADER_VER] = 0;
	whole[HDR_EXT_LOADER_TYPE] = 0;
	whole[HDR_LOADFLAGS] &= (uint8_t)~(LOADFLAGS_CAN_USE_HEAP | LOADFLAGS_KEEP_SEGMENTS);
	le16_put(whole + HDR_HEAP_END_PTR, 0);
	le32_put(whole + HDR_RAMDISK_IMAGE, (uint32_t)initrd);
	le32_put(whole + HDR_RAMDISK_SIZE, in->initrd ? (uint32_t)in->initrd->bytes : 0);
	le32_put(whole + HDR_CMD_LINE_PTR, LINUX_CMDLINE);
	le64_put(whole + HDR_SETUP_DATA, 0);
	return guest_write(in->vm, gpa(LINUX_BOOT_PARAMS + HDR_SETUP_SECTS), h, k->header_end - HDR_SETUP_SECTS);
}

static enum err write_e820(struct vm *vm, uint64_t memory)
{
	const struct { uint64_t start, end; uint32_t type; } map[] = {
		{ 0, LINUX_LOW_END, E820_RAM },
		{ LINUX_LOW_END, 0xa0000, E820_RESERVED },
		{ LINUX_ACPI_START, LINUX_HIGH_START, E820_RESERVED },
		{ LINUX_HIGH_START, memory, E820_RAM },
	};
	const uint8_t entries = sizeof(map) / sizeof(map[0]);
	enum err e = guest_write(vm, gpa(LINUX_BOOT_PARAMS + BP_E820_ENTRIES), &entries, 1);

	for (unsigned i = 0; !e && i < entries; i++) {
		uint8_t row[20];

		le64_put(row, map[i].start);
		le64_put(row + 8, map[i].end - map[i].start);
		le32_put(row + 16, map[i].type);
		e = guest_write(vm, gpa(LINUX_BOOT_PARAMS + BP_E820_TABLE + i * sizeof(row)), row, sizeof(row));
	}
	return e;
}

static enum err write_boot_params(const struct linux_load *in, const struct linux_info *k, uint64_t initrd)
{
	enum err e = guest_zero(in->vm, gpa(LINUX_BOOT_PARAMS), PAGE_SIZE);

	if (!e)
		e = write_setup_header(in, k, initrd);
	if (!e)
		e = write_e820(in->vm, in->memory_bytes);
	if (!e)
		e = put64(in->vm, LINUX_BOOT_PARAMS + BP_ACPI_RSDP_ADDR, in->rsdp.v);
	if (!e)
		e = guest_write(in->vm, gpa(LINUX_CMDLINE), in->cmdline, strlen(in->cmdline) + 1);
	return e;
}

/* The first 4 GiB, identity-mapped by 2 MiB pages. */
static enum err write_page_tables(struct vm *vm)
{
	const uint64_t pml4 = LINUX_PAGE_TABLES, pdpt = pml4 + PAGE_SIZE, pd = pdpt + PAGE_SIZE;
	uint64_t some[64], n = sizeof(some) / sizeof(some[0]);
	enum err e = guest_zero(vm, gpa(pml4), 2 * PAGE_SIZE);

	if (!e)
		e = put64(vm, pml4, pdpt | PTE_PRESENT | PTE_WRITE);
	for (uint64_t i = 0; !e && i < 4; i++)
		e = put64(vm, pdpt + 8 * i, (pd + i * PAGE_SIZE) | PTE_PRESENT | PTE_WRITE);
	for (uint64_t i = 0; !e && i < 4 * 512; i += n) {
		for (uint64_t j = 0; j < n; j++)
			some[j] = (i + j) << CHUNK_SHIFT | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
		e = guest_write(vm, gpa(pd + 8 * i), some, sizeof(some));
	}
	return e;
}

/* @bytes of @from, from @offset on. */
static enum err write_blob(struct vm *vm, uint64_t at, const struct blob *from, uint64_t offset, uint64_t bytes)
{
	enum err e = ERR_OK;
	uint64_t run;

	while (!e && bytes) {
		const void *data = blob_at(from, offset, &run);

		if (!data)
			return ERR_SHORT;
		if (run > bytes)
			run = bytes;
		e = guest_write(vm, gpa(at), data, run);
		at += run;
		offset += run;
		bytes -= run;
	}
	return e;
}

enum err linux_load(const struct linux_load *in, struct linux_entry *out, struct why *why)
{
	struct linux_info k;
	uint64_t initrd, run;
	enum err e;

	e = linux_check(blob_at(in->kernel, 0, &run), in->kernel->bytes, &k, why);
	if (!e)
		e = check_fit(in, &k, why);
	if (!e)
		e = place_initrd(in, &k, &initrd, why);
	if (e)
		return e;
	e = write_blob(in->vm, k.load_address, in->kernel, k.image_offset, k.image_bytes);
	if (!e && in->initrd)
		e = write_blob(in->vm, initrd, in->initrd, 0, in->initrd->bytes);
	if (!e)
		e = write_boot_params(in, &k, initrd);
	if (!e)
		e = write_page_tables(in->vm);
	if (!e)
		e = guest_write(in->vm, gpa(LINUX_GDT), gdt, sizeof(gdt));
	if (e) {
		why_set(why, "guest memory can't be filled: %s", err_text(e));
		return e;
	}
	*out = (struct linux_entry){
		.rip = k.load_address + 0x200,
		.rsi = LINUX_BOOT_PARAMS,
		.rsp = LINUX_STACK_TOP,
		.cr3 = LINUX_PAGE_TABLES,
		.gdt_base = LINUX_GDT,
		.gdt_limit = sizeof(gdt) - 1,
		.cs = BOOT_CS,
		.ds = BOOT_DS,
	};
	return ERR_OK;
}
