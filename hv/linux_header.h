/* SPDX-License-Identifier: MIT */
/* linux_header.h: offsets in a bzImage's first sectors and in boot_params, by the names of boot.rst and
 * zero-page.rst. */
#pragma once

enum {
	/* boot_params only */
	BP_ACPI_RSDP_ADDR	= 0x070,
	BP_E820_ENTRIES		= 0x1e8,
	BP_E820_TABLE		= 0x2d0,

	/* the setup header: the same offsets in the file and in boot_params */
	HDR_SETUP_SECTS		= 0x1f1,
	HDR_SYSSIZE		= 0x1f4,
	HDR_BOOT_FLAG		= 0x1fe,
	HDR_JUMP		= 0x200,
	HDR_HEADER		= 0x202,
	HDR_VERSION		= 0x206,
	HDR_TYPE_OF_LOADER	= 0x210,
	HDR_LOADFLAGS		= 0x211,
	HDR_RAMDISK_IMAGE	= 0x218,
	HDR_RAMDISK_SIZE	= 0x21c,
	HDR_HEAP_END_PTR	= 0x224,
	HDR_EXT_LOADER_VER	= 0x226,
	HDR_EXT_LOADER_TYPE	= 0x227,
	HDR_CMD_LINE_PTR	= 0x228,
	HDR_INITRD_ADDR_MAX	= 0x22c,
	HDR_KERNEL_ALIGNMENT	= 0x230,
	HDR_RELOCATABLE_KERNEL	= 0x234,
	HDR_XLOADFLAGS		= 0x236,
	HDR_CMDLINE_SIZE	= 0x238,
	HDR_SETUP_DATA		= 0x250,
	HDR_PREF_ADDRESS	= 0x258,
	HDR_INIT_SIZE		= 0x260,
	HDR_LEAST_END		= 0x264,	/* behind the last field that is needed */
	HDR_MOST_END		= 0x290,	/* boot_params goes on with other fields */
};

#define LOADFLAGS_LOADED_HIGH	0x01
#define LOADFLAGS_KEEP_SEGMENTS	0x40
#define LOADFLAGS_CAN_USE_HEAP	0x80
#define XLF_KERNEL_64		0x0001
#define TYPE_OF_LOADER_UNKNOWN	0xff
