/* SPDX-License-Identifier: MIT */
/* unit: fake_pages */
#include "arch/x86_64/gpt.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/gpt_table.h"
#include "arch/x86_64/svm/npt.h"
#include "arch/x86_64/vmx/ept.h"
#include "tests/fake/fake_pages.h"

static unsigned flushes;
static void (*on_flush)(struct gpt *gpt);

void gpt_flush(struct gpt *gpt)
{
	flushes++;
	if (on_flush)
		on_flush(gpt);
}

#define MB (1ull << 20)

static struct gpt gpt;

static const struct gpt_format *const formats[] = { &ept_format, &npt_format };

/* Each test once in each format. */
static void in_all_formats(void (*test)(void))
{
	for (unsigned i = 0; i < 2; i++) {
		flushes = 0;
		on_flush = NULL;
		cr_assert_eq(gpt_init(&gpt, formats[i], true), ERR_OK);
		test();
		gpt_fini(&gpt);
		cr_assert_eq(fake_pages_out, 0, "%lu pages leaked", fake_pages_out);
	}
}

#define GPT_TEST(name) \
static void name(void); \
Test(gpt, name) { in_all_formats(name); } \
static void name(void)

static bool executable(uint64_t leaf)
{
	return gpt_is_executable(gpt.format, leaf);
}

static void map(uint64_t at, uint64_t host)
{
	cr_assert_eq(gpt_map_chunk(&gpt, gpa(at), hpa(host)), ERR_OK);
}

GPT_TEST(a_chunk_is_one_leaf_and_is_found_byte_by_byte)
{
	unsigned level;
	uint64_t entry;
	hpa_t host;

	cr_assert_not(gpt_lookup(&gpt, gpa(0), NULL, NULL, NULL));
	map(6 * MB, 0x40000000);
	cr_assert(gpt_lookup(&gpt, gpa(6 * MB + 0x12345), &host, &level, &entry));
	cr_assert_eq(host.v, 0x40012345);
	cr_assert_eq(level, 2);
	cr_assert_eq(entry & ~GPT_ADDRESS & ~(1ull << 63), gpt.format->leaf | gpt.format->execute | GPT_LARGE);
	cr_assert(executable(entry));
	cr_assert_not(gpt_lookup(&gpt, gpa(8 * MB), NULL, NULL, NULL));
	cr_assert_eq(gpt_map_chunk(&gpt, gpa(6 * MB), hpa(0x40000000)), ERR_EXISTS);
	cr_assert_eq(flushes, 0, "filling an empty entry needs no flush");
}

GPT_TEST(out_of_memory_leaves_the_tables_usable)
{
	for (long left = 0; left < 2; left++) {
		fake_pages_left = left;
		cr_assert_eq(gpt_map_chunk(&gpt, gpa(512ull << 30 | left << 30), hpa(0)), ERR_NOMEM);
	}
	fake_pages_left = -1;
	map(512ull << 30, 2 * MB);
	cr_assert(gpt_lookup(&gpt, gpa(512ull << 30), NULL, NULL, NULL));
}

GPT_TEST(split_keeps_every_translation_and_takes_the_bit_away)
{
	uint64_t entry;
	unsigned level;
	hpa_t host;

	for (uint64_t c = 0; c < 5; c++)
		map(c * 2 * MB, 0x40000000 + c * 16 * MB);
	cr_assert_eq(gpt_split_reserve(&gpt, 8 * MB, NULL), ERR_OK);
	gpt_split_all(&gpt, 8 * MB, GPT_W);
	cr_assert_eq(flushes, 1);
	for (uint64_t at = 0; at < 8 * MB; at += 4096) {
		cr_assert(gpt_lookup(&gpt, gpa(at), &host, &level, &entry));
		cr_assert_eq(host.v, 0x40000000 + (at >> 21) * 16 * MB + (at & (2 * MB - 1)));
		cr_assert_eq(level, 1);
		cr_assert_eq(entry & ~GPT_ADDRESS, (gpt.format->leaf & ~GPT_W) | gpt.format->execute);
	}
	cr_assert(gpt_lookup(&gpt, gpa(8 * MB), NULL, &level, &entry));
	cr_assert_eq(level, 2, "chunks past the end stay whole");
	cr_assert_eq(entry & GPT_W, GPT_W);
	gpt_merge_all(&gpt);
}

/* With code in the chunks at 0, 6 and 12 MiB where it has small pages. */
static void map_200_chunks(bool small_code)
{
	if (small_code)
		cr_assert_eq(gpt_small_code(&gpt, 1200 * MB, NULL), ERR_OK);
	for (uint64_t c = 0; c < 600; c += 3)
		map(c * 2 * MB, 0x40000000 + c * 2 * MB);
	for (uint64_t at = 0; small_code && at < 18 * MB; at += 6 * MB)
		cr_assert(gpt_fetch(&gpt, gpa(at)));
	flushes = 0;
}

static void merge_gives_what_was_there(uint64_t code)
{
	struct gpt_histogram before, split, after;
	unsigned long out = fake_pages_out;
	uint64_t entry;
	hpa_t host;

	gpt_histogram(&gpt, &before);
	cr_assert_eq(before.l2m, 200 - code);
	cr_assert_eq(before.l4k, code * 512);
	cr_assert_eq(before.tables, 4 + code);
	cr_assert_eq(gpt_split_reserve(&gpt, 1200 * MB, NULL), ERR_OK);
	gpt_split_all(&gpt, 1200 * MB, GPT_W);
	gpt_histogram(&gpt, &split);
	cr_assert_eq(split.l2m, 0);
	cr_assert_eq(split.l4k, 200 * 512);
	cr_assert_eq(split.w, 0);
	cr_assert_eq(split.r, split.l4k);
	cr_assert_eq(split.x, split.l4k);
	cr_assert_not(gpt_same(&before, &split));
	gpt_merge_all(&gpt);
	gpt_histogram(&gpt, &after);
	cr_assert(gpt_same(&before, &after));
	cr_assert_eq(after.accessed, after.l2m + after.l4k, "so that the CPU need not");
	cr_assert_eq(after.dirty, after.accessed);
	cr_assert(gpt_lookup(&gpt, gpa(18 * MB + 5), &host, NULL, &entry));
	cr_assert_eq(host.v, 0x40000000 + 18 * MB + 5);
	cr_assert(entry & GPT_R && entry & GPT_W && executable(entry) == !code);
	cr_assert_eq(fake_pages_out, out, "as many pages as before");
}

GPT_TEST(merge_gives_the_histogram_and_the_rights_of_before)
{
	map_200_chunks(false);
	merge_gives_what_was_there(0);
	cr_assert_eq(fake_pages_out, 4);
}

GPT_TEST(merge_leaves_code_in_small_pages_and_makes_no_large_one_executable)
{
	struct gpt_histogram h;

	map_200_chunks(true);
	merge_gives_what_was_there(3);
	gpt_histogram(&gpt, &h);
	cr_assert_eq(h.x, 3 * 512);
	merge_gives_what_was_there(3);	/* the tables that were kept suffice again */
}

GPT_TEST(a_fetch_splits_its_chunk_once_and_no_other)
{
	unsigned level;
	uint64_t entry;
	hpa_t host;

	cr_assert_eq(gpt_small_code(&gpt, 64 * MB, NULL), ERR_OK);
	fake_pages_left = 2;	/* for the tables above the chunks; what a fetch takes was set aside */
	map(4 * MB, 0x40000000);
	map(6 * MB, 0x50000000);
	cr_assert(gpt_lookup(&gpt, gpa(4 * MB), NULL, &level, &entry));
	cr_assert_eq(level, 2);
	cr_assert(entry & GPT_R && entry & GPT_W && !executable(entry), "no code in large leaves");
	cr_assert_not(gpt_fetch(&gpt, gpa(8 * MB)), "nothing is there to be executed");
	cr_assert(gpt_fetch(&gpt, gpa(4 * MB + 0x1234)));
	cr_assert_eq(flushes, 1);
	cr_assert(gpt_lookup(&gpt, gpa(6 * MB - 1), &host, &level, &entry));
	cr_assert_eq(level, 1);
	cr_assert_eq(host.v, 0x401fffff);
	cr_assert(entry & GPT_R && entry & GPT_W && executable(entry));
	cr_assert(gpt_fetch(&gpt, gpa(4 * MB)), "another processor was faster");
	cr_assert_eq(flushes, 1);
	cr_assert_eq(gpt.code_chunks, 1);
	cr_assert(gpt_lookup(&gpt, gpa(6 * MB), NULL, &level, &entry));
	cr_assert_eq(level, 2);
	fake_pages_left = -1;
}

GPT_TEST(without_need_a_fetch_is_nobodys_business)
{
	map(0, 0x40000000);
	cr_assert_not(gpt_fetch(&gpt, gpa(0)));
}

static void fetches_meanwhile(struct gpt *e)
{
	on_flush = NULL;
	for (uint64_t at = 0; at < 8 * MB; at += 2 * MB)
		cr_assert(gpt_fetch(e, gpa(at)), "the guest tries again");
}

GPT_TEST(code_that_begins_while_tracking_begins_or_ends_gets_its_small_pages)
{
	struct gpt_histogram h;

	cr_assert_eq(gpt_small_code(&gpt, 8 * MB, NULL), ERR_OK);
	for (uint64_t at = 0; at < 8 * MB; at += 2 * MB)
		map(at, 0x40000000 + at);
	cr_assert_eq(gpt_split_reserve(&gpt, 8 * MB, NULL), ERR_OK);
	cr_assert(gpt_fetch(&gpt, gpa(0)));	/* after the reserve was counted */
	gpt_split_all(&gpt, 8 * MB, gpt.format->dirty);
	on_flush = fetches_meanwhile;	/* while merged tables are still on their way back */
	gpt_merge_all(&gpt);
	fetches_meanwhile(&gpt);
	gpt_histogram(&gpt, &h);
	cr_assert_eq(h.l4k, 4 * 512);
	cr_assert_eq(h.x, 4 * 512);
	cr_assert_eq(gpt.code_chunks, 4);
	cr_assert_eq(fake_pages_out, h.tables);
}

GPT_TEST(small_tables_that_find_no_memory_take_nothing_and_say_why)
{
	struct why why = { "" };
	unsigned long before = fake_pages_out;

	fake_pages_left = 3;
	cr_assert_eq(gpt_small_code(&gpt, 64 * MB, &why), ERR_NOMEM);
	cr_assert_eq(fake_pages_out, before);
	cr_assert(strstr(why.text, "128 KiB"), "%s", why.text);
	cr_assert(strstr(why.text, "12 KiB"), "%s", why.text);
	fake_pages_left = -1;
}

GPT_TEST(the_histogram_counts_leaves_by_what_they_allow)
{
	struct gpt_histogram h, one_less;

	cr_assert_eq(gpt_small_code(&gpt, 8 * MB, NULL), ERR_OK);
	map(0, 0x40000000);
	map(2 * MB, 0x50000000);
	cr_assert(gpt_fetch(&gpt, gpa(2 * MB)));
	gpt_leaves(&gpt, gpa(2 * MB))[7] |= gpt.format->accessed;
	gpt_leaves(&gpt, gpa(2 * MB))[8] &= ~GPT_W;
	gpt_histogram(&gpt, &h);
	cr_assert_eq(h.l2m, 1);
	cr_assert_eq(h.l4k, 512);
	cr_assert_eq(h.r, 513);
	cr_assert_eq(h.w, 512);
	cr_assert_eq(h.x, 512);
	cr_assert_eq(h.accessed, 1);
	cr_assert_eq(h.dirty, 0);
	one_less = h;
	one_less.accessed--;
	cr_assert(gpt_same(&h, &one_less), "the CPU sets A and D when it likes");
	one_less.w--;
	cr_assert_not(gpt_same(&h, &one_less));
}

GPT_TEST(merged_leaves_are_dirty_so_that_the_cpu_need_not_set_it)
{
	struct gpt_histogram h;

	map(0, 0x40000000);
	cr_assert_eq(gpt_split_reserve(&gpt, 2 * MB, NULL), ERR_OK);
	gpt_split_all(&gpt, 2 * MB, gpt.format->dirty);
	gpt_histogram(&gpt, &h);
	cr_assert_eq(h.dirty, 0);
	cr_assert_eq(h.w, 512);
	gpt_merge_all(&gpt);
	gpt_histogram(&gpt, &h);
	cr_assert_eq(h.accessed, 1);
	cr_assert_eq(h.dirty, 1);
}

GPT_TEST(a_chunk_mapped_while_split_has_small_leaves_and_merges_too)
{
	struct gpt_histogram h;
	unsigned level;
	uint64_t entry;

	cr_assert_eq(gpt_split_reserve(&gpt, 8 * MB, NULL), ERR_OK);
	map(0, 0x40000000);	/* after the reserve was counted */
	gpt_split_all(&gpt, 8 * MB, GPT_W);
	fake_pages_left = 0;	/* the reserve must do */
	map(2 * MB, 0x50000000);
	map(4 * MB, 0x60000000);
	map(6 * MB, 0x70000000);
	map(8 * MB, 0x80000000);
	fake_pages_left = -1;
	cr_assert(gpt_lookup(&gpt, gpa(6 * MB), NULL, &level, &entry));
	cr_assert_eq(level, 1);
	cr_assert_eq(entry & GPT_W, 0);
	cr_assert(gpt_lookup(&gpt, gpa(8 * MB), NULL, &level, &entry));
	cr_assert_eq(level, 2);
	gpt_merge_all(&gpt);
	gpt_histogram(&gpt, &h);
	cr_assert_eq(h.l2m, 5);
	cr_assert_eq(h.l4k, 0);
	map(10 * MB, 0x90000000);
	cr_assert(gpt_lookup(&gpt, gpa(10 * MB), NULL, &level, NULL));
	cr_assert_eq(level, 2);
}

static uint64_t *watched;
static uint64_t watched_entry;

static void table_still_there(struct gpt *e)
{
	(void)e;
	cr_assert_eq(watched[7], watched_entry);	/* ASan: freed memory would be caught here */
}

GPT_TEST(tables_are_freed_only_after_the_flush)
{
	map(0, 0x40000000);
	cr_assert_eq(gpt_split_reserve(&gpt, 2 * MB, NULL), ERR_OK);
	gpt_split_all(&gpt, 2 * MB, gpt.format->dirty);
	watched = gpt_leaves(&gpt, gpa(0));
	watched_entry = watched[7];
	on_flush = table_still_there;
	flushes = 0;
	gpt_merge_all(&gpt);
	cr_assert_eq(flushes, 1);
}

GPT_TEST(a_reserve_that_fails_takes_nothing_and_says_why)
{
	struct why why = { "" };
	unsigned long before;

	map(0, 0x40000000);
	before = fake_pages_out;
	fake_pages_left = 3;
	cr_assert_eq(gpt_split_reserve(&gpt, 64 * MB, &why), ERR_NOMEM);
	cr_assert_eq(fake_pages_out, before);
	cr_assert(strstr(why.text, "64 MiB"), "%s", why.text);
	cr_assert(strstr(why.text, "132 KiB"), "%s", why.text);
	cr_assert(strstr(why.text, "12 KiB"), "%s", why.text);
	gpt_merge_all(&gpt);	/* allowed when not split */
	fake_pages_left = -1;
}
