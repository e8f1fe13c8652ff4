/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/serial.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/io.h"

#define COM1	0x3f8
#define RING	16384u

/* A 16550 that is ready at each so many looks; 0: never, as where no chip is. */
static unsigned ready_each = 1, looks, bytes;
static uint8_t wire[4 * RING], lcr, divisor, fcr;

uint8_t in8(uint16_t port)
{
	cr_assert_eq(port, COM1 + 5);
	return ready_each && ++looks % ready_each == 0 ? 0x20 : 0;
}

void out8(uint16_t port, uint8_t v)
{
	if (port == COM1 + 3)
		lcr = v;
	else if (port == COM1 + 2)
		fcr = v;
	else if (port == COM1 && lcr & 0x80)
		divisor = v;
	else if (port == COM1)
		wire[bytes++ % sizeof(wire)] = v;
}

TestSuite(serial, .init = serial_init);

Test(serial, is_115200_8n1)
{
	cr_expect(divisor == 1 && lcr == 3 && fcr == 7);
	cr_expect_eq(bytes, 0);
}

Test(serial, a_line_goes_out_at_once_with_its_carriage_return)
{
	ready_each = 3;
	serial_write("ab\nc", 4);
	cr_expect_eq(bytes, 5);
	cr_expect_eq(memcmp(wire, "ab\r\nc", 5), 0);
}

Test(serial, a_chip_that_is_never_ready_does_not_hold_the_host_up)
{
	ready_each = 0;
	serial_write("ab", 2);
	cr_expect_eq(bytes, 2, "tried all the same");
}

Test(serial, deferred_text_goes_out_by_the_fifo_when_there_is_room)
{
	serial_defer();
	serial_write("0123456789abcdefghij", 20);
	cr_expect_eq(bytes, 0);
	cr_expect(serial_poll());
	cr_expect_eq(bytes, 16);
	ready_each = 0;
	cr_expect(serial_poll());
	cr_expect_eq(bytes, 16, "it is still sending");
	ready_each = 1;
	cr_expect_not(serial_poll());
	cr_expect_eq(memcmp(wire, "0123456789abcdefghij", 20), 0);
	cr_expect_not(serial_poll());
	cr_expect_eq(bytes, 20);
}

/* The cost of a byte is 87 us with interrupts off: whoever can cause lines must not make the host pay it. */
Test(serial, more_than_can_wait_is_lost_without_waiting_and_counted)
{
	static const char said[] = "3 lines of the log were lost: more came than COM1 takes\r\n";
	char line[1024];

	memset(line, 'x', sizeof(line));
	serial_defer();
	for (unsigned i = 0; i < RING / sizeof(line) + 3; i++)
		serial_write(line, sizeof(line));
	cr_expect_eq(bytes + looks, 0, "nobody waits for the chip");
	while (serial_poll())
		;
	cr_expect_eq(bytes, RING + sizeof(said) - 1);
	cr_expect_eq(memcmp(wire + RING, said, sizeof(said) - 1), 0);
	bytes = 0;
	serial_write("ab\n", 3);
	cr_expect_not(serial_poll());
	cr_expect_eq(memcmp(wire, "ab\r\n", 4), 0, "it goes on");
}

Test(serial, what_is_lost_is_told_also_when_the_host_panics)
{
	static const char said[] = "1 lines of the log were lost";
	static const char line[RING + 1];

	serial_defer();
	serial_write(line, sizeof(line));
	serial_flush();
	cr_expect_eq(memcmp(wire, said, sizeof(said) - 1), 0);
}

Test(serial, a_panic_sends_what_waits_and_then_itself)
{
	serial_defer();
	serial_write("before ", 7);
	serial_flush();
	serial_write("panic", 5);
	cr_expect_eq(bytes, 12);
	cr_expect_eq(memcmp(wire, "before panic", 12), 0);
}
