/* SPDX-License-Identifier: MIT */
/* fake_pci.h: configuration spaces behind ports 0xcf8 and 0xcfc. */
#pragma once
#include <stdint.h>

/* A function with @vendor, @device and class code @class (24 bits); returns its 256 bytes, for the test to fill. */
uint8_t *fake_pci_add(uint8_t bus, uint8_t device, uint8_t function, uint16_t vendor, uint16_t device_id,
		      uint32_t class);
/* Accesses to the data port so far. */
extern unsigned long fake_pci_accesses;
