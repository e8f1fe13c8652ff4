/* SPDX-License-Identifier: MIT */
#include "lib/pages.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "lib/addr.h"

#define MB (1ull << 20)
#define LOW 0x20000000ull	/* free in the address space of a test, below ASan's shadow */

static void *memory(uint64_t at, uint64_t bytes)
{
	void *p = mmap((void *)at, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED_NOREPLACE : 0), -1, 0);

	cr_assert_neq(p, MAP_FAILED);
	memset(p, 0xa5, bytes < 64 * MB ? bytes : 64 * MB);
	return p;
}

static uint64_t add_low(uint64_t offset, uint64_t bytes)
{
	uint64_t at = LOW + offset;

	memory(at & ~0xfffull, (bytes + 0x1fff) & ~0xfffull);
	pages_add(at, bytes);
	return at;
}

static bool is_zero(const void *p, size_t bytes)
{
	return *(const char *)p == 0 && !memcmp(p, (const char *)p + 1, bytes - 1);
}

Test(pages, every_page_is_given_once_zeroed_aligned_and_below_4_gib)
{
	static void *got[2048];
	uint64_t total, start = add_low(0x1234, 5 * MB), n = 0;

	total = pages_total_bytes();
	cr_assert_eq(pages_free_bytes(), total);
	cr_assert(total > 5 * MB - 0x6000);
	while ((got[n] = page_alloc())) {
		uint64_t a = (uint64_t)got[n];

		cr_assert_eq(a % 4096, 0);
		cr_assert(a >= start && a + 4096 <= start + 5 * MB);
		cr_assert(is_zero(got[n], 4096), "page %lx is not zero", a);
		memset(got[n], (int)(n % 255) + 1, 4096);
		n++;
	}
	cr_assert_eq(n * 4096, total);
	cr_assert_eq(pages_free_bytes(), 0);
	for (uint64_t i = 0; i < n; i++) {
		cr_assert_eq(*(unsigned char *)got[i], i % 255 + 1, "a page was given twice");
		page_free(got[i]);
	}
	cr_assert_eq(pages_free_bytes(), total);
}

Test(pages, chunks_stay_available_while_pages_come_from_one)
{
	void *pages[512], *chunk;
	uint64_t chunks;

	add_low(0, 16 * MB);	/* its description takes three pages: 7 whole chunks */
	cr_assert_eq(pages_free_chunks(), 7);
	for (unsigned i = 0; i < 509; i++)
		pages[i] = page_alloc();
	chunks = pages_free_chunks();
	cr_assert_eq(chunks, 7, "pages must be carved from the broken chunk first");
	pages[509] = page_alloc();
	cr_assert_eq(pages_free_chunks(), 6);
	page_free(pages[509]);
	cr_assert_eq(pages_free_chunks(), 7, "a chunk whose pages are all back is whole again");
	for (unsigned i = 0; i < 7; i++) {
		chunk = chunk_alloc();
		cr_assert(chunk);
		cr_assert_eq((uint64_t)chunk % CHUNK_SIZE, 0);
		cr_assert(is_zero(chunk, CHUNK_SIZE));
	}
	cr_assert_eq(chunk_alloc(), NULL);
	chunk_free(chunk);
	cr_assert_eq(chunk_alloc(), chunk);
}

Test(pages, memory_above_4_gib_gives_chunks_first_and_never_pages)
{
	uint64_t high = (uint64_t)memory(0, 12 * MB), given = 0;
	void *chunk;

	add_low(0, 4 * MB);
	high = (high + CHUNK_SIZE - 1) & ~(CHUNK_SIZE - 1);
	pages_add(high, 8 * MB);
	cr_assert_eq(pages_free_chunks(), 1 + 3);
	cr_assert_eq(pages_free_bytes(), 4 * MB - 3 * 4096 + 6 * MB, "loose pages above 4 GiB can't be given");
	chunk = chunk_alloc();
	cr_assert((uint64_t)chunk >> 32, "low memory is scarcer");
	while (page_alloc())
		given++;
	cr_assert_eq(given * 4096, 4 * MB - 3 * 4096);
	chunk_free(chunk);
	cr_assert_eq(pages_free_chunks(), 3);
}

Test(pages, two_ranges_in_one_chunk_know_their_own_pages)
{
	void *got[512];
	unsigned n = 0;
	uint64_t total;

	add_low(0, MB / 2);
	add_low(MB, MB / 2);
	total = pages_total_bytes();
	cr_assert_eq(total, MB - 3 * 4096);
	while ((got[n] = page_alloc()))
		n++;
	for (unsigned i = n; i-- > 0;)
		page_free(got[i]);
	cr_assert_eq(pages_free_bytes(), total);
	cr_assert_eq(pages_free_chunks(), 0);
}

Test(pages, ranges_too_small_for_a_table_are_left_alone)
{
	add_low(0, 4096);
	pages_add(LOW + 0x1001, 4096);
	cr_assert_eq(pages_total_bytes(), 0);
	cr_assert_eq(page_alloc(), NULL);
}

/* A memory map with a hole in every mebibyte. */
Test(pages, any_number_of_ranges_is_used)
{
	enum { N = 1500 };
	uint64_t total, n = 0;
	void *first, *p;

	memory(LOW, N * MB);
	for (uint64_t i = 0; i < N; i++)
		pages_add(LOW + i * MB, MB - 16 * 4096);
	total = pages_total_bytes();
	cr_assert(total >= N * (MB - 17 * 4096), "%lu KiB of %llu", total >> 10, N * (MB - 16 * 4096) >> 10);
	first = page_alloc();
	for (p = first; p; p = page_alloc())
		n++;
	cr_assert_eq(n * 4096, total);
	page_free(first);
	cr_assert_eq(page_alloc(), first);
}

Test(pages, random_use_keeps_the_sums)
{
	enum { N = 3000 };
	static void *page[N], *chunk[64];
	uint64_t pages = 0, chunks = 0, total;

	srand(7);
	add_low(0, 40 * MB);
	add_low(64 * MB + 0x5000, 30 * MB);
	total = pages_total_bytes();
	for (unsigned step = 0; step < 40000; step++) {
		unsigned i = (unsigned)rand() % N, c = (unsigned)rand() % 64;

		if (page[i]) {
			page_free(page[i]);
			page[i] = NULL;
			pages--;
		} else if ((page[i] = page_alloc())) {
			pages++;
		}
		if (step % 64 == 0) {
			if (chunk[c]) {
				chunk_free(chunk[c]);
				chunk[c] = NULL;
				chunks--;
			} else if ((chunk[c] = chunk_alloc())) {
				chunks++;
			}
		}
		cr_assert_eq(pages_free_bytes() + pages * 4096 + chunks * CHUNK_SIZE, total);
	}
}

Test(pages, freeing_twice_is_a_bug, .signal = SIGABRT)
{
	void *p;

	add_low(0, 4 * MB);
	p = page_alloc();
	page_free(p);
	page_free(p);
}

Test(pages, freeing_a_page_of_a_chunk_is_a_bug, .signal = SIGABRT)
{
	add_low(0, 4 * MB);
	page_free(chunk_alloc());
}

Test(pages, freeing_what_was_never_given_is_a_bug, .signal = SIGABRT)
{
	add_low(0, 4 * MB);
	page_free((void *)(LOW + 8 * MB));
}
