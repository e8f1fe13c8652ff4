/* SPDX-License-Identifier: MIT */
/* vm_boot.h: puts an operating system into a fresh VM and starts its clock. */
#pragma once
#include "hv/vm.h"
#include "lib/blob.h"

struct vm_boot {
	struct blob *kernel, *initrd;	/* whole ones; initrd may be NULL */
	const char *cmdline;
};

/* ACPI tables, Linux by the 64-bit boot protocol, registers of vCPU 0. The VM must be fresh from vm_create.
 * Errors as linux_load. */
enum err vm_boot_linux(struct vm *vm, const struct vm_boot *boot, struct why *why) NODISCARD;
/* Hardware reset of a running VM: processors and chips as at power-on, @boot in memory anew. What else memory holds
 * stays, as over a PC's warm reset, and so do clock, CMOS and console; a dirty tracker sees all that is written. A VM
 * that is reset again within a second waits until that is over. After an error (as vm_boot_linux) the VM can't run
 * on. */
enum err vm_reset(struct vm *vm, const struct vm_boot *boot, struct why *why) NODISCARD;
