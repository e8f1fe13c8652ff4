/* SPDX-License-Identifier: MIT */
#include "acpi.h"
#include <string.h>
#include "lib/bytes.h"

#define RSDP_XSDT	24
#define HEADER_BYTES	36
#define MADT_ENTRIES	44
#define ENTRY_LOCAL_APIC	0
#define ENTRY_LOCAL_X2APIC	9
#define ENABLED		1u

/* The table with @signature that the XSDT names, NULL if there is none. */
static const uint8_t *find_table(uint64_t rsdp, const char *signature)
{
	const uint8_t *xsdt;
	uint32_t bytes;

	if (!rsdp || memcmp((const void *)rsdp, "RSD PTR ", 8))
		return NULL;
	xsdt = (const uint8_t *)le64_get((const uint8_t *)rsdp + RSDP_XSDT);
	if (!xsdt || memcmp(xsdt, "XSDT", 4))
		return NULL;
	bytes = le32_get(xsdt + 4);
	for (uint32_t at = HEADER_BYTES; at + 8 <= bytes; at += 8) {
		const uint8_t *table = (const uint8_t *)le64_get(xsdt + at);

		if (!memcmp(table, signature, 4))
			return table;
	}
	return NULL;
}

uint32_t acpi_processors(uint64_t rsdp, uint32_t *apic_id, uint32_t max)
{
	const uint8_t *madt = find_table(rsdp, "APIC");
	uint32_t bytes = madt ? le32_get(madt + 4) : 0, n = 0;

	for (uint32_t at = MADT_ENTRIES; at + 2 <= bytes && madt[at + 1] >= 2 && n < max; at += madt[at + 1]) {
		const uint8_t *e = madt + at;

		if (e[0] == ENTRY_LOCAL_APIC && e[1] >= 8 && (le32_get(e + 4) & ENABLED))
			apic_id[n++] = e[3];
		else if (e[0] == ENTRY_LOCAL_X2APIC && e[1] >= 16 && (le32_get(e + 8) & ENABLED))
			apic_id[n++] = le32_get(e + 4);
	}
	return n;
}
