/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "tests/fake/fake_machine.h"

Test(ioapic, version_and_id_registers)
{
	struct machine *m = fake_machine(1);

	cr_assert_eq(fake_ioapic_read(m, 1), 0x00170020, "24 pins, version 0x20");
	fake_ioapic_write(m, 0, 0xFF000000);
	cr_assert_eq(fake_ioapic_read(m, 0), 0x0F000000);
	cr_assert_eq(fake_ioapic_read(m, 0x40), 0xFFFFFFFF);
}

Test(ioapic, every_pin_is_masked_after_reset)
{
	struct machine *m = fake_machine(1);

	for (unsigned pin = 0; pin < 24; pin++)
		cr_assert_eq(fake_ioapic_read(m, 0x10 + 2 * pin), 0x10000);
}

Test(ioapic, read_only_bits_of_an_entry_do_not_stick)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 3, UINT64_MAX);
	cr_assert_eq(fake_ioapic_read(m, 0x16), 0x1AFFF);
	cr_assert_eq(fake_ioapic_read(m, 0x17), 0xFF000000);
}

Test(ioapic, an_edge_interrupts_once)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 4, 0x41);
	machine_irq(m, 4, true);
	cr_assert_eq(fake_take(m, 0), 0x41);
	fake_lapic_write(m, 0, 0xB0, 0);
	machine_irq(m, 4, true);
	cr_assert_eq(fake_take(m, 0), -1, "no new edge");
	machine_irq(m, 4, false);
	machine_irq(m, 4, true);
	cr_assert_eq(fake_take(m, 0), 0x41);
}

Test(ioapic, an_edge_at_a_masked_pin_is_lost)
{
	struct machine *m = fake_machine(1);

	machine_irq(m, 4, true);
	fake_ioapic_route(m, 4, 0x41);
	cr_assert_eq(fake_take(m, 0), -1);
}

Test(ioapic, a_level_interrupt_repeats_after_eoi_until_the_line_falls)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 9, 0x8041);
	machine_irq(m, 9, true);
	cr_assert_eq(fake_ioapic_read(m, 0x22) & 0x4000, 0x4000, "remote IRR");
	cr_assert_eq(fake_take(m, 0), 0x41);
	cr_assert_eq(fake_take(m, 0), -1);
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_take(m, 0), 0x41);
	machine_irq(m, 9, false);
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_assert_eq(fake_take(m, 0), -1);
	cr_assert_eq(fake_ioapic_read(m, 0x22) & 0x4000, 0);
}

Test(ioapic, the_eoi_register_ends_a_vector_too)
{
	struct machine *m = fake_machine(1);
	uint64_t vector = 0x41;

	fake_ioapic_route(m, 9, 0x8041);
	machine_irq(m, 9, true);
	machine_irq(m, 9, false);
	machine_mmio(m, 0, IOAPIC_GPA + 0x40, 4, true, &vector);
	cr_assert_eq(fake_ioapic_read(m, 0x22) & 0x4000, 0);
}

Test(ioapic, a_level_line_that_is_up_interrupts_when_unmasked)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 9, 0x18041);
	machine_irq(m, 9, true);
	cr_assert_eq(fake_take(m, 0), -1);
	fake_ioapic_route(m, 9, 0x8041);
	cr_assert_eq(fake_take(m, 0), 0x41);
}

Test(ioapic, changing_to_edge_clears_remote_irr)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 9, 0x8041);
	machine_irq(m, 9, true);
	fake_ioapic_write(m, 0x22, 0x10041);
	fake_ioapic_write(m, 0x22, 0x18041);
	cr_assert_eq(fake_ioapic_read(m, 0x22) & 0x4000, 0);
}

Test(ioapic, an_interrupt_nobody_accepts_stays_ready)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 9, 0x0500000000008041);
	machine_irq(m, 9, true);
	cr_assert_eq(fake_ioapic_read(m, 0x22) & 0x4000, 0);
	fake_ioapic_route(m, 9, 0x8041);
	cr_assert_eq(fake_take(m, 0), 0x41);
}

Test(ioapic, destinations_choose_the_vcpu)
{
	struct machine *m = fake_machine(3);

	for (unsigned i = 0; i < 3; i++) {
		fake_lapic_write(m, i, 0xF0, 0x1FF);
		fake_lapic_write(m, i, 0xD0, 1u << (24 + i));
	}
	fake_ioapic_route(m, 4, 0x0200000000000041);
	machine_irq(m, 4, true);
	cr_assert_eq(fake_take(m, 2), 0x41, "physical 2");
	fake_ioapic_route(m, 5, 0x0300000000000842);
	machine_irq(m, 5, true);
	cr_assert_eq(fake_take(m, 0), 0x42, "logical 0 and 1");
	cr_assert_eq(fake_take(m, 1), 0x42);
	cr_assert_eq(fake_take(m, 2), -1);
}

Test(ioapic, nmi_delivery_reaches_the_vcpu_as_nmi)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 4, 0x400);
	machine_irq(m, 4, true);
	cr_assert(machine_nmi_pending(m, 0));
	machine_nmi_accept(m, 0);
	cr_assert_not(machine_nmi_pending(m, 0));
}
