/* SPDX-License-Identifier: MIT */
/* fake_net_mem.c: lwIP's memory (net/lwip/mem.h) from malloc, block by block, so that ASan sees every byte read beside
 * one; it can be made to fail. */
#include "tests/fake/fake_net_mem.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "net/lwip/mem.h"

#define LIMIT_BYTES	(8u << 20)
#define HEADER_BYTES	16u

unsigned fake_net_mem_fail_every;
static unsigned requests;
static size_t used, failures;

void *net_mem_alloc(size_t bytes)
{
	uint8_t *b = NULL;

	requests++;
	if (bytes <= 2032 && used + bytes <= LIMIT_BYTES &&
	    !(fake_net_mem_fail_every && requests % fake_net_mem_fail_every == 0))
		b = malloc(bytes + HEADER_BYTES);
	if (!b) {
		failures++;
		return NULL;
	}
	memcpy(b, &bytes, sizeof(bytes));
	used += bytes;
	return b + HEADER_BYTES;
}

void *net_mem_calloc(size_t count, size_t bytes)
{
	void *b = count && bytes > SIZE_MAX / count ? NULL : net_mem_alloc(count * bytes);

	return b ? memset(b, 0, count * bytes) : NULL;
}

void net_mem_free(void *block)
{
	uint8_t *b = block;
	size_t bytes;

	if (!b)
		return;
	memcpy(&bytes, b - HEADER_BYTES, sizeof(bytes));
	used -= bytes;
	free(b - HEADER_BYTES);
}

size_t net_mem_used(void)
{
	return used;
}

void net_mem_bulk(bool bulk)
{
	(void)bulk;
}

size_t net_mem_left(void)
{
	return LIMIT_BYTES - used;
}

uint32_t net_mem_small_left(void)
{
	return (uint32_t)((LIMIT_BYTES - used) / 128);
}

size_t net_mem_failures(void)
{
	return failures;
}
