/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include "migration/rounds.h"
#include "tests/fake/fake_guest.h"
#include "tests/fake/pipe.h"

/* Passes over a guest of six chunks, of which the first has content and most others were never touched; records leave at once. */

#define MEMORY (6 * CHUNK_SIZE)

static struct mig_core core;
static struct fake_guest *guest;
static struct mig_stream stream;
static struct mig_digest digest;
static struct mig_rounds rounds;
static struct pipe *pipe;

static uint64_t clock_ns(void *ctx)
{
	(void)ctx;
	return pipe_now_ns += 100;
}

static void write_pages(uint64_t first, uint64_t count, uint8_t byte)
{
	for (uint64_t pfn = first; pfn < first + count; pfn++)
		fake_guest_fill(guest, pfn, byte);
}

static void setup(void)
{
	struct pipe_options o = { .capacity = 64u << 20 };
	struct why why;

	core.host.clock_ns = clock_ns;
	guest = fake_guest_new("web1", MEMORY);
	write_pages(0, CHUNK_PAGES, 1);
	pipe = pipe_new(&o);
	cr_assert_eq(mig_stream_init(&stream, pipe_end(pipe, 0), (uint8_t[MIG_ATTEMPT]){ 1 }, pipe_now_ns), ERR_OK);
	cr_assert_eq(guest->guest.ops->track_start(&guest->guest, &why), ERR_OK);
	cr_assert_eq(mig_rounds_init(&rounds, &core, &guest->guest, MEMORY, 0), ERR_OK);
}

static void teardown(void)
{
	mig_rounds_fini(&rounds);
	mig_stream_fini(&stream, false);
	pipe_drop(pipe);
	fake_guest_free(guest);
}

TestSuite(rounds, .init = setup, .fini = teardown);

/* True if there is more of the pass. */
static bool record(void)
{
	struct why why;
	enum err e = mig_rounds_record(&rounds, &stream, &digest);

	cr_assert(e == ERR_OK || e == ERR_AGAIN);
	cr_assert_eq(mig_stream_flush(&stream, pipe_now_ns, &why), ERR_OK);
	return e == ERR_AGAIN;
}

/* A pass in which @count pages from @first are written again when its first record has left. */
static void pass(bool last, uint64_t first, uint64_t count)
{
	mig_rounds_begin(&rounds, last);
	cr_assert(record());
	write_pages(first, count, 3);
	while (record())
		;
}

static uint64_t dirty(void)
{
	return guest->guest.ops->dirty_pages(&guest->guest);
}

Test(rounds, a_page_that_is_dirty_again_waits_for_the_next_pass)
{
	pass(false, 0, 0);
	write_pages(0, 100, 5);
	pass(false, 50, 50);
	cr_expect_eq(rounds.raw_pages, 50);
	cr_expect_eq(rounds.dirty_pages, 100);
	cr_expect_eq(dirty(), 50);
}

Test(rounds, no_page_waits_twice)
{
	pass(false, 0, 0);
	write_pages(0, 100, 5);
	pass(false, 50, 50);
	pass(false, 0, 100);
	cr_expect_eq(rounds.raw_pages, 50, "%u", (unsigned)rounds.raw_pages);
	cr_expect_eq(dirty(), 100);
	pass(false, 90, 10);
	cr_expect_eq(rounds.raw_pages, 90, "and after that it may wait again");
}

Test(rounds, a_page_that_never_went_out_does_not_wait)
{
	pass(false, 100, 50);
	cr_expect_eq(rounds.raw_pages, CHUNK_PAGES);
	cr_expect_eq(dirty(), 50);
}

static uint64_t left(void)
{
	return mig_rounds_left(&rounds) + mig_rounds_unsent(&rounds);
}

Test(rounds, what_never_went_out_is_left)
{
	mig_rounds_begin(&rounds, false);
	write_pages(CHUNK_PAGES, 1, 1);
	cr_expect_eq(left(), 2 * CHUNK_PAGES);
	cr_expect_eq(mig_rounds_left(&rounds), 1, "a stop after this pass would not send the rest");
	cr_assert(record());
	cr_expect_eq(left(), 2 * CHUNK_PAGES - rounds.raw_pages);
	write_pages(0, 3, 5);
	cr_expect_eq(left(), 2 * CHUNK_PAGES - rounds.raw_pages + 3);
	while (record())
		;
	cr_expect_eq(left(), 3);
}

/* The guest stands, but what the host writes must not be left behind either. */
Test(rounds, nothing_waits_in_the_last_pass)
{
	pass(false, 0, 0);
	write_pages(0, 100, 5);
	pass(true, 50, 50);
	cr_expect_eq(rounds.raw_pages, 100);
}

Test(rounds, a_record_names_no_more_pages_than_it_may)
{
	uint64_t before = 0, most = 0;
	bool more = true;

	write_pages(CHUNK_PAGES, 4 * CHUNK_PAGES, 0);
	mig_rounds_begin(&rounds, false);
	while (more) {
		more = record();
		if (rounds.raw_pages + rounds.zero_pages - before > most)
			most = rounds.raw_pages + rounds.zero_pages - before;
		before = rounds.raw_pages + rounds.zero_pages;
	}
	cr_expect_eq(before, 5 * CHUNK_PAGES);
	cr_expect_eq(most, MIG_RECORD_PAGES);
}
