/* SPDX-License-Identifier: MIT */
/* unit: net/lwip/mem.c tests/fake/fake_pages.c tests/fake/fake_log.c */
#include "net/lwip/mem.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include "tests/fake/fake_pages.h"

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
	cr_assert_not_null(net_mem_alloc(1500));
	cr_assert_not_null(net_mem_alloc(1500), "two to a page");
	cr_assert_null(net_mem_alloc(1500));
	cr_assert_eq(net_mem_failures(), 1);
}

Test(mem, one_size_used_up_leaves_the_others_alone)
{
	unsigned n = 0;

	while (net_mem_alloc(1500))
		n++;
	cr_assert_eq(n, 4096);
	cr_assert_not_null(net_mem_alloc(60));
	cr_assert_not_null(net_mem_alloc(1000));
}

Test(mem, larger_than_the_largest_size_is_refused)
{
	cr_assert_null(net_mem_alloc(2033));
	cr_assert_null(net_mem_calloc(SIZE_MAX / 2, 4));
	cr_assert_not_null(net_mem_alloc(2032));
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
