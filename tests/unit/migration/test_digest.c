/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "lib/bytes.h"
#include "migration/digest.h"
#include "migration/protocol.h"
#include "tests/fake/fake_guest.h"

#define MIB (1ull << 20)

static uint64_t hash(struct fake_guest *g, unsigned budget, unsigned *steps)
{
	struct mig_memory_hash h;
	uint64_t value = 0;

	*steps = 1;
	mig_memory_hash_init(&h, &g->guest, g->def.memory_bytes);
	while (!mig_memory_hash_step(&h, budget, &value))
		++*steps;
	return value;
}

/* The wire spec's definition, done at once over plain memory. */
static uint64_t plain_hash(struct fake_guest *g)
{
	uint64_t pages = g->def.memory_bytes / PAGE_SIZE, value;
	static const uint8_t zero[PAGE_SIZE];
	uint8_t *list = malloc(pages * 8);

	for (uint64_t n = 0; n < pages; n++) {
		const void *page = g->guest.ops->page(&g->guest, n);

		le64_put(list + n * 8, XXH64(page ? page : zero, PAGE_SIZE, 0));
	}
	value = XXH64(list, pages * 8, 0);
	free(list);
	return value;
}

Test(digest, of_memory_is_that_of_the_wire_spec_in_steps_of_any_size)
{
	struct fake_guest *g = fake_guest_new("g", 16 * MIB);
	unsigned steps;

	fake_guest_work(g, 500, 4096);
	for (unsigned budget = 1; budget < 2000; budget = budget * 3 + 1)
		cr_expect_eq(hash(g, budget, &steps), plain_hash(g));
	fake_guest_free(g);
}

Test(digest, of_memory_sees_each_page)
{
	struct fake_guest *g = fake_guest_new("g", 4 * MIB);
	unsigned steps;
	uint64_t before = hash(g, 64, &steps);

	for (uint64_t pfn = 0; pfn < 1024; pfn += 93) {
		fake_guest_fill(g, pfn, 1);
		cr_expect_neq(hash(g, 64, &steps), before);
		fake_guest_fill(g, pfn, 0);
		cr_expect_eq(hash(g, 64, &steps), before, "a page of zeros is a page never touched");
	}
	fake_guest_free(g);
}

Test(digest, of_memory_never_touched_takes_few_steps)
{
	struct fake_guest *g = fake_guest_new("g", 8192 * MIB);
	unsigned steps;

	hash(g, 64, &steps);
	cr_expect_leq(steps, 4096 / 256 + 1);
	fake_guest_free(g);
}

Test(digest, of_records_depends_on_type_order_and_borders)
{
	struct mig_digest d[4];

	for (int n = 0; n < 4; n++)
		mig_digest_init(&d[n], MIG_CAPABILITIES);
	mig_digest_add(&d[0], 5, "abc", 3);
	mig_digest_add(&d[0], 5, "def", 3);
	mig_digest_add(&d[1], 5, "abcd", 4);
	mig_digest_add(&d[1], 5, "ef", 2);
	mig_digest_add(&d[2], 5, "def", 3);
	mig_digest_add(&d[2], 5, "abc", 3);
	mig_digest_add(&d[3], 5, "abc", 3);
	mig_digest_add(&d[3], 8, "def", 3);
	for (int n = 0; n < 4; n++)
		for (int k = n + 1; k < 4; k++)
			cr_expect_neq(mig_digest_value(&d[n]), mig_digest_value(&d[k]));
}

static uint64_t of_pages(uint64_t capabilities, const char *body, size_t length, uint32_t crc)
{
	struct mig_digest d;

	mig_digest_init(&d, capabilities);
	mig_digest_pages(&d, body, length, crc);
	return mig_digest_value(&d);
}

Test(digest, of_pages_is_of_their_checksum_if_both_sides_can)
{
	uint64_t old = MIG_CAPABILITIES & ~MIG_CAP_DIGEST_CRC;

	cr_expect_eq(of_pages(MIG_CAPABILITIES, "abc", 3, 1), of_pages(MIG_CAPABILITIES, "abd", 3, 1));
	cr_expect_neq(of_pages(MIG_CAPABILITIES, "abc", 3, 1), of_pages(MIG_CAPABILITIES, "abc", 3, 2));
	cr_expect_neq(of_pages(MIG_CAPABILITIES, "abc", 3, 1), of_pages(MIG_CAPABILITIES, "abcd", 4, 1));
	cr_expect_eq(of_pages(old, "abc", 3, 1), of_pages(old, "abc", 3, 2));
	cr_expect_neq(of_pages(old, "abc", 3, 1), of_pages(old, "abd", 3, 1));
}
