/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "tests/fake/fake_machine.h"
#include <string.h>

enum { RBR = 0x3F8, IER, IIR, LCR, MCR, LSR, MSR, SCR };

static struct machine *opened(uint8_t ier)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 4, 0x34);
	fake_outb(m, IIR, 0x07);
	fake_outb(m, MCR, 0x0B);
	fake_outb(m, IER, ier);
	return m;
}

/* The interrupt, if one is pending at the local APIC. */
static bool interrupted(struct machine *m)
{
	if (fake_take(m, 0) != 0x34)
		return false;
	fake_lapic_write(m, 0, 0xB0, 0);
	return true;
}

Test(uart, what_is_sent_reaches_the_console_at_once)
{
	struct machine *m = fake_machine(1);
	uint64_t offset = 0;
	char text[16];

	for (const char *p = "hello"; *p; p++) {
		cr_assert_eq(fake_inb(m, LSR) & 0x60, 0x60);
		fake_outb(m, RBR, (uint8_t)*p);
	}
	cr_assert_eq(machine_console_read(m, &offset, text, sizeof(text)), 5);
	cr_assert_eq(memcmp(text, "hello", 5), 0);
	cr_assert_eq(offset, 5);
	cr_assert_eq(m->console.s.offset, 5);
}

Test(uart, several_readers_follow_the_console)
{
	struct machine *m = fake_machine(1);
	uint64_t a = 0, b = 2;
	char text[2];

	for (const char *p = "abc"; *p; p++)
		fake_outb(m, RBR, (uint8_t)*p);
	cr_assert_eq(machine_console_read(m, &a, text, 2), 2);
	cr_assert_eq(text[1], 'b');
	cr_assert_eq(machine_console_read(m, &b, text, 2), 1);
	cr_assert_eq(text[0], 'c');
	cr_assert_eq(machine_console_read(m, &a, text, 2), 1);
	cr_assert_eq(machine_console_read(m, &a, text, 2), 0);
}

Test(uart, the_console_keeps_the_last_64_kib)
{
	struct machine *m = fake_machine(1);
	uint64_t offset = 0;
	static uint8_t text[100000];

	for (unsigned i = 0; i < 70000; i++)
		fake_outb(m, RBR, (uint8_t)(i % 251));
	cr_assert_eq(machine_console_read(m, &offset, text, sizeof(text)), 65536);
	cr_assert_eq(offset, 70000);
	cr_assert_eq(text[0], (70000 - 65536) % 251);
	cr_assert_eq(text[65535], 69999 % 251);
	offset = 99999;
	cr_assert_eq(machine_console_read(m, &offset, text, sizeof(text)), 0);
	cr_assert_eq(offset, 70000, "a reader that is ahead is brought back");
}

Test(uart, linux_identifies_a_16550a)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, SCR, 0xA5);
	cr_assert_eq(fake_inb(m, SCR), 0xA5);
	fake_outb(m, IER, 0xFF);
	cr_assert_eq(fake_inb(m, IER), 0x0F);
	fake_outb(m, IER, 0);
	cr_assert_eq(fake_inb(m, IIR), 0x01, "no FIFO yet");
	fake_outb(m, IIR, 0x01);
	cr_assert_eq(fake_inb(m, IIR), 0xC1, "FIFOs enabled and working");
	fake_outb(m, IIR, 0xE1);
	cr_assert_eq(fake_inb(m, IIR) & 0x20, 0, "not a 16750");
}

Test(uart, loopback_connects_outputs_to_modem_inputs)
{
	struct machine *m = fake_machine(1);
	uint64_t offset = 0;
	char text[1];

	fake_outb(m, MCR, 0x1A);
	cr_assert_eq(fake_inb(m, MSR) & 0xF0, 0x90);
	fake_outb(m, RBR, 0x77);
	cr_assert_eq(fake_inb(m, LSR) & 1, 1);
	cr_assert_eq(fake_inb(m, RBR), 0x77);
	cr_assert_eq(machine_console_read(m, &offset, text, 1), 0, "nothing leaves in loopback");
	fake_outb(m, MCR, 0x0B);
	cr_assert_eq(fake_inb(m, MSR) & 0xB0, 0xB0, "a terminal is connected");
}

Test(uart, the_divisor_latch_hides_data_and_ier)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, IER, 0x05);
	fake_outb(m, LCR, 0x83);
	fake_outb(m, RBR, 0x0C);
	fake_outb(m, IER, 0x01);
	cr_assert_eq(fake_inb(m, RBR), 0x0C);
	cr_assert_eq(fake_inb(m, IER), 0x01);
	cr_assert_eq(m->console.s.offset, 0);
	fake_outb(m, LCR, 0x03);
	cr_assert_eq(fake_inb(m, IER), 0x05);
}

Test(uart, enabling_the_transmitter_interrupt_while_empty_raises_it)
{
	struct machine *m = opened(0);

	for (unsigned i = 0; i < 2; i++) {
		fake_outb(m, IER, 0x02);
		cr_assert(interrupted(m));
		cr_assert_eq(fake_inb(m, IIR), 0xC2);
		cr_assert_eq(fake_inb(m, IIR), 0xC1, "reading IIR acknowledges it");
		fake_outb(m, IER, 0);
	}
}

Test(uart, each_byte_sent_raises_the_transmitter_interrupt_again)
{
	struct machine *m = opened(0x02);

	interrupted(m);
	fake_inb(m, IIR);
	fake_outb(m, RBR, 'x');
	cr_assert(interrupted(m));
	cr_assert_eq(fake_inb(m, IIR), 0xC2);
	cr_assert_not(interrupted(m));
}

Test(uart, typed_bytes_interrupt_and_are_read_in_order)
{
	struct machine *m = opened(0x01);

	cr_assert_eq(machine_console_write(m, "ls\n", 3), 3);
	cr_assert(interrupted(m));
	cr_assert_eq(fake_inb(m, IIR), 0xC4);
	cr_assert_eq(fake_inb(m, RBR), 'l');
	cr_assert_eq(fake_inb(m, RBR), 's');
	cr_assert_eq(fake_inb(m, LSR) & 1, 1);
	cr_assert_eq(fake_inb(m, RBR), '\n');
	cr_assert_eq(fake_inb(m, LSR) & 1, 0);
	cr_assert_eq(fake_inb(m, IIR), 0xC1);
}

Test(uart, below_the_trigger_level_a_timeout_interrupts)
{
	struct machine *m = opened(0x01);

	fake_outb(m, IIR, 0xC1);
	machine_console_write(m, "x", 1);
	cr_assert(interrupted(m));
	cr_assert_eq(fake_inb(m, IIR), 0xCC);
	machine_console_write(m, "0123456789abc", 13);
	cr_assert_eq(fake_inb(m, IIR), 0xC4);
}

Test(uart, the_receive_queue_is_bounded)
{
	struct machine *m = opened(0);
	char many[1000] = { 0 };

	cr_assert_eq(machine_console_write(m, many, sizeof(many)), 255);
	cr_assert_eq(machine_console_write(m, many, 1), 0);
	fake_inb(m, RBR);
	cr_assert_eq(machine_console_write(m, many, 5), 1);
}

Test(uart, clearing_the_receive_fifo_drops_what_the_chip_holds)
{
	struct machine *m = opened(0);

	machine_console_write(m, "0123456789abcdefXY", 18);
	fake_outb(m, IIR, 0x03);
	cr_assert_eq(fake_inb(m, RBR), 'X');
}

Test(uart, without_out2_the_line_stays_low)
{
	struct machine *m = opened(0x01);

	fake_outb(m, MCR, 0x03);
	machine_console_write(m, "x", 1);
	cr_assert_not(interrupted(m));
	fake_outb(m, MCR, 0x0B);
	cr_assert(interrupted(m));
}

Test(uart, modem_changes_are_reported_once)
{
	struct machine *m = fake_machine(1);

	fake_inb(m, MSR);
	fake_outb(m, MCR, 0x10);
	cr_assert_eq(fake_inb(m, MSR) & 0x0F, 0x0B, "CTS, DSR and DCD fell");
	cr_assert_eq(fake_inb(m, MSR) & 0x0F, 0);
}

Test(uart, byte_65537_pushes_out_the_first)
{
	struct machine *m = fake_machine(1);
	uint64_t offset = 0;
	char text[1];

	for (unsigned i = 0; i < 65537; i++)
		fake_outb(m, RBR, i == 1 ? 'b' : 'a');
	cr_assert_eq(machine_console_read(m, &offset, text, 1), 1);
	cr_assert_eq(offset, 2);
	cr_assert_eq(text[0], 'b');
}
