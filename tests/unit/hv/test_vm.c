/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

TestSuite(vm, .init = fake_vm_reset);

static unsigned reasons_of(struct vm_plan plan, const char *part)
{
	static struct why_list list;
	unsigned hits = 0;

	memset(&list, 0, sizeof(list));
	vm_plan_check(&plan, &list);
	for (unsigned i = 0; i < list.count && i < WHY_MAX; i++)
		hits += strstr(list.why[i].text, part) != NULL;
	return hits;
}

Test(vm, a_good_plan_has_no_reason_against_it)
{
	static struct why_list list;
	struct vm_plan plan = fake_vm_plan(64);

	vm_plan_check(&plan, &list);
	cr_expect_eq(list.count, 0, "%s", list.why[0].text);
}

Test(vm, every_impossible_plan_is_refused_with_its_reason)
{
	struct vm_plan plan = fake_vm_plan(64);

	plan.memory_bytes = (64ull << 20) + 4096;
	cr_expect(reasons_of(plan, "multiple of 2 MiB"));
	plan.memory_bytes = 2ull << 20;
	cr_expect(reasons_of(plan, "multiple of 2 MiB"));
	plan.memory_bytes = VM_MEMORY_MAX + CHUNK_SIZE;
	cr_expect(reasons_of(plan, "multiple of 2 MiB"));
	plan = fake_vm_plan(64);
	plan.vcpus = 2;
	cr_expect(reasons_of(plan, "2 vCPUs"));
	plan.vcpus = 0;
	cr_expect(reasons_of(plan, "0 vCPUs"));
	plan = fake_vm_plan(64);
	plan.name = "";
	cr_expect(reasons_of(plan, "VM name"));
	plan.name = "a-name-of-32-characters-is-too-long";
	cr_expect(reasons_of(plan, "VM name"));
	plan = fake_vm_plan(64);
	plan.tsc_khz = 0;
	cr_expect(reasons_of(plan, "TSC frequency"));
	plan.tsc_khz = 1000800;
	cr_expect(reasons_of(plan, "799 ppm apart, at most 250"));
	plan.tsc_khz = 999700;
	cr_expect(reasons_of(plan, "no TSC scaling"));
	plan.tsc_khz = 1000240;
	cr_expect_not(reasons_of(plan, "TSC frequency"));
	fake_host.virt = false;
	cr_expect(reasons_of(fake_vm_plan(64), "no usable VT-x"));
}

Test(vm, a_cpu_that_scales_takes_other_frequencies)
{
	struct vm_plan plan = fake_vm_plan(64);

	fake_host.scaling = true;
	plan.tsc_khz = 2600000;
	cr_expect_not(reasons_of(plan, "TSC frequency"));
	plan.tsc_khz = 4000000000u;
	cr_expect(reasons_of(plan, "TSC frequency"), "nonsense all the same");
	plan.tsc_khz = 1;
	cr_expect(reasons_of(plan, "TSC frequency"));
	plan.tsc_khz = 0;
	cr_expect(reasons_of(plan, "TSC frequency"));
}

Test(vm, a_host_that_does_not_know_its_clock_runs_no_guest_and_says_why)
{
	fake_host.tsc_unknown = true;
	cr_expect(reasons_of(fake_vm_plan(64), "frequency is not known"));
}

Test(vm, a_name_that_runs_here_is_taken)
{
	struct vm *vm = fake_vm(8);

	cr_expect(reasons_of(fake_vm_plan(8), "running here already"));
	vm_life(vm, VM_EVENT_STOP);
	cr_expect_not(reasons_of(fake_vm_plan(8), "here already"));
}

Test(vm, a_full_host_has_no_room_for_another)
{
	struct vm_plan plan = fake_vm_plan(8);

	for (unsigned i = 0; i < VM_MAX; i++) {
		vms[i].state = VM_DEFINED;
		vms[i].name[0] = (char)('a' + i);
	}
	cr_expect(reasons_of(plan, "no room for another"));
}

/* Whatever runs out, everything taken so far comes back. */
Test(vm, no_failure_of_create_leaks)
{
	struct vm_plan plan = fake_vm_plan(64);
	uint64_t before = vm_memory_unpromised_chunks();
	unsigned n = 0;
	enum err e;

	do {
		struct why why = { "" };

		fake_pages_fail = ++n;
		e = vm_create(&vms[0], &plan, &why);
		if (e == ERR_OK)
			break;
		cr_expect_eq(e, ERR_NOMEM);
		cr_expect_neq(why.text[0], 0);
		cr_expect_eq(fake_pages_out, 0, "allocation %u: %lu pages lost", n, fake_pages_out);
		cr_expect_eq(vm_memory_unpromised_chunks(), before, "allocation %u", n);
	} while (n < 10);
	cr_expect_eq(n, 3, "the root of the EPT and the vCPU each failed once");
	vm_free_resources(&vms[0]);
	cr_expect_eq(fake_pages_out, 0);
}

Test(vm, freeing_twice_is_freeing_once)
{
	uint64_t before = vm_memory_unpromised_chunks();
	struct vm *vm = fake_vm(64);

	cr_assert_not_null(vm_chunk(vm, 3, true));
	vm_free_resources(vm);
	vm_free_resources(vm);
	cr_expect_eq(vm_memory_unpromised_chunks(), before);
	cr_expect_eq(fake_pages_out, 0);
	cr_expect_eq(fake_chunks_out, 0);
}

Test(vm, a_defined_vm_without_resources_can_be_freed)
{
	vms[0].state = VM_DEFINED;
	vms[0].vcpus = 1;
	vms[0].memory_bytes = 64ull << 20;
	vm_free_resources(&vms[0]);
	cr_expect_eq(fake_pages_out, 0);
}

Test(vm, the_apic_mode_follows_the_cpu_policy)
{
	struct vm *vm = fake_vm(8);

	cr_expect_eq(vm->machine.x2apic, cpuid_has(&vm->cpuid, CPUID_1_ECX, 21));
	cr_expect_eq(vm->vcpu[0].limits.cr4_mask, cpuid_cr4_mask(&vm->cpuid));
}

Test(vm, a_vm_whose_small_tables_find_no_memory_is_not_made)
{
	struct vm_plan plan = fake_vm_plan(8);
	struct why why = { "" };

	fake_vm_reset();
	fake_host.small_code = true;
	fake_pages_fail = 3;
	cr_expect_eq(vm_create(vm_slot(), &plan, &why), ERR_NOMEM);
	cr_expect(strstr(why.text, "16 KiB"), "%s", why.text);
	cr_expect_eq(fake_pages_out, 0);
}
