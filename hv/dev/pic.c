/* SPDX-License-Identifier: MIT */
/* pic.c: the 8259A pair: priority, initialisation and operation command words, INTA. */
#include "hv/dev/pic.h"
#include <string.h>
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "hv/machine.h"

STATE_DESC(desc, pic_state, PIC_TABLE, .name = "pic", .type = 0x0102, .version = 1);

#define CASCADE		2u	/* the master's input that carries the slave's INT */
#define SPURIOUS	7u

enum { ICW1_ICW4 = 0x01, ICW1_SINGLE = 0x02, ICW1_LEVEL = 0x08, ICW1 = 0x10 };
enum { ICW4_AEOI = 0x02, ICW4_NESTED = 0x10 };
enum { OCW3 = 0x08 };

/* Inputs that can't be level-triggered on a PC: timer, keyboard, cascade; clock and FPU. */
static const uint8_t elcr_writable[2] = { 0xF8, 0xDE };

/* Where @bits has its input of highest priority, counted from the one that is first now; 8 if none. */
static unsigned first(const struct pic_state *s, unsigned bits)
{
	for (unsigned i = 0; i < 8; i++)
		if (bits >> ((s->lowest + 1 + i) & 7) & 1)
			return i;
	return 8;
}

static unsigned input_at(const struct pic_state *s, unsigned rank)
{
	return (s->lowest + 1 + rank) & 7;
}

/* The input whose request INT stands for, or -1. */
static int requested(const struct machine *m, unsigned chip)
{
	const struct pic_state *s = &m->pic.s[chip];
	unsigned served = s->isr, rank;

	if (s->icw_step != 0)
		return -1;
	if (s->special_mask)
		served &= (unsigned)~s->imr;
	/* Special fully nested mode: the slave may interrupt its own service routine. */
	if (chip == 0 && (s->icw4 & ICW4_NESTED))
		served &= ~(1u << CASCADE);
	rank = first(s, s->irr & (unsigned)~s->imr);
	if (rank == 8 || rank >= first(s, served))
		return -1;
	return (int)input_at(s, rank);
}

/* Recomputes the cascade; wakes the vCPUs that listen if INTR has something new to say. */
static void update(struct machine *m)
{
	struct pic_state *master = &m->pic.s[0];

	if (requested(m, 1) >= 0)
		master->irr |= 1u << CASCADE;
	else
		master->irr &= (uint8_t)~(1u << CASCADE);
	if (requested(m, 0) < 0)
		return;
	for (unsigned i = 0; i < m->vcpus; i++)
		if (lapic_takes_extint(m, i))
			machine_kick(m, i);
}

void pic_line(struct machine *m, unsigned irq, bool level)
{
	struct pic_state *s = &m->pic.s[irq >> 3 & 1];
	uint8_t bit = (uint8_t)(1u << (irq & 7));

	if (level == !!(s->lines & bit) && !(s->elcr & bit))
		return;		/* chips tell their line at every access: nothing new */
	if (level && !(s->lines & bit))
		s->irr |= bit;
	/* A latched edge survives the fall of its line, so that a short pulse isn't lost. */
	if (!level && (s->elcr & bit))
		s->irr &= (uint8_t)~bit;
	s->lines = (uint8_t)(level ? s->lines | bit : s->lines & ~bit);
	update(m);
}

int pic_vector(const struct machine *m)
{
	int input = requested(m, 0);

	if (input != (int)CASCADE)
		return input < 0 ? -1 : m->pic.s[0].base + input;
	input = requested(m, 1);
	return m->pic.s[1].base + (input < 0 ? (int)SPURIOUS : input);
}

static void end(struct pic_state *s, unsigned input, bool rotate)
{
	s->isr &= (uint8_t)~(1u << input);
	if (rotate)
		s->lowest = (uint8_t)input;
}

static void acknowledge(struct pic_state *s, unsigned input)
{
	if (!(s->elcr >> input & 1))
		s->irr &= (uint8_t)~(1u << input);
	s->isr |= (uint8_t)(1u << input);
	if (s->icw4 & ICW4_AEOI)
		end(s, input, s->rotate_aeoi);
}

unsigned pic_inta(struct machine *m)
{
	struct pic_state *s = &m->pic.s[0];
	int input = requested(m, 0);
	unsigned vector;

	if (input < 0)
		return s->base + SPURIOUS;
	acknowledge(s, (unsigned)input);
	vector = s->base + (unsigned)input;
	if (input == (int)CASCADE) {
		s = &m->pic.s[1];
		input = requested(m, 1);
		vector = s->base + SPURIOUS;
		if (input >= 0) {
			acknowledge(s, (unsigned)input);
			vector = s->base + (unsigned)input;
		}
	}
	update(m);
	return vector;
}

static void write_icw1(struct pic_state *s, uint32_t value)
{
	s->icw1 = value & 0x1F;
	s->icw4 = 0;
	s->icw_step = 2;
	s->imr = 0;
	s->isr = 0;
	s->irr = s->lines & s->elcr;	/* the edge detector starts anew */
	s->lowest = 7;
	s->special_mask = 0;
	s->read_isr = 0;
	s->poll = 0;
	s->rotate_aeoi = 0;
}

static void write_ocw2(struct pic_state *s, uint32_t value)
{
	unsigned input = value & 7, rank = first(s, s->isr);

	switch (value >> 5) {
	case 0:	/* rotate in automatic EOI mode: off */
	case 4:	/* on */
		s->rotate_aeoi = value >> 7;
		break;
	case 1:	/* non-specific EOI */
	case 5:	/* and rotate */
		if (rank < 8)
			end(s, input_at(s, rank), value >> 7);
		break;
	case 3:	/* specific EOI */
	case 7:	/* and rotate */
		end(s, input, value >> 7);
		break;
	case 6:	/* set priority */
		s->lowest = (uint8_t)input;
		break;
	}
}

static void write_ocw3(struct pic_state *s, uint32_t value)
{
	if (value & 0x02)
		s->read_isr = value & 1;
	s->poll = value >> 2 & 1;
	if (value & 0x40)
		s->special_mask = value >> 5 & 1;
}

static void write_data(struct pic_state *s, uint32_t value)
{
	switch (s->icw_step) {
	case 2:
		s->base = value & 0xF8;
		s->icw_step = s->icw1 & ICW1_SINGLE ? 4 : 3;
		break;
	case 3:	/* the cascade is wired; what ICW3 says can't change it */
		s->icw_step = 4;
		break;
	case 4:
		s->icw4 = value & 0x1F;
		s->icw_step = 0;
		return;
	default:
		s->imr = (uint8_t)value;
		return;
	}
	if (s->icw_step == 4 && !(s->icw1 & ICW1_ICW4))
		s->icw_step = 0;
}

static void out(struct machine *m, uint16_t port, unsigned size, uint32_t value)
{
	struct pic_state *s = &m->pic.s[port >> 7 & 1];

	(void)size;
	value &= 0xFF;
	if (port >= 0x4D0) {
		s = &m->pic.s[port & 1];
		s->elcr = value & elcr_writable[port & 1];
		s->irr |= s->lines & s->elcr;
	} else if (port & 1) {
		write_data(s, value);
	} else if (value & ICW1) {
		write_icw1(s, value);
	} else if (value & OCW3) {
		write_ocw3(s, value);
	} else {
		write_ocw2(s, value);
	}
	update(m);
}

/* The poll command: the read is the INTA of this chip alone. */
static uint32_t poll_read(struct machine *m, unsigned chip)
{
	struct pic_state *s = &m->pic.s[chip];
	int input = requested(m, chip);

	s->poll = 0;
	if (input < 0)
		return 0;
	acknowledge(s, (unsigned)input);
	update(m);
	return 0x80u | (unsigned)input;
}

static uint32_t in(struct machine *m, uint16_t port, unsigned size)
{
	struct pic_state *s = &m->pic.s[port >> 7 & 1];

	(void)size;
	if (port >= 0x4D0)
		return m->pic.s[port & 1].elcr;
	if (s->poll)
		return poll_read(m, port >> 7 & 1);
	if (port & 1)
		return s->imr;
	return s->read_isr ? s->isr : s->irr;
}

static void reset(struct machine *m)
{
	static const uint8_t base[2] = { 0x08, 0x70 };

	for (unsigned chip = 0; chip < 2; chip++) {
		struct pic_state *s = &m->pic.s[chip];

		memset(s, 0, sizeof(*s));
		/* As firmware leaves it: initialised, everything masked. */
		s->base = base[chip];
		s->imr = 0xFF;
		s->lowest = 7;
		s->icw1 = ICW1 | ICW1_ICW4;
		s->icw4 = 1;
	}
}

static enum err check(const struct machine *m, const void *record, unsigned instance, struct why *why)
{
	const struct pic_state *s = record;

	(void)m;
	if ((s->base & 7) || s->icw_step == 1 || (s->elcr & ~elcr_writable[instance])) {
		why_set(why, "record pic %u: impossible value in base, icw_step or elcr", instance);
		return ERR_RANGE;
	}
	return ERR_OK;
}

static void acpi(struct acpi_parts *a)
{
	acpi_flags(a->madt + MADT_FLAGS, MADT_PCAT_COMPAT);
}

static const struct device_ports ports[] = {
	{ 0x20, 0x21, 1, CHANGES_EVENTS, in, out },
	{ 0xA0, 0xA1, 1, CHANGES_EVENTS, in, out },
	{ 0x4D0, 0x4D1, 1, CHANGES_EVENTS, in, out },
};

const struct device pic_device = {
	.desc = &desc, .at = offsetof(struct machine, pic.s), .stride = sizeof(struct pic_state), .records = 2,
	.check = check, .reset = reset, DEVICE_PORTS(ports), .acpi = acpi,
};
