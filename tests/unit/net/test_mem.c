/* SPDX-License-Identifier: MIT */
/* unit: fake_pages */
#include "net/lwip/mem.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include "tests/fake/fake_pages.h"

static void *held[32768];
static unsigned holds;

/* One more block that stays in use; NULL if there is none. */
static void *hold(size_t bytes)
{
	void *b = net_mem_alloc(bytes);

	return b ? held[holds++] = b : NULL;
}

Test(mem, blocks_are_aligned_and_do_not_overlap)
{
	enum { N = 500 };
	uint8_t *block[N];

	for (unsigned i = 0; i < N; i++) {
		size_t bytes = 1 + i * 37 % 2000;

		block[i] = net_mem_alloc(bytes);
		cr_assert_not_null(block[i]);
		cr_assert_eq((uintptr_t)block[i] % 16, 0);
		memset(block[i], (int)i, bytes);
	}
	for (unsigned i = 0; i < N; i++)
		for (size_t at = 0; at < 1 + i * 37 % 2000; at++)
			cr_assert_eq(block[i][at], (uint8_t)i);
	for (unsigned i = 0; i < N; i++)
		net_mem_free(block[i]);
	cr_assert_eq(net_mem_used(), 0);
}

Test(mem, freed_blocks_are_used_again)
{
	net_mem_free(net_mem_alloc(1500));
	fake_pages_left = 0;
	cr_assert_not_null(hold(1500));
	cr_assert_not_null(hold(1500), "two to a page");
	cr_assert_null(net_mem_alloc(1500));
	cr_assert_eq(net_mem_failures(), 1);
}

Test(mem, a_size_that_is_used_up_lends_from_the_larger_ones)
{
	unsigned n = 0;

	while (hold(60))
		n++;
	cr_assert_eq(n, 256 * 32 + 256 * 16 + 128 * 8 + 256 * 4);
	cr_assert_null(net_mem_alloc(400));
}

Test(mem, what_is_small_keeps_no_frame_out)
{
	unsigned n = 0;

	while (hold(60) || hold(NET_MEM_SMALL_MAX))
		;
	cr_assert_eq(net_mem_left(), 2048 * 4096 / 4 * 3);
	while (hold(n % 2 ? 1500 : 600))
		n++;
	cr_assert_eq(n, 4096);
}

Test(mem, what_is_left_of_small_blocks_is_told_but_for_a_quarter)
{
	uint32_t all = (256 * 32 + 256 * 16 + 128 * 8 + 256 * 4) / 4 * 3;
	void *b;

	cr_assert_eq(net_mem_small_left(), all);
	b = net_mem_alloc(60);
	cr_assert_eq(net_mem_small_left(), all - 1);
	net_mem_free(b);
	cr_assert_not_null(hold(1500));
	cr_assert_eq(net_mem_small_left(), all);
	while (hold(60))
		;
	cr_assert_eq(net_mem_small_left(), 0);
}

Test(mem, larger_blocks_do_not_come_from_smaller_sizes)
{
	unsigned n = 0;

	while (hold(1500))
		n++;
	cr_assert_eq(n, 4096);
	cr_assert_not_null(hold(60));
	cr_assert_not_null(hold(1000));
}

Test(mem, queued_data_leaves_a_quarter_of_each_size_for_what_comes_in_and_for_control)
{
	size_t sizes[] = { 100, 200, 400, 900, 1500 }, left;
	unsigned n = 0;

	net_mem_bulk(true);
	for (unsigned i = 0; i < 5; i++)
		while (hold(sizes[i]))
			n++;
	cr_assert_eq(net_mem_left(), 0);
	net_mem_bulk(false);
	left = net_mem_used();
	for (unsigned i = 5; i--;)
		while (hold(sizes[i]))
			;
	cr_assert_eq(net_mem_used() / 4 * 3, left);
}

Test(mem, what_is_left_for_queued_data_is_told_in_blocks_of_full_frames)
{
	size_t before = net_mem_left();
	void *b = net_mem_alloc(1500);

	cr_assert_eq(before, 2048 * 4096 / 4 * 3);
	cr_assert_eq(net_mem_left(), before - NET_MEM_BLOCK_MAX);
	net_mem_free(b);
	cr_assert_eq(net_mem_left(), before);
}

Test(mem, larger_than_the_largest_size_is_refused)
{
	cr_assert_null(net_mem_alloc(2033));
	cr_assert_null(net_mem_calloc(SIZE_MAX / 2, 4));
	cr_assert_not_null(hold(2032));
}

Test(mem, calloc_zeroes_a_used_block)
{
	uint8_t *b = net_mem_alloc(100);

	memset(b, 0xff, 100);
	net_mem_free(b);
	b = net_mem_calloc(10, 10);
	for (unsigned i = 0; i < 100; i++)
		cr_assert_eq(b[i], 0);
}

Test(mem, a_header_that_was_overwritten_is_a_panic, .signal = SIGABRT)
{
	uint8_t *b = net_mem_alloc(100);

	memset(b - 16, 0xff, 16);
	net_mem_free(b);
}
