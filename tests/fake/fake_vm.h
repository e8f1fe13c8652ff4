/* SPDX-License-Identifier: MIT */
/* fake_vm.h: a real VM on a fake processor: what tests of exits and of the whole VM start from. */
#pragma once
#include "hv/vm.h"

/* Forgets every VM, resets fake_vcpu, fake_host and the allocator's count of what is out. */
void fake_vm_reset(void);
/* A plan for a VM of @mib MiB named "web" under the x86-64-v2 policy. */
struct vm_plan fake_vm_plan(unsigned mib);
/* Such a VM, created and running since guest TSC 0. */
struct vm *fake_vm(unsigned mib);

/* Guest paging structures at 1 MiB: maps the page at @linear to @at with @rights (1 P, 2 W, 4 U) at every level, or
 * changes what maps it. CR3 is set. */
void fake_vm_map(struct vm *vm, uint64_t linear, uint64_t at, uint64_t rights);
/* The leaf entry of @linear. */
uint64_t fake_vm_pte(struct vm *vm, uint64_t linear);
/* Puts an instruction at RIP (guest-physical @at, mapped one to one) and makes it the one that exited. */
void fake_vm_code(struct vm *vm, uint64_t at, const void *code, unsigned bytes);
