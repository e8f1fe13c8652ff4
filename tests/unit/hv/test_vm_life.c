/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

TestSuite(vm_life, .init = fake_vm_reset);

/* What leads where, written down a second time: the table in vm_life.c must not grow a door by accident. */
static const struct { enum vm_state from; enum vm_event event; enum vm_state to; } steps[] = {
	{ VM_FREE, VM_EVENT_DEFINE, VM_DEFINED }, { VM_FREE, VM_EVENT_EXPECT, VM_INCOMING },
	{ VM_DEFINED, VM_EVENT_START, VM_RUNNING }, { VM_DEFINED, VM_EVENT_CRASH, VM_CRASHED },
	{ VM_RUNNING, VM_EVENT_STOP, VM_STOPPED }, { VM_RUNNING, VM_EVENT_CRASH, VM_CRASHED },
	{ VM_RUNNING, VM_EVENT_FREEZE, VM_FROZEN }, { VM_FROZEN, VM_EVENT_RESUME, VM_RUNNING },
	{ VM_FROZEN, VM_EVENT_RELEASE, VM_FREE }, { VM_INCOMING, VM_EVENT_ARRIVE, VM_RUNNING },
	{ VM_INCOMING, VM_EVENT_DISCARD, VM_FREE }, { VM_STOPPED, VM_EVENT_START, VM_RUNNING },
	{ VM_CRASHED, VM_EVENT_START, VM_RUNNING }, { VM_DEFINED, VM_EVENT_PREPARE, VM_FROZEN },
	{ VM_STOPPED, VM_EVENT_PREPARE, VM_FROZEN }, { VM_CRASHED, VM_EVENT_PREPARE, VM_FROZEN },
	{ VM_FROZEN, VM_EVENT_DISCARD, VM_STOPPED }, { VM_STOPPED, VM_EVENT_FORGET, VM_FREE },
	{ VM_CRASHED, VM_EVENT_FORGET, VM_FREE }, { VM_DEFINED, VM_EVENT_FORGET, VM_FREE },
};

static int step_of(enum vm_state from, enum vm_event event)
{
	for (unsigned i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (steps[i].from == from && steps[i].event == event)
			return steps[i].to;
	return -1;
}

Test(vm_life, only_the_known_steps_lead_anywhere)
{
	for (unsigned from = 0; from < VM_STATES; from++)
		for (unsigned event = 0; event < VM_EVENTS; event++) {
			struct vm *vm = &vms[0];
			int to = step_of((enum vm_state)from, (enum vm_event)event);

			vm->state = (enum vm_state)from;
			cr_expect_eq(vm_life_allows(vm, (enum vm_event)event), to >= 0);
			cr_expect_eq(vm_life(vm, (enum vm_event)event), to >= 0);
			cr_expect_eq((int)vm->state, to >= 0 ? to : (int)from, "%s, event %u", vm_state_name((enum vm_state)from), event);
		}
	vms[0].state = VM_FREE;
}

Test(vm_life, a_frozen_guest_does_not_stop_or_start_again_by_itself)
{
	struct vm *vm = fake_vm(8);

	cr_assert(vm_life(vm, VM_EVENT_FREEZE));
	cr_expect_not(vm_life_allows(vm, VM_EVENT_START));
	cr_expect_not(vm_life_allows(vm, VM_EVENT_STOP));
	cr_expect_not(vm_life_allows(vm, VM_EVENT_ARRIVE));
}

Test(vm_life, a_crash_keeps_its_reason)
{
	struct vm *vm = fake_vm(8);

	vm_crash(vm, "exit %u", 77u);
	cr_expect_eq(vm->state, VM_CRASHED);
	cr_expect_str_eq(vm->why.text, "exit 77");
}

Test(vm_life, what_ended_and_is_not_defined_here_is_forgotten_after_a_while)
{
	struct vm *vm = fake_vm(8);

	cr_expect_not(vm_forget(vm, false, 1000), "it runs");
	vm_crash(vm, "exit %u", 77u);
	cr_expect_not(vm_forget(vm, false, 2000));
	cr_expect_not(vm_forget(vm, false, 1999 + VM_KEEP_NS));
	cr_expect_eq(vm_find(vm->name), vm);
	cr_expect(vm_forget(vm, false, 2000 + VM_KEEP_NS));
	cr_expect_eq(vm->state, VM_FREE);
}

Test(vm_life, what_is_defined_here_stays_however_long_it_is_off)
{
	struct vm *vm = fake_vm(8);

	vm_life(vm, VM_EVENT_STOP);
	cr_expect_not(vm_forget(vm, true, 1));
	cr_expect_not(vm_forget(vm, true, 2 * VM_KEEP_NS));
	cr_expect_eq(vm->state, VM_STOPPED);
}

Test(vm_life, a_vm_that_ran_again_is_kept_as_long_as_any_other)
{
	struct vm *vm = fake_vm(8);

	vm_life(vm, VM_EVENT_STOP);
	cr_expect_not(vm_forget(vm, false, 1));
	vm_life(vm, VM_EVENT_START);
	cr_expect_not(vm_forget(vm, false, VM_KEEP_NS));
	vm_life(vm, VM_EVENT_STOP);
	cr_expect_not(vm_forget(vm, false, VM_KEEP_NS + 5));
	cr_expect_not(vm_forget(vm, false, 2 * VM_KEEP_NS));
}

Test(vm_life, states_have_names)
{
	cr_expect_str_eq(vm_state_name(VM_INCOMING), "incoming");
	cr_expect_str_eq(vm_state_name(VM_STATES), "?");
}
