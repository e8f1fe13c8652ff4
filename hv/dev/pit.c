/* SPDX-License-Identifier: MIT */
/* pit.c: the 8254's three counters, computed from guest time when someone looks. */
#include "hv/dev/pit.h"
#include <string.h>
#include "hv/dev/clock.h"
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "hv/machine.h"

STATE_DESC(desc, pit_state, PIT_TABLE, .name = "pit", .type = 0x0103, .version = 1);

enum { LATCHED_COUNT = 1, LATCHED_STATUS = 2 };
enum { LSB = 1, MSB = 2, WORD = 3 };
enum { PORT_CONTROL = 0x43, PORT_B = 0x61 };
#define REFRESH_NS 15085u	/* port 0x61 bit 4 toggles at the rate of memory refresh */

/* --- what a counter shows -------------------------------------------------------------------------- */

static bool periodic(const struct pit_state *s) { return s->mode == 2 || s->mode == 3; }
/* Modes 1 and 5 start by the gate's rise; in the others the gate's level lets them count. */
static bool triggered(const struct pit_state *s) { return s->mode == 1 || s->mode == 5; }

static uint32_t modulus(const struct pit_state *s) { return s->bcd ? 10000 : 65536; }

static uint32_t from_bcd(uint32_t v)
{
	return (v >> 12) % 10 * 1000 + (v >> 8 & 15) % 10 * 100 + (v >> 4 & 15) % 10 * 10 + (v & 15) % 10;
}

static uint32_t to_bcd(uint32_t v)
{
	return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
}

/* Ticks of one period, 1 to 65536. */
static uint32_t length(const struct pit_state *s)
{
	uint32_t n = s->bcd ? from_bcd(s->count) : s->count;

	return n ? n : modulus(s);
}

static uint64_t counted_ns(const struct pit_state *s, uint64_t now)
{
	return s->gate || triggered(s) ? clock_since(s->start_ns, now) : s->held_ns;
}

static uint64_t ticks(const struct pit_state *s, uint64_t now)
{
	return s->running ? clock_ticks(counted_ns(s, now), PIT_HZ) : 0;
}

static bool output(const struct pit_state *s, uint64_t now)
{
	uint64_t t = ticks(s, now);
	uint32_t n = length(s);

	switch (s->mode) {
	case 0:
		return s->running && t >= n;
	case 1:
		return !s->running || t >= n;
	case 2:
		return !s->running || !s->gate || t % n != n - 1;
	case 3:
		return !s->running || !s->gate || t % n < (n + 1) / 2;
	default:
		return !s->running || t != n;
	}
}

static uint16_t count_now(const struct pit_state *s, uint64_t now)
{
	uint64_t t = ticks(s, now);
	uint32_t n = length(s), c;

	if (!s->running)
		return s->count;
	if (s->mode == 2)
		c = n - (uint32_t)(t % n);
	else if (s->mode == 3)	/* counts by two, twice per period */
		c = (n - (uint32_t)(2 * (t % n) % n)) & ~1u;
	else			/* runs on below 0 */
		c = (n + modulus(s) - (uint32_t)(t % modulus(s))) % modulus(s);
	return (uint16_t)(s->bcd ? to_bcd(c) : c);
}

static uint8_t status_now(const struct pit_state *s, uint64_t now)
{
	return (uint8_t)(output(s, now) << 7 | !s->loaded << 6 | s->access << 4 | s->mode << 1 | s->bcd);
}

/* --- interrupt 0 ------------------------------------------------------------------------------------ */

static uint64_t expiries(const struct pit_state *s, uint64_t now)
{
	uint64_t t = ticks(s, now);

	return periodic(s) ? t / length(s) : t >= length(s);
}

static uint64_t deadline_ns(const struct machine *m)
{
	const struct pit_state *s = &m->pit.s[0];
	uint64_t next = clock_add(s->expired, 1);

	if (!s->running || (!periodic(s) && s->expired) || (!s->gate && !triggered(s)))
		return CLOCK_NEVER;
	if (__builtin_mul_overflow(next, (uint64_t)length(s), &next))
		return CLOCK_NEVER;
	return clock_add(s->start_ns, clock_ns(next, PIT_HZ));
}

static void poll(struct machine *m, uint64_t now_ns)
{
	struct pit_state *s = &m->pit.s[0];
	uint64_t count;

	if (!s->running)
		return;
	count = expiries(s, now_ns);
	if (count <= s->expired)
		return;
	s->expired = count;
	machine_irq(m, GSI_PIT, false);
	machine_irq(m, GSI_PIT, true);
}

static void start(struct pit_state *s, uint64_t now)
{
	s->start_ns = now;
	s->held_ns = 0;
	s->expired = 0;
	s->running = 1;
}

/* --- ports ------------------------------------------------------------------------------------------ */

static void load(struct machine *m, unsigned channel, uint16_t count)
{
	struct pit_state *s = &m->pit.s[channel];

	s->count = count;
	s->loaded = 1;
	if (!triggered(s))
		start(s, machine_time_ns(m));
	/* In mode 0 the output falls; in the others the next pulse makes its own edge. */
	if (channel == 0)
		machine_irq(m, GSI_PIT, false);
}

static void write_count(struct machine *m, unsigned channel, uint8_t value)
{
	struct pit_state *s = &m->pit.s[channel];

	switch (s->access) {
	case LSB:
		load(m, channel, value);
		break;
	case MSB:
		load(m, channel, (uint16_t)(value << 8));
		break;
	case WORD:
		if (s->write_msb)
			load(m, channel, (uint16_t)(value << 8 | s->write_lsb));
		else
			s->write_lsb = value;
		s->write_msb = !s->write_msb;
		break;
	}
}

static uint8_t read_count(struct machine *m, unsigned channel)
{
	struct pit_state *s = &m->pit.s[channel];
	uint16_t count = s->latch;
	bool msb = s->access == MSB || (s->access == WORD && s->read_msb);

	if (s->latched & LATCHED_STATUS) {
		s->latched &= (uint8_t)~LATCHED_STATUS;
		return s->status;
	}
	if (!(s->latched & LATCHED_COUNT))
		count = count_now(s, machine_time_ns(m));
	if (s->access == WORD)
		s->read_msb = !s->read_msb;
	if (s->access != WORD || msb)
		s->latched &= (uint8_t)~LATCHED_COUNT;
	return (uint8_t)(msb ? count >> 8 : count);
}

static void latch(struct machine *m, unsigned channel, unsigned what)
{
	struct pit_state *s = &m->pit.s[channel];
	uint64_t now = machine_time_ns(m);

	/* The first latch stands until it is read. */
	if (what & ~s->latched & LATCHED_COUNT)
		s->latch = count_now(s, now);
	if (what & ~s->latched & LATCHED_STATUS)
		s->status = status_now(s, now);
	s->latched |= (uint8_t)what;
}

static void write_control(struct machine *m, uint8_t value)
{
	unsigned channel = value >> 6, access = value >> 4 & 3, mode = value >> 1 & 7;
	struct pit_state *s = &m->pit.s[channel];

	if (channel == 3) {	/* read-back; its bits 4 and 5 are active low */
		for (unsigned i = 0; i < 3; i++)
			if (value >> (i + 1) & 1)
				latch(m, i, (value & 0x20 ? 0 : LATCHED_COUNT) | (value & 0x10 ? 0 : LATCHED_STATUS));
		return;
	}
	if (access == 0) {
		latch(m, channel, LATCHED_COUNT);
		return;
	}
	s->access = (uint8_t)access;
	s->mode = (uint8_t)(mode > 5 ? mode & 3 : mode);
	s->bcd = value & 1;
	s->loaded = s->running = s->write_msb = s->read_msb = s->latched = 0;
	s->held_ns = s->expired = 0;
	if (channel == 0)
		machine_irq(m, GSI_PIT, false);
}

static void set_gate(struct machine *m, unsigned channel, bool level)
{
	struct pit_state *s = &m->pit.s[channel];
	uint64_t now = machine_time_ns(m);

	if (level == s->gate)
		return;
	if (!level)
		s->held_ns = clock_since(s->start_ns, now);
	else if (triggered(s) || periodic(s))
		start(s, now);
	else
		s->start_ns = clock_since(s->held_ns, now);
	s->running = s->running && s->loaded;
	s->gate = level;
}

static uint8_t read_port_b(const struct machine *m)
{
	const struct pit_state *s = &m->pit.s[2];
	uint64_t now = machine_time_ns(m);
	bool refresh = now / REFRESH_NS & 1;

	return (uint8_t)(s->gate | s->speaker << 1 | refresh << 4 | output(s, now) << 5);
}

static uint32_t in(struct machine *m, uint16_t port, unsigned size)
{
	(void)size;
	if (port == PORT_B)
		return read_port_b(m);
	return port == PORT_CONTROL ? 0xFF : read_count(m, port & 3);
}

static void out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	(void)size;
	if (port == PORT_B) {
		set_gate(m, 2, value & 1);
		m->pit.s[2].speaker = value >> 1 & 1;
	} else if (port == PORT_CONTROL) {
		write_control(m, (uint8_t)value);
	} else {
		write_count(m, port & 3, (uint8_t)value);
	}
}

static void reset(struct machine *m)
{
	memset(&m->pit.s, 0, sizeof(m->pit.s));
	for (unsigned i = 0; i < 3; i++) {
		m->pit.s[i].access = WORD;
		m->pit.s[i].gate = i != 2;
	}
}

static enum err check(const struct machine *m, const void *record, unsigned instance, struct why *why)
{
	const struct pit_state *s = record;

	(void)m;
	if (s->access == 0 || (s->running && !s->loaded)) {
		why_set(why, "record pit %u: impossible value in access or running", instance);
		return ERR_RANGE;
	}
	return ERR_OK;
}

static void acpi(struct acpi_parts *a)
{
	acpi_override(a, 0, GSI_PIT, 0);
}

static const struct device_ports ports[] = {
	{ 0x40, PORT_CONTROL, 1, CHANGES_TIMERS, in, out },
	{ PORT_B, PORT_B, 1, CHANGES_TIMERS, in, out },
};

const struct device pit_device = {
	.desc = &desc, .at = offsetof(struct machine, pit.s), .stride = sizeof(struct pit_state), .records = 3,
	.check = check, .reset = reset, .deadline_ns = deadline_ns, .poll = poll, DEVICE_PORTS(ports), .acpi = acpi,
};
