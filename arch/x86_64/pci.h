/* SPDX-License-Identifier: MIT */
/* pci.h: PCI configuration space by mechanism 1 (PCI Local Bus Specification 3.0, 3.2.2.3.2) and the list of functions
 * found. */
#pragma once
#include <stdint.h>

#define PCI_COMMAND		0x04
#define PCI_COMMAND_IO		0x0001u
#define PCI_COMMAND_MEMORY	0x0002u
#define PCI_COMMAND_MASTER	0x0004u
#define PCI_COMMAND_INTX_OFF	0x0400u
#define PCI_BAR0		0x10

#define PCI_CLASS_NETWORK	0x02

struct pci_function {
	uint8_t bus, device, function;
	uint8_t class, subclass, prog_if;
	uint16_t vendor_id, device_id;
	uint8_t interrupt_line;		/* as firmware wrote it; 0xff: none */
	uint8_t interrupt_pin;		/* 0: none, 1-4: INTA-INTD */
};

/* Reads and writes at @offset, aligned to the width. */
uint32_t pci_read32(const struct pci_function *f, uint8_t offset);
uint16_t pci_read16(const struct pci_function *f, uint8_t offset);
uint8_t pci_read8(const struct pci_function *f, uint8_t offset);
void pci_write16(const struct pci_function *f, uint8_t offset, uint16_t value);

/* Walks bus 0 and every bus behind a bridge. Boot time, boot CPU. Functions beyond the table are logged and left
 * out. */
void pci_scan(void);
unsigned pci_count(void);
/* @index below pci_count(). */
const struct pci_function *pci_at(unsigned index);

/* Address of memory BAR @bar (0-5, 32 or 64 bits wide); 0 if it is an I/O BAR or has no address. */
uint64_t pci_bar_memory(const struct pci_function *f, unsigned bar);
/* As that, with the first @bytes of it mapped uncached. Boot time. */
uint64_t pci_bar_map(const struct pci_function *f, unsigned bar, uint64_t bytes);
