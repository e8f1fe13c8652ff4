/* SPDX-License-Identifier: MIT */
/* vm_guest.h: a VM as the migration core sees it (migration/guest.h). */
#pragma once
#include "hv/vm.h"
#include "migration/guest.h"

/* A VM that runs here, or is off and vms_restartable; one object per VM slot. */
struct mig_guest *vm_guest(struct vm *vm);
/* @vm, as vm_create made it, is to be filled. @displaced: one that was only defined here gave way to it, and is
 * vms_redefine'd if it goes before it ran. */
struct mig_guest *vm_guest_expect(struct vm *vm, bool displaced);
/* @vm has stopped or crashed, and its migration was told: what was tracked of it ended with it. */
void vm_guest_ended(struct vm *vm);

/* --- what a VM is made from, which the host knows (host/vms*.c): decided at link time --- */

/* What @vm would be made from if it started anew, in @plan (which holds @policy); ERR_NOTFOUND and others with the
 * reason why it can't be. Without effect. */
enum err vms_restartable(const struct vm *vm, struct vm_plan *plan, struct cpuid_policy *policy,
			 struct why *why) NODISCARD;
/* What @vm is started from, as it runs or (@anew) as it would be; false: not known here. Uses stay the VM's. */
bool vms_images(const struct vm *vm, bool anew, struct mig_images *out);
/* Builds @vm as when it is started, after switching off what still runs, and leaves it frozen at its first
 * instruction. After an error it is off. */
enum err vms_prepare(struct vm *vm, struct why *why) NODISCARD;
/* A VM has left its place (its arrival failed, it moved away): what tern.conf defines of that name is known again. */
void vms_redefine(const char *name);
