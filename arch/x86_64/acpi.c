/* SPDX-License-Identifier: MIT */
#include "acpi.h"
#include <stddef.h>
#include "acpi_table.h"
#include "lib/bytes.h"

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

uint32_t acpi_processors(uint64_t rsdp, uint32_t *apic_id, uint32_t max)
{
	uint32_t bytes, n = 0;
	const uint8_t *madt = acpi_table(rsdp, "APIC", &bytes);

	/* An entry has at least its type and length, and ends within the table. */
	for (uint32_t at = MADT_ENTRIES; at + 2 <= bytes && madt[at + 1] >= 2 && at + madt[at + 1] <= bytes;
	     at += madt[at + 1]) {
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
	uint32_t bytes;
	const uint8_t *fadt = acpi_table(rsdp, "FACP", &bytes);
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
	uint32_t bytes;
	const uint8_t *hpet = acpi_table(rsdp, "HPET", &bytes);
	uint64_t address;

	if (bytes < HPET_ADDRESS + GAS_BYTES || hpet[HPET_ADDRESS] != GAS_MEMORY)
		return 0;
	address = le64_get(hpet + HPET_ADDRESS + GAS_ADDRESS);
	return address % 8 ? 0 : address;
}
