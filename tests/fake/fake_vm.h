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
