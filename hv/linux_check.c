/* SPDX-License-Identifier: MIT */
/* linux_check.c: is this file a kernel that Tern can start, and if not, what is it? */
#include "linux.h"
#include <string.h>
#include "lib/bytes.h"
#include "linux_header.h"

#define SECTOR 512u

/* Files that are handed over by mistake, by their first bytes. */
static const struct { const char *magic; unsigned bytes; const char *what; } other_files[] = {
	{ "\x7f" "ELF", 4, "an ELF file (a vmlinux?)" },
	{ "\x1f\x8b", 2, "a gzip file" },
	{ "\xfd" "7zXZ", 5, "an xz file" },
	{ "\x28\xb5\x2f\xfd", 4, "a zstd file" },
	{ "070701", 6, "a cpio archive (the initrd?)" },
	{ "MZ", 2, "an EFI program without a Linux setup header" },
};

static enum err not_a_kernel(const uint8_t *file, size_t n, struct why *why)
{
	for (unsigned i = 0; i < sizeof(other_files) / sizeof(other_files[0]); i++)
		if (n >= other_files[i].bytes && !memcmp(file, other_files[i].magic, other_files[i].bytes)) {
			why_set(why, "kernel is %s, expected a bzImage (vmlinuz)", other_files[i].what);
			return ERR_INVALID;
		}
	if (n < HDR_MOST_END) {
		why_set(why, "kernel file has only %zu bytes, expected a bzImage (vmlinuz)", n);
		return ERR_SHORT;
	}
	why_set(why, "kernel has no setup header (\"HdrS\" at 0x202), expected a bzImage (vmlinuz)");
	return ERR_INVALID;
}

static enum err check_header(const uint8_t *f, struct linux_info *out, struct why *why)
{
	out->version = le16_get(f + HDR_VERSION);
	if (out->version < 0x020c) {
		why_set(why, "kernel speaks boot protocol %u.%u, expected 2.12 or later (Linux 3.8)",
			out->version >> 8, out->version & 0xff);
		return ERR_VERSION;
	}
	if (!(le16_get(f + HDR_XLOADFLAGS) & XLF_KERNEL_64)) {
		why_set(why, "kernel has no 64-bit entry (XLF_KERNEL_64 is clear), expected an x86-64 kernel");
		return ERR_INVALID;
	}
	if (!(f[HDR_LOADFLAGS] & LOADFLAGS_LOADED_HIGH)) {
		why_set(why, "kernel wants to be loaded below 1 MiB (a zImage), expected a bzImage");
		return ERR_INVALID;
	}
	out->header_end = HDR_HEADER + f[HDR_JUMP + 1];
	if (out->header_end < HDR_LEAST_END || out->header_end > HDR_MOST_END) {
		why_set(why, "kernel's setup header ends at 0x%x, expected 0x%x to 0x%x", out->header_end,
			HDR_LEAST_END, HDR_MOST_END);
		return ERR_INVALID;
	}
	return ERR_OK;
}

static enum err check_address(const uint8_t *f, struct linux_info *out, struct why *why)
{
	uint32_t alignment = le32_get(f + HDR_KERNEL_ALIGNMENT);

	out->load_address = le64_get(f + HDR_PREF_ADDRESS);
	out->init_bytes = le32_get(f + HDR_INIT_SIZE);
	if (!alignment || alignment & (alignment - 1)) {
		why_set(why, "kernel_alignment 0x%x in the kernel's header is no power of two", alignment);
		return ERR_INVALID;
	}
	if (out->load_address < LINUX_HIGH_START || out->load_address >= LINUX_MEMORY_MAX ||
	    (f[HDR_RELOCATABLE_KERNEL] && out->load_address & (alignment - 1))) {
		why_set(why, "pref_address 0x%llx in the kernel's header, expected 1 MiB to 3 GiB, aligned to 0x%x",
			(unsigned long long)out->load_address, alignment);
		return ERR_INVALID;
	}
	if (out->init_bytes < out->image_bytes) {
		why_set(why, "init_size 0x%x in the kernel's header is less than its 0x%x bytes", out->init_bytes,
			out->image_bytes);
		return ERR_INVALID;
	}
	return ERR_OK;
}

enum err linux_check(const void *bzimage, size_t n, struct linux_info *out, struct why *why)
{
	const uint8_t *f = bzimage;
	uint64_t image;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (n < HDR_MOST_END || memcmp(f + HDR_HEADER, "HdrS", 4) || le16_get(f + HDR_BOOT_FLAG) != 0xaa55)
		return not_a_kernel(f, n, why);
	e = check_header(f, out, why);
	if (e)
		return e;
	/* 0 means 4, for the oldest of kernels. */
	out->image_offset = ((f[HDR_SETUP_SECTS] ? f[HDR_SETUP_SECTS] : 4u) + 1) * SECTOR;
	image = (uint64_t)le32_get(f + HDR_SYSSIZE) * 16;
	if (!image || image > LINUX_MEMORY_MAX) {
		why_set(why, "syssize 0x%x in the kernel's header, expected more than 0 and less than 3 GiB",
			le32_get(f + HDR_SYSSIZE));
		return ERR_INVALID;
	}
	if (n < out->image_offset + image) {
		why_set(why, "kernel file is cut off: %zu bytes, its header says %llu", n,
			(unsigned long long)(out->image_offset + image));
		return ERR_SHORT;
	}
	out->image_bytes = (uint32_t)image;
	out->cmdline_max = le32_get(f + HDR_CMDLINE_SIZE);
	out->initrd_max = le32_get(f + HDR_INITRD_ADDR_MAX);
	return check_address(f, out, why);
}
