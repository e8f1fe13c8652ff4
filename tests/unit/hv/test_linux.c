/* SPDX-License-Identifier: MIT */
/* unit: fake_guest_mem */
#include "hv/linux.h"
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake_guest_mem.h"
#include "hv/linux_header.h"
#include "lib/bytes.h"

#define MIB (1ull << 20)
#define SETUP_BYTES 1024u	/* boot sector and one setup sector */
#define IMAGE_BYTES 4096u

static uint8_t file[SETUP_BYTES + IMAGE_BYTES];
static struct linux_info info;
static struct why why;
static uint8_t ram[64 * MIB];
static struct vm vm = { .memory = ram, .bytes = sizeof(ram) };
static uint8_t initrd[5000];
static struct linux_load load;
static struct blob kernel_blob, initrd_blob;
static struct linux_entry entry;

/* A file that has what a kernel of protocol 2.15 has, and a recognisable image. */
static void setup(void)
{
	memset(file, 0, SETUP_BYTES);
	for (unsigned i = 0; i < IMAGE_BYTES; i++)
		file[SETUP_BYTES + i] = (uint8_t)(i * 7 + 1);
	file[HDR_SETUP_SECTS] = 1;
	le32_put(file + HDR_SYSSIZE, IMAGE_BYTES / 16);
	le16_put(file + HDR_BOOT_FLAG, 0xaa55);
	file[HDR_JUMP] = 0xeb;
	file[HDR_JUMP + 1] = 0x6a;
	memcpy(file + HDR_HEADER, "HdrS", 4);
	le16_put(file + HDR_VERSION, 0x020f);
	file[HDR_LOADFLAGS] = LOADFLAGS_LOADED_HIGH | LOADFLAGS_CAN_USE_HEAP;
	le32_put(file + HDR_INITRD_ADDR_MAX, 0x7fffffff);
	le32_put(file + HDR_KERNEL_ALIGNMENT, 0x200000);
	file[HDR_RELOCATABLE_KERNEL] = 1;
	le16_put(file + HDR_XLOADFLAGS, XLF_KERNEL_64);
	le32_put(file + HDR_CMDLINE_SIZE, 2047);
	le64_put(file + HDR_PREF_ADDRESS, 16 * MIB);
	le32_put(file + HDR_INIT_SIZE, 8 * MIB);
	memset(initrd, 0x5a, sizeof(initrd));
	kernel_blob = (struct blob){ .bytes = sizeof(file), .have = sizeof(file), .base = file };
	initrd_blob = (struct blob){ .bytes = sizeof(initrd), .have = sizeof(initrd), .base = initrd };
	load = (struct linux_load){
		.vm = &vm, .kernel = &kernel_blob, .initrd = &initrd_blob,
		.cmdline = "console=ttyS0", .memory_bytes = sizeof(ram), .rsdp = { 0xe0000 },
	};
}
TestSuite(linux_check, .init = setup);
TestSuite(linux_load, .init = setup);

static void expect(enum err e, const char *sentence)
{
	enum err got = linux_check(file, sizeof(file), &info, &why);

	cr_expect_eq(got, e, "%s, expected %s", err_text(got), err_text(e));
	cr_expect_not_null(strstr(why.text, sentence), "said: %s", why.text);
}

Test(linux_check, a_good_kernel_is_described)
{
	cr_assert_eq(linux_check(file, sizeof(file), &info, &why), ERR_OK, "%s", why.text);
	cr_expect_eq(info.version, 0x020f);
	cr_expect_eq(info.image_offset, SETUP_BYTES);
	cr_expect_eq(info.image_bytes, IMAGE_BYTES);
	cr_expect_eq(info.header_end, 0x26cu);
	cr_expect_eq(info.load_address, 16 * MIB);
	cr_expect_eq(info.init_bytes, 8 * MIB);
	cr_expect_eq(info.cmdline_max, 2047u);
	cr_expect_eq(info.initrd_max, 0x7fffffffu);
}

Test(linux_check, other_files_are_named_for_what_they_are)
{
	memset(file, 0, sizeof(file));
	expect(ERR_INVALID, "no setup header");
	memcpy(file, "\x7f" "ELF", 4);
	expect(ERR_INVALID, "kernel is an ELF file");
	memcpy(file, "\x1f\x8b", 2);
	expect(ERR_INVALID, "kernel is a gzip file");
	memcpy(file, "070701", 6);
	expect(ERR_INVALID, "a cpio archive (the initrd?)");
	memcpy(file, "MZ", 2);
	expect(ERR_INVALID, "an EFI program without");
}

Test(linux_check, each_length_short_of_the_whole_is_refused)
{
	for (size_t n = 0; n < sizeof(file); n++) {
		uint8_t *part = malloc(n ? n : 1);

		memcpy(part, file, n);
		cr_expect_eq(linux_check(part, n, &info, &why), ERR_SHORT, "length %zu", n);
		free(part);
	}
	cr_expect_not_null(strstr(why.text, "cut off: 5119 bytes, its header says 5120"));
}

Test(linux_check, an_old_a_32_bit_and_a_low_kernel_are_refused)
{
	le16_put(file + HDR_VERSION, 0x020b);
	expect(ERR_VERSION, "boot protocol 2.11, expected 2.12 or later");
	le16_put(file + HDR_VERSION, 0x020c);
	le16_put(file + HDR_XLOADFLAGS, 0);
	expect(ERR_INVALID, "expected an x86-64 kernel");
	le16_put(file + HDR_XLOADFLAGS, XLF_KERNEL_64);
	file[HDR_LOADFLAGS] = 0;
	expect(ERR_INVALID, "a zImage");
}

Test(linux_check, impossible_header_values_are_refused_by_name)
{
	file[HDR_JUMP + 1] = 0x10;
	expect(ERR_INVALID, "setup header ends at 0x212");
	file[HDR_JUMP + 1] = 0x6a;
	le32_put(file + HDR_KERNEL_ALIGNMENT, 3);
	expect(ERR_INVALID, "kernel_alignment 0x3");
	le32_put(file + HDR_KERNEL_ALIGNMENT, 0);
	expect(ERR_INVALID, "kernel_alignment 0x0");
	le32_put(file + HDR_KERNEL_ALIGNMENT, 0x200000);
	le64_put(file + HDR_PREF_ADDRESS, UINT64_MAX);
	expect(ERR_INVALID, "pref_address 0xffffffffffffffff");
	le64_put(file + HDR_PREF_ADDRESS, 17 * MIB);
	expect(ERR_INVALID, "aligned to 0x200000");
	le64_put(file + HDR_PREF_ADDRESS, 16 * MIB);
	le32_put(file + HDR_INIT_SIZE, IMAGE_BYTES - 1);
	expect(ERR_INVALID, "init_size 0xfff in the kernel's header is less than its 0x1000 bytes");
	le32_put(file + HDR_SYSSIZE, 0);
	expect(ERR_INVALID, "syssize 0x0");
	le32_put(file + HDR_SYSSIZE, 0xffffffff);
	expect(ERR_INVALID, "syssize 0xffffffff");
}

static void do_load(void)
{
	cr_assert_eq(linux_load(&load, &entry, &why), ERR_OK, "%s", why.text);
}

Test(linux_load, the_image_lies_at_its_address_and_the_entry_in_it)
{
	do_load();
	cr_expect_eq(memcmp(ram + 16 * MIB, file + SETUP_BYTES, IMAGE_BYTES), 0);
	cr_expect_eq(entry.rip, 16 * MIB + 0x200);
	cr_expect_eq(entry.rsi, LINUX_BOOT_PARAMS);
}

Test(linux_load, boot_params_point_to_initrd_command_line_and_acpi)
{
	const uint8_t *bp = ram + LINUX_BOOT_PARAMS;
	uint32_t at;

	memset(ram, 0xff, MIB);		/* what a guest before it left there */
	do_load();
	at = le32_get(bp + HDR_RAMDISK_IMAGE);
	cr_expect_eq(at, (sizeof(ram) - sizeof(initrd)) & ~0xfffull);
	cr_expect_eq(le32_get(bp + HDR_RAMDISK_SIZE), sizeof(initrd));
	cr_expect_eq(memcmp(ram + at, initrd, sizeof(initrd)), 0);
	cr_expect_str_eq((const char *)ram + le32_get(bp + HDR_CMD_LINE_PTR), "console=ttyS0");
	cr_expect_eq(le64_get(bp + BP_ACPI_RSDP_ADDR), 0xe0000u);
	cr_expect_eq(bp[HDR_TYPE_OF_LOADER], 0xff);
	cr_expect_eq(bp[HDR_LOADFLAGS], LOADFLAGS_LOADED_HIGH);
	cr_expect_eq(bp[0x1ef], 0, "the sentinel must be zero");
	cr_expect_eq(memcmp(bp + HDR_HEADER, "HdrS", 4), 0);
	cr_expect_eq(le32_get(bp + HDR_INIT_SIZE), 8 * MIB);
}

Test(linux_load, the_memory_map_covers_ram_and_leaves_the_holes)
{
	const uint8_t *bp = ram + LINUX_BOOT_PARAMS, *row = bp + BP_E820_TABLE;
	static const uint64_t want[][3] = {
		{ 0, 0x9fc00, 1 }, { 0x9fc00, 0x400, 2 }, { 0xe0000, 0x20000, 2 }, { 0x100000, 63 * MIB, 1 },
	};

	do_load();
	cr_assert_eq(bp[BP_E820_ENTRIES], 4);
	for (unsigned i = 0; i < 4; i++, row += 20) {
		cr_expect_eq(le64_get(row), want[i][0]);
		cr_expect_eq(le64_get(row + 8), want[i][1]);
		cr_expect_eq(le32_get(row + 16), want[i][2]);
	}
}

/* Walks the tables as the CPU does. */
static uint64_t translate(uint64_t va)
{
	uint64_t e = le64_get(ram + entry.cr3 + 8 * (va >> 39 & 511));

	cr_assert(e & 1);
	e = le64_get(ram + (e & ~0xfffull) + 8 * (va >> 30 & 511));
	cr_assert((e & 0x81) == 1);
	e = le64_get(ram + (e & ~0xfffull) + 8 * (va >> 21 & 511));
	cr_assert((e & 0x83) == 0x83);
	return (e & ~0x1fffffull) | (va & 0x1fffff);
}

Test(linux_load, the_first_4_gib_are_mapped_to_themselves)
{
	do_load();
	for (uint64_t va = 0; va < 4ull << 30; va += 2 * MIB)
		cr_assert_eq(translate(va), va);
	cr_expect_eq(le64_get(ram + entry.cr3 + 8), 0u, "nothing behind the first 512 GiB");
	cr_expect_lt(entry.rsp, entry.cr3);
}

Test(linux_load, the_gdt_has_flat_64_bit_code_and_data)
{
	const uint8_t *gdt;

	do_load();
	gdt = ram + entry.gdt_base;
	cr_expect_eq(entry.gdt_limit, 31);
	cr_expect_eq(entry.cs, 0x10);
	cr_expect_eq(entry.ds, 0x18);
	cr_expect_eq(gdt[entry.cs + 5] & 0xfe, 0x9a, "present, ring 0, code, readable");
	cr_expect_eq(gdt[entry.cs + 6] >> 4, 0xa, "64-bit, 4 KiB granular");
	cr_expect_eq(gdt[entry.ds + 5] & 0xfe, 0x92, "present, ring 0, data, writable");
}

Test(linux_load, the_initrd_respects_the_kernels_limit)
{
	le32_put(file + HDR_INITRD_ADDR_MAX, 32 * MIB - 1);
	do_load();
	cr_expect_eq(le32_get(ram + LINUX_BOOT_PARAMS + HDR_RAMDISK_IMAGE), (32 * MIB - sizeof(initrd)) & ~0xfffull);
}

Test(linux_load, a_kernel_without_initrd_gets_none)
{
	load.initrd = NULL;
	load.initrd = NULL;
	do_load();
	cr_expect_eq(le32_get(ram + LINUX_BOOT_PARAMS + HDR_RAMDISK_IMAGE), 0u);
	cr_expect_eq(le32_get(ram + LINUX_BOOT_PARAMS + HDR_RAMDISK_SIZE), 0u);
}

static void refuse(enum err e, const char *sentence)
{
	cr_expect_eq(linux_load(&load, &entry, &why), e);
	cr_expect_not_null(strstr(why.text, sentence), "said: %s", why.text);
	cr_expect_eq(ram[16 * MIB], 0, "nothing may be written before the checks have passed");
}

Test(linux_load, what_does_not_fit_is_refused_with_figures)
{
	static char words[3000];

	load.memory_bytes = 4096 * MIB;
	refuse(ERR_RANGE, "memory of 4096 MiB, expected at most 3072 MiB");
	load.memory_bytes = 22 * MIB;
	refuse(ERR_RANGE, "memory of 22 MiB is too small: the kernel alone needs 24 MiB");
	load.memory_bytes = 24 * MIB;
	refuse(ERR_RANGE, "initrd of 4 KiB does not fit between the kernel's end at 24 MiB and 24 MiB");
	load.memory_bytes = sizeof(ram);
	le32_put(file + HDR_INITRD_ADDR_MAX, 1 * MIB);
	refuse(ERR_RANGE, "does not fit");
	le32_put(file + HDR_INITRD_ADDR_MAX, 0x7fffffff);
	memset(words, 'x', 2048);
	load.cmdline = words;
	refuse(ERR_RANGE, "command line has 2048 bytes, the kernel takes 2047");
	kernel_blob.bytes--;
	kernel_blob.have--;
	refuse(ERR_SHORT, "cut off");
}

Test(linux_load, running_out_of_memory_at_any_write_is_reported)
{
	unsigned n = 0;
	enum err e;

	do {
		vm.writes = 0;
		vm.writes_left = ++n;
		e = linux_load(&load, &entry, &why);
		cr_assert(e == ERR_OK || e == ERR_NOMEM);
	} while (e);
	cr_expect_gt(n, 10u);
}

Test(linux_load, debians_cloud_kernel_is_accepted)
{
	static uint8_t vmlinuz[32 * MIB];
	FILE *f = fopen("build/deps/vmlinuz", "rb");
	size_t n;

	cr_assert_not_null(f, "build/deps/vmlinuz is not there: make deps");
	n = fread(vmlinuz, 1, sizeof(vmlinuz), f);
	fclose(f);
	cr_assert_eq(linux_check(vmlinuz, n, &info, &why), ERR_OK, "%s", why.text);
	cr_expect_eq(info.load_address, 16 * MIB);
	cr_expect_gt(info.init_bytes, info.image_bytes);
	cr_expect_leq(info.load_address + info.init_bytes, 128 * MIB, "it is meant to run in 128 MiB");
}
