/* SPDX-License-Identifier: MIT */
/* rtc.c: the MC146818: calendar, SET, UIP, and the update-ended, alarm and periodic interrupts. */
#include "hv/dev/rtc.h"
#include <string.h>
#include "hv/dev/clock.h"
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "hv/machine.h"
#include "lib/calendar.h"

STATE_DESC(desc, rtc_state, RTC_TABLE, .name = "rtc", .type = 0x0104, .version = 1);

enum { SECONDS = 0, SECONDS_ALARM = 1, MINUTES = 2, MINUTES_ALARM = 3, HOURS = 4, HOURS_ALARM = 5, WEEKDAY = 6,
       DAY = 7, MONTH = 8, YEAR = 9, REG_A = 10, REG_B = 11, REG_C = 12, REG_D = 13 };
enum { A_UIP = 0x80, A_DV = 0x70, A_DV_32768 = 0x20, A_RS = 0x0F, A_DEFAULT = 0x26 };
enum { B_SET = 0x80, B_PIE = 0x40, B_AIE = 0x20, B_UIE = 0x10, B_BINARY = 0x04, B_24H = 0x02 };
enum { C_IRQ = 0x80, C_PERIODIC = 0x40, C_ALARM = 0x20, C_UPDATE = 0x10 };
enum { D_VALID = 0x80 };
#define HOUR_PM		0x80u
#define CRYSTAL_HZ	32768u
#define UIP_NS		(244000u + 1984000u)	/* UIP rises 244 us before the update, which takes 1984 us */

/* A guest may write any digits; the fields are clamped to a date that exists. */
static uint64_t clamped_seconds(struct calendar c)
{
	if (c.year < 1970 || c.year > 2199)
		c.year = 1970;
	if (c.month < 1 || c.month > 12)
		c.month = 1;
	if (c.day < 1 || c.day > calendar_month_days(c.year, c.month))
		c.day = 1;
	c.hour %= 24;
	c.minute %= 60;
	c.second %= 60;
	return calendar_seconds(&c);
}

/* --- registers <-> calendar ------------------------------------------------------------------------- */

static uint8_t encode(const struct rtc_state *s, uint32_t v)
{
	return (uint8_t)(s->cmos[REG_B] & B_BINARY ? v : v / 10 % 10 << 4 | v % 10);
}

static uint32_t decode(const struct rtc_state *s, uint8_t v)
{
	return s->cmos[REG_B] & B_BINARY ? v : (v >> 4) * 10u + (v & 15u);
}

static uint8_t encode_hour(const struct rtc_state *s, uint32_t hour)
{
	if (s->cmos[REG_B] & B_24H)
		return encode(s, hour);
	return (uint8_t)(encode(s, hour % 12 ? hour % 12 : 12) | (hour >= 12 ? HOUR_PM : 0));
}

static uint32_t decode_hour(const struct rtc_state *s, uint8_t v)
{
	if (s->cmos[REG_B] & B_24H)
		return decode(s, v);
	return decode(s, v & 0x7F) % 12 + (v & HOUR_PM ? 12 : 0);
}

static void registers_from(struct rtc_state *s, uint64_t seconds)
{
	struct calendar c = calendar_from(seconds);

	s->cmos[SECONDS] = encode(s, c.second);
	s->cmos[MINUTES] = encode(s, c.minute);
	s->cmos[HOURS] = encode_hour(s, c.hour);
	s->cmos[WEEKDAY] = encode(s, c.weekday);
	s->cmos[DAY] = encode(s, c.day);
	s->cmos[MONTH] = encode(s, c.month);
	s->cmos[YEAR] = encode(s, c.year % 100);
	s->cmos[RTC_CENTURY] = encode(s, c.year / 100);
}

static uint64_t registers_seconds(const struct rtc_state *s)
{
	return clamped_seconds((struct calendar){
		.year = decode(s, s->cmos[RTC_CENTURY]) * 100 + decode(s, s->cmos[YEAR]),
		.month = decode(s, s->cmos[MONTH]), .day = decode(s, s->cmos[DAY]),
		.hour = decode_hour(s, s->cmos[HOURS]), .minute = decode(s, s->cmos[MINUTES]),
		.second = decode(s, s->cmos[SECONDS]),
	});
}

static bool is_time(unsigned index)
{
	return (index <= YEAR && index != SECONDS_ALARM && index != MINUTES_ALARM && index != HOURS_ALARM) ||
	       index == RTC_CENTURY;
}

/* --- time ------------------------------------------------------------------------------------------- */

static uint64_t wall_ns(const struct rtc_state *s, uint64_t guest_ns)
{
	return clock_add(s->base_ns, guest_ns);
}

static uint64_t wall_s(const struct rtc_state *s, uint64_t guest_ns)
{
	return wall_ns(s, guest_ns) / NS_PER_SECOND;
}

/* From now on the clock says @seconds; where it stood within the second stays. */
static void set_clock(struct machine *m, uint64_t seconds)
{
	struct rtc_state *s = &m->rtc.s;
	uint64_t guest = machine_time_ns(m), part = wall_ns(s, guest) % NS_PER_SECOND;

	s->base_ns = clock_since(guest, seconds * NS_PER_SECOND + part);
	s->seen_s = wall_s(s, guest);
}

void rtc_set(struct machine *m, uint64_t wall_seconds)
{
	m->rtc.s.base_ns = 0;
	set_clock(m, wall_seconds);
}

/* PF is kept where register C would be among the others: images have always had room for it there. */
static uint32_t flags(const struct rtc_state *s)
{
	return s->flags | (s->cmos[REG_C] & C_PERIODIC);
}

/* A period is 1 << this ticks of the crystal, by register A; 0: there is none. */
static unsigned period_shift(const struct rtc_state *s)
{
	unsigned rs = s->cmos[REG_A] & A_RS;

	if ((s->cmos[REG_A] & A_DV) != A_DV_32768 || !rs)
		return 0;
	return rs < 3 ? rs + 6 : rs - 1;
}

static uint64_t period_now(const struct rtc_state *s, uint64_t guest_ns)
{
	return clock_ticks(wall_ns(s, guest_ns), CRYSTAL_HZ) >> period_shift(s);
}

static void set_irq(struct machine *m)
{
	struct rtc_state *s = &m->rtc.s;

	machine_irq(m, GSI_RTC, flags(s) & s->cmos[REG_B]);
}

static uint64_t second_deadline(const struct rtc_state *s)
{
	uint64_t wall = clock_add(s->seen_s, 1);

	if ((s->cmos[REG_B] & B_SET) || !(s->cmos[REG_B] & (B_AIE | B_UIE)))
		return CLOCK_NEVER;
	if (__builtin_mul_overflow(wall, NS_PER_SECOND, &wall))
		return CLOCK_NEVER;
	return clock_since(s->base_ns, wall);
}

static uint64_t period_deadline(const struct machine *m)
{
	const struct rtc_state *s = &m->rtc.s;

	if (!(s->cmos[REG_B] & B_PIE) || !period_shift(s))
		return CLOCK_NEVER;
	return clock_since(s->base_ns, clock_ns((m->rtc.period + 1) << period_shift(s), CRYSTAL_HZ));
}

static uint64_t deadline_ns(const struct machine *m)
{
	const struct rtc_state *s = &m->rtc.s;
	uint64_t second = second_deadline(s), period = period_deadline(m);

	/* The line is up already: nothing more to tell until register C is read. */
	if (flags(s) & s->cmos[REG_B])
		return CLOCK_NEVER;
	return second < period ? second : period;
}

static bool alarm_field(uint8_t alarm, uint8_t now)
{
	return alarm >= 0xC0 || alarm == now;	/* the two top bits mean "any" */
}

/* The first second of @t's next hour or minute. */
static uint64_t next_of(uint64_t t, uint64_t length)
{
	return t - t % length + length;
}

/* Whether the alarm's time is one of the seconds after @from up to @to. What matches within one round of a field
 * matches at all, so that few are looked at, however many there are. */
static bool alarm_between(const struct rtc_state *s, uint64_t from, uint64_t to)
{
	unsigned hours = 0, minutes = 0, seconds = 0;
	uint64_t t = clock_add(from, 1);

	while (t <= to && hours <= 24 && minutes <= 60 && seconds <= 60) {
		if (!alarm_field(s->cmos[HOURS_ALARM], encode_hour(s, (uint32_t)(t / 3600 % 24)))) {
			t = next_of(t, 3600);
			hours++;
		} else if (!alarm_field(s->cmos[MINUTES_ALARM], encode(s, (uint32_t)(t / 60 % 60)))) {
			t = next_of(t, 60);
			minutes++;
		} else if (!alarm_field(s->cmos[SECONDS_ALARM], encode(s, (uint32_t)(t % 60)))) {
			t++;
			seconds++;
		} else {
			return true;
		}
	}
	return false;
}

static void poll_period(struct machine *m, uint64_t now_ns)
{
	struct rtc_state *s = &m->rtc.s;
	uint64_t period;

	/* What is up stays up until it is read: most guests never do, and this is asked often. */
	if (!period_shift(s) || (s->cmos[REG_C] & C_PERIODIC))
		return;
	period = period_now(s, now_ns);
	if (period == m->rtc.period)
		return;
	m->rtc.period = period;
	s->cmos[REG_C] |= C_PERIODIC;
	set_irq(m);
}

static void poll(struct machine *m, uint64_t now_ns)
{
	struct rtc_state *s = &m->rtc.s;
	uint64_t wall = wall_s(s, now_ns);

	poll_period(m, now_ns);
	if ((s->cmos[REG_B] & B_SET) || wall == s->seen_s)
		return;
	/* Guest time goes in steps after a stand: an alarm within one fires all the same. */
	if (alarm_between(s, s->seen_s, wall))
		s->flags |= C_ALARM;
	s->seen_s = wall;
	registers_from(s, wall);
	s->flags |= C_UPDATE;
	set_irq(m);
}

/* --- ports ------------------------------------------------------------------------------------------ */

static uint8_t read_flags(struct machine *m)
{
	struct rtc_state *s = &m->rtc.s;
	uint32_t value = flags(s);

	if (value & s->cmos[REG_B])
		value |= C_IRQ;
	s->flags = 0;
	s->cmos[REG_C] = 0;
	m->rtc.period = period_now(s, machine_time_ns(m));
	set_irq(m);
	return (uint8_t)value;
}

static uint8_t read_a(const struct machine *m)
{
	const struct rtc_state *s = &m->rtc.s;
	uint64_t part = wall_ns(s, machine_time_ns(m)) % NS_PER_SECOND;
	bool uip = !(s->cmos[REG_B] & B_SET) && part >= NS_PER_SECOND - UIP_NS;

	return (uint8_t)((s->cmos[REG_A] & ~A_UIP) | (uip ? A_UIP : 0));
}

static uint32_t in(struct machine *m, uint16_t port, unsigned size)
{
	struct rtc_state *s = &m->rtc.s;

	(void)size;
	if (!(port & 1))
		return 0xFF;	/* the index can't be read back */
	poll(m, machine_time_ns(m));
	switch (s->index) {
	case REG_A:
		return read_a(m);
	case REG_C:
		return read_flags(m);
	case REG_D:
		return D_VALID;
	}
	if (is_time(s->index) && !(s->cmos[REG_B] & B_SET))
		registers_from(s, wall_s(s, machine_time_ns(m)));
	return s->cmos[s->index];
}

static void write_b(struct machine *m, uint8_t value)
{
	struct rtc_state *s = &m->rtc.s;
	bool was_set = s->cmos[REG_B] & B_SET;

	if (!was_set && (value & B_SET)) {
		registers_from(s, wall_s(s, machine_time_ns(m)));
		value &= (uint8_t)~B_UIE;
	}
	s->cmos[REG_B] = value;
	if (was_set && !(value & B_SET))
		set_clock(m, registers_seconds(s));
	set_irq(m);
}

static void write_time(struct machine *m, uint8_t value)
{
	struct rtc_state *s = &m->rtc.s;

	if (s->cmos[REG_B] & B_SET) {
		s->cmos[s->index] = value;
		return;
	}
	registers_from(s, wall_s(s, machine_time_ns(m)));
	s->cmos[s->index] = value;
	set_clock(m, registers_seconds(s));
}

static void out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	struct rtc_state *s = &m->rtc.s;

	(void)size;
	if (!(port & 1)) {
		s->index = value & 0x7F;
		return;
	}
	poll(m, machine_time_ns(m));
	if (s->index == REG_B)
		write_b(m, (uint8_t)value);
	else if (is_time(s->index))
		write_time(m, (uint8_t)value);
	else if (s->index != REG_C && s->index != REG_D)
		s->cmos[s->index] = (uint8_t)value;
	if (s->index == REG_A)
		m->rtc.period = period_now(s, machine_time_ns(m));
}

static void init(struct machine *m, const struct machine_config *config)
{
	rtc_set(m, config->wall_seconds);
}

/* The time and the CMOS content stay. */
static void reset(struct machine *m)
{
	struct rtc_state *s = &m->rtc.s;

	s->cmos[REG_A] = A_DEFAULT;
	s->cmos[REG_B] = B_24H;
	s->flags = 0;
	s->cmos[REG_C] = 0;
	s->index = 0;
	m->rtc.period = period_now(s, machine_time_ns(m));
	s->seen_s = wall_s(s, machine_time_ns(m));
}

static void acpi(struct acpi_parts *a)
{
	a->fadt[FADT_CENTURY] = RTC_CENTURY;
}

static const struct device_ports ports[] = {
	{ 0x70, 0x71, 1, CHANGES_TIMERS, in, out },
};

/* It takes whatever its rows allow. */
const struct device rtc_device = {
	.desc = &desc, .at = offsetof(struct machine, rtc.s), .records = 1, .init = init, .reset = reset,
	.deadline_ns = deadline_ns, .poll = poll, DEVICE_PORTS(ports), .acpi = acpi,
};
