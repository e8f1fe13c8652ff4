/* SPDX-License-Identifier: MIT */
#include "acpi_table.h"
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "arch/x86_64/paging.h"
#include "lib/bytes.h"
#include "lib/log.h"

/* ACPI 6.5 section 5.2.5.3, revision 2 and later. */
#define RSDP_REVISION	15
#define RSDP_LENGTH	20
#define RSDP_XSDT	24
#define RSDP_SUM1_BYTES	20u	/* that the first checksum covers */
#define RSDP_BYTES	36u
#define RSDP_MAX	4096u
#define TABLE_LENGTH	4
#define XSDT_MAX	(64u << 10)	/* far more entries than any machine has */
#define TABLE_MAX	(16u << 20)

static uint8_t sum(const uint8_t *p, uint32_t bytes)
{
	uint8_t s = 0;

	while (bytes--)
		s = (uint8_t)(s + *p++);
	return s;
}

/* What is wrong with the table at @address, NULL if nothing is. */
static const char *check(uint64_t address, uint32_t most, uint32_t *bytes)
{
	const uint8_t *t = (const uint8_t *)address;

	*bytes = le32_get(t + TABLE_LENGTH);
	if (*bytes < ACPI_HEADER_BYTES || *bytes > most)
		return "its length can't be";
	if (!paging_maps(address, *bytes))
		return "it does not lie in memory";
	return sum(t, *bytes) ? "its checksum is wrong" : NULL;
}

static void tell(const char *what, uint64_t address, const char *why)
{
	log_warn("acpi", "%.4s at %llx is not used: %s", what, (unsigned long long)address, why);
}

static uint64_t xsdt_of(uint64_t rsdp)
{
	const uint8_t *r = (const uint8_t *)rsdp;
	uint32_t bytes;

	if (!rsdp || !paging_maps(rsdp, RSDP_BYTES) || memcmp(r, "RSD PTR ", 8) || r[RSDP_REVISION] < 2)
		return 0;
	bytes = le32_get(r + RSDP_LENGTH);
	if (bytes < RSDP_BYTES || bytes > RSDP_MAX || !paging_maps(rsdp, bytes) || sum(r, RSDP_SUM1_BYTES) ||
	    sum(r, bytes)) {
		tell("RSDP", rsdp, "its length or checksum is wrong");
		return 0;
	}
	return le64_get(r + RSDP_XSDT);
}

const uint8_t *acpi_table(uint64_t rsdp, const char signature[4], uint32_t *bytes)
{
	uint64_t xsdt = xsdt_of(rsdp), table;
	uint32_t xsdt_bytes;
	const char *why;

	*bytes = 0;
	if (!xsdt || !paging_maps(xsdt, ACPI_HEADER_BYTES) || memcmp((const void *)xsdt, "XSDT", 4))
		return NULL;
	why = check(xsdt, XSDT_MAX, &xsdt_bytes);
	if (why) {
		tell("XSDT", xsdt, why);
		return NULL;
	}
	for (uint32_t at = ACPI_HEADER_BYTES; at + 8 <= xsdt_bytes; at += 8) {
		table = le64_get((const uint8_t *)xsdt + at);
		if (!table || !paging_maps(table, ACPI_HEADER_BYTES) || memcmp((const void *)table, signature, 4))
			continue;
		why = check(table, TABLE_MAX, bytes);
		if (!why)
			return (const uint8_t *)table;
		tell(signature, table, why);
	}
	*bytes = 0;
	return NULL;
}
