/* SPDX-License-Identifier: MIT */
/* fake_vm.c: see fake_vm.h. */
#include "tests/fake/fake_vm.h"
#include <criterion/criterion.h>
#include <string.h>
#include "hv/guest_mem.h"
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

#define TABLES 0x100000ull

static uint64_t next_table;

static uint64_t get(struct vm *vm, uint64_t at)
{
	uint64_t entry = 0;

	cr_assert_eq(guest_read(vm, gpa(at), &entry, 8), ERR_OK);
	return entry;
}

static uint64_t leaf_at(struct vm *vm, uint64_t linear, uint64_t rights)
{
	uint64_t table = TABLES;

	if (fake_vcpu.s.cr3 != TABLES)
		next_table = fake_vcpu.s.cr3 = TABLES;
	for (unsigned shift = 39; shift > 12; shift -= 9) {
		uint64_t at = table + (linear >> shift & 511) * 8, entry = get(vm, at);

		if (!(entry & 1))
			entry = (next_table += PAGE_SIZE);
		entry |= rights;
		cr_assert_eq(guest_write(vm, gpa(at), &entry, 8), ERR_OK);
		table = entry & ~0xfffull;
	}
	return table + (linear >> 12 & 511) * 8;
}

void fake_vm_map(struct vm *vm, uint64_t linear, uint64_t at, uint64_t rights)
{
	uint64_t entry = (at & ~0xfffull) | rights, leaf = leaf_at(vm, linear, 7);

	cr_assert_eq(guest_write(vm, gpa(leaf), &entry, 8), ERR_OK);
}

uint64_t fake_vm_pte(struct vm *vm, uint64_t linear)
{
	return get(vm, leaf_at(vm, linear, 7));
}

void fake_vm_code(struct vm *vm, uint64_t at, const void *code, unsigned bytes)
{
	fake_vm_map(vm, at, at, 3);
	fake_vm_map(vm, at + PAGE_SIZE, at + PAGE_SIZE, 3);
	cr_assert_eq(guest_write(vm, gpa(at), code, bytes), ERR_OK);
	fake_vcpu.s.rip = at;
	vm->vcpu[0].exit.length = bytes;
}
