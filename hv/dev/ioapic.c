/* SPDX-License-Identifier: MIT */
/* ioapic.c: the I/O APIC's registers, redirection and EOI. */
#include "hv/dev/ioapic.h"
#include <string.h>
#include "hv/acpi/acpi_parts.h"
#include "hv/device.h"
#include "hv/machine.h"

STATE_DESC(desc, ioapic_state, IOAPIC_TABLE, .name = "ioapic", .type = 0x0101, .version = 1);

#define VERSION		((IOAPIC_PINS - 1u) << 16 | 0x20u)
#define RTE_WRITABLE	0xFF0000000001AFFFull	/* all but delivery status and remote IRR */
#define RTE_VALID	(RTE_WRITABLE | IOAPIC_RTE_REMOTE_IRR)

enum { IOREGSEL = 0x00, IOWIN = 0x10, EOIR = 0x40 };
enum { REG_ID = 0, REG_VERSION = 1, REG_ARBITRATION = 2, REG_RTE = 0x10 };

static bool send(struct machine *m, unsigned pin)
{
	uint64_t rte = m->ioapic.s.rte[pin];
	struct lapic_message msg = {
		.dest = (uint32_t)(rte >> 56), .vector = (uint8_t)rte, .mode = IOAPIC_RTE_MODE(rte),
		.logical = rte & IOAPIC_RTE_LOGICAL, .level = rte & IOAPIC_RTE_LEVEL,
	};

	return lapic_deliver(m, &msg);
}

/* Sends a level-triggered interrupt whose line is high and which no CPU is serving. */
static void service_level(struct machine *m, unsigned pin)
{
	struct ioapic_state *s = &m->ioapic.s;
	const uint64_t relevant = IOAPIC_RTE_LEVEL | IOAPIC_RTE_MASKED | IOAPIC_RTE_REMOTE_IRR;

	if (!(s->lines >> pin & 1) || (s->rte[pin] & relevant) != IOAPIC_RTE_LEVEL)
		return;
	if (send(m, pin))
		s->rte[pin] |= IOAPIC_RTE_REMOTE_IRR;
}

void ioapic_line(struct machine *m, unsigned pin, bool level)
{
	struct ioapic_state *s = &m->ioapic.s;
	bool rising;

	if (pin >= IOAPIC_PINS)
		return;
	rising = level && !(s->lines >> pin & 1);
	s->lines = (s->lines & ~(1u << pin)) | (uint32_t)level << pin;
	if (s->rte[pin] & IOAPIC_RTE_LEVEL)
		service_level(m, pin);
	else if (rising && !(s->rte[pin] & IOAPIC_RTE_MASKED))
		send(m, pin);	/* the datasheet: an edge at a masked pin is lost */
}

void ioapic_eoi(struct machine *m, unsigned vector)
{
	struct ioapic_state *s = &m->ioapic.s;

	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		if ((s->rte[pin] & 0xFF) != vector || !(s->rte[pin] & IOAPIC_RTE_REMOTE_IRR))
			continue;
		s->rte[pin] &= ~IOAPIC_RTE_REMOTE_IRR;
		service_level(m, pin);
	}
}

static uint32_t window_read(const struct ioapic_state *s)
{
	unsigned pin = (s->select - REG_RTE) / 2u;

	switch (s->select) {
	case REG_ID:
	case REG_ARBITRATION:
		return (uint32_t)s->id << 24;
	case REG_VERSION:
		return VERSION;
	}
	if (s->select < REG_RTE || pin >= IOAPIC_PINS)
		return 0xFFFFFFFFu;
	return (uint32_t)(s->rte[pin] >> (s->select & 1 ? 32 : 0));
}

static void window_write(struct machine *m, uint32_t value)
{
	struct ioapic_state *s = &m->ioapic.s;
	unsigned pin = (s->select - REG_RTE) / 2u;
	uint64_t rte;

	if (s->select == REG_ID)
		s->id = value >> 24 & 0xF;
	if (s->select < REG_RTE || pin >= IOAPIC_PINS)
		return;
	rte = s->rte[pin];
	if (s->select & 1)
		rte = (rte & 0xFFFFFFFFull) | (uint64_t)value << 32;
	else
		rte = (rte & ~0xFFFFFFFFull) | value;
	rte = (rte & RTE_WRITABLE) | (s->rte[pin] & IOAPIC_RTE_REMOTE_IRR);
	/* Remote IRR means nothing for an edge; Linux switches to edge and back to clear a stuck one. */
	if (!(rte & IOAPIC_RTE_LEVEL))
		rte &= ~IOAPIC_RTE_REMOTE_IRR;
	s->rte[pin] = rte;
	service_level(m, pin);
}

static void access(struct machine *m, unsigned vcpu, uint32_t offset, unsigned size, bool is_write, uint64_t *value)
{
	struct ioapic_state *s = &m->ioapic.s;
	uint32_t word = 0;

	(void)vcpu;
	if (is_write) {
		if (offset == IOREGSEL)
			s->select = *value & 0xFF;
		else if (offset == IOWIN && size >= 4)
			window_write(m, (uint32_t)*value);
		else if (offset == EOIR)
			ioapic_eoi(m, *value & 0xFF);
		return;
	}
	if ((offset & ~3u) == IOREGSEL)
		word = s->select;
	else if ((offset & ~3u) == IOWIN)
		word = window_read(s);
	*value = word >> 8 * (offset & 3);
}

static void reset(struct machine *m)
{
	struct ioapic_state *s = &m->ioapic.s;

	memset(s, 0, sizeof(*s));
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++)
		s->rte[pin] = IOAPIC_RTE_MASKED;
}

static enum err check(const struct machine *m, const void *record, unsigned instance, struct why *why)
{
	const struct ioapic_state *s = record;

	(void)m, (void)instance;
	for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
		uint64_t rte = s->rte[pin];

		if (!(rte & ~RTE_VALID) && ((rte & IOAPIC_RTE_LEVEL) || !(rte & IOAPIC_RTE_REMOTE_IRR)))
			continue;
		why_set(why, "record ioapic: impossible redirection entry 0x%llx for pin %u",
			(unsigned long long)rte, pin);
		return ERR_RANGE;
	}
	return ERR_OK;
}

static void acpi(struct acpi_parts *a)
{
	le32_put(acpi_madt_entry(a, MADT_IOAPIC, 12) + 4, (uint32_t)IOAPIC_GPA);
}

static const struct device_mmio mmio = { IOAPIC_GPA, IOAPIC_BYTES, access };

const struct device ioapic_device = {
	.desc = &desc, .at = offsetof(struct machine, ioapic.s), .records = 1, .check = check,
	.reset = reset, .mmio = &mmio, .acpi = acpi,
};
