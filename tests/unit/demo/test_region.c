/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "tools/demo/guest/region.h"

#define PAGES 8

static uint64_t words[PAGES * REGION_WORDS];
static uint32_t generation[PAGES];

static struct region filled(void)
{
	struct region r = { words, generation, PAGES };

	region_fill(&r);
	return r;
}

static uint64_t copy[REGION_WORDS];

Test(region, a_page_verifies_as_it_was_written)
{
	struct region r = filled();
	struct region_fault fault;
	uint64_t sum = 0, expected = 0;

	region_write(&r, 3);
	region_write(&r, 3);
	for (size_t i = 0; i < REGION_WORDS; i++)
		expected += region_word(3, 2, i);
	for (uint64_t page = 0; page < PAGES; page++)
		cr_assert(region_verify(&r, page, &sum, &fault));
	cr_assert(region_verify(&r, 3, &sum, &fault));
	cr_assert_eq(sum, expected);
}

Test(region, a_stale_page_is_found)
{
	struct region r = filled();
	struct region_fault fault;
	uint64_t sum;

	memcpy(copy, words + 2 * REGION_WORDS, sizeof(copy));
	region_write(&r, 2);
	memcpy(words + 2 * REGION_WORDS, copy, sizeof(copy));
	cr_assert_not(region_verify(&r, 2, &sum, &fault));
	cr_assert_eq(fault.page, 2);
	cr_assert_eq(fault.word, 1);
	cr_assert_eq(fault.expected, 1);
	cr_assert_eq(fault.found, 0);
}

Test(region, a_torn_page_is_found)
{
	struct region r = filled();
	struct region_fault fault;
	uint64_t sum;

	memcpy(copy, words + 5 * REGION_WORDS, sizeof(copy));
	region_write(&r, 5);
	memcpy(words + 5 * REGION_WORDS + 500, copy + 500, 12 * sizeof(copy[0]));
	cr_assert_not(region_verify(&r, 5, &sum, &fault));
	cr_assert_eq(fault.word, 500);
}

Test(region, a_page_in_another_place_is_found)
{
	struct region r = filled();
	struct region_fault fault;
	uint64_t sum;

	memcpy(words, words + REGION_WORDS, REGION_PAGE);
	cr_assert_not(region_verify(&r, 0, &sum, &fault));
	cr_assert_eq(fault.word, 0);
	cr_assert_eq(fault.found, 1);
}

Test(region, the_order_of_writes_reaches_every_page)
{
	bool seen[PAGES] = { false };

	for (uint64_t write = 0; write < 200; write++) {
		uint64_t page = region_pick(write, PAGES);

		cr_assert_lt(page, PAGES);
		seen[page] = true;
	}
	for (int i = 0; i < PAGES; i++)
		cr_assert(seen[i]);
}

Test(region, the_checksum_depends_on_the_order_of_pages)
{
	cr_assert_neq(region_fold(region_fold(0, 1), 2), region_fold(region_fold(0, 2), 1));
}
