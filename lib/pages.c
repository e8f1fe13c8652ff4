/* SPDX-License-Identifier: MIT */
/* pages.c: free pages as one bitmap per 2 MiB chunk; chunks on lists by how much of them is free. */
#include "lib/pages.h"
#include <stdbool.h>
#include <string.h>
#include "lib/addr.h"
#include "lib/log.h"
#include "lib/spin.h"

#define FANOUT		512u
#define MAP_WORDS	(CHUNK_PAGES / 64)
#define PAGES_BELOW	(4ull << 30)	/* page_alloc's promise */

enum chunk_use {
	CHUNK_FULL,	/* no page of it is free, on no list */
	CHUNK_PARTIAL,	/* some pages are free */
	CHUNK_FREE,	/* all 512 are */
	CHUNK_WHOLE,	/* given out by chunk_alloc */
};

struct chunk {
	uint64_t map[MAP_WORDS];	/* bit set: page free */
	struct chunk *next, *prev;
	uint64_t base;
	uint16_t free;
	uint8_t use;			/* enum chunk_use */
};

/* A radix tree finds a chunk by its address, so that any number of ranges is used: 512 GiB, 1 GiB, then one chunk per
 * entry. */
struct node { void *entry[FANOUT]; };
_Static_assert(sizeof(struct node) == PAGE_SIZE, "a node is a page");

struct list { struct chunk *first; };

/* Chunks above 4 GiB are kept apart: they can only be given out whole, and are given out first. */
static struct list free_low, free_high, partial_low;
static struct node root;
static struct chunk *fresh;		/* the rest of a page of descriptions */
static unsigned fresh_count;
static uint64_t free_chunks, free_loose_pages, total_pages;
static struct spin spin;

static bool is_low(const struct chunk *c)
{
	return c->base < PAGES_BELOW;
}

static struct list *list_of(const struct chunk *c)
{
	if (c->use == CHUNK_FREE)
		return is_low(c) ? &free_low : &free_high;
	return c->use == CHUNK_PARTIAL && is_low(c) ? &partial_low : NULL;
}

/* Moves @c to the list that fits @use and keeps the sums right. */
static void set_use(struct chunk *c, enum chunk_use use)
{
	struct list *l = list_of(c);

	if (l) {
		if (c->prev)
			c->prev->next = c->next;
		else
			l->first = c->next;
		if (c->next)
			c->next->prev = c->prev;
	}
	free_chunks -= c->use == CHUNK_FREE;
	c->use = (uint8_t)use;
	free_chunks += use == CHUNK_FREE;
	c->prev = c->next = NULL;
	l = list_of(c);
	if (!l)
		return;
	c->next = l->first;
	if (c->next)
		c->next->prev = c;
	l->first = c;
}

/* Puts the page at @address into its chunk's map; panics when it is there already. */
static void give_page(struct chunk *c, uint64_t address)
{
	unsigned n = (unsigned)((address - c->base) >> PAGE_SHIFT);
	uint64_t bit = 1ull << (n % 64);

	if (c->use == CHUNK_WHOLE || (c->map[n / 64] & bit))
		panic("page %llx freed twice", (unsigned long long)address);
	c->map[n / 64] |= bit;
	c->free++;
	if (is_low(c))
		free_loose_pages++;
	if (c->free == CHUNK_PAGES) {
		if (is_low(c))
			free_loose_pages -= CHUNK_PAGES;
		set_use(c, CHUNK_FREE);
	} else if (c->use == CHUNK_FULL) {
		set_use(c, CHUNK_PARTIAL);
	}
}

/* The chunk that holds @address; NULL: no range had memory in it. */
static struct chunk *find(uint64_t address)
{
	struct node *n = address >> 48 ? NULL : root.entry[address >> 39];

	n = n ? n->entry[address >> 30 & (FANOUT - 1)] : NULL;
	return n ? n->entry[address >> CHUNK_SHIFT & (FANOUT - 1)] : NULL;
}

/* A zeroed page off the begin of the range that is being added; NULL: nothing is left of it. */
static void *take(uint64_t *start, uint64_t end)
{
	void *page = (void *)(uintptr_t)*start;

	if (*start >= end)
		return NULL;
	*start += PAGE_SIZE;
	return memset(page, 0, PAGE_SIZE);
}

/* Makes what describes the chunk at @address. The pages for it come from the begin of the range, not from each chunk,
 * so that the others stay whole; false: the range has no page left. */
static bool describe(uint64_t address, uint64_t *start, uint64_t end)
{
	void **slot = &root.entry[address >> 39];

	for (unsigned shift = 30; shift >= CHUNK_SHIFT; shift -= 9) {
		if (!*slot)
			*slot = take(start, end);
		if (!*slot)
			return false;
		slot = &((struct node *)*slot)->entry[address >> shift & (FANOUT - 1)];
	}
	if (*slot)
		return true;
	if (!fresh_count) {
		fresh = take(start, end);
		if (!fresh)
			return false;
		fresh_count = PAGE_SIZE / sizeof(*fresh);
	}
	fresh->base = address & ~(CHUNK_SIZE - 1);
	*slot = fresh++;
	fresh_count--;
	return true;
}

static void give_whole(struct chunk *c)
{
	memset(c->map, 0xff, sizeof(c->map));
	c->free = CHUNK_PAGES;
	set_use(c, CHUNK_FREE);
}

void pages_add(uint64_t start, uint64_t bytes)
{
	uint64_t end = (start + bytes) & ~(PAGE_SIZE - 1);

	start = (start + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	if (start == 0)			/* address 0 is NULL */
		start = PAGE_SIZE;
	if (start >= end || end > 1ull << 48)
		return;
	spin_lock(&spin);
	for (uint64_t a = start & ~(CHUNK_SIZE - 1); a < end; a += CHUNK_SIZE)
		if (!describe(a, &start, end))
			break;
	total_pages += (end - start) >> PAGE_SHIFT;
	while (start < end) {
		struct chunk *c = find(start);

		if (start == c->base && end - start >= CHUNK_SIZE && !c->free && c->use == CHUNK_FULL) {
			give_whole(c);
			start += CHUNK_SIZE;
			continue;
		}
		give_page(c, start);
		start += PAGE_SIZE;
	}
	spin_unlock(&spin);
}

/* The chunk that holds @p, which must have come from this allocator. */
static struct chunk *chunk_of(const void *p, uint64_t align)
{
	uint64_t address = (uint64_t)(uintptr_t)p;
	struct chunk *c = address & (align - 1) ? NULL : find(address);

	if (!c)
		panic("address %llx was never given out", (unsigned long long)address);
	return c;
}

void *page_alloc(void)
{
	struct chunk *c;
	unsigned word = 0, bit;
	void *page;

	spin_lock(&spin);
	c = partial_low.first;
	if (!c) {
		c = free_low.first;
		if (!c) {
			spin_unlock(&spin);
			return NULL;
		}
		set_use(c, CHUNK_PARTIAL);
		free_loose_pages += CHUNK_PAGES;
	}
	while (!c->map[word])
		word++;
	bit = (unsigned)__builtin_ctzll(c->map[word]);
	c->map[word] &= ~(1ull << bit);
	free_loose_pages--;
	if (--c->free == 0)
		set_use(c, CHUNK_FULL);
	page = (void *)(uintptr_t)(c->base + (((uint64_t)word * 64 + bit) << PAGE_SHIFT));
	spin_unlock(&spin);
	return memset(page, 0, PAGE_SIZE);
}

void page_free(void *page)
{
	if (!page)
		return;
	spin_lock(&spin);
	give_page(chunk_of(page, PAGE_SIZE), (uint64_t)(uintptr_t)page);
	spin_unlock(&spin);
}

void *chunk_alloc(void)
{
	struct chunk *c;

	spin_lock(&spin);
	c = free_high.first ? free_high.first : free_low.first;
	if (c) {
		set_use(c, CHUNK_WHOLE);
		c->free = 0;
		memset(c->map, 0, sizeof(c->map));
	}
	spin_unlock(&spin);
	return c ? memset((void *)(uintptr_t)c->base, 0, CHUNK_SIZE) : NULL;
}

void chunk_free(void *chunk)
{
	struct chunk *c;

	if (!chunk)
		return;
	spin_lock(&spin);
	c = chunk_of(chunk, CHUNK_SIZE);
	if (c->use != CHUNK_WHOLE)
		panic("chunk %llx freed twice", (unsigned long long)c->base);
	give_whole(c);
	spin_unlock(&spin);
}

uint64_t pages_free_bytes(void)
{
	return (free_chunks << CHUNK_SHIFT) + (free_loose_pages << PAGE_SHIFT);
}

uint64_t pages_free_chunks(void)
{
	return free_chunks;
}

uint64_t pages_total_bytes(void)
{
	return total_pages << PAGE_SHIFT;
}
