/* SPDX-License-Identifier: MIT */
/* vms.h: the VMs that tern.conf defines, and starting them. hv/vm_guest.h has what moves need of them. */
#pragma once
#include "arch/x86_64/boot.h"
#include "hv/vm_guest.h"

/* Defines every [vm] of the configuration. */
void vms_init(const struct boot_info *boot);
/* Builds and boots @name. ERR_NOTFOUND: neither tern.conf nor what came with it says from what; ERR_STATE: it runs;
 * others as vm_create and vm_boot_linux. */
enum err vms_start(const char *name, struct why *why) NODISCARD;
/* Lets go of VMs that ended and can't be started again, and where there is no place left of one that is not defined
 * in tern.conf here; to be called now and then. */
void vms_forget(uint64_t now_ns);
/* Does @vm let one of its name and @uuid arrive? If it ended and is not defined here; or if it is the same machine,
 * which is away, and only defined here since a restart of this host. */
bool vms_gives_way(const struct vm *vm, const uint8_t uuid[16]);
/* The VM of @uuid, if it is here and off, belongs to another host now: what tern.conf here defines is known again,
 * and is held. */
void vms_give_up(const uint8_t uuid[16]);
/* Could a VM with that UUID be started afresh here? */
bool vms_defines(const uint8_t uuid[16]);
/* @vm, which runs, has asked for a reset: it starts again in the memory that it has, also while that moves. Without
 * what it is to start from, and where a Restart has it power off, it is switched off. */
void vms_reset(struct vm *vm);
