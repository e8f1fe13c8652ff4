/* SPDX-License-Identifier: MIT */
/* acpi.h: the few facts Tern reads from the host's ACPI tables. */
#pragma once
#include <stdint.h>

/* Local APIC ids of the enabled processors in the MADT, the caller's own included; returns how many (at most @max). */
uint32_t acpi_processors(uint64_t rsdp, uint32_t *apic_id, uint32_t max);
