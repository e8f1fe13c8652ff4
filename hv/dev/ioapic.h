/* SPDX-License-Identifier: MIT */
/* ioapic.h: the I/O APIC, 24 pins, version 0x20 with its EOI register (82093AA datasheet; ICH "I/O APIC"). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

#define IOAPIC_GPA	0xFEC00000ull
#define IOAPIC_BYTES	0x1000ull
#define IOAPIC_PINS	24u

#define IOAPIC_RTE_MODE(rte)	((unsigned)((rte) >> 8) & 7)
#define IOAPIC_RTE_LOGICAL	(1ull << 11)
#define IOAPIC_RTE_REMOTE_IRR	(1ull << 14)
#define IOAPIC_RTE_LEVEL	(1ull << 15)
#define IOAPIC_RTE_MASKED	(1ull << 16)

#define IOAPIC_TABLE(F, A) \
	A(1, 1, uint64_t, rte, IOAPIC_PINS, 0xFF0000000001EFFFull, "redirection table") \
	F(2, 1, uint32_t, lines, 0xFFFFFFu, "asserted input lines") \
	F(3, 1, uint16_t, select, 0xFF, "IOREGSEL") \
	F(4, 1, uint16_t, id, 0xF, "I/O APIC id")
STATE_STRUCT(ioapic_state, IOAPIC_TABLE)

struct ioapic { struct ioapic_state s; };

extern const struct device ioapic_device;

/* Level of input @pin; true is asserted whatever the programmed polarity. */
void ioapic_line(struct machine *m, unsigned pin, bool level);
/* An EOI for @vector seen on the bus. */
void ioapic_eoi(struct machine *m, unsigned vector);
