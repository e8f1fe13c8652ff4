/* SPDX-License-Identifier: MIT */
/* fake_pci.c: configuration mechanism 1 over a few spaces in memory; an absent function reads as all ones. */
#include "tests/fake/fake_pci.h"
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/io.h"

#define FUNCTIONS 256

static struct { uint32_t at; uint8_t space[256]; } function[FUNCTIONS];
static unsigned functions;
static uint32_t address;
unsigned long fake_pci_accesses;

uint8_t *fake_pci_add(uint8_t bus, uint8_t device, uint8_t fn, uint16_t vendor, uint16_t device_id, uint32_t class)
{
	uint8_t *s = function[functions].space;

	if (functions == FUNCTIONS)
		abort();
	function[functions++].at = (uint32_t)bus << 16 | (uint32_t)device << 11 | (uint32_t)fn << 8;
	memcpy(s, &vendor, 2);
	memcpy(s + 2, &device_id, 2);
	for (unsigned i = 0; i < 3; i++)
		s[9 + i] = (uint8_t)(class >> 8 * i);
	return s;
}

static uint8_t *bytes(uint16_t port, unsigned width)
{
	if (port < 0xcfc || port + width > 0xd00 || port % width || !(address >> 31))
		abort();
	fake_pci_accesses++;
	for (unsigned i = 0; i < functions; i++)
		if (function[i].at == (address & 0xffff00))
			return function[i].space + (address & 0xfc) + (port - 0xcfc);
	return NULL;
}

static uint32_t get(uint16_t port, unsigned width)
{
	uint32_t v = 0;
	uint8_t *p = bytes(port, width);

	if (!p)
		return UINT32_MAX;
	memcpy(&v, p, width);
	return v;
}

static void put(uint16_t port, unsigned width, uint32_t v)
{
	uint8_t *p = bytes(port, width);

	if (p)
		memcpy(p, &v, width);
}

uint8_t in8(uint16_t port) { return (uint8_t)get(port, 1); }
uint16_t in16(uint16_t port) { return (uint16_t)get(port, 2); }
uint32_t in32(uint16_t port) { return port == 0xcf8 ? address : get(port, 4); }
void out8(uint16_t port, uint8_t v) { put(port, 1, v); }
void out16(uint16_t port, uint16_t v) { put(port, 2, v); }

void out32(uint16_t port, uint32_t v)
{
	if (port == 0xcf8)
		address = v;
	else
		put(port, 4, v);
}
