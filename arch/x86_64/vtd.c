/* SPDX-License-Identifier: MIT */
#include "vtd.h"
#include <stdbool.h>
#include <stddef.h>
#include "acpi_table.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/paging.h"
#include "lib/addr.h"
#include "lib/bytes.h"
#include "lib/log.h"
#include "time.h"

/* The DMAR table: remapping structures from here on, each of 16 bits type and 16 bits length. */
#define DMAR_STRUCTURES	48u
#define DRHD		0u	/* a remapping unit */
#define DRHD_BYTES	16u
#define DRHD_REGISTERS	8u
#define UNITS_MAX	64u
#define ADDRESS_END	(1ull << 47)

/* Registers of a unit. */
#define GCMD		0x18u
#define GSTS		0x1cu
#define PMEN		0x64u
#define PMEN_ENABLE	(1u << 31)
#define PMEN_STATUS	(1u << 0)
#define ABSENT		0xffffffffu
/* Global commands that are done once, whose status bits must not be written back. */
#define ONCE		(1u << 30 | 1u << 29 | 1u << 27 | 1u << 24)
#define TRANSLATION	(1u << 31)
#define INTERRUPTS	(1u << 25)
#define WAIT_NS		100000000ull

/* Whether the bits @wanted_off of @reg go off in time. */
static bool wait_off(uint64_t reg, uint32_t wanted_off)
{
	uint64_t until = time_ns() + WAIT_NS;

	while (mmio_read32(reg) & wanted_off)
		if (time_ns() >= until)
			return false;
	return true;
}

static bool tell(uint64_t unit, bool off, const char *what, const char *harm)
{
	if (off)
		log_info("vtd", "unit at %llx: %s, left on by the firmware, is off", (unsigned long long)unit, what);
	else
		log_error("vtd", "unit at %llx: %s can't be turned off: %s", (unsigned long long)unit, what, harm);
	return off;
}

static bool command_off(uint64_t unit, uint32_t bit, const char *what, const char *harm)
{
	uint32_t status = mmio_read32(unit + GSTS);

	if (!(status & bit))
		return true;
	mmio_write32(unit + GCMD, status & ~(ONCE | bit));
	return tell(unit, wait_off(unit + GSTS, bit), what, harm);
}

static bool unit_off(uint64_t unit)
{
	static const char dma[] = "network cards can't reach memory", lost[] = "interrupts of devices are lost";
	bool ok;

	paging_map_mmio(unit, PAGE_SIZE);
	if (mmio_read32(unit + GSTS) == ABSENT)
		return true;
	ok = command_off(unit, TRANSLATION, "translation of DMA", dma);
	ok &= command_off(unit, INTERRUPTS, "remapping of interrupts", lost);
	if (mmio_read32(unit + PMEN) & (PMEN_ENABLE | PMEN_STATUS)) {
		mmio_write32(unit + PMEN, 0);
		ok &= tell(unit, wait_off(unit + PMEN, PMEN_STATUS), "protection of memory against DMA", dma);
	}
	return ok;
}

unsigned vtd_off(uint64_t rsdp)
{
	uint32_t bytes, length;
	const uint8_t *dmar = acpi_table(rsdp, "DMAR", &bytes);
	unsigned units = 0, on = 0;

	for (uint32_t at = DMAR_STRUCTURES; at + 4 <= bytes; at += length) {
		uint64_t unit;

		length = le16_get(dmar + at + 2);
		if (length < 4 || length > bytes - at)
			break;
		if (le16_get(dmar + at) != DRHD || length < DRHD_BYTES || units++ == UNITS_MAX)
			continue;
		unit = le64_get(dmar + at + DRHD_REGISTERS);
		if (!unit || unit % PAGE_SIZE || unit >= ADDRESS_END)
			log_warn("vtd", "a remapping unit at %llx can't be", (unsigned long long)unit);
		else
			on += !unit_off(unit);
	}
	return on;
}
