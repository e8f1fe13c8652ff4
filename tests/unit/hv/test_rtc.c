/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include "hv/dev/clock.h"
#include "tests/fake/fake_machine.h"

static uint8_t get(struct machine *m, uint8_t index)
{
	fake_outb(m, 0x70, index);
	return fake_inb(m, 0x71);
}

static void set(struct machine *m, uint8_t index, uint8_t value)
{
	fake_outb(m, 0x70, index);
	fake_outb(m, 0x71, value);
}

static void expect_time(struct machine *m, const uint8_t want[7])
{
	static const uint8_t index[7] = { 0x32, 9, 8, 7, 4, 2, 0 };

	for (unsigned i = 0; i < 7; i++)
		cr_expect_eq(get(m, index[i]), want[i], "register %u: 0x%02x, want 0x%02x", index[i],
			     get(m, index[i]), want[i]);
}

Test(rtc, shows_the_wall_time_in_bcd)
{
	expect_time(fake_machine(1), (uint8_t[]){ 0x20, 0x24, 0x02, 0x29, 0x23, 0x59, 0x58 });
}

Test(rtc, guest_time_carries_over_the_leap_day)
{
	struct machine *m = fake_machine(1);

	fake_now_ns = 2000000000;
	expect_time(m, (uint8_t[]){ 0x20, 0x24, 0x03, 0x01, 0x00, 0x00, 0x00 });
	cr_assert_eq(get(m, 6), 6, "a Friday");
}

Test(rtc, knows_years_far_away)
{
	struct machine *m = fake_machine(1);

	rtc_set(m, 951782400);
	expect_time(m, (uint8_t[]){ 0x20, 0x00, 0x02, 0x29, 0x00, 0x00, 0x00 });
	rtc_set(m, 4107542399);
	expect_time(m, (uint8_t[]){ 0x21, 0x00, 0x02, 0x28, 0x23, 0x59, 0x59 });
	rtc_set(m, 4107542400);
	expect_time(m, (uint8_t[]){ 0x21, 0x00, 0x03, 0x01, 0x00, 0x00, 0x00 });
}

Test(rtc, battery_and_update_registers_say_valid)
{
	struct machine *m = fake_machine(1);

	cr_assert_eq(get(m, 13), 0x80);
	cr_assert_eq(get(m, 10), 0x26);
	cr_assert_eq(get(m, 11), 0x02);
}

Test(rtc, update_in_progress_shows_before_the_second_turns)
{
	struct machine *m = fake_machine(1);

	cr_assert_eq(get(m, 10) & 0x80, 0);
	fake_now_ns = 999900000;
	cr_assert_eq(get(m, 10) & 0x80, 0x80);
	fake_now_ns = 1000000000;
	cr_assert_eq(get(m, 10) & 0x80, 0);
}

Test(rtc, set_stops_the_registers_and_takes_the_new_time)
{
	struct machine *m = fake_machine(1);

	set(m, 11, 0x82);
	set(m, 0, 0x10);
	set(m, 2, 0x20);
	set(m, 4, 0x03);
	fake_now_ns = 7000000000;
	cr_assert_eq(get(m, 0), 0x10);
	set(m, 11, 0x02);
	expect_time(m, (uint8_t[]){ 0x20, 0x24, 0x02, 0x29, 0x03, 0x20, 0x10 });
	fake_now_ns = 12000000000;
	cr_assert_eq(get(m, 0), 0x15);
}

Test(rtc, twelve_hour_and_binary_modes)
{
	struct machine *m = fake_machine(1);

	set(m, 11, 0x00);
	cr_assert_eq(get(m, 4), 0x91, "11 pm");
	set(m, 11, 0x04);
	cr_assert_eq(get(m, 4), 0x8B);
	set(m, 11, 0x06);
	cr_assert_eq(get(m, 4), 23);
	cr_assert_eq(get(m, 9), 24);
}

Test(rtc, cmos_bytes_keep_what_is_written)
{
	struct machine *m = fake_machine(1);

	set(m, 0x40, 0xA5);
	set(m, 0x7F, 0x5A);
	cr_assert_eq(get(m, 0x40), 0xA5);
	cr_assert_eq(get(m, 0xFF), 0x5A, "bit 7 is the NMI mask, not part of the index");
	set(m, 13, 0);
	cr_assert_eq(get(m, 13), 0x80);
}

Test(rtc, nonsense_written_as_a_date_still_reads_as_some_date)
{
	struct machine *m = fake_machine(1);

	set(m, 11, 0x82);
	for (uint8_t i = 0; i < 10; i++)
		set(m, i, 0xFF);
	set(m, 0x32, 0xFF);
	set(m, 11, 0x02);
	cr_assert_leq(get(m, 8), 0x12);
	cr_assert_geq(get(m, 8), 0x01);
}

Test(rtc, update_ended_interrupts_each_second_until_read)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 8, 0x38);
	set(m, 10, 0x20);		/* no period */
	set(m, 11, 0x12);
	cr_assert_eq(machine_deadline_ns(m), 1000000000);
	fake_run_ns(m, 1000000000);
	cr_assert_eq(fake_take(m, 0), 0x38);
	cr_assert_eq(get(m, 12), 0x90);
	cr_assert_eq(get(m, 12), 0, "reading clears");
	fake_lapic_write(m, 0, 0xB0, 0);
	fake_run_ns(m, 1000000000);
	cr_assert_eq(fake_take(m, 0), 0x38);
}

Test(rtc, an_alarm_interrupts_at_its_time)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 8, 0x38);
	set(m, 1, 0x01);
	set(m, 3, 0x00);
	set(m, 5, 0xC0);
	set(m, 11, 0x22);
	fake_run_ns(m, 2000000000);
	cr_assert_eq(fake_take(m, 0), -1);
	fake_run_ns(m, 1000000000);
	cr_assert_eq(fake_take(m, 0), 0x38);
	cr_assert_eq(get(m, 12) & 0xA0, 0xA0);
}

/* A machine at 23:59:58 with an alarm at @hour:@minute:@second (BCD; 0xC0: any) that may interrupt. */
static struct machine *with_alarm(uint8_t hour, uint8_t minute, uint8_t second)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 8, 0x38);
	set(m, 1, second);
	set(m, 3, minute);
	set(m, 5, hour);
	set(m, 11, 0x22);
	return m;
}

/* The clock goes on by @ns at once, as it does when a guest that stood catches up. */
static unsigned alarms_after(struct machine *m, uint64_t ns)
{
	unsigned taken = 0;

	fake_now_ns += ns;
	machine_poll(m, fake_now_ns);
	while (fake_take(m, 0) == 0x38) {
		taken += (get(m, 12) & 0x20) != 0;
		fake_lapic_write(m, 0, 0xB0, 0);
	}
	return taken;
}

Test(rtc, an_alarm_that_a_step_of_time_passes_over_fires_once)
{
	struct machine *m = with_alarm(0xC0, 0x00, 0x00);

	cr_expect_eq(alarms_after(m, 3500000000), 1, "at +2 s");
	cr_expect_eq(alarms_after(m, 1000000000), 0);
	cr_expect_eq(alarms_after(m, 3600000000000), 1, "the next hour's");
	cr_expect_eq(alarms_after(m, 10 * 3600000000000), 1, "ten of them at once");
	cr_expect_eq(alarms_after(with_alarm(0x12, 0x30, 0x15), 3 * 86400000000000), 1, "days");
	cr_expect_eq(alarms_after(with_alarm(0x23, 0x59, 0x57), 86399000000000), 1, "the last second of a day ahead");
	cr_expect_eq(alarms_after(with_alarm(0x23, 0x59, 0x57), 86398000000000), 0, "not yet");
	cr_expect_eq(alarms_after(with_alarm(0xC0, 0xC0, 0xC0), 5000000000), 1, "each second");
}

Test(rtc, an_alarm_at_no_time_never_fires_and_costs_no_time)
{
	cr_expect_eq(alarms_after(with_alarm(0xC0, 0xC0, 0x7F), UINT64_MAX / 4), 0);
	cr_expect_eq(alarms_after(with_alarm(0xC0, 0x7F, 0xC0), UINT64_MAX / 4), 0);
	cr_expect_eq(alarms_after(with_alarm(0x7F, 0xC0, 0xC0), UINT64_MAX / 4), 0);
}

Test(rtc, set_turns_the_update_interrupt_off)
{
	struct machine *m = fake_machine(1);

	set(m, 11, 0x12);
	set(m, 11, 0x92);
	cr_assert_eq(get(m, 11), 0x82);
}

/* Takes the periodic interrupt as a handler does; the time at which it came, 0 if none comes within 2 s. */
static uint64_t take_period(struct machine *m)
{
	for (int n = 0; n < 4; n++) {
		uint64_t at = machine_deadline_ns(m);

		if (at > fake_now_ns + 2000000000)
			return 0;
		fake_run_ns(m, at - fake_now_ns);
		if (fake_take(m, 0) == 0x38) {
			cr_assert_eq(get(m, 12) & 0xC0, 0xC0);
			fake_lapic_write(m, 0, 0xB0, 0);
			return fake_now_ns;
		}
	}
	return 0;
}

Test(rtc, periodic_interrupts_come_at_the_rate_of_register_a)
{
	static const struct { uint8_t rs; unsigned hz; } row[] = {
		{ 1, 256 }, { 2, 128 }, { 3, 8192 }, { 6, 1024 }, { 10, 64 }, { 15, 2 },
	};

	for (unsigned r = 0; r < sizeof(row) / sizeof(row[0]); r++) {
		struct machine *m = fake_machine(1);
		uint64_t start, last = 0;

		fake_ioapic_route(m, 8, 0x38);
		set(m, 10, 0x20 | row[r].rs);
		get(m, 12);
		set(m, 11, 0x42);
		start = take_period(m);
		for (int n = 0; n < 8; n++)
			last = take_period(m);
		cr_expect_gt(start, 0, "rate %u", row[r].rs);
		cr_expect_geq((last - start) * row[r].hz, 8 * 999990000ull, "rate %u: %llu ns", row[r].rs,
			      (unsigned long long)(last - start));
		cr_expect_leq((last - start) * row[r].hz, 8 * 1000009000ull, "rate %u", row[r].rs);
	}
}

Test(rtc, the_periodic_flag_rises_without_its_interrupt_and_waits_to_be_read)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 8, 0x38);
	get(m, 12);
	fake_run_ns(m, 5000000);
	cr_expect_eq(fake_take(m, 0), -1);
	cr_expect_eq(get(m, 12), 0x40);
	cr_expect_eq(get(m, 12), 0);
}

Test(rtc, a_periodic_interrupt_not_read_is_one_however_late)
{
	struct machine *m = fake_machine(1);

	fake_ioapic_route(m, 8, 0x38);
	get(m, 12);
	set(m, 11, 0x42);
	fake_run_ns(m, 50000000);
	cr_expect_eq(fake_take(m, 0), 0x38);
	cr_expect_eq(machine_deadline_ns(m), CLOCK_NEVER, "nothing to wake for until register C is read");
	fake_lapic_write(m, 0, 0xB0, 0);
	cr_expect_eq(fake_take(m, 0), -1);
	cr_expect_eq(get(m, 12) & 0xC0, 0xC0);
	cr_expect_neq(machine_deadline_ns(m), CLOCK_NEVER);
}

Test(rtc, no_rate_or_a_held_divider_gives_no_period)
{
	static const uint8_t a[] = { 0x20, 0x66, 0x76, 0x06 };

	for (unsigned n = 0; n < sizeof(a); n++) {
		struct machine *m = fake_machine(1);

		set(m, 10, a[n]);
		get(m, 12);
		set(m, 11, 0x42);
		cr_expect_eq(machine_deadline_ns(m), CLOCK_NEVER, "register A = %x", a[n]);
		fake_run_ns(m, 100000000);
		cr_expect_eq(get(m, 12), 0);
	}
}

Test(rtc, setting_register_a_or_b_and_reading_c_makes_others_look_at_timers_again)
{
	struct machine *m = fake_machine(1);
	uint32_t before = m->timer_changes;

	set(m, 10, 0x26);
	cr_expect_neq(m->timer_changes, before);
	before = m->timer_changes;
	set(m, 11, 0x42);
	cr_expect_neq(m->timer_changes, before);
	before = m->timer_changes;
	get(m, 12);
	cr_expect_neq(m->timer_changes, before);
}
