/* SPDX-License-Identifier: MIT */
/* acpi_table.h: the host's ACPI tables, none of which is believed: each lies in memory that is mapped, has a length
 * that can be, and a sum of 0. */
#pragma once
#include <stdint.h>

#define ACPI_HEADER_BYTES 36u	/* ACPI 6.5 section 5.2.6: signature, length, revision, checksum ... */

/* The first good table with @signature that the XSDT names; NULL if there is none. All its *@bytes (at least the
 * header's) can be read. A table that is not believed is logged and passed over. */
const uint8_t *acpi_table(uint64_t rsdp, const char signature[4], uint32_t *bytes);
