/* SPDX-License-Identifier: MIT */
/* acpi_tables.h: the ACPI tables a guest finds: RSDP, XSDT, FADT, MADT, FACS, DSDT. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct machine;

/* Builds the tables for a guest with the devices of @m at @out, which the guest sees at @gpa (64-byte aligned;
 * MACHINE_ACPI_GPA lies where guests search). Returns the RSDP's gpa, 0 if @room is too small. */
uint64_t acpi_tables_build(uint8_t *out, size_t room, uint64_t gpa, const struct machine *m);
