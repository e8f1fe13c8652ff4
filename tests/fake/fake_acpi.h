/* SPDX-License-Identifier: MIT */
/* fake_acpi.h: ACPI tables as a firmware lays them, in memory of their own. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#define FAKE_ACPI_BYTES 8192u

/* Where they lie, an RSDP first and an XSDT without entries behind it; whatever lies outside is not mapped, and is not to be touched. */
uint8_t *fake_acpi_fresh(void);
/* A table of so many bytes with a right sum, named by the XSDT; its content behind the header is zero. */
uint8_t *fake_acpi_add(const char signature[4], uint32_t bytes);
/* Puts the sum of the @bytes at @table right again. */
void fake_acpi_sum(uint8_t *table, uint32_t bytes);
/* The sums of all that is reached from the RSDP, as far as it lies inside. */
void fake_acpi_sums(void);
