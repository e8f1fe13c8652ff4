/* SPDX-License-Identifier: MIT */
/* acpi.h: the few facts Tern reads from the host's ACPI tables. */
#pragma once
#include <stdint.h>

/* Local APIC ids of the enabled processors in the MADT, the caller's own included, the first @max; returns how many
 * there are. */
uint32_t acpi_processors(uint64_t rsdp, uint32_t *apic_id, uint32_t max);
/* The I/O port of the ACPI PM timer by the FADT, 0 if there is none. */
uint16_t acpi_pm_timer(uint64_t rsdp);
/* Physical address of the HPET's registers, 0 if there is none. */
uint64_t acpi_hpet(uint64_t rsdp);
