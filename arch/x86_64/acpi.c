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
#define FADT_PM_TMR_BLK		76
#define FADT_PM_TMR_LEN		91
#define FADT_FLAGS		112
#define FADT_X_PM_TMR_BLK	208
#define FADT_HW_REDUCED		(1u << 20)
#define HPET_ADDRESS		40
#define GAS_BYTES		12		/* Generic Address Structure: space, width, offset, size, address */
#define GAS_ADDRESS		4
#define GAS_MEMORY		0
#define GAS_IO			1

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

	for (uint32_t at = MADT_ENTRIES; at + 2 <= bytes && madt[at + 1] >= 2; at += madt[at + 1]) {
		const uint8_t *e = madt + at;
		uint32_t id;

		if (e[0] == ENTRY_LOCAL_APIC && e[1] >= 8 && (le32_get(e + 4) & ENABLED))
			id = e[3];
		else if (e[0] == ENTRY_LOCAL_X2APIC && e[1] >= 16 && (le32_get(e + 8) & ENABLED))
			id = le32_get(e + 4);
		else
			continue;
		if (n < max)
			apic_id[n] = id;
		n++;
	}
	return n;
}

/* ACPI "Fixed ACPI Description Table": the X_ field counts where it is not 0. */
uint16_t acpi_pm_timer(uint64_t rsdp)
{
	const uint8_t *fadt = find_table(rsdp, "FACP");
	uint32_t bytes = fadt ? le32_get(fadt + 4) : 0;
	uint64_t port = 0;

	if (bytes < FADT_FLAGS + 4 || fadt[FADT_PM_TMR_LEN] != 4 || (le32_get(fadt + FADT_FLAGS) & FADT_HW_REDUCED))
		return 0;
	if (bytes >= FADT_X_PM_TMR_BLK + GAS_BYTES && fadt[FADT_X_PM_TMR_BLK] == GAS_IO)
		port = le64_get(fadt + FADT_X_PM_TMR_BLK + GAS_ADDRESS);
	if (!port)
		port = le32_get(fadt + FADT_PM_TMR_BLK);
	return port <= 0xfffc ? (uint16_t)port : 0;
}

/* IA-PC HPET Specification, "The ACPI 2.0 HPET Description Table". */
uint64_t acpi_hpet(uint64_t rsdp)
{
	const uint8_t *hpet = find_table(rsdp, "HPET");
	uint64_t address;

	if (!hpet || le32_get(hpet + 4) < HPET_ADDRESS + GAS_BYTES || hpet[HPET_ADDRESS] != GAS_MEMORY)
		return 0;
	address = le64_get(hpet + HPET_ADDRESS + GAS_ADDRESS);
	return address % 8 ? 0 : address;
}
