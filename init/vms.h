/* SPDX-License-Identifier: MIT */
/* vms.h: the VMs that tern.conf defines, and starting them. */
#pragma once
#include "arch/x86_64/boot.h"
#include "hv/vm.h"

/* Defines every [vm] of the configuration and starts those marked autostart. */
void vms_init(const struct boot_info *boot);
/* Builds and boots @name. ERR_NOTFOUND: tern.conf doesn't define it; ERR_STATE: it runs; others as vm_create and
 * vm_boot_linux. */
enum err vms_start(const char *name, struct why *why) NODISCARD;
/* After a reset request stopped @vm: it boots again if tern.conf here defines it and marks it autostart. */
void vms_reset(struct vm *vm);
