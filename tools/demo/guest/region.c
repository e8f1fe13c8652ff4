/* SPDX-License-Identifier: MIT */
/* region.c: content and order of the demo guest's writes; tools/demo/guestsum.py repeats this arithmetic. */
#include "region.h"

#define STEP 0x9e3779b97f4a7c15u

static uint64_t mix(uint64_t x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9u;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

uint64_t region_word(uint64_t page, uint32_t generation, size_t index)
{
	if (index == 0)
		return page;
	if (index == 1)
		return generation;
	return mix(page << 32 ^ generation ^ STEP) + index * STEP;
}

uint64_t region_pick(uint64_t write, uint64_t pages)
{
	return mix(write + 1) % pages;
}

uint64_t region_fold(uint64_t sum, uint64_t page_sum)
{
	return mix(sum * 3 + page_sum + 1);
}

static void put(struct region *r, uint64_t page)
{
	uint64_t *w = r->words + page * REGION_WORDS;
	uint32_t generation = r->generation[page];
	uint64_t body = region_word(page, generation, 2);

	w[0] = page;
	w[1] = generation;
	for (size_t i = 2; i < REGION_WORDS; i++, body += STEP)
		w[i] = body;
}

void region_fill(struct region *r)
{
	for (uint64_t page = 0; page < r->pages; page++) {
		r->generation[page] = 0;
		put(r, page);
	}
}

bool region_verify(const struct region *r, uint64_t page, uint64_t *page_sum, struct region_fault *fault)
{
	const uint64_t *w = r->words + page * REGION_WORDS;
	uint32_t generation = r->generation[page];
	uint64_t body = region_word(page, generation, 2);
	uint64_t wrong = (w[0] ^ page) | (w[1] ^ generation);
	uint64_t sum = w[0] + w[1];

	/* No branch in the loop: a page must cost little under an interpreter. */
	for (size_t i = 2; i < REGION_WORDS; i++, body += STEP) {
		wrong |= w[i] ^ body;
		sum += w[i];
	}
	*page_sum = sum;
	if (!wrong)
		return true;
	for (size_t i = 0; i < REGION_WORDS; i++) {
		uint64_t expected = region_word(page, generation, i);

		if (w[i] == expected)
			continue;
		*fault = (struct region_fault){ page, i, expected, w[i] };
		break;
	}
	return false;
}

void region_write(struct region *r, uint64_t page)
{
	r->generation[page]++;
	put(r, page);
}
