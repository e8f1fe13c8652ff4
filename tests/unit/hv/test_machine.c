/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "hv/device.h"
#include "tests/fake/fake_machine.h"

Test(machine, absent_ports_float_and_ignore_writes)
{
	struct machine *m = fake_machine(1);

	cr_assert_eq(machine_port_in(m, 0, 0x2F8, 1), 0xFF);
	cr_assert_eq(machine_port_in(m, 0, 0x2F8, 2), 0xFFFF);
	cr_assert_eq(machine_port_in(m, 0, 0xFFFF, 4), 0xFFFFFFFF);
	machine_port_out(m, 0, 0xFFFF, 4, 0x12345678);
	cr_assert_eq(m->request, MACHINE_RUN);
}

Test(machine, a_wide_access_to_a_byte_chip_is_taken_apart)
{
	struct machine *m = fake_machine(1);

	machine_port_out(m, 0, 0x3FF, 1, 0x5A);
	cr_assert_eq(machine_port_in(m, 0, 0x3FE, 2) >> 8, 0x5A);
	cr_assert_eq(machine_port_in(m, 0, 0x3FF, 2), 0xFF5A, "the byte past the chip floats");
}

Test(machine, no_two_devices_are_at_one_port)
{
	static const struct device *owner[0x10000];

	for (const struct device *const *d = devices; *d; d++)
		for (unsigned i = 0; i < (*d)->port_ranges; i++) {
			const struct device_ports *r = &(*d)->ports[i];

			cr_expect(r->width == 1 || r->width == 2 || r->width == 4, "at %x", r->first);
			for (unsigned port = r->first; port <= r->last; port++) {
				cr_expect_null(owner[port], "port %x", port);
				owner[port] = *d;
			}
		}
}

Test(machine, mmio_outside_the_apics_is_nobodys)
{
	struct machine *m = fake_machine(1);
	uint64_t value = 77;

	cr_assert_not(machine_mmio(m, 0, 0xFED00000, 4, false, &value));
	cr_assert_eq(value, 77);
	cr_assert(machine_mmio(m, 0, IOAPIC_GPA, 4, false, &value));
}

Test(machine, every_way_to_reset_makes_a_request_with_a_reason)
{
	static const struct { uint16_t port; uint8_t value; } way[] = {
		{ 0xCF9, 0x06 }, { 0x64, 0xFE }, { 0x92, 0x01 }
	};

	for (unsigned i = 0; i < 3; i++) {
		struct machine *m = fake_machine(1);

		fake_outb(m, way[i].port, way[i].value);
		cr_assert_eq(m->request, MACHINE_RESET);
		cr_assert_neq(m->request_reason[0], 0);
		cr_assert_gt(fake_kicks[0], 0);
		machine_reset(m);
		cr_assert_eq(m->request, MACHINE_RUN);
	}
}

Test(machine, the_first_request_stands)
{
	struct machine *m = fake_machine(1);

	machine_port_out(m, 0, 0x604, 2, 0x2000);
	fake_outb(m, 0x64, 0xFE);
	cr_assert_eq(m->request, MACHINE_POWER_OFF);
}

Test(machine, without_a_keyboard_controller_its_ports_float)
{
	struct machine *m = fake_machine(1);

	cr_assert_eq(fake_inb(m, 0x64), 0xFF);
	cr_assert_eq(fake_inb(m, 0x60), 0xFF);
	fake_outb(m, 0x64, 0x20);
	cr_assert_eq(m->request, MACHINE_RUN);
}

Test(machine, the_last_post_code_is_kept)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, 0x80, 0x42);
	cr_assert_eq(m->post_code, 0x42);
	cr_assert_eq(fake_inb(m, 0x80), 0xFF);
}

Test(machine, an_idle_machine_has_no_deadline)
{
	cr_assert_eq(machine_deadline_ns(fake_machine(8)), UINT64_MAX);
}

Test(machine, the_earliest_chip_sets_the_deadline)
{
	struct machine *m = fake_machine(2);

	fake_lapic_write(m, 0, 0x3E0, 0xB);
	fake_lapic_write(m, 0, 0x320, 0x40);
	fake_lapic_write(m, 0, 0x380, 5000);
	cr_assert_eq(machine_deadline_ns(m), 5000);
	fake_outb(m, 0x43, 0x34);
	fake_outb(m, 0x40, 1);
	fake_outb(m, 0x40, 0);
	cr_assert_eq(machine_deadline_ns(m), 839, "one PIT tick, rounded up");
}

Test(machine, reset_keeps_clock_and_console)
{
	struct machine *m = fake_machine(1);
	uint64_t offset = 0;
	char text[4];

	fake_outb(m, 0x3F8, 'x');
	fake_now_ns = 5000000000;
	machine_reset(m);
	cr_assert_eq(machine_console_read(m, &offset, text, sizeof(text)), 1);
	fake_outb(m, 0x70, 0);
	cr_assert_eq(fake_inb(m, 0x71), 0x03, "five seconds after 23:59:58");
}

Test(machine, legacy_timer_interrupt_reaches_both_controllers)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 2, 0x31);
	machine_irq(m, GSI_PIT, true);
	fake_outb(m, 0x20, 0x0A);
	cr_assert_eq(fake_inb(m, 0x20) & 1, 1, "8259 input 0");
	cr_assert_eq(fake_take(m, 0), 0x31, "I/O APIC pin 2");
}

Test(machine, a_pci_interrupt_line_does_not_touch_the_8259)
{
	struct machine *m = fake_machine(1);

	machine_irq(m, 17, true);
	cr_assert_eq(m->pic.s[0].irr | m->pic.s[1].irr, 0);
	machine_irq(m, 4000, true);
	cr_assert_eq(m->ioapic.s.lines, 1u << 17);
}

Test(machine, cr8_is_the_task_priority_class)
{
	struct machine *m = fake_machine(1);

	cr_assert(machine_cr8_set(m, 0, 9));
	cr_assert_eq(fake_lapic_read(m, 0, 0x80), 0x90);
	fake_lapic_write(m, 0, 0x80, 0xE5);
	cr_assert_eq(machine_cr8_get(m, 0), 0xE);
	cr_assert_not(machine_cr8_set(m, 0, 16));
}

Test(machine, an_access_that_leaves_a_chip_floats_there)
{
	struct machine *m = fake_machine(1);

	cr_assert_eq(machine_port_in(m, 0, 0x60A, 4) >> 16, 0xFFFF);
	cr_assert_eq(machine_port_in(m, 0, 0x603, 2), 0x0100, "enable's high byte, control's low byte");
}

/* Whoever looked at deadlines and events looks again only when these counters move. */
Test(machine, nothing_brings_a_deadline_or_an_event_about_unannounced)
{
	static const uint16_t port[] = {
		0x20, 0x21, 0xA1, 0x40, 0x43, 0x61, 0x70, 0x71, 0x71, 0x80, 0x3F8, 0x3F9, 0x3FA, 0x3FC, 0x600,
		0x602, 0xCF8, 0x4D0
	};
	struct machine *m = fake_machine(1);
	unsigned nearer = 0, events = 0;
	uint32_t random = 1;

	m->lapic[0].s.svr |= 1u << 8;
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t deadline = machine_deadline_ns(m), value;
		uint32_t changes = m->changes, timer_changes = m->timer_changes;
		int vector = machine_intr_pending(m, 0);

		random = random * 1664525u + 1013904223u;
		value = random >> 24;
		switch (random >> 8 & 7) {
		case 0:
			machine_port_in(m, 0, port[(random >> 12) % 18], 1);
			break;
		case 1:
			value = 0x20000u << (random >> 20 & 1) | 0x40u;
			machine_mmio(m, 0, LAPIC_GPA + 0x320, 4, true, &value);	/* timer LVT */
			break;
		case 2:
			value = random >> 12;
			machine_mmio(m, 0, LAPIC_GPA + 0x380, 4, true, &value);	/* initial count */
			break;
		case 3:
			machine_wrmsr(m, 0, 0x6E0, machine_guest_tsc(m) + (random >> 12));
			break;
		case 4:
			fake_now_ns += random >> 14;
			machine_poll(m, fake_now_ns);
			break;
		case 5:
			machine_console_write(m, &value, 1);
			break;
		case 6:
			if (vector >= 0)
				machine_intr_accept(m, 0, vector);
			machine_mmio(m, 0, LAPIC_GPA + 0xB0, 4, true, &value);	/* EOI */
			break;
		default:
			fake_outb(m, port[(random >> 12) % 18], (uint8_t)value);
		}
		if (machine_deadline_ns(m) < deadline) {
			nearer++;
			cr_assert_neq(m->timer_changes, timer_changes, "step %u brought the deadline nearer unsaid", i);
		}
		if (machine_intr_pending(m, 0) >= 0 && machine_intr_pending(m, 0) != vector) {
			events++;
			cr_assert_neq(m->changes, changes, "step %u made an interrupt pending in silence", i);
		}
	}
	cr_assert_gt(nearer, 1000);
	cr_assert_gt(events, 100);
}
