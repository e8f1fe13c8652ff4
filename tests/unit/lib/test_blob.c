/* SPDX-License-Identifier: MIT */
/* unit: fake_pages */
#include "lib/blob.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "lib/addr.h"
#include "tests/fake/fake_pages.h"

/* FIPS 180-4's example: SHA-256 of "abc". */
static const uint8_t abc[BLOB_HASH] = {
	0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
	0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
};

#define BIG (CHUNK_SIZE + 5)
static uint8_t big[BIG], big_name[BLOB_HASH];

static void setup(void)
{
	struct blob *b;

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (uint8_t)(i * 7 + i / 4096);
	b = blob_file(big, sizeof(big));
	cr_assert(blob_name_step(b, sizeof(big)));
	memcpy(big_name, b->name, sizeof(big_name));
	memset(b, 0, sizeof(*b));	/* as if that file had never been here */
}

TestSuite(blob, .init = setup);

static struct blob *big_one(void)
{
	struct blob *b = blob_begin(big_name, BIG);

	cr_assert_not_null(b);
	for (size_t at = 0; at < BIG; at += 60000)
		cr_assert_eq(blob_add(b, big + at, BIG - at < 60000 ? BIG - at : 60000), ERR_OK, "at %zu", at);
	return b;
}

Test(blob, a_file_is_found_once_it_has_its_name)
{
	struct blob *b = blob_file("abc", 3);

	cr_assert_not_null(b);
	cr_expect(blob_whole(b));
	cr_expect_null(blob_find(abc, 3));
	cr_expect_eq(blob_unnamed(3), b);
	cr_expect_null(blob_unnamed(4));
	cr_expect_not(blob_name_step(b, 1));
	cr_expect(blob_name_step(b, 100));
	cr_expect_null(blob_unnamed(0));
	cr_expect_eq(blob_find(abc, 3), b);
	cr_expect_null(blob_find(abc, 4));
}

Test(blob, what_comes_in_parts_is_read_as_it_was_sent)
{
	struct blob *b = big_one();
	uint64_t run;

	cr_expect(blob_whole(b));
	cr_expect_eq(blob_find(big_name, BIG), b);
	cr_expect(!memcmp(blob_at(b, 0, &run), big, CHUNK_SIZE));
	cr_expect_eq(run, CHUNK_SIZE);
	cr_expect(!memcmp(blob_at(b, CHUNK_SIZE + 1, &run), big + CHUNK_SIZE + 1, 4));
	cr_expect_eq(run, 4);
	cr_expect_null(blob_at(b, BIG, &run));
	cr_expect_eq(run, 0);
}

Test(blob, that_is_not_what_its_name_says_is_refused_and_never_found)
{
	struct blob *b = blob_begin(abc, 3);

	cr_expect_eq(blob_add(b, "ab", 2), ERR_OK);
	cr_expect_null(blob_find(abc, 3));
	cr_expect_eq(blob_add(b, "d", 1), ERR_CORRUPT);
	cr_expect_null(blob_find(abc, 3));
	blob_drop(b);
	cr_expect_eq(fake_pages_out, 0);
	cr_expect_eq(fake_chunks_out, 0);
}

Test(blob, takes_no_more_than_its_size)
{
	struct blob *b = blob_begin(abc, 3);

	cr_expect_eq(blob_add(b, "abcd", 4), ERR_RANGE);
	cr_expect_null(blob_begin(abc, BLOB_MAX_BYTES + 1));
	cr_expect_null(blob_begin(abc, 0));
}

Test(blob, memory_is_taken_as_bytes_come_and_its_end_is_told)
{
	struct blob *b = blob_begin(big_name, BIG);

	cr_expect_eq(fake_chunks_out, 0);
	cr_expect(blob_wants_chunk(b));
	cr_assert_eq(blob_add(b, big, 10), ERR_OK);
	cr_expect_eq(fake_chunks_out, 1);
	cr_expect_not(blob_wants_chunk(b));
	fake_pages_left = 0;
	cr_expect_eq(blob_add(b, big + 10, BIG - 10), ERR_NOMEM);
	fake_pages_left = -1;
	blob_drop(b);
	cr_expect_eq(fake_pages_out, 0);
	cr_expect_eq(fake_chunks_out, 0);
}

Test(blob, that_nobody_uses_stays_until_its_memory_is_wanted)
{
	struct blob *b = big_one();

	cr_expect_eq(blob_idle_chunks(), 0);
	cr_expect_eq(blob_use(b), b);
	blob_drop(b);
	cr_expect_eq(blob_idle_chunks(), 0);
	blob_drop(b);
	cr_expect_eq(blob_idle_chunks(), 2);
	cr_expect_eq(blob_find(big_name, BIG), b);
	blob_give_up(1);
	cr_expect_eq(fake_chunks_out, 2, "it is in use again");
	blob_drop(b);
	blob_give_up(1);
	cr_expect_eq(fake_chunks_out, 0);
	cr_expect_eq(fake_pages_out, 0);
	cr_expect_null(blob_find(big_name, BIG));
}

/* 64 MiB pieces: the third of them is over what is kept idle. */
Test(blob, no_more_is_kept_idle_than_has_been_agreed)
{
	static uint8_t zeros[CHUNK_SIZE];
	struct blob *b[3];

	for (unsigned n = 0; n < 3; n++) {
		struct blob file = { .bytes = 0 };
		uint64_t bytes = 60 * CHUNK_SIZE + n;
		uint8_t *whole = calloc(1, bytes);
		struct blob *f = blob_file(whole, bytes);

		cr_assert(blob_name_step(f, bytes));
		file = *f;
		memset(f, 0, sizeof(*f));
		free(whole);
		b[n] = blob_begin(file.name, bytes);
		for (uint64_t at = 0; at < bytes; at += CHUNK_SIZE)
			cr_assert_eq(blob_add(b[n], zeros, bytes - at < CHUNK_SIZE ? bytes - at : CHUNK_SIZE), ERR_OK);
	}
	for (unsigned n = 0; n < 3; n++)
		blob_drop(b[n]);
	cr_expect_leq(blob_idle_chunks(), BLOB_IDLE_CHUNKS);
	cr_expect_geq(blob_idle_chunks(), 60);
}

Test(blob, places_end_and_the_idle_ones_make_room)
{
	static uint8_t name[BLOB_HASH];
	struct blob *idle = big_one();

	blob_drop(idle);
	for (unsigned n = 0; n < BLOB_PLACES; n++)
		cr_assert_not_null(blob_begin(name, 1), "%u", n);
	cr_expect_null(blob_begin(name, 1));
	cr_expect_null(blob_find(big_name, BIG));
	cr_expect_eq(fake_chunks_out, 0);
}
