/* SPDX-License-Identifier: MIT */
/* fuzz: arch fake_acpi */
#include "arch/x86_64/acpi.h"
#include <stdlib.h>
#include <string.h>
#include "lib/bytes.h"
#include "tests/fake/fake_acpi.h"

#define XSDT_AT 64u
#define ENTRIES_AT (XSDT_AT + 36u)
#define ENTRIES 24u

/* A firmware's tables are the input, but for the RSDP. Bit 0 of its first byte: sums are put right; bit 1: entries are offsets. What is read
 * outside faults. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *memory = fake_acpi_fresh();
	uint32_t id[4] = { 0 }, more;
	uint64_t rsdp = (uint64_t)memory;

	if (size < 1 || size - 1 > FAKE_ACPI_BYTES - XSDT_AT)
		return 0;
	memcpy(memory + XSDT_AT, data + 1, size - 1);
	for (unsigned i = 0; i < ENTRIES && (*data & 2); i++) {
		uint8_t *entry = memory + ENTRIES_AT + 8 * i;

		le64_put(entry, rsdp + le64_get(entry) % (FAKE_ACPI_BYTES + 64));
	}
	if (*data & 1)
		fake_acpi_sums();
	more = acpi_processors(rsdp, id, 3);
	if (id[3] || more > FAKE_ACPI_BYTES / 8)
		abort();
	(void)acpi_pm_timer(rsdp);
	if (acpi_hpet(rsdp) % 8)
		abort();
	return 0;
}
