/* SPDX-License-Identifier: MIT */
/* vm_boot.h: puts an operating system into a fresh VM and starts its clock. */
#pragma once
#include "hv/vm.h"

struct vm_boot {
	const void *kernel;
	size_t kernel_bytes;
	const void *initrd;
	size_t initrd_bytes;
	const char *cmdline;
};

/* ACPI tables, Linux by the 64-bit boot protocol, registers of vCPU 0. The VM must be fresh from vm_create.
 * Errors as linux_load. */
enum err vm_boot_linux(struct vm *vm, const struct vm_boot *boot, struct why *why) NODISCARD;
