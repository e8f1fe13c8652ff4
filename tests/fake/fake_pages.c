/* SPDX-License-Identifier: MIT */
/* fake_pages.c: the page allocator of unit tests, on the host's heap, so that ASan sees every misuse. */
#include "tests/fake/fake_pages.h"
#include <stdlib.h>
#include <string.h>
#include "lib/addr.h"
#include "lib/pages.h"

unsigned long fake_pages_out, fake_chunks_out;
long fake_pages_left = -1;
unsigned long fake_pages_fail;

static void *get(size_t bytes, unsigned long *out)
{
	void *p;

	if (fake_pages_left == 0 || (fake_pages_fail && !--fake_pages_fail))
		return NULL;
	if (fake_pages_left > 0)
		fake_pages_left--;
	p = aligned_alloc(bytes, bytes);
	if (!p)
		abort();
	++*out;
	return memset(p, 0, bytes);
}

void *page_alloc(void)
{
	return get(PAGE_SIZE, &fake_pages_out);
}

void page_free(void *page)
{
	if (page)
		fake_pages_out--;
	free(page);
}

void *chunk_alloc(void)
{
	return get(CHUNK_SIZE, &fake_chunks_out);
}

void chunk_free(void *chunk)
{
	if (chunk)
		fake_chunks_out--;
	free(chunk);
}

uint64_t pages_free_bytes(void)
{
	return fake_pages_left < 0 ? 1ull << 40 : (uint64_t)fake_pages_left * PAGE_SIZE;
}

uint64_t pages_free_chunks(void)
{
	return pages_free_bytes() >> CHUNK_SHIFT;
}

uint64_t pages_total_bytes(void)
{
	return 1ull << 40;
}
