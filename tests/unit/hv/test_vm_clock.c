/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

TestSuite(vm_clock, .init = fake_vm_reset);

Test(vm_clock, a_new_guest_starts_at_zero)
{
	struct vm *vm = fake_vm(8);

	cr_expect_eq(vm_guest_tsc(vm), 0);
	fake_host.tsc += 500;
	cr_expect_eq(vm_guest_tsc(vm), 500);
	cr_expect_eq(machine_time_ns(&vm->machine), 500);
}

Test(vm_clock, a_stopped_clock_stands)
{
	struct vm *vm = fake_vm(8);

	fake_host.tsc += 500;
	vm_clock_stop(vm);
	fake_host.tsc += 1000;
	cr_expect_eq(vm_guest_tsc(vm), 500);
	vm_clock_stop(vm);
	cr_expect_eq(vm_guest_tsc(vm), 500);
}

Test(vm_clock, it_goes_on_later_by_the_time_it_is_told_to_have_stood)
{
	struct vm *vm = fake_vm(8);

	fake_host.tsc += 500;
	vm_clock_stop(vm);
	fake_host.tsc += 1000;
	vm_clock_run(vm, 40);
	cr_expect_eq(vm_guest_tsc(vm), 540);
	vm_clock_run(vm, 40);
	cr_expect_eq(vm_guest_tsc(vm), 540, "a running clock is not started again");
	fake_host.tsc += 7;
	cr_expect_eq(vm_guest_tsc(vm), 547);
}

#define SECOND 1000000000ull

/* No watchdog of the guest sees more than 2 s pass at once; in the end it has its time. */
Test(vm_clock, after_a_long_stand_it_catches_up_in_steps)
{
	struct vm *vm = fake_vm(8);
	uint64_t began, last, most = 0;
	uint32_t changes;

	vm_clock_stop(vm);
	fake_host.tsc += 42 * SECOND;
	began = fake_host.tsc;
	vm_clock_run(vm, 42 * SECOND);
	cr_expect_eq(vm_guest_tsc(vm), 2 * SECOND);
	changes = vm->machine.timer_changes;
	vm_clock_catch_up(vm);
	cr_expect_eq(vm_guest_tsc(vm), 2 * SECOND, "not at once");
	for (last = vm_guest_tsc(vm); fake_host.tsc < began + 21 * SECOND; last = vm_guest_tsc(vm)) {
		fake_host.tsc += SECOND / 10;
		vm_clock_catch_up(vm);
		most = vm_guest_tsc(vm) - last > most ? vm_guest_tsc(vm) - last : most;
	}
	cr_expect_eq(most, 2 * SECOND + SECOND / 10);
	cr_expect_eq(vm_guest_tsc(vm), 42 * SECOND + (fake_host.tsc - began));
	cr_expect_eq(vm->machine.timer_changes, changes + 20);
}

/* Linux with clocksource=acpi_pm sleeps for half of what 24 bits can tell apart at most, and then takes the difference for what has passed. */
Test(vm_clock, a_guest_that_reads_the_pm_timer_with_24_bits_loses_nothing)
{
	struct vm *vm = fake_vm(8);
	uint32_t last = machine_port_in(&vm->machine, 0, PM_PORT_TMR, 4) & 0xffffff, now;
	uint64_t sleep = (1ull << 23) * SECOND / PM_HZ, seen = 0, wake, want;

	vm_clock_stop(vm);
	fake_host.tsc += 130 * SECOND;
	vm_clock_run(vm, 130 * SECOND);
	for (unsigned n = 0; n < 100; n++) {
		now = machine_port_in(&vm->machine, 0, PM_PORT_TMR, 4) & 0xffffff;
		seen += (now - last) & 0xffffff;
		last = now;
		for (wake = machine_time_ns(&vm->machine) + sleep; machine_time_ns(&vm->machine) < wake; vm_clock_catch_up(vm))
			fake_host.tsc += SECOND / 20;
	}
	now = machine_port_in(&vm->machine, 0, PM_PORT_TMR, 4) & 0xffffff;
	seen += (now - last) & 0xffffff;
	want = machine_time_ns(&vm->machine);
	cr_expect_gt(want, 230 * SECOND);
	cr_expect(seen * SECOND / PM_HZ + SECOND / 100 > want, "of %lu s the guest saw %lu s", (unsigned long)(want / SECOND),
		  (unsigned long)(seen / PM_HZ));
}

Test(vm_clock, a_guest_that_stands_again_still_gets_what_it_is_owed)
{
	struct vm *vm = fake_vm(8);

	vm_clock_stop(vm);
	vm_clock_run(vm, 3 * SECOND);
	vm_clock_stop(vm);
	cr_expect_eq(vm_guest_tsc(vm), 2 * SECOND);
	vm_clock_run(vm, 1 * SECOND);
	cr_expect_eq(vm_guest_tsc(vm), 3 * SECOND, "what it has just stood, and nothing of before so soon");
	vm_clock_stop(vm);
	vm_clock_run(vm, 3 * SECOND);
	cr_expect_eq(vm_guest_tsc(vm), 5 * SECOND);
	fake_host.tsc += 2 * SECOND;
	vm_clock_catch_up(vm);
	cr_expect_eq(vm_guest_tsc(vm), 9 * SECOND);
}

Test(vm_clock, it_can_be_set_running_and_standing)
{
	struct vm *vm = fake_vm(8);

	vm_clock_set(vm, 9000);
	fake_host.tsc += 1;
	cr_expect_eq(vm_guest_tsc(vm), 9001);
	vm_clock_stop(vm);
	vm_clock_set(vm, 100);
	fake_host.tsc += 1;
	cr_expect_eq(vm_guest_tsc(vm), 100);
}

Test(vm_clock, moving_it_is_exact_in_both_states)
{
	struct vm *vm = fake_vm(8);

	vm_clock_move(vm, 1000);
	cr_expect_eq(vm_guest_tsc(vm), 1000);
	vm_clock_stop(vm);
	vm_clock_move(vm, (uint64_t)-400);
	cr_expect_eq(vm_guest_tsc(vm), 600);
	vm_clock_run(vm, 0);
	cr_expect_eq(vm_guest_tsc(vm), 600);
}

/* A guest of 2.5 GHz where the host's TSC runs at 1 GHz and the CPU scales. */
static struct vm *scaled_vm(void)
{
	struct vm_plan plan = fake_vm_plan(8);
	struct vm *vm = vm_slot();

	fake_host.scaling = true;
	plan.name = "fast";
	plan.tsc_khz = 2500000;
	cr_assert_eq(vm_create(vm, &plan, NULL), ERR_OK);
	cr_assert(vm_life(vm, VM_EVENT_DEFINE));
	cr_assert(vm_life(vm, VM_EVENT_START));
	vm_clock_run(vm, 0);
	return vm;
}

Test(vm_clock, a_scaled_guest_has_its_own_frequency_and_the_hosts_time)
{
	struct vm *vm = scaled_vm();

	cr_expect_eq(vm->vcpu[0].limits.tsc_multiplier, 5ull << 47);
	fake_host.tsc += 400;
	cr_expect_eq(vm_guest_tsc(vm), 1000);
	cr_expect_eq(machine_time_ns(&vm->machine), 400);
	vm_clock_stop(vm);
	fake_host.tsc += 1000;
	cr_expect_eq(vm_guest_tsc(vm), 1000);
	vm_clock_run(vm, 1000);
	cr_expect_eq(vm_guest_tsc(vm), 3500);
	cr_expect_eq(machine_time_ns(&vm->machine), 1400);
	vm_clock_set(vm, 77);
	fake_host.tsc += 2;
	cr_expect_eq(vm_guest_tsc(vm), 82);
	vm_clock_stop(vm);
	vm_clock_run(vm, 5 * SECOND);
	cr_expect_eq(vm_guest_tsc(vm), 82 + 5 * SECOND, "2 s of its ticks");
}

Test(vm_clock, the_hosts_moment_of_a_guests_tick_is_not_before_it)
{
	struct vm *plain = fake_vm(8), *vm = scaled_vm();
	uint64_t now = fake_host.tsc, then;

	cr_expect_eq(vm_clock_host_tsc(plain, vm_guest_tsc(plain) + 7, now), now + 7);
	for (uint64_t ahead = 1; ahead < 1ull << 60; ahead = ahead * 3 + 1) {
		then = vm_clock_host_tsc(vm, vm_guest_tsc(vm) + ahead, now);
		cr_expect(then - now >= ahead * 2 / 5 && then - now <= ahead * 2 / 5 + 2, "%lu", (unsigned long)ahead);
	}
	cr_expect_eq(vm_clock_host_tsc(vm, vm_guest_tsc(vm) - 9, now), now);
}

/* Two measurements of one frequency are not two frequencies. */
Test(vm_clock, what_the_host_can_not_tell_apart_is_not_scaled)
{
	fake_host.tsc_ppm = 20;
	cr_expect_eq(vm_clock_multiplier(1000000), 0);
	cr_expect_eq(vm_clock_multiplier(1000020), 0);
	cr_expect_eq(vm_clock_multiplier(999981), 0);
	cr_expect_neq(vm_clock_multiplier(1000030), 0);
	cr_expect_eq(vm_clock_multiplier(500000), 1ull << 47);
}
