/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/acpi.h"
#include "arch/x86_64/acpi_table.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/pci.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc_counters.h"
#include "lib/bytes.h"

#define TRUE_HZ		2096004000ull
#define MS		1000000ull
#define HPET_BASE	0xfed00000u
#define HPET_FS		69841279u
#define PM_PORT		0xb008u

/* --- a PC with these three counters, whose time moves by what is done ----------------------------------- */

static uint64_t now_ns;
static unsigned long accesses;
static struct {
	bool hpet, pm, pit;		/* there, and counting */
	bool piix4;			/* its power management function is there */
	bool slow;			/* each access costs up to a millisecond */
	uint32_t hpet_config, hpet_writes;
	uint8_t port_b;
	uint64_t pit_start_ns;
	uint32_t pit_latch;
	unsigned pit_bytes;
} pc;

static uint8_t fadt[276], hpet_table[56], rsdp[36];

static void access_takes(void)
{
	accesses++;
	now_ns += pc.slow ? MS / 4 + accesses * 7919 % MS : 900 + accesses * 7919 % 400;
	if (accesses % 7 == 0)
		now_ns += accesses % 3 * MS;
}

uint64_t time_tsc(void)
{
	now_ns += 10;
	return (uint64_t)((unsigned __int128)now_ns * TRUE_HZ / 1000000000);
}

static uint64_t ticks(uint64_t since_ns, uint64_t hz) { return (uint64_t)((unsigned __int128)(now_ns - since_ns) * hz / 1000000000); }

uint8_t in8(uint16_t port)
{
	access_takes();
	if (port == 0x61)
		return pc.port_b;
	if (port == 0x42 && pc.pit)
		return (uint8_t)(pc.pit_latch >> 8 * (pc.pit_bytes++ & 1));
	return 0xff;
}

void out8(uint16_t port, uint8_t v)
{
	access_takes();
	if (port == 0x61)
		pc.port_b = v;
	else if (port == 0x43 && v == 0x80 && (pc.port_b & 1))
		pc.pit_latch = (uint32_t)-ticks(pc.pit_start_ns, 1193182) & 0xffff, pc.pit_bytes = 0;
	else if (port == 0x42)
		pc.pit_start_ns = now_ns;
}

uint16_t in16(uint16_t port) { (void)port; return 0xffff; }
void out16(uint16_t port, uint16_t v) { (void)port, (void)v; }
void out32(uint16_t port, uint32_t v) { (void)port, (void)v; }

uint32_t in32(uint16_t port)
{
	access_takes();
	return port == PM_PORT && pc.pm ? (uint32_t)ticks(0, 3579545) & 0xffffff : UINT32_MAX;
}

uint32_t mmio_read32(uint64_t address)
{
	access_takes();
	switch (address - HPET_BASE) {
	case 0x004:
		return HPET_FS;
	case 0x010:
		return pc.hpet_config;
	case 0x0f0:
		return pc.hpet && (pc.hpet_config & 1) ? (uint32_t)ticks(0, 1000000000000000ull / HPET_FS) : 0;
	}
	return UINT32_MAX;
}

void mmio_write32(uint64_t address, uint32_t v)
{
	cr_assert_eq(address, HPET_BASE + 0x010);
	pc.hpet_config = v;
	pc.hpet_writes++;
}

uint32_t pci_read32(const struct pci_function *f, uint8_t offset)
{
	if (!pc.piix4 || f->bus || f->device != 1 || f->function != 3)
		return UINT32_MAX;
	return offset == 0 ? 0x71138086 : offset == 0x40 ? 0xb001 : offset == 0x80 ? 1 : 0;
}

void paging_map_mmio(uint64_t base, uint64_t bytes)
{
	cr_assert_eq(base, HPET_BASE);
	cr_assert_geq(bytes, 0xf8);
}

static void put_header(uint8_t *table, const char *signature, uint32_t bytes)
{
	memcpy(table, signature, 4);
	le32_put(table + 4, bytes);
}

/* Which tables are believed: test_acpi. */
const uint8_t *acpi_table(uint64_t where, const char signature[4], uint32_t *bytes)
{
	const uint8_t *t = !where ? NULL : !memcmp(signature, "FACP", 4) ? fadt : hpet_table;

	*bytes = t ? le32_get(t + 4) : 0;
	return t;
}

static void begin(void)
{
	memset(&pc, 0, sizeof(pc));
	pc.hpet = pc.pm = pc.pit = true;
	pc.port_b = 0x02;
	now_ns = 55 * MS;
	accesses = 0;
	memset(fadt, 0, sizeof(fadt));
	put_header(fadt, "FACP", sizeof(fadt));
	le32_put(fadt + 76, PM_PORT);
	fadt[91] = 4;
	memset(hpet_table, 0, sizeof(hpet_table));
	put_header(hpet_table, "HPET", sizeof(hpet_table));
	le64_put(hpet_table + 44, HPET_BASE);
}

TestSuite(tsc_counters, .init = begin);

static struct tsc_source source[TSC_COUNTERS];

static bool tells_truth(unsigned i, uint32_t ppm)
{
	const struct tsc_range *r = &source[i].range;

	return r->low_hz <= TRUE_HZ && TRUE_HZ <= r->high_hz && tsc_range_ppm(r) <= ppm;
}

Test(tsc_counters, all_three_tell_the_truth_on_a_busy_machine)
{
	tsc_counters_measure((uint64_t)rsdp, source);
	for (unsigned i = 0; i < TSC_COUNTERS; i++)
		cr_expect(tells_truth(i, 100), "%s: %lu to %lu", source[i].name, (unsigned long)source[i].range.low_hz,
			  (unsigned long)source[i].range.high_hz);
	cr_expect_lt(now_ns, 400 * MS);
}

Test(tsc_counters, a_later_look_is_surer_and_leaves_the_chips_as_they_were)
{
	tsc_counters_measure((uint64_t)rsdp, source);
	cr_expect_eq(pc.hpet_config, 1);
	now_ns += 2000 * MS;
	tsc_counters_again(source);
	for (unsigned i = 0; i < TSC_COUNTERS; i++)
		cr_expect(tells_truth(i, 10), "%s: %lu to %lu", source[i].name, (unsigned long)source[i].range.low_hz,
			  (unsigned long)source[i].range.high_hz);
	cr_expect_eq(pc.port_b, 0x02);
	cr_expect_eq(pc.hpet_config, 0);
	cr_expect_eq(pc.hpet_writes, 2);
}

/* No 8254 and one whose output never rises look the same here: its count stands. */
Test(tsc_counters, what_is_absent_or_stands_still_costs_milliseconds_and_the_others_are_used)
{
	pc.pit = false;
	tsc_counters_measure((uint64_t)rsdp, source);
	cr_expect(tells_truth(0, 100) && tells_truth(1, 100));
	cr_expect_eq(source[2].range.high_hz, 0);
	cr_expect_lt(now_ns, 500 * MS);
	begin();
	pc.hpet = pc.pm = false;
	tsc_counters_measure((uint64_t)rsdp, source);
	cr_expect_eq(source[0].range.high_hz, 0);
	cr_expect_eq(source[1].range.high_hz, 0);
	cr_expect(tells_truth(2, 150));
}

Test(tsc_counters, with_no_counter_at_all_it_ends_soon)
{
	pc.hpet = pc.pm = pc.pit = false;
	tsc_counters_measure((uint64_t)rsdp, source);
	for (unsigned i = 0; i < TSC_COUNTERS; i++)
		cr_expect_eq(source[i].range.high_hz, 0, "%s", source[i].name);
	cr_expect_lt(accesses, 40000);
	tsc_counters_again(source);
	cr_expect_eq(source[0].range.high_hz, 0);
}

Test(tsc_counters, slow_accesses_make_the_base_line_longer)
{
	pc.slow = true;
	tsc_counters_measure((uint64_t)rsdp, source);
	cr_expect(tells_truth(0, 1000) || tells_truth(1, 1000));
	cr_expect_gt(now_ns, 1000 * MS);
	cr_expect_lt(now_ns, 12000 * MS);
}

Test(tsc_counters, without_acpi_there_is_still_the_8254)
{
	tsc_counters_measure(0, source);
	cr_expect_eq(source[0].range.high_hz, 0);
	cr_expect_eq(source[1].range.high_hz, 0);
	cr_expect(tells_truth(2, 150));
	begin();
	pc.piix4 = true;
	tsc_counters_measure(0, source);
	cr_expect(tells_truth(1, 100), "and the PIIX4's timer");
}

Test(tsc_counters, the_fadts_newer_field_goes_first_and_nonsense_is_no_port)
{
	cr_expect_eq(acpi_pm_timer((uint64_t)rsdp), PM_PORT);
	fadt[208] = 1;
	le64_put(fadt + 212, 0x608);
	cr_expect_eq(acpi_pm_timer((uint64_t)rsdp), 0x608);
	le64_put(fadt + 212, 0x10000);
	cr_expect_eq(acpi_pm_timer((uint64_t)rsdp), 0);
	le64_put(fadt + 212, 0);
	fadt[91] = 0;
	cr_expect_eq(acpi_pm_timer((uint64_t)rsdp), 0);
	fadt[91] = 4;
	le32_put(fadt + 112, 1u << 20);
	cr_expect_eq(acpi_pm_timer((uint64_t)rsdp), 0, "a hardware-reduced machine has none");
	le32_put(fadt + 112, 0);
	le32_put(fadt + 4, 100);
	cr_expect_eq(acpi_pm_timer((uint64_t)rsdp), 0);
	cr_expect_eq(acpi_hpet((uint64_t)rsdp), HPET_BASE);
	le32_put(hpet_table + 4, 50);
	cr_expect_eq(acpi_hpet((uint64_t)rsdp), 0);
}
