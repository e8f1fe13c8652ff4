/* SPDX-License-Identifier: MIT */
/* unit: fake_acpi */
#include "arch/x86_64/acpi.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/acpi_table.h"
#include "lib/bytes.h"
#include "tests/fake/fake_acpi.h"

static uint8_t *memory;
static uint64_t rsdp;
static uint32_t bytes;

static void fresh(void)
{
	memory = fake_acpi_fresh();
	rsdp = (uint64_t)memory;
}

TestSuite(acpi, .init = fresh);

/* A MADT with three processors, one of them not enabled, and an entry of another kind. */
static uint8_t *add_madt(void)
{
	static const uint8_t entries[] = {
		0, 8, 0, 5, 1, 0, 0, 0,
		0, 8, 1, 6, 0, 0, 0, 0,
		1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		9, 16, 0, 0, 0x34, 0x12, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	};
	uint8_t *madt = fake_acpi_add("APIC", 44 + sizeof(entries));

	memcpy(madt + 44, entries, sizeof(entries));
	fake_acpi_sum(madt, 44 + sizeof(entries));
	return madt;
}

Test(acpi, a_good_table_is_found)
{
	fake_acpi_add("FACP", 276);
	cr_assert_eq(acpi_table(rsdp, "HPET", &bytes), NULL);
	cr_assert_eq(acpi_table(rsdp, "HPET", &bytes), NULL);
	cr_assert(acpi_table(rsdp, "FACP", &bytes));
	cr_assert_eq(bytes, 276);
	cr_assert_eq(acpi_table(0, "FACP", &bytes), NULL);
}

Test(acpi, a_table_with_a_wrong_sum_is_passed_over)
{
	uint8_t *bad = fake_acpi_add("FACP", 276), *good = fake_acpi_add("FACP", 244);

	bad[100] ^= 1;
	cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), good);
	cr_assert_eq(bytes, 244);
	good[100] ^= 1;
	cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), NULL);
}

Test(acpi, an_rsdp_or_xsdt_with_a_wrong_sum_is_not_believed)
{
	fake_acpi_add("FACP", 276);
	memory[10] ^= 1;	/* in what the first sum covers */
	cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), NULL);
	memory[10] ^= 1;
	memory[33] ^= 1;	/* and in the rest */
	cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), NULL);
	memory[33] ^= 1;
	memory[64 + 20] ^= 1;
	cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), NULL);
	memory[64 + 20] ^= 1;
	cr_assert(acpi_table(rsdp, "FACP", &bytes));
}

Test(acpi, entries_that_point_nowhere_are_passed_over)
{
	static const uint64_t nowhere[] = { 0, 1, UINT64_MAX, 1ull << 63, 0xffffffffull };
	uint8_t *good;

	for (unsigned i = 0; i < 5; i++) {
		fake_acpi_add("NONE", 36);
		le64_put(memory + 64 + 36 + 8 * i, nowhere[i]);
	}
	good = fake_acpi_add("FACP", 276);
	cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), good);
	le64_put(memory + 24, 0x1234);
	fake_acpi_sums();
	cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), NULL);
}

Test(acpi, lengths_that_cannot_be_are_not_believed)
{
	static const uint32_t lengths[] = { 0, 8, 35, 8150, FAKE_ACPI_BYTES, 0x80000000, UINT32_MAX };
	uint8_t *t = fake_acpi_add("FACP", 276);

	for (unsigned i = 0; i < 7; i++) {
		le32_put(t + 4, lengths[i]);
		cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), NULL, "%u", lengths[i]);
		cr_assert_eq(bytes, 0);
	}
	le32_put(t + 4, 276);
	for (unsigned i = 0; i < 7; i++) {
		le32_put(memory + 64 + 4, lengths[i]);
		fake_acpi_sums();
		cr_assert_eq(acpi_table(rsdp, "FACP", &bytes), NULL, "XSDT %u", lengths[i]);
	}
}

Test(acpi, processors_are_those_that_are_enabled)
{
	uint32_t id[4] = { 0 };

	add_madt();
	cr_assert_eq(acpi_processors(rsdp, id, 4), 2);
	cr_assert_eq(id[0], 5);
	cr_assert_eq(id[1], 0x1234);
	cr_assert_eq(acpi_processors(rsdp, id + 2, 1), 2, "how many there are, also where they don't fit");
	cr_assert_eq(id[3], 0);
}

Test(acpi, an_entry_of_the_madt_ends_with_the_table)
{
	uint8_t *madt = add_madt();
	uint32_t id[4];

	le32_put(madt + 4, 44 + 8 + 8 + 12 + 6);
	fake_acpi_sums();
	cr_assert_eq(acpi_processors(rsdp, id, 4), 1, "the last one is cut");
	madt[45] = 0;
	fake_acpi_sums();
	cr_assert_eq(acpi_processors(rsdp, id, 4), 0, "an entry without a length has no next");
}
