/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "tests/fake/fake_machine.h"

Test(pm, the_timer_counts_at_3579545_hz)
{
	struct machine *m = fake_machine(1);

	fake_now_ns = 1000000000;
	cr_assert_eq(machine_port_in(m, 0, 0x608, 4), 3579545);
	fake_now_ns = 1200000000000;	/* 20 minutes: past 32 bits */
	cr_assert_eq(machine_port_in(m, 0, 0x608, 4), (uint32_t)(3579545ull * 1200));
}

Test(pm, the_timer_ignores_writes)
{
	struct machine *m = fake_machine(1);

	fake_now_ns = 1000000000;
	machine_port_out(m, 0, 0x608, 4, 0);
	cr_assert_eq(machine_port_in(m, 0, 0x608, 4), 3579545);
}

Test(pm, acpi_mode_is_always_on)
{
	cr_assert_eq(machine_port_in(fake_machine(1), 0, 0x604, 2) & 1, 1);
}

Test(pm, soft_off_asks_for_power_off)
{
	struct machine *m = fake_machine(1);

	machine_port_out(m, 0, 0x604, 2, 0x0001);
	cr_assert_eq(m->request, MACHINE_RUN);
	machine_port_out(m, 0, 0x604, 2, 0x3400);
	cr_assert_eq(m->request, MACHINE_RUN, "another sleep type");
	machine_port_out(m, 0, 0x604, 2, 0x2001);
	cr_assert_eq(m->request, MACHINE_POWER_OFF);
}

Test(pm, the_power_button_raises_the_sci_until_acknowledged)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 9, 0x8039);
	machine_port_out(m, 0, 0x602, 2, 0x0100);
	machine_power_button(m);
	cr_assert_eq(fake_take(m, 0), 0x39);
	cr_assert_eq(machine_port_in(m, 0, 0x600, 2), 0x0100);
	machine_port_out(m, 0, 0x600, 2, 0x0100);
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_take(m, 0), -1);
}

Test(pm, a_button_that_is_not_enabled_only_sets_its_status)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 9, 0x8039);
	machine_power_button(m);
	cr_assert_eq(fake_take(m, 0), -1);
	machine_port_out(m, 0, 0x603, 1, 0x01);
	cr_assert_eq(fake_take(m, 0), 0x39);
}

Test(pm, the_timers_top_bit_raises_the_sci_when_enabled)
{
	struct machine *m = fake_machine(1);
	uint64_t half = 599932015;	/* us: 2^31 / 3579545 Hz */

	fake_ioapic_route(m, 9, 0x8039);
	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX);
	machine_port_out(m, 0, 0x602, 2, 1);
	cr_assert_eq(machine_deadline_ns(m) / 1000, half);
	fake_run_ns(m, (half + 1) * 1000);
	cr_assert_eq(fake_take(m, 0), 0x39);
	machine_port_out(m, 0, 0x600, 2, 1);
	cr_assert_eq(machine_port_in(m, 0, 0x600, 2) & 1, 0);
	cr_assert_gt(machine_deadline_ns(m), fake_now_ns);
}

Test(pm, unknown_enable_and_status_bits_read_zero)
{
	struct machine *m = fake_machine(1);

	machine_port_out(m, 0, 0x600, 4, 0xFFFFFFFF);
	cr_assert_eq(machine_port_in(m, 0, 0x600, 4), 0x05210000);
}

Test(pm, wraps_that_went_by_unseen_are_one_event)
{
	struct machine *m = fake_machine(1);

	machine_port_out(m, 0, 0x602, 2, 1);
	fake_now_ns = 3000000000000;	/* five half wraps */
	machine_poll(m, fake_now_ns);
	machine_port_out(m, 0, 0x600, 2, 1);
	machine_poll(m, fake_now_ns);
	cr_assert_eq(machine_port_in(m, 0, 0x600, 2) & 1, 0);
	cr_assert_gt(machine_deadline_ns(m), fake_now_ns);
}
