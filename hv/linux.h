/* SPDX-License-Identifier: MIT */
/* linux.h: starts a Linux bzImage by the 64-bit boot protocol.
 * Source: Linux Documentation/arch/x86/boot.rst, "64-bit Boot Protocol", and zero-page.rst. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "lib/addr.h"
#include "lib/blob.h"
#include "lib/err.h"
#include "lib/why.h"

struct vm;

/* Guest-physical layout of what the loader leaves behind. */
#define LINUX_GDT		0x5000u
#define LINUX_STACK_TOP		0x7000u
#define LINUX_BOOT_PARAMS	0x7000u
#define LINUX_CMDLINE		0x8000u
#define LINUX_CMDLINE_ROOM	0x1000u
#define LINUX_PAGE_TABLES	0x9000u		/* PML4, PDPT, four page directories: to 0xf000 */
#define LINUX_LOW_END		0x9fc00u	/* RAM below the EBDA */
#define LINUX_ACPI_START	0xe0000u	/* reserved up to 1 MiB, for the ACPI tables */
#define LINUX_HIGH_START	0x100000u
#define LINUX_MEMORY_MAX	(3ull << 30)	/* the devices' addresses begin above */

/* What a kernel file says about itself. */
struct linux_info {
	uint16_t version;		/* of the boot protocol, such as 0x020f */
	uint32_t image_offset;		/* of the protected-mode kernel in the file */
	uint32_t image_bytes;		/* of it */
	uint32_t header_end;		/* offset behind the setup header */
	uint64_t load_address;		/* where it wants to be, and where it is put */
	uint32_t init_bytes;		/* it needs from there until it has read its memory map */
	uint32_t cmdline_max;		/* bytes without the NUL */
	uint64_t initrd_max;		/* highest address the initrd's last byte may have */
};

/* ERR_SHORT: the file is cut off; ERR_INVALID: no bzImage, or not a 64-bit one; ERR_VERSION: its protocol is too old.
 * That a host can't start VMs at all is another error (ERR_UNSUPPORTED of vm_create): management tells them apart. @why
 * says what was found and what was expected. */
enum err linux_check(const void *bzimage, size_t n, struct linux_info *out, struct why *why) NODISCARD;

struct linux_load {
	struct vm *vm;
	const struct blob *kernel, *initrd;	/* initrd may be NULL */
	const char *cmdline;
	uint64_t memory_bytes;		/* RAM from 0 */
	gpa_t rsdp;			/* ACPI root pointer, below 1 MiB */
};

/* The boot CPU's registers at the kernel's entry: long mode with paging on, interrupts off, flat segments.
 * Selector @cs is a 64-bit code segment, @ds the one for every data segment, both present in the GDT. */
struct linux_entry {
	uint64_t rip, rsi, rsp, cr3;
	uint64_t gdt_base;
	uint16_t gdt_limit, cs, ds;
};

/* Puts kernel, initrd, command line, boot_params, page tables and GDT into guest memory. Errors as linux_check;
 * ERR_RANGE: memory, initrd or command line don't fit the kernel; those of guest_write. */
enum err linux_load(const struct linux_load *in, struct linux_entry *out, struct why *why) NODISCARD;
