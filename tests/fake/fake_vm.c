/* SPDX-License-Identifier: MIT */
/* fake_vm.c: see fake_vm.h. */
#include "tests/fake/fake_vm.h"
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/fake_host_cpuid.h"
#include "tests/fake/fake_vcpu.h"

static struct cpuid_policy policy;

void fake_vm_reset(void)
{
	fake_vcpu_reset();
	fake_host_cpuid_reset();
	for (unsigned i = 0; i < VM_MAX; i++)
		vm_free_resources(&vms[i]);
	memset(vms, 0, sizeof(vms));
	cr_assert_eq(cpuid_policy_build(&policy, "x86-64-v2", 1, fake_host.tsc_khz, NULL), ERR_OK);
}

struct vm_plan fake_vm_plan(unsigned mib)
{
	return (struct vm_plan){ .name = "web", .uuid = { 1, 2, 3 }, .memory_bytes = (uint64_t)mib << 20, .vcpus = 1,
				 .tsc_khz = fake_host.tsc_khz, .cpuid = &policy };
}

struct vm *fake_vm(unsigned mib)
{
	struct vm_plan plan = fake_vm_plan(mib);
	struct vm *vm = vm_slot();

	cr_assert_eq(vm_create(vm, &plan, NULL), ERR_OK);
	cr_assert(vm_life(vm, VM_EVENT_DEFINE));
	cr_assert(vm_life(vm, VM_EVENT_START));
	vm_clock_run(vm, 0);
	return vm;
}
