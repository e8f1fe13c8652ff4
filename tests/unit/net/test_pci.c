/* SPDX-License-Identifier: MIT */
/* unit: fake_net */
#include "arch/x86_64/pci.h"
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/fake_pci.h"

Test(pci, finds_functions_on_bus_0_and_behind_bridges)
{
	uint8_t *bridge = fake_pci_add(0, 1, 0, 0x8086, 0x0001, 0x060400);
	uint8_t *below;

	bridge[0x0e] = 1;
	bridge[0x19] = 4;
	below = fake_pci_add(4, 0, 0, 0x8086, 0x0002, 0x060400);
	below[0x0e] = 1;
	below[0x19] = 5;
	fake_pci_add(5, 7, 0, 0x8086, 0x100e, 0x020000);
	fake_pci_add(9, 0, 0, 0x1234, 0x5678, 0x020000);	/* behind no bridge */
	pci_scan();
	cr_assert_eq(pci_count(), 3);
	cr_assert_eq(pci_at(2)->bus, 5);
	cr_assert_eq(pci_at(2)->device, 7);
	cr_assert_eq(pci_at(2)->device_id, 0x100e);
	cr_assert_eq(pci_at(2)->class, PCI_CLASS_NETWORK);
}

Test(pci, looks_at_functions_1_to_7_only_of_multifunction_devices)
{
	uint8_t *many = fake_pci_add(0, 2, 0, 0x8086, 1, 0);

	many[0x0e] = 0x80;
	fake_pci_add(0, 2, 5, 0x8086, 2, 0);
	fake_pci_add(0, 3, 0, 0x8086, 3, 0);
	fake_pci_add(0, 3, 1, 0x8086, 4, 0);	/* an alias that single-function devices may show */
	pci_scan();
	cr_assert_eq(pci_count(), 3);
	cr_assert_eq(pci_at(1)->function, 5);
	cr_assert_eq(pci_at(2)->device_id, 3);
}

Test(pci, bridges_that_point_at_each_other_do_not_loop)
{
	for (uint8_t i = 0; i < 2; i++) {
		uint8_t *bridge = fake_pci_add(i, 0, 0, 0x8086, i, 0x060400);

		bridge[0x0e] = 1;
		bridge[0x19] = (uint8_t)(1 - i);
	}
	pci_scan();
	cr_assert_eq(pci_count(), 2);
}

Test(pci, more_functions_than_the_table_holds_are_left_out)
{
	for (unsigned i = 0; i < 160; i++) {
		uint8_t *s = fake_pci_add(0, (uint8_t)(i / 8), (uint8_t)(i % 8), 0x8086, (uint16_t)i, 0);

		s[0x0e] = 0x80;
	}
	pci_scan();
	cr_assert_eq(pci_count(), 128);
}

Test(pci, reads_and_writes_the_width_it_is_asked_for)
{
	uint8_t *s = fake_pci_add(0, 0, 0, 0x8086, 0, 0);
	struct pci_function f = { 0 };

	memcpy(s + 0x40, "\x11\x22\x33\x44", 4);
	cr_assert_eq(pci_read8(&f, 0x43), 0x44);
	cr_assert_eq(pci_read16(&f, 0x42), 0x4433);
	cr_assert_eq(pci_read32(&f, 0x40), 0x44332211);
	pci_write16(&f, 0x42, 0xbeef);
	cr_assert_eq(pci_read32(&f, 0x40), 0xbeef2211);
}

Test(pci, memory_bars_are_32_or_64_bits_and_io_bars_are_none)
{
	uint8_t *s = fake_pci_add(0, 0, 0, 0x8086, 0, 0);
	struct pci_function f = { 0 };
	uint32_t bars[4] = { 0xfebc0000, 0xc041, 0xe000000c, 0x12 };

	memcpy(s + 0x10, bars, sizeof(bars));
	cr_assert_eq(pci_bar_memory(&f, 0), 0xfebc0000);
	cr_assert_eq(pci_bar_memory(&f, 1), 0);
	cr_assert_eq(pci_bar_memory(&f, 2), 0x12e0000000);
}
