/* SPDX-License-Identifier: MIT */
/* io.h: shadows arch/x86_64/io.h in unit tests: ports are fake_pci.c's, device registers fake_e1000.c's. */
#pragma once
#include <stdint.h>

uint8_t in8(uint16_t port);
uint16_t in16(uint16_t port);
uint32_t in32(uint16_t port);
void out8(uint16_t port, uint8_t v);
void out16(uint16_t port, uint16_t v);
void out32(uint16_t port, uint32_t v);
uint32_t mmio_read32(uint64_t address);
void mmio_write32(uint64_t address, uint32_t v);
