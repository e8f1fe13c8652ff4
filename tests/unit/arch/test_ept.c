/* SPDX-License-Identifier: MIT */
/* unit: arch/x86_64/ept.c arch/x86_64/ept_split.c lib/why.c lib/fmt.c tests/fake/fake_pages.c tests/fake/fake_log.c */
#include "arch/x86_64/ept.h"
#include <criterion/criterion.h>
#include <string.h>
#include "tests/fake/fake_pages.h"

static unsigned flushes;
static void (*on_flush)(struct ept *ept);

void ept_flush(struct ept *ept)
{
	flushes++;
	if (on_flush)
		on_flush(ept);
}

#define MB (1ull << 20)

static struct ept ept;

static void setup(void)
{
	flushes = 0;
	on_flush = NULL;
	cr_assert_eq(ept_init(&ept, true), ERR_OK);
}

static void teardown(void)
{
	ept_fini(&ept);
	cr_assert_eq(fake_pages_out, 0, "%lu pages leaked", fake_pages_out);
}

TestSuite(ept, .init = setup, .fini = teardown);

static void map(uint64_t at, uint64_t host)
{
	cr_assert_eq(ept_map_chunk(&ept, gpa(at), hpa(host)), ERR_OK);
}

Test(ept, eptp_says_write_back_four_levels_and_dirty_flags)
{
	cr_assert_eq(ept_eptp(&ept), ept.root.v | 0x5e);
	ept.ad = false;
	cr_assert_eq(ept_eptp(&ept), ept.root.v | 0x1e);
}

Test(ept, a_chunk_is_one_leaf_and_is_found_byte_by_byte)
{
	unsigned level;
	uint64_t entry;
	hpa_t host;

	cr_assert_not(ept_lookup(&ept, gpa(0), NULL, NULL, NULL));
	map(6 * MB, 0x40000000);
	cr_assert(ept_lookup(&ept, gpa(6 * MB + 0x12345), &host, &level, &entry));
	cr_assert_eq(host.v, 0x40012345);
	cr_assert_eq(level, 2);
	cr_assert_eq(entry & 0xfff, 0xb7);	/* RWX, WB, large */
	cr_assert_not(ept_lookup(&ept, gpa(8 * MB), NULL, NULL, NULL));
	cr_assert_eq(ept_map_chunk(&ept, gpa(6 * MB), hpa(0x40000000)), ERR_EXISTS);
	cr_assert_eq(flushes, 0, "filling an empty entry needs no INVEPT");
}

Test(ept, a_page_is_mapped_alone_and_not_into_a_chunk)
{
	unsigned level;
	hpa_t host;

	cr_assert_eq(ept_map_page(&ept, gpa(0xfee00000), hpa(0x7000), EPT_R | EPT_W | EPT_WB), ERR_OK);
	cr_assert(ept_lookup(&ept, gpa(0xfee00123), &host, &level, NULL));
	cr_assert_eq(host.v, 0x7123);
	cr_assert_eq(level, 1);
	cr_assert_not(ept_lookup(&ept, gpa(0xfee01000), NULL, NULL, NULL));
	cr_assert_eq(ept_map_page(&ept, gpa(0xfee00000), hpa(0x7000), EPT_R), ERR_EXISTS);
	map(0, 0);
	cr_assert_eq(ept_map_page(&ept, gpa(0x1000), hpa(0x7000), EPT_R), ERR_EXISTS);
	cr_assert_eq(ept_map_chunk(&ept, gpa(0xfee00000), hpa(0)), ERR_EXISTS);
}

Test(ept, out_of_memory_leaves_the_tables_usable)
{
	for (long left = 0; left < 2; left++) {
		fake_pages_left = left;
		cr_assert_eq(ept_map_chunk(&ept, gpa(512ull << 30 | left << 30), hpa(0)), ERR_NOMEM);
	}
	fake_pages_left = -1;
	map(512ull << 30, 2 * MB);
	cr_assert(ept_lookup(&ept, gpa(512ull << 30), NULL, NULL, NULL));
}

Test(ept, split_keeps_every_translation_and_takes_the_bit_away)
{
	uint64_t entry;
	unsigned level;
	hpa_t host;

	for (uint64_t c = 0; c < 5; c++)
		map(c * 2 * MB, 0x40000000 + c * 16 * MB);
	cr_assert_eq(ept_split_reserve(&ept, 8 * MB, NULL), ERR_OK);
	ept_split_all(&ept, 8 * MB, EPT_W);
	cr_assert_eq(flushes, 1);
	for (uint64_t at = 0; at < 8 * MB; at += 4096) {
		cr_assert(ept_lookup(&ept, gpa(at), &host, &level, &entry));
		cr_assert_eq(host.v, 0x40000000 + (at >> 21) * 16 * MB + (at & (2 * MB - 1)));
		cr_assert_eq(level, 1);
		cr_assert_eq(entry & 0xfff, 0x35);
	}
	cr_assert(ept_lookup(&ept, gpa(8 * MB), NULL, &level, &entry));
	cr_assert_eq(level, 2, "chunks past the end stay whole");
	cr_assert_eq(entry & EPT_W, EPT_W);
	ept_merge_all(&ept);
}

Test(ept, merge_gives_the_histogram_and_the_rights_of_before)
{
	struct ept_histogram before, split, after;
	uint64_t entry;
	hpa_t host;

	for (uint64_t c = 0; c < 600; c += 3)
		map(c * 2 * MB, 0x40000000 + c * 2 * MB);
	cr_assert_eq(ept_map_page(&ept, gpa(2 * MB), hpa(0x9000), EPT_R | EPT_W | EPT_WB), ERR_OK);
	cr_assert_eq(ept_map_page(&ept, gpa(2 * MB + 4096), hpa(0xa000), EPT_R | EPT_WB), ERR_OK);
	ept_histogram(&ept, &before);
	cr_assert_eq(before.l2m, 200);
	cr_assert_eq(before.l4k, 2);
	cr_assert_eq(before.tables, 5);
	cr_assert_eq(ept_split_reserve(&ept, 1200 * MB, NULL), ERR_OK);
	ept_split_all(&ept, 1200 * MB, EPT_W);
	ept_histogram(&ept, &split);
	cr_assert_eq(split.l2m, 0);
	cr_assert_eq(split.l4k, 200 * 512 + 2);
	cr_assert_eq(split.w, 0);
	cr_assert_eq(split.r, split.l4k);
	cr_assert_not(ept_same(&before, &split));
	cr_assert(ept_lookup(&ept, gpa(2 * MB), NULL, NULL, &entry));
	cr_assert_eq(entry & EPT_W, 0);
	ept_merge_all(&ept);
	ept_histogram(&ept, &after);
	cr_assert(ept_same(&before, &after));
	cr_assert(ept_lookup(&ept, gpa(6 * MB + 5), &host, NULL, &entry));
	cr_assert_eq(host.v, 0x40000000 + 6 * MB + 5);
	cr_assert_eq(entry & EPT_RWX, EPT_RWX);
	cr_assert(ept_lookup(&ept, gpa(2 * MB), NULL, NULL, &entry));
	cr_assert_eq(entry & EPT_W, EPT_W);
	cr_assert(ept_lookup(&ept, gpa(2 * MB + 4096), NULL, NULL, &entry));
	cr_assert_eq(entry & EPT_W, 0, "a read-only page stays so");
	cr_assert_eq(fake_pages_out, after.tables);
}

Test(ept, the_histogram_counts_leaves_by_what_they_allow)
{
	struct ept_histogram h, one_less;

	map(0, 0x40000000);
	map(2 * MB, 0x50000000);
	cr_assert_eq(ept_map_page(&ept, gpa(4 * MB), hpa(0x9000), EPT_R | EPT_WB), ERR_OK);
	*ept_leaves(&ept, gpa(4 * MB)) |= EPT_A;
	ept_histogram(&ept, &h);
	cr_assert_eq(h.l2m, 2);
	cr_assert_eq(h.l4k, 1);
	cr_assert_eq(h.r, 3);
	cr_assert_eq(h.w, 2);
	cr_assert_eq(h.x, 2);
	cr_assert_eq(h.accessed, 1);
	cr_assert_eq(h.dirty, 0);
	one_less = h;
	one_less.accessed--;
	cr_assert(ept_same(&h, &one_less), "the CPU sets A and D when it likes");
	one_less.w--;
	cr_assert_not(ept_same(&h, &one_less));
}

Test(ept, merged_leaves_are_dirty_so_that_the_cpu_need_not_set_it)
{
	struct ept_histogram h;

	map(0, 0x40000000);
	cr_assert_eq(ept_split_reserve(&ept, 2 * MB, NULL), ERR_OK);
	ept_split_all(&ept, 2 * MB, EPT_D);
	ept_histogram(&ept, &h);
	cr_assert_eq(h.dirty, 0);
	cr_assert_eq(h.w, 512);
	ept_merge_all(&ept);
	ept_histogram(&ept, &h);
	cr_assert_eq(h.accessed, 1);
	cr_assert_eq(h.dirty, 1);
}

Test(ept, a_chunk_mapped_while_split_has_small_leaves_and_merges_too)
{
	struct ept_histogram h;
	unsigned level;
	uint64_t entry;

	cr_assert_eq(ept_split_reserve(&ept, 8 * MB, NULL), ERR_OK);
	map(0, 0x40000000);	/* after the reserve was counted */
	ept_split_all(&ept, 8 * MB, EPT_W);
	fake_pages_left = 0;	/* the reserve must do */
	map(2 * MB, 0x50000000);
	map(4 * MB, 0x60000000);
	map(6 * MB, 0x70000000);
	map(8 * MB, 0x80000000);
	fake_pages_left = -1;
	cr_assert(ept_lookup(&ept, gpa(6 * MB), NULL, &level, &entry));
	cr_assert_eq(level, 1);
	cr_assert_eq(entry & EPT_W, 0);
	cr_assert(ept_lookup(&ept, gpa(8 * MB), NULL, &level, &entry));
	cr_assert_eq(level, 2);
	ept_merge_all(&ept);
	ept_histogram(&ept, &h);
	cr_assert_eq(h.l2m, 5);
	cr_assert_eq(h.l4k, 0);
	map(10 * MB, 0x90000000);
	cr_assert(ept_lookup(&ept, gpa(10 * MB), NULL, &level, NULL));
	cr_assert_eq(level, 2);
}

static uint64_t *watched;
static uint64_t watched_entry;

static void table_still_there(struct ept *e)
{
	(void)e;
	cr_assert_eq(watched[7], watched_entry);	/* ASan: freed memory would be caught here */
}

Test(ept, tables_are_freed_only_after_the_flush)
{
	map(0, 0x40000000);
	cr_assert_eq(ept_split_reserve(&ept, 2 * MB, NULL), ERR_OK);
	ept_split_all(&ept, 2 * MB, EPT_D);
	watched = ept_leaves(&ept, gpa(0));
	watched_entry = watched[7];
	on_flush = table_still_there;
	flushes = 0;
	ept_merge_all(&ept);
	cr_assert_eq(flushes, 1);
}

Test(ept, a_reserve_that_fails_takes_nothing_and_says_why)
{
	struct why why = { "" };
	unsigned long before;

	map(0, 0x40000000);
	before = fake_pages_out;
	fake_pages_left = 3;
	cr_assert_eq(ept_split_reserve(&ept, 64 * MB, &why), ERR_NOMEM);
	cr_assert_eq(fake_pages_out, before);
	cr_assert(strstr(why.text, "64 MiB"), "%s", why.text);
	cr_assert(strstr(why.text, "132 KiB"), "%s", why.text);
	cr_assert(strstr(why.text, "12 KiB"), "%s", why.text);
	ept_merge_all(&ept);	/* allowed when not split */
	fake_pages_left = -1;
}
