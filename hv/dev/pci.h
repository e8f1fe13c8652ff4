/* SPDX-License-Identifier: MIT */
/* pci.h: PCI configuration mechanism 1, the host bridge at 0:0.0, and the reset control register 0xCF9. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

#define PCI_PORT_ADDRESS	0xCF8u
#define PCI_PORT_RESET		0xCF9u
#define PCI_PORT_DATA		0xCFCu
#define PCI_RESET_VALUE		0x06u	/* SYS_RST and RST_CPU: what FADT tells the guest to write */

#define PCI_TABLE(F, A) \
	F(1, 1, uint32_t, address, 0x80FFFFFCu, "configuration address register") \
	F(2, 1, uint32_t, reset_control, 0x0A, "port 0xCF9")
STATE_STRUCT(pci_state, PCI_TABLE)

struct pci { struct pci_state s; };

extern const struct device pci_device;
