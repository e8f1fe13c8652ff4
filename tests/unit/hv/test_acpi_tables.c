/* SPDX-License-Identifier: MIT */
/* unit: fake_machine */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/acpi/acpi_tables.h"
#include "lib/bytes.h"
#include "tests/fake/fake_machine.h"

static uint8_t memory[MACHINE_ACPI_BYTES];

static const uint8_t *at(uint64_t gpa)
{
	cr_assert_geq(gpa, MACHINE_ACPI_GPA);
	cr_assert_lt(gpa, MACHINE_ACPI_GPA + MACHINE_ACPI_BYTES);
	return memory + (gpa - MACHINE_ACPI_GPA);
}

static uint8_t sum(const uint8_t *p, size_t n)
{
	uint8_t s = 0;

	while (n--)
		s = (uint8_t)(s + *p++);
	return s;
}

/* The RSDP found as a guest finds it: by its signature on a 16-byte boundary. */
static const uint8_t *find_rsdp(unsigned vcpus)
{
	uint64_t rsdp = acpi_tables_build(memory, sizeof(memory), MACHINE_ACPI_GPA, fake_machine(vcpus));

	for (size_t i = 0; i < sizeof(memory); i += 16)
		if (memcmp(memory + i, "RSD PTR ", 8) == 0) {
			cr_assert_eq(rsdp, MACHINE_ACPI_GPA + i);
			return memory + i;
		}
	cr_assert_fail("no RSDP");
	return NULL;
}

static const uint8_t *table(const uint8_t *rsdp, const char *signature)
{
	const uint8_t *xsdt = at(le64_get(rsdp + 24));

	for (size_t i = 36; i < le32_get(xsdt + 4); i += 8)
		if (memcmp(at(le64_get(xsdt + i)), signature, 4) == 0)
			return at(le64_get(xsdt + i));
	cr_assert_fail("no %s", signature);
	return NULL;
}

static void expect_whole(const uint8_t *t, const char *signature)
{
	cr_expect_eq(memcmp(t, signature, 4), 0, "%s", signature);
	cr_expect_eq(sum(t, le32_get(t + 4)), 0, "checksum of %s", signature);
}

Test(acpi_tables, every_table_is_reachable_and_sums_to_zero)
{
	const uint8_t *rsdp = find_rsdp(2), *fadt = table(rsdp, "FACP");

	cr_assert_eq(sum(rsdp, 20), 0);
	cr_assert_eq(sum(rsdp, 36), 0);
	expect_whole(at(le64_get(rsdp + 24)), "XSDT");
	expect_whole(fadt, "FACP");
	expect_whole(table(rsdp, "APIC"), "APIC");
	expect_whole(at(le64_get(fadt + 140)), "DSDT");
	cr_assert_eq(le32_get(fadt + 40), le64_get(fadt + 140));
	cr_assert_eq(memcmp(at(le32_get(fadt + 36)), "FACS", 4), 0);
	cr_assert_eq(le32_get(fadt + 36) % 64, 0);
}

Test(acpi_tables, the_fadt_names_the_fixed_hardware)
{
	const uint8_t *t = table(find_rsdp(1), "FACP");

	cr_assert_eq(le32_get(t + 4), 276);
	cr_assert_eq(le16_get(t + 46), GSI_SCI);
	cr_assert_eq(le32_get(t + 48), 0, "no SMI command: ACPI mode is on");
	cr_assert_eq(le32_get(t + 56), 0x600);
	cr_assert_eq(le32_get(t + 64), 0x604);
	cr_assert_eq(le32_get(t + 76), 0x608);
	cr_assert_eq(le64_get(t + 120), 0xCF9);
	cr_assert_eq(t[128], 0x06);
	cr_assert_eq(le32_get(t + 112) >> 8 & 5, 5, "32-bit timer, reset register");
	cr_assert_eq(le32_get(t + 112) >> 20 & 1, 0, "not hardware-reduced");
	cr_assert_eq(le16_get(t + 109) & 2, 0, "no 8042");
}

Test(acpi_tables, the_madt_lists_each_vcpu_and_the_wiring)
{
	for (unsigned vcpus = 1; vcpus <= MACHINE_MAX_VCPUS; vcpus++) {
		const uint8_t *t = table(find_rsdp(vcpus), "APIC"), *p = t + 44;
		unsigned count[5] = { 0 };

		cr_assert_eq(le32_get(t + 36), LAPIC_GPA);
		for (; p < t + le32_get(t + 4); p += p[1]) {
			cr_assert_lt(p[0], 5);
			cr_assert_gt(p[1], 0);
			if (p[0] == 0)
				cr_assert_eq(p[3], count[0], "APIC ids are vCPU numbers");
			if (p[0] == 1)
				cr_assert_eq(le32_get(p + 4), IOAPIC_GPA);
			if (p[0] == 2 && p[3] == 0)
				cr_assert_eq(le32_get(p + 4), 2);
			if (p[0] == 2 && p[3] == 9)
				cr_assert_eq(le16_get(p + 8) & 0xC, 0xC, "level");
			count[p[0]]++;
		}
		cr_assert_eq(p, t + le32_get(t + 4));
		cr_assert_eq(count[0], vcpus);
		cr_assert_eq(count[1], 1);
		cr_assert_eq(count[2], 2);
		cr_assert_eq(count[4], 1);
	}
}

Test(acpi_tables, too_little_room_is_refused_and_nothing_written_past_it)
{
	const struct machine *m = fake_machine(8);
	size_t need = sizeof(memory);

	memset(memory, 0xEE, sizeof(memory));
	for (size_t room = 0; room < sizeof(memory); room += 16) {
		uint64_t rsdp = acpi_tables_build(memory, room, MACHINE_ACPI_GPA, m);

		cr_assert_eq(memory[room], 0xEE, "room %zu", room);
		if (!rsdp)
			continue;
		need = room;
		break;
	}
	cr_assert_lt(need, 4096);
}
