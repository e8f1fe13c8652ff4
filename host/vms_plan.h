/* SPDX-License-Identifier: MIT */
/* vms_plan.h: what a VM is made from: what tern.conf here says of it, else what came with it. For host/vms*.c. */
#pragma once
#include "arch/x86_64/boot.h"
#include "hv/vm_boot.h"

/* What @vm, as it is, is started from; no kernel: that is not known. */
static inline struct vm_boot vms_plan_boot(const struct vm *vm)
{
	const struct vm_definition *d = &vm->definition;

	return (struct vm_boot){ .cmdline = d->cmdline, .kernel = d->kernel, .initrd = d->initrd };
}

/* Keeps the files that @boot has read. */
void vms_plan_init(const struct boot_info *boot);
/* What tern.conf has under @name, NULL: nothing. */
const struct config_vm *vms_plan_config(const char *name);
/* What @vm would be made from if it started anew, in @plan (which holds @policy) and @boot; an error with the reason
 * why it can't be. Without effect. */
enum err vms_plan(const struct vm *vm, struct vm_plan *plan, struct vm_boot *boot, struct cpuid_policy *policy,
		  struct why *why) NODISCARD;
