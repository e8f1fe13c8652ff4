/* SPDX-License-Identifier: MIT */
#include "net/lwip/mem.h"
#include <stdint.h>
#include <string.h>
#include "lib/log.h"
#include "lib/pages.h"

#define PAGE_BYTES	4096u
#define HEADER_BYTES	16u	/* the size's number, before each block */

struct block { struct block *next; };

/* 2048 holds a full frame with lwIP's headers: four megabytes are four connections with full windows both ways. */
static struct size_class {
	uint32_t bytes;		/* with the header */
	uint32_t pages_max;
	uint32_t pages;
	uint32_t in_use;	/* blocks */
	struct block *free;
} classes[] = {
	{ .bytes = 128,  .pages_max = 256 },
	{ .bytes = 256,  .pages_max = 256 },
	{ .bytes = 512,  .pages_max = 128 },
	{ .bytes = 1024, .pages_max = 256 },
	{ .bytes = 2048, .pages_max = 2048 },
};
#define CLASSES (sizeof(classes) / sizeof(classes[0]))
_Static_assert(NET_MEM_SMALL_MAX == 512 - HEADER_BYTES, "what is small fits in the third size");

static size_t used, failures;
static bool bulk;

static void refill(struct size_class *s)
{
	uint8_t *page = s->pages < s->pages_max ? page_alloc() : NULL;

	if (!page)
		return;
	s->pages++;
	for (uint32_t at = 0; at + s->bytes <= PAGE_BYTES; at += s->bytes) {
		struct block *b = (struct block *)(page + at);

		b->next = s->free;
		s->free = b;
	}
}

/* Blocks that may be in use at once, at the request of those who leave the reserve. */
static uint32_t bulk_max(const struct size_class *s)
{
	return s->pages_max * (PAGE_BYTES / s->bytes) / 4 * 3;
}

static struct block *take(struct size_class *s)
{
	struct block *b;

	if (bulk && s->in_use >= bulk_max(s))
		return NULL;
	if (!s->free)
		refill(s);
	b = s->free;
	if (b) {
		s->free = b->next;
		s->in_use++;
		used += s->bytes;
	}
	return b;
}

void *net_mem_alloc(size_t bytes)
{
	for (uint32_t i = 0; i < CLASSES; i++) {
		struct block *b;

		if (bytes > classes[i].bytes - HEADER_BYTES)
			continue;
		b = take(&classes[i]);
		/* Frames keep the largest blocks for themselves. */
		if (!b && i + 2 == CLASSES && bytes <= NET_MEM_SMALL_MAX)
			break;
		if (!b)
			continue;
		memcpy(b, &i, sizeof(i));
		return (uint8_t *)b + HEADER_BYTES;
	}
	failures++;
	return NULL;
}

void net_mem_bulk(bool on)
{
	bulk = on;
}

size_t net_mem_left(void)
{
	const struct size_class *s = &classes[CLASSES - 1];

	return s->in_use < bulk_max(s) ? (size_t)(bulk_max(s) - s->in_use) * s->bytes : 0;
}

uint32_t net_mem_small_left(void)
{
	uint32_t most = 0, in_use = 0;

	for (const struct size_class *s = classes; s < &classes[CLASSES - 1]; s++) {
		most += bulk_max(s);
		in_use += s->in_use;
	}
	return in_use < most ? most - in_use : 0;
}

void *net_mem_calloc(size_t count, size_t bytes)
{
	size_t total;
	void *block;

	if (__builtin_mul_overflow(count, bytes, &total))
		return NULL;
	block = net_mem_alloc(total);
	if (block)
		memset(block, 0, total);
	return block;
}

void net_mem_free(void *block)
{
	struct block *b;
	uint32_t i;

	if (!block)
		return;
	b = (struct block *)((uint8_t *)block - HEADER_BYTES);
	memcpy(&i, b, sizeof(i));
	if (i >= CLASSES)
		panic("net: block %p was not allocated or has been overwritten", block);
	b->next = classes[i].free;
	classes[i].free = b;
	classes[i].in_use--;
	used -= classes[i].bytes;
}

size_t net_mem_used(void)
{
	return used;
}

size_t net_mem_failures(void)
{
	return failures;
}
