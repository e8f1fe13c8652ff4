/* SPDX-License-Identifier: MIT */
#include "tests/fake/fake_acpi.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "arch/x86_64/paging.h"
#include "lib/bytes.h"

#define GUARD 4096u
#define XSDT_AT 64u
#define HEADER 36u

static uint8_t *memory;
static uint32_t used;

bool paging_maps(uint64_t start, uint64_t bytes)
{
	uint64_t from = (uint64_t)memory;

	return start >= from && start - from <= FAKE_ACPI_BYTES && bytes <= FAKE_ACPI_BYTES - (start - from);
}

void fake_acpi_sum(uint8_t *table, uint32_t bytes)
{
	uint8_t sum = 0;

	table[9] = 0;
	for (uint32_t i = 0; i < bytes; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
}

static void sum_rsdp(uint8_t *r)
{
	uint8_t first = 0, all = 0;

	r[8] = r[32] = 0;
	for (unsigned i = 0; i < 20; i++)
		first = (uint8_t)(first + r[i]);
	r[8] = (uint8_t)-first;
	for (unsigned i = 0; i < HEADER; i++)
		all = (uint8_t)(all + r[i]);
	r[32] = (uint8_t)-all;
}

uint8_t *fake_acpi_fresh(void)
{
	if (!memory) {
		memory = mmap(NULL, FAKE_ACPI_BYTES + 2 * GUARD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED || mprotect(memory, GUARD, PROT_NONE) || mprotect(memory + GUARD + FAKE_ACPI_BYTES, GUARD, PROT_NONE))
			abort();
		memory += GUARD;
	}
	memset(memory, 0, FAKE_ACPI_BYTES);
	memcpy(memory, "RSD PTR ", 8);
	memory[15] = 2;
	le32_put(memory + 20, HEADER);
	le64_put(memory + 24, (uint64_t)memory + XSDT_AT);
	memcpy(memory + XSDT_AT, "XSDT", 4);
	le32_put(memory + XSDT_AT + 4, HEADER);
	used = 1024;
	fake_acpi_sums();
	return memory;
}

uint8_t *fake_acpi_add(const char signature[4], uint32_t bytes)
{
	uint8_t *xsdt = memory + XSDT_AT, *t = memory + used;
	uint32_t length = le32_get(xsdt + 4);

	memcpy(t, signature, 4);
	le32_put(t + 4, bytes);
	fake_acpi_sum(t, bytes);
	used += (bytes + 7) & ~7u;
	le64_put(xsdt + length, (uint64_t)t);
	le32_put(xsdt + 4, length + 8);
	fake_acpi_sum(xsdt, length + 8);
	return t;
}

static void sum_inside(uint64_t table)
{
	if (paging_maps(table, HEADER) && paging_maps(table, le32_get((void *)(table + 4))) && le32_get((void *)(table + 4)) >= HEADER)
		fake_acpi_sum((uint8_t *)table, le32_get((void *)(table + 4)));
}

void fake_acpi_sums(void)
{
	uint64_t xsdt = le64_get(memory + 24);

	for (uint32_t at = HEADER; paging_maps(xsdt, at + 8) && at + 8 <= le32_get((void *)(xsdt + 4)); at += 8)
		sum_inside(le64_get((void *)(xsdt + at)));
	sum_inside(xsdt);
	sum_rsdp(memory);
}
