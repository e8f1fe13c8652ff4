/* SPDX-License-Identifier: MIT */
/* acpi_parts.h: a device's part of the guest's FADT and MADT (ACPI 6.3, "ACPI Software Programming Model"). */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "lib/bytes.h"

#define ACPI_FADT_BYTES		276u
#define ACPI_MADT_BYTES		1024u	/* at most */

/* Offsets of fields in both, and bits of them. */
enum { FADT_SCI_INT = 46, FADT_PM1A_EVT = 56, FADT_PM1A_CNT = 64, FADT_PM_TMR = 76, FADT_PM1_EVT_LEN = 88,
       FADT_PM1_CNT_LEN = 89, FADT_PM_TMR_LEN = 91, FADT_CENTURY = 108, FADT_BOOT_ARCH = 109, FADT_FLAGS = 112,
       FADT_RESET_REG = 116, FADT_RESET_VALUE = 128, FADT_X_PM1A_EVT = 148, FADT_X_PM1A_CNT = 172,
       FADT_X_PM_TMR = 208 };
enum { FADT_WBINVD = 1 << 0, FADT_PROC_C1 = 1 << 2, FADT_SLP_BUTTON = 1 << 5, FADT_FIX_RTC = 1 << 6,
       FADT_TMR_VAL_EXT = 1 << 8, FADT_RESET_REG_SUP = 1 << 10 };
enum { BOOT_LEGACY = 1 << 0, BOOT_NO_VGA = 1 << 2 };
enum { MADT_LAPIC_ADDRESS = 36, MADT_FLAGS = 40, MADT_ENTRIES = 44, MADT_PCAT_COMPAT = 1 };
enum { MADT_LAPIC = 0, MADT_IOAPIC = 1, MADT_OVERRIDE = 2, MADT_LAPIC_NMI = 4 };	/* types of entries */

struct machine;

/* The tables that are being made, zeroed but for what no device owns. */
struct acpi_parts {
	const struct machine *machine;
	uint8_t fadt[ACPI_FADT_BYTES], madt[ACPI_MADT_BYTES];
	size_t madt_bytes;		/* also of what found no room */
	uint8_t no_room[UINT8_MAX];
};

static inline void acpi_flags(uint8_t *at, uint32_t flags)
{
	le32_put(at, le32_get(at) | flags);
}

/* A generic address: an I/O port of @bits. */
static inline void acpi_port(uint8_t *at, uint8_t bits, uint16_t port)
{
	at[0] = 1;
	at[1] = bits;
	at[3] = bits == 8 ? 1 : bits == 16 ? 2 : 3;
	le64_put(at + 4, port);
}

/* Adds an entry of @bytes to the MADT, zeroed but for type and length. */
static inline uint8_t *acpi_madt_entry(struct acpi_parts *a, uint8_t type, uint8_t bytes)
{
	uint8_t *entry = a->madt_bytes + bytes <= sizeof(a->madt) ? a->madt + a->madt_bytes : a->no_room;

	a->madt_bytes += bytes;
	entry[0] = type;
	entry[1] = bytes;
	return entry;
}

/* ISA interrupt @irq arrives at @gsi; @flags as in the MADT: trigger mode and polarity. */
static inline void acpi_override(struct acpi_parts *a, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	uint8_t *entry = acpi_madt_entry(a, MADT_OVERRIDE, 10);

	entry[3] = irq;
	le32_put(entry + 4, gsi);
	le16_put(entry + 8, flags);
}
