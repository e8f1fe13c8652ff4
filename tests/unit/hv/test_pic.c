/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "tests/fake/fake_machine.h"

static void initialise(struct machine *m, uint8_t master_icw4)
{
	static const uint8_t step[][2] = {
		{ 0x20, 0x11 }, { 0x21, 0x30 }, { 0x21, 0x04 }, { 0x21, 0x01 },
		{ 0xA0, 0x11 }, { 0xA1, 0x38 }, { 0xA1, 0x02 }, { 0xA1, 0x01 },
	};

	for (unsigned i = 0; i < 8; i++)
		fake_outb(m, step[i][0], i == 3 ? master_icw4 : step[i][1]);
	fake_outb(m, 0x21, 0);
	fake_outb(m, 0xA1, 0);
}

static struct machine *ready(void)
{
	struct machine *m = fake_machine(1);

	initialise(m, 1);
	return m;
}

static uint8_t in_service(struct machine *m, uint16_t port)
{
	fake_outb(m, port, 0x0B);
	return fake_inb(m, port);
}

static uint8_t requests(struct machine *m, uint16_t port)
{
	fake_outb(m, port, 0x0A);
	return fake_inb(m, port);
}

Test(pic, the_mask_register_reads_back)
{
	struct machine *m = ready();

	fake_outb(m, 0x21, 0xFB);
	cr_assert_eq(fake_inb(m, 0x21), 0xFB, "Linux probes for a PIC this way");
}

Test(pic, an_interrupt_arrives_with_the_programmed_vector)
{
	struct machine *m = ready();

	machine_irq(m, 4, true);
	cr_assert_eq(fake_take(m, 0), 0x34);
	cr_assert_eq(in_service(m, 0x20), 0x10);
	cr_assert_eq(fake_take(m, 0), -1, "an edge interrupts once");
}

Test(pic, a_slave_interrupt_comes_through_the_cascade)
{
	struct machine *m = ready();

	machine_irq(m, 8, true);
	cr_assert_eq(fake_take(m, 0), 0x38);
	cr_assert_eq(in_service(m, 0x20), 0x04);
	cr_assert_eq(in_service(m, 0xA0), 0x01);
	fake_outb(m, 0xA0, 0x60);
	fake_outb(m, 0x20, 0x62);
	cr_assert_eq(in_service(m, 0x20) | in_service(m, 0xA0), 0);
}

Test(pic, the_lower_input_has_priority)
{
	struct machine *m = ready();

	machine_irq(m, 7, true);
	machine_irq(m, 1, true);
	cr_assert_eq(fake_take(m, 0), 0x31);
	cr_assert_eq(fake_take(m, 0), -1, "7 waits while 1 is in service");
	fake_outb(m, 0x20, 0x20);
	cr_assert_eq(fake_take(m, 0), 0x37);
}

Test(pic, a_higher_input_interrupts_a_lower_one_in_service)
{
	struct machine *m = ready();

	machine_irq(m, 5, true);
	fake_take(m, 0);
	machine_irq(m, 3, true);
	cr_assert_eq(fake_take(m, 0), 0x33);
	fake_outb(m, 0x20, 0x20);
	cr_assert_eq(in_service(m, 0x20), 0x20, "non-specific EOI ends the highest");
}

Test(pic, a_masked_request_waits)
{
	struct machine *m = ready();

	fake_outb(m, 0x21, 0x10);
	machine_irq(m, 4, true);
	cr_assert_eq(machine_intr_pending(m, 0), -1);
	cr_assert_eq(requests(m, 0x20), 0x10);
	fake_outb(m, 0x21, 0);
	cr_assert_eq(machine_intr_pending(m, 0), 0x34);
}

Test(pic, a_level_input_asks_again_until_its_line_falls)
{
	struct machine *m = ready();

	fake_outb(m, 0x4D0, 0x20);
	machine_irq(m, 5, true);
	cr_assert_eq(fake_take(m, 0), 0x35);
	fake_outb(m, 0x20, 0x20);
	cr_assert_eq(fake_take(m, 0), 0x35);
	machine_irq(m, 5, false);
	fake_outb(m, 0x20, 0x20);
	cr_assert_eq(fake_take(m, 0), -1);
}

Test(pic, the_edge_level_register_refuses_the_inputs_that_are_always_edges)
{
	struct machine *m = ready();

	fake_outb(m, 0x4D0, 0xFF);
	fake_outb(m, 0x4D1, 0xFF);
	cr_assert_eq(fake_inb(m, 0x4D0), 0xF8);
	cr_assert_eq(fake_inb(m, 0x4D1), 0xDE);
}

Test(pic, automatic_eoi_leaves_nothing_in_service)
{
	struct machine *m = fake_machine(1);

	initialise(m, 3);
	machine_irq(m, 0 + GSI_PIT, true);
	cr_assert_eq(fake_take(m, 0), 0x30);
	cr_assert_eq(in_service(m, 0x20), 0);
}

Test(pic, rotation_makes_the_ended_input_the_last)
{
	struct machine *m = ready();

	machine_irq(m, 3, true);
	fake_take(m, 0);
	fake_outb(m, 0x20, 0xA0);
	machine_irq(m, 3, false);
	machine_irq(m, 3, true);
	machine_irq(m, 6, true);
	cr_assert_eq(fake_take(m, 0), 0x36);
}

Test(pic, set_priority_chooses_the_last_input)
{
	struct machine *m = ready();

	fake_outb(m, 0x20, 0xC0 | 4);
	machine_irq(m, 1, true);
	machine_irq(m, 5, true);
	cr_assert_eq(fake_take(m, 0), 0x35);
}

Test(pic, special_mask_mode_lets_lower_inputs_through)
{
	struct machine *m = ready();

	machine_irq(m, 1, true);
	fake_take(m, 0);
	machine_irq(m, 6, true);
	fake_outb(m, 0x21, 0x02);
	cr_assert_eq(machine_intr_pending(m, 0), -1);
	fake_outb(m, 0x20, 0x68);
	cr_assert_eq(machine_intr_pending(m, 0), 0x36);
	fake_outb(m, 0x20, 0x48);
	cr_assert_eq(machine_intr_pending(m, 0), -1);
}

Test(pic, special_fully_nested_mode_lets_the_slave_interrupt_itself)
{
	struct machine *m = fake_machine(1);

	initialise(m, 0x11);
	machine_irq(m, 12, true);
	cr_assert_eq(fake_take(m, 0), 0x3C);
	machine_irq(m, 8, true);
	cr_assert_eq(fake_take(m, 0), 0x38);
}

Test(pic, a_poll_acknowledges)
{
	struct machine *m = ready();

	machine_irq(m, 4, true);
	fake_outb(m, 0x20, 0x0C);
	cr_assert_eq(fake_inb(m, 0x20), 0x84);
	cr_assert_eq(in_service(m, 0x20), 0x10);
	fake_outb(m, 0x20, 0x0C);
	cr_assert_eq(fake_inb(m, 0x20) & 0x80, 0);
}

Test(pic, initialisation_clears_mask_service_and_edges)
{
	struct machine *m = ready();

	machine_irq(m, 1, true);
	fake_take(m, 0);
	machine_irq(m, 3, true);
	fake_outb(m, 0x21, 0xFF);
	initialise(m, 1);
	cr_assert_eq(in_service(m, 0x20), 0);
	cr_assert_eq(requests(m, 0x20), 0);
	cr_assert_eq(fake_inb(m, 0x21), 0);
}

Test(pic, between_icws_nothing_interrupts)
{
	struct machine *m = ready();

	fake_outb(m, 0x20, 0x11);
	machine_irq(m, 4, true);
	cr_assert_eq(machine_intr_pending(m, 0), -1);
}

Test(pic, a_vanished_level_request_is_spurious)
{
	struct machine *m = ready();

	fake_outb(m, 0x4D0, 0x20);
	machine_irq(m, 5, true);
	machine_irq(m, 5, false);
	cr_assert_eq(pic_inta(m), 0x37);
	cr_assert_eq(in_service(m, 0x20), 0);
}

Test(pic, only_a_vcpu_whose_lint0_is_extint_listens)
{
	struct machine *m = fake_machine(2);

	initialise(m, 1);
	machine_irq(m, 4, true);
	cr_assert_eq(machine_intr_pending(m, 0), 0x34);
	cr_assert_eq(machine_intr_pending(m, 1), -1);
	fake_lapic_write(m, 0, 0x350, 0x10700);
	cr_assert_eq(machine_intr_pending(m, 0), -1);
}

Test(pic, a_request_wakes_the_listening_vcpu)
{
	struct machine *m = fake_machine(2);

	initialise(m, 1);
	fake_kicks[0] = fake_kicks[1] = 0;
	machine_irq(m, 4, true);
	cr_assert_gt(fake_kicks[0], 0);
	cr_assert_eq(fake_kicks[1], 0);
}

Test(pic, a_short_pulse_is_not_lost)
{
	struct machine *m = ready();

	machine_irq(m, 4, true);
	machine_irq(m, 4, false);
	cr_assert_eq(fake_take(m, 0), 0x34);
}

Test(pic, rotation_in_automatic_eoi_mode)
{
	struct machine *m = fake_machine(1);

	initialise(m, 3);
	fake_outb(m, 0x20, 0x80);
	machine_irq(m, 3, true);
	cr_assert_eq(fake_take(m, 0), 0x33);
	machine_irq(m, 3, false);
	machine_irq(m, 3, true);
	machine_irq(m, 6, true);
	cr_assert_eq(fake_take(m, 0), 0x36, "3 is the last now");
	fake_outb(m, 0x20, 0x00);
	machine_irq(m, 7, true);
	cr_assert_eq(fake_take(m, 0), 0x37);
	machine_irq(m, 7, false);
	machine_irq(m, 7, true);
	cr_assert_eq(fake_take(m, 0), 0x37, "no longer rotating: 7 is still the first");
}

Test(pic, a_line_that_is_up_asks_when_it_becomes_level_triggered)
{
	struct machine *m = ready();

	machine_irq(m, 5, true);
	fake_take(m, 0);
	fake_outb(m, 0x20, 0x20);
	cr_assert_eq(fake_take(m, 0), -1);
	fake_outb(m, 0x4D0, 0x20);
	cr_assert_eq(fake_take(m, 0), 0x35);
}
