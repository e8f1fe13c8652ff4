/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "tests/fake/fake_machine.h"
#include "hv/dev/clock.h"

static void program(struct machine *m, unsigned channel, unsigned mode, uint16_t count)
{
	fake_outb(m, 0x43, (uint8_t)(channel << 6 | 0x30 | mode << 1));
	fake_outb(m, (uint16_t)(0x40 + channel), (uint8_t)count);
	fake_outb(m, (uint16_t)(0x40 + channel), (uint8_t)(count >> 8));
}

static uint16_t count(struct machine *m, unsigned channel)
{
	uint16_t port = (uint16_t)(0x40 + channel);
	uint8_t low;

	fake_outb(m, 0x43, (uint8_t)(channel << 6));
	low = fake_inb(m, port);
	return (uint16_t)(fake_inb(m, port) << 8 | low);
}

static unsigned interrupts(struct machine *m, uint64_t ticks)
{
	uint64_t end = fake_now_ns + clock_ns(ticks, PIT_HZ), next;
	unsigned n = 0;

	fake_ioapic_route(m, 2, 0x30);
	while ((next = machine_deadline_ns(m)) <= end) {
		fake_now_ns = next;
		machine_poll(m, next);
		if (fake_take(m, 0) == 0x30) {
			fake_lapic_write(m, 0, 0xB0, 0);
			n++;
		}
	}
	fake_now_ns = end;
	return n;
}

Test(pit, mode_2_interrupts_once_per_period_without_drift)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 2, 11932);
	cr_assert_eq(interrupts(m, 11932 * 1000), 1000);
	cr_assert_eq(count(m, 0), 11932, "a new period begins exactly there");
}

Test(pit, mode_3_interrupts_once_per_period)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 3, 0);
	cr_assert_eq(interrupts(m, 65536 * 10), 10);
}

Test(pit, mode_0_interrupts_once)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 0, 500);
	cr_assert_eq(interrupts(m, 499), 0);
	cr_assert_eq(interrupts(m, 200000), 1);
	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX);
}

Test(pit, mode_4_strobes_once)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 4, 500);
	cr_assert_eq(interrupts(m, 200000), 1);
}

Test(pit, a_hardware_triggered_mode_on_channel_0_never_interrupts)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 1, 5);
	cr_assert_eq(interrupts(m, 100000), 0);
}

Test(pit, a_control_word_stops_the_counter)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 2, 100);
	fake_outb(m, 0x43, 0x30);
	cr_assert_eq(machine_deadline_ns(m), UINT64_MAX);
}

Test(pit, the_count_falls_at_1193182_hz)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 2, 0);
	fake_now_ns = 10000000;
	cr_assert_eq(count(m, 0), 65536 - 11931);
}

Test(pit, a_latched_count_stands_until_both_bytes_are_read)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 2, 0x8000);
	fake_outb(m, 0x43, 0x00);
	fake_now_ns = 5000000;
	fake_outb(m, 0x43, 0x00);
	cr_assert_eq(fake_inb(m, 0x40), 0x00, "a second latch command changes nothing");
	fake_now_ns = 6000000;
	cr_assert_eq(fake_inb(m, 0x40), 0x80);
	cr_assert_neq(count(m, 0), 0x8000);
}

Test(pit, linux_calibrates_the_tsc_with_channel_2)
{
	struct machine *m = fake_machine(1);
	uint8_t b = (uint8_t)((fake_inb(m, 0x61) & ~2) | 1);

	fake_outb(m, 0x61, b);
	program(m, 2, 0, 11931);
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0);
	fake_now_ns = clock_ns(11931, PIT_HZ) - 1;
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0);
	fake_now_ns++;
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0x20);
}

Test(pit, a_low_gate_holds_the_count)
{
	struct machine *m = fake_machine(1);
	uint16_t held;

	fake_outb(m, 0x61, 1);
	program(m, 2, 0, 0x8000);
	fake_now_ns = 1000000;
	fake_outb(m, 0x61, 0);
	held = count(m, 2);
	cr_assert_eq(held, 0x8000 - 1193);
	fake_now_ns = 50000000;
	cr_assert_eq(count(m, 2), held);
	fake_outb(m, 0x61, 1);
	cr_assert_eq(count(m, 2), held);
	fake_now_ns += 1000000;
	cr_assert_eq(count(m, 2), 0x8000 - 2386);
}

Test(pit, the_gate_triggers_mode_1)
{
	struct machine *m = fake_machine(1);

	program(m, 2, 1, 1000);
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0x20, "high before the trigger");
	fake_outb(m, 0x61, 1);
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0);
	fake_outb(m, 0x61, 0);
	fake_now_ns += clock_ns(999, PIT_HZ);
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0, "the gate's level does not matter");
	fake_now_ns += 1000;
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0x20);
}

Test(pit, mode_3_is_high_for_the_first_half)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, 0x61, 1);
	program(m, 2, 3, 1000);
	fake_now_ns = clock_ns(499, PIT_HZ);
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0x20);
	fake_now_ns = clock_ns(501, PIT_HZ);
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0);
	fake_now_ns = clock_ns(1001, PIT_HZ);
	cr_assert_eq(fake_inb(m, 0x61) & 0x20, 0x20);
}

Test(pit, read_back_latches_status_and_count)
{
	struct machine *m = fake_machine(1);

	program(m, 0, 2, 0x1234);
	fake_outb(m, 0x43, 0xC2);
	cr_assert_eq(fake_inb(m, 0x40), 0xB4, "output high, count loaded, word access, mode 2");
	cr_assert_eq(fake_inb(m, 0x40), 0x34);
	cr_assert_eq(fake_inb(m, 0x40), 0x12);
	fake_outb(m, 0x43, 0x30);
	fake_outb(m, 0x43, 0xE2);
	cr_assert_eq(fake_inb(m, 0x40), 0x70, "output low, count not loaded, mode 0");
}

Test(pit, bcd_counts_in_decimal)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, 0x43, 0x35);
	fake_outb(m, 0x40, 0x00);
	fake_outb(m, 0x40, 0x10);
	fake_now_ns = clock_ns(1, PIT_HZ);
	cr_assert_eq(count(m, 0), 0x0999);
}

Test(pit, single_byte_access_loads_at_once)
{
	struct machine *m = fake_machine(1);

	fake_outb(m, 0x43, 0x14);
	fake_outb(m, 0x40, 100);
	cr_assert_eq(machine_deadline_ns(m), clock_ns(100, PIT_HZ));
	fake_outb(m, 0x43, 0x24);
	fake_outb(m, 0x40, 1);
	cr_assert_eq(machine_deadline_ns(m), clock_ns(256, PIT_HZ));
}

Test(pit, port_61_shows_refresh_toggling_and_keeps_the_speaker_bit)
{
	struct machine *m = fake_machine(1);
	uint8_t before = fake_inb(m, 0x61) & 0x10;

	fake_now_ns += 15085;
	cr_assert_neq(fake_inb(m, 0x61) & 0x10, before);
	fake_outb(m, 0x61, 3);
	cr_assert_eq(fake_inb(m, 0x61) & 3, 3);
}

Test(pit, missed_periods_are_one_interrupt)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 2, 0x30);
	program(m, 0, 2, 1000);
	fake_now_ns = 1000000000;
	machine_poll(m, fake_now_ns);
	cr_assert_eq(fake_take(m, 0), 0x30);
	fake_lapic_write(m, 0, 0xB0, 0);
	machine_poll(m, fake_now_ns);
	cr_assert_eq(fake_take(m, 0), -1);
	cr_assert_gt(machine_deadline_ns(m), fake_now_ns);
}
