/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/pci.h"
#include <stdbool.h>
#include "arch/x86_64/io.h"
#include "arch/x86_64/paging.h"
#include "lib/log.h"

#define CONFIG_ADDRESS	0xcf8
#define CONFIG_DATA	0xcfc
#define CONFIG_ENABLE	0x80000000u

#define VENDOR_NONE	0xffff
#define REG_CLASS	0x08
#define REG_HEADER_TYPE	0x0e
#define REG_BUSES	0x18	/* of a bridge: primary, secondary, subordinate */
#define REG_INTERRUPT	0x3c
#define HEADER_MULTI	0x80
#define HEADER_BRIDGE	0x01
#define BAR_IO		0x1u
#define BAR_64		0x4u
#define BAR_TYPE	0x6u

#define FUNCTIONS	128

static struct pci_function found[FUNCTIONS];
static unsigned count;

static void select(const struct pci_function *f, uint8_t offset)
{
	out32(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)f->bus << 16 | (uint32_t)f->device << 11 |
	      (uint32_t)f->function << 8 | (offset & 0xfcu));
}

uint32_t pci_read32(const struct pci_function *f, uint8_t offset)
{
	select(f, offset);
	return in32(CONFIG_DATA);
}

uint16_t pci_read16(const struct pci_function *f, uint8_t offset)
{
	select(f, offset);
	return in16((uint16_t)(CONFIG_DATA + (offset & 2)));
}

uint8_t pci_read8(const struct pci_function *f, uint8_t offset)
{
	select(f, offset);
	return in8((uint16_t)(CONFIG_DATA + (offset & 3)));
}

void pci_write16(const struct pci_function *f, uint8_t offset, uint16_t value)
{
	select(f, offset);
	out16((uint16_t)(CONFIG_DATA + (offset & 2)), value);
}

static bool probe(struct pci_function *f)
{
	uint32_t id = pci_read32(f, 0), class, interrupt;

	if ((id & 0xffff) == VENDOR_NONE)
		return false;
	class = pci_read32(f, REG_CLASS);
	interrupt = pci_read32(f, REG_INTERRUPT);
	f->vendor_id = (uint16_t)id;
	f->device_id = (uint16_t)(id >> 16);
	f->class = (uint8_t)(class >> 24);
	f->subclass = (uint8_t)(class >> 16);
	f->prog_if = (uint8_t)(class >> 8);
	f->interrupt_line = (uint8_t)interrupt;
	f->interrupt_pin = (uint8_t)(interrupt >> 8);
	return true;
}

/* Adds function @f; returns the bus behind it, or 0. */
static uint8_t add(const struct pci_function *f, uint8_t header_type)
{
	if (count == FUNCTIONS)
		log_warn("pci", "more than %u functions, %02x:%02x.%u is left out", FUNCTIONS, f->bus, f->device,
			 f->function);
	else
		found[count++] = *f;
	if ((header_type & 0x7f) != HEADER_BRIDGE)
		return 0;
	return (uint8_t)(pci_read32(f, REG_BUSES) >> 8);
}

static void scan_device(uint8_t bus, uint8_t device, uint8_t wanted[32])
{
	for (uint8_t function = 0; function < 8; function++) {
		struct pci_function f = { .bus = bus, .device = device, .function = function };
		uint8_t header_type, behind;

		if (!probe(&f)) {
			if (function == 0)
				return;
			continue;
		}
		header_type = pci_read8(&f, REG_HEADER_TYPE);
		behind = add(&f, header_type);
		if (behind)
			wanted[behind / 8] |= (uint8_t)(1u << behind % 8);
		if (function == 0 && !(header_type & HEADER_MULTI))
			return;
	}
}

void pci_scan(void)
{
	uint8_t wanted[32] = { 1 }, done[32] = { 0 };
	bool again = true;

	count = 0;
	/* Sets of bus numbers instead of recursion: bridges that point at each other can't loop. */
	while (again) {
		again = false;
		for (unsigned bus = 0; bus < 256; bus++) {
			uint8_t bit = (uint8_t)(1u << bus % 8);

			if (!(wanted[bus / 8] & bit) || (done[bus / 8] & bit))
				continue;
			done[bus / 8] |= bit;
			again = true;
			for (uint8_t device = 0; device < 32; device++)
				scan_device((uint8_t)bus, device, wanted);
		}
	}
}

unsigned pci_count(void)
{
	return count;
}

const struct pci_function *pci_at(unsigned index)
{
	return &found[index];
}

uint64_t pci_bar_memory(const struct pci_function *f, unsigned bar)
{
	uint8_t offset = (uint8_t)(PCI_BAR0 + 4 * bar);
	uint32_t low = pci_read32(f, offset);
	uint64_t address = low & ~0xfull;

	if (low & BAR_IO)
		return 0;
	if ((low & BAR_TYPE) == BAR_64 && bar < 5)
		address |= (uint64_t)pci_read32(f, (uint8_t)(offset + 4)) << 32;
	return address;
}

uint64_t pci_bar_map(const struct pci_function *f, unsigned bar, uint64_t bytes)
{
	uint64_t address = pci_bar_memory(f, bar);

	if (address)
		paging_map_mmio(address, bytes);
	return address;
}
