/* SPDX-License-Identifier: MIT */
/* unit: fake_acpi */
#include "arch/x86_64/vtd.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/io.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/time.h"
#include "lib/bytes.h"
#include "tests/fake/fake_acpi.h"

#define UNIT 0xfed90000ull
#define TES (1u << 31)
#define IRES (1u << 25)
#define QIES (1u << 26)
#define ONCE (1u << 30 | 1u << 29 | 1u << 27 | 1u << 24)

/* Units that do what they are told some reads later. */
static struct unit { uint32_t status, wanted, pmen, delay; bool mapped, stuck; } unit[3];
static uint64_t now;
static unsigned writes;
static uint64_t rsdp;
static uint8_t *dmar;
static uint32_t used;

static struct unit *at(uint64_t address)
{
	uint64_t n = (address - UNIT) >> 12;

	cr_assert_lt(n, 3u, "%lx", address);
	cr_assert(unit[n].mapped, "registers are mapped before they are read");
	return &unit[n];
}

uint64_t time_ns(void)
{
	return now += 100000;
}

void paging_map_mmio(uint64_t base, uint64_t bytes)
{
	cr_assert_eq(bytes, 4096);
	cr_assert_lt((base - UNIT) >> 12, 3u);
	unit[(base - UNIT) >> 12].mapped = true;
}

uint32_t mmio_read32(uint64_t address)
{
	struct unit *u = at(address);

	if (u->delay && !--u->delay) {
		u->status = (u->status & ONCE) | u->wanted;
		u->pmen &= u->pmen >> 31;
	}
	return (address & 0xfff) == 0x64 ? u->pmen : u->status;
}

void mmio_write32(uint64_t address, uint32_t v)
{
	struct unit *u = at(address);

	writes++;
	if ((address & 0xfff) == 0x64) {
		u->pmen = v | (u->pmen & 1);
	} else {
		cr_assert_eq(address & 0xfff, 0x18);
		cr_assert_eq(v & ONCE, 0, "a command that is done once was given again: %x", v);
		u->wanted = v;
	}
	u->delay = u->stuck ? 0 : 5;
}

static void add(uint16_t type, uint16_t length, uint64_t registers)
{
	le16_put(dmar + used, type);
	le16_put(dmar + used + 2, length);
	if (length >= 16)
		le64_put(dmar + used + 8, registers);
	used += length;
	le32_put(dmar + 4, used);
	fake_acpi_sums();
}

static void begin(void)
{
	rsdp = (uint64_t)fake_acpi_fresh();
	dmar = fake_acpi_add("DMAR", 512);
	used = 48;
	memset(unit, 0, sizeof(unit));
	writes = 0;
}

TestSuite(vtd, .init = begin);

Test(vtd, what_is_on_is_turned_off_and_the_rest_kept)
{
	add(0, 16, UNIT);
	add(1, 24, 0x1234);
	add(0, 24, UNIT + 4096);
	unit[0].status = TES | IRES | QIES | 1u << 30;
	unit[1].status = unit[1].wanted = QIES;
	unit[1].pmen = 1u << 31 | 1;
	cr_assert_eq(vtd_off(rsdp), 0);
	cr_assert_eq(unit[0].status & (TES | IRES), 0);
	cr_assert(unit[0].status & QIES);
	cr_assert_eq(unit[1].pmen, 0);
	cr_assert_eq(unit[1].status, QIES);
}

Test(vtd, units_that_are_off_or_absent_are_left_alone)
{
	add(0, 16, UNIT);
	add(0, 16, UNIT + 4096);
	unit[1].status = UINT32_MAX;
	cr_assert_eq(vtd_off(rsdp), 0);
	cr_assert_eq(writes, 0);
	cr_assert_eq(vtd_off(0), 0);
}

Test(vtd, one_that_stays_on_is_told_and_the_next_is_tried)
{
	add(0, 16, UNIT);
	add(0, 16, UNIT + 4096);
	unit[0].status = unit[1].status = TES;
	unit[0].stuck = true;
	cr_assert_eq(vtd_off(rsdp), 1);
	cr_assert_eq(unit[1].status & TES, 0);
	cr_assert_lt(now, 2000000000ull);
}

Test(vtd, structures_that_cannot_be_are_not_followed)
{
	add(0, 16, 0);
	add(0, 16, UNIT + 5);
	add(0, 16, 1ull << 63);
	add(0, 8, 0);
	add(0, 16, UNIT);
	unit[0].status = TES;
	le16_put(dmar + used - 16 + 2, 17);	/* reaches beyond the table */
	fake_acpi_sums();
	cr_assert_eq(vtd_off(rsdp), 0);
	cr_assert_eq(unit[0].mapped, false);
	le16_put(dmar + 48 + 2, 0);		/* no length: the list would not end */
	fake_acpi_sums();
	cr_assert_eq(vtd_off(rsdp), 0);
}
