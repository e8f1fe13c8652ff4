/* SPDX-License-Identifier: MIT */
/* unit: fake_mmu fake_pages */
#include "arch/x86_64/dirty.h"
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/svm/npt.h"
#include "arch/x86_64/vmx/ept.h"
#include "tests/fake/fake_mmu.h"
#include "tests/fake/fake_pages.h"

#define CHUNKS	(FAKE_PAGES / CHUNK_PAGES)
#define BYTES	(CHUNKS * CHUNK_SIZE)

static const enum dirty_kind kinds[] = { DIRTY_WRITE_PROTECT, DIRTY_AD, DIRTY_PML };
static const struct gpt_format *format = &ept_format;
static struct fake_mmu m;
static uint32_t copy[FAKE_PAGES];
static bool small_code;

static const struct gpt_format *const formats[] = { &ept_format, &npt_format };

/* Each test once in each format. */
static void in_all_formats(void (*test)(void))
{
	for (unsigned i = 0; i < 2; i++) {
		format = formats[i];
		test();
	}
}

#define DIRTY_TEST(name) \
static void name(void); \
Test(dirty, name) { in_all_formats(name); } \
static void name(void)

static void start(enum dirty_kind kind)
{
	struct why why = { "" };

	cr_assert_eq(dirty_start(&m.dirty, &m.gpt, kind, BYTES, &why), ERR_OK, "%s", why.text);
}

/* Maps all chunks but the last two. EPT alone can be without accessed and dirty flags. */
static void machine(enum dirty_kind kind)
{
	fake_mmu_init(&m, format, kind != DIRTY_WRITE_PROTECT || format != &ept_format);
	if (small_code)
		cr_assert_eq(gpt_small_code(&m.gpt, BYTES, NULL), ERR_OK);
	for (unsigned c = 0; c < CHUNKS - 2; c++)
		fake_mmu_map(&m, c);
}

static void machine_end(void)
{
	fake_mmu_fini(&m);
	cr_assert_eq(fake_pages_out, 0, "%lu pages leaked", fake_pages_out);
}

static bool bit(const uint64_t *row, unsigned page)
{
	return row[page % CHUNK_PAGES / 64] >> page % 64 & 1;
}

static unsigned any_page(void)
{
	return (unsigned)rand() % FAKE_PAGES;
}

static void guest_works(unsigned writes)
{
	while (writes--) {
		unsigned v = (unsigned)rand() % FAKE_VCPUS;
		unsigned page = rand() % 4 ? any_page() % 64 * 37 % FAKE_PAGES : any_page();

		if (small_code && rand() % 4 == 0)
			fake_mmu_fetch(&m, v, page / CHUNK_PAGES % 2 ? page : rand() % 2 * CHUNK_PAGES);	/* data alone in some */
		else if (rand() % 3)
			fake_mmu_write(&m, v, page);
		else
			fake_mmu_read(&m, v, page);
	}
}

static void guest_works_meanwhile(struct fake_mmu *mmu)
{
	(void)mmu;
	guest_works((unsigned)rand() % 8);
}

/* Copies what is dirty (all of it in the first round); the guest goes on between harvest and copy. */
static void round_of_copying(bool all, bool guest_runs)
{
	for (unsigned c = 0; c < CHUNKS; c++) {
		uint64_t row[DIRTY_ROW_WORDS] = { 0 };

		dirty_harvest(&m.dirty, c, row);
		if (guest_runs)
			guest_works((unsigned)rand() % 6);
		for (unsigned p = c * CHUNK_PAGES; p < (c + 1) * CHUNK_PAGES; p++)
			if (all || bit(row, p))
				copy[p] = m.memory[p];
	}
}

/* One migration: true if the copy is whole. */
static bool migrate(enum dirty_kind kind)
{
	start(kind);
	round_of_copying(true, true);
	for (int r = rand() % 3; r >= 0; r--) {
		guest_works((unsigned)rand() % 700);
		fake_mmu_host_write(&m, any_page() % (CHUNK_PAGES * (CHUNKS - 2)));
		round_of_copying(false, true);
	}
	m.meanwhile = NULL;	/* the vCPUs stop */
	fake_mmu_exit_all(&m);
	round_of_copying(false, false);
	return !memcmp(copy, m.memory, sizeof(copy));
}

static void histogram_is_whole(void)
{
	struct gpt_histogram h;
	uint64_t mapped = 0, code;

	for (unsigned c = 0; c < CHUNKS; c++)
		mapped += m.mapped[c];
	gpt_histogram(&m.gpt, &h);
	code = m.gpt.code_chunks;
	cr_assert_eq(h.l2m, mapped - code);
	cr_assert_eq(h.l4k, code * CHUNK_PAGES);
	cr_assert_eq(h.tables, 3 + code);
	cr_assert_eq(h.w, h.l2m + h.l4k, "a leaf stayed write-protected");
	cr_assert_eq(h.r, h.w);
	cr_assert_eq(h.x, small_code ? h.l4k : h.w, "large leaves with code");
	cr_assert_eq(fake_pages_out, 3 + (small_code ? CHUNKS : 0));
}

static void no_write_is_lost(enum dirty_kind kind)
{
	srand(11 + kind);
	machine(kind);
	for (unsigned attempt = 0; attempt < 400; attempt++) {
		m.meanwhile = guest_works_meanwhile;
		cr_assert(migrate(kind), "attempt %u with %s lost a write", attempt, dirty_kind_name(kind));
		m.meanwhile = guest_works_meanwhile;
		dirty_stop(&m.dirty);
		m.meanwhile = NULL;
		histogram_is_whole();
		guest_works(50);
	}
	machine_end();
}

DIRTY_TEST(no_write_is_lost_under_write_protection) { no_write_is_lost(DIRTY_WRITE_PROTECT); }
DIRTY_TEST(no_write_is_lost_under_ad_flags) { no_write_is_lost(DIRTY_AD); }
DIRTY_TEST(no_write_is_lost_under_pml) { no_write_is_lost(DIRTY_PML); }

static void no_write_is_lost_with_small_code(enum dirty_kind kind)
{
	small_code = true;
	no_write_is_lost(kind);
	cr_expect(m.fetch_faults > 3, "code in at least as many chunks");
}

DIRTY_TEST(no_write_is_lost_where_code_has_small_pages_under_write_protection) { no_write_is_lost_with_small_code(DIRTY_WRITE_PROTECT); }
DIRTY_TEST(no_write_is_lost_where_code_has_small_pages_under_ad_flags) { no_write_is_lost_with_small_code(DIRTY_AD); }
DIRTY_TEST(no_write_is_lost_where_code_has_small_pages_under_pml) { no_write_is_lost_with_small_code(DIRTY_PML); }

DIRTY_TEST(writes_are_lost_when_a_flush_is_left_out)
{
	/* What makes the three tests above able to fail. */
	for (unsigned k = 0; k < 3; k++) {
		unsigned lost = 0;

		srand(5);
		machine(kinds[k]);
		for (unsigned attempt = 0; attempt < 20; attempt++) {
			m.lose_flush = true;
			lost += !migrate(kinds[k]);
			m.lose_flush = false;
			dirty_stop(&m.dirty);
		}
		machine_end();
		cr_assert(lost > 0, "%s", dirty_kind_name(kinds[k]));
	}
}

DIRTY_TEST(three_trackers_give_the_same_exact_set)
{
	enum { ROUNDS = 40 };

	for (unsigned k = 0; k < 3; k++) {
		srand(99);
		machine(kinds[k]);
		start(kinds[k]);
		for (unsigned r = 0; r < ROUNDS; r++) {
			static uint32_t before[FAKE_PAGES];
			uint64_t sum = 0;

			memcpy(before, m.memory, sizeof(before));
			guest_works(r % 4 == 3 ? 20000 : r * 10);
			fake_mmu_host_write(&m, r * 3);
			fake_mmu_exit_all(&m);
			for (unsigned p = 0; p < FAKE_PAGES; p++)
				sum += before[p] != m.memory[p];
			cr_assert_eq(dirty_count(&m.dirty), sum);
			for (unsigned c = 0; c < CHUNKS; c++) {
				uint64_t row[DIRTY_ROW_WORDS] = { 0 };

				dirty_harvest(&m.dirty, c, row);
				for (unsigned p = c * CHUNK_PAGES; p < (c + 1) * CHUNK_PAGES; p++)
					cr_assert_eq(bit(row, p), before[p] != m.memory[p], "%s: round %u page %u",
						     dirty_kind_name(kinds[k]), r, p);
			}
			cr_assert_eq(dirty_count(&m.dirty), 0);
		}
		cr_assert(kinds[k] != DIRTY_PML || m.pml_full > 0, "the log never filled up");
		dirty_stop(&m.dirty);
		machine_end();
	}
}

DIRTY_TEST(a_harvest_that_finds_nothing_flushes_nothing)
{
	for (unsigned k = 0; k < 3; k++) {
		uint64_t row[DIRTY_ROW_WORDS] = { 0 };
		unsigned before;

		machine(kinds[k]);
		start(kinds[k]);
		before = m.flushes;
		fake_mmu_read(&m, 0, 9);
		fake_mmu_host_write(&m, 7);
		dirty_harvest(&m.dirty, 0, row);
		cr_assert_eq(row[0], 1u << 7);
		cr_assert_eq(m.flushes, before);
		fake_mmu_write(&m, 0, 7);
		fake_mmu_exit_all(&m);
		dirty_harvest(&m.dirty, 0, row);
		cr_assert_eq(m.flushes, before + 1);
		dirty_stop(&m.dirty);
		machine_end();
	}
}

DIRTY_TEST(a_chunk_mapped_while_tracking_is_clean_and_tracked)
{
	for (unsigned k = 0; k < 3; k++) {
		uint64_t row[DIRTY_ROW_WORDS] = { 0 };
		const unsigned c = CHUNKS - 1, page = c * CHUNK_PAGES + 130;

		machine(kinds[k]);
		start(kinds[k]);
		fake_mmu_map(&m, c);
		cr_assert_eq(dirty_count(&m.dirty), 0);
		fake_mmu_write(&m, 1, page);
		fake_mmu_exit_all(&m);
		dirty_harvest(&m.dirty, c, row);
		for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++)
			cr_assert_eq(row[w], w == 2 ? 1u << 2 : 0);
		dirty_stop(&m.dirty);
		histogram_is_whole();
		machine_end();
	}
}

DIRTY_TEST(harvest_adds_to_the_bitmap)
{
	uint64_t row[DIRTY_ROW_WORDS] = { 1, 0, 2 };

	machine(DIRTY_AD);
	start(DIRTY_AD);
	fake_mmu_write(&m, 0, 3);
	dirty_harvest(&m.dirty, 0, row);
	cr_assert_eq(row[0], 9);
	cr_assert_eq(row[2], 2);
	dirty_stop(&m.dirty);
	dirty_harvest(&m.dirty, 0, row);
	dirty_harvest(&m.dirty, CHUNKS, row);
	cr_assert_eq(row[0], 9, "not tracking: nothing to add");
	machine_end();
}

DIRTY_TEST(marks_cover_each_page_they_touch_and_no_other)
{
	static const struct { uint64_t at; size_t bytes; uint64_t pages; } cases[] = {
		{ 0, 1, 1 }, { 4095, 1, 1 }, { 4095, 2, 2 }, { 4096, 4096, 1 }, { 100, 0, 0 }, { 0, 8192, 2 },
		{ 4096, 4097, 2 }, { BYTES - 1, 1, 1 }, { BYTES - 4096, 9000, 1 }, { BYTES, 10, 0 },
		{ 0xfee00000, 4096, 0 }, { CHUNK_SIZE * 4 - 10, 20, 2 },
	};

	machine(DIRTY_WRITE_PROTECT);
	fake_mmu_map(&m, 4);
	fake_mmu_map(&m, 5);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(DIRTY_WRITE_PROTECT);
		dirty_mark(&m.dirty, gpa(cases[i].at), cases[i].bytes);
		cr_assert_eq(dirty_count(&m.dirty), cases[i].pages, "case %u", i);
		dirty_stop(&m.dirty);
		dirty_mark(&m.dirty, gpa(cases[i].at), cases[i].bytes);
	}
	machine_end();
}

DIRTY_TEST(a_write_fault_is_claimed_only_where_a_tracker_caused_it)
{
	struct dirty never = { 0 };

	machine(DIRTY_WRITE_PROTECT);
	cr_assert_not(dirty_write_fault(&never, gpa(0)));
	start(DIRTY_WRITE_PROTECT);
	cr_assert(dirty_write_fault(&m.dirty, gpa(0x3123)));
	cr_assert_not(dirty_write_fault(&m.dirty, gpa(0xfee00000)), "a device");
	cr_assert_not(dirty_write_fault(&m.dirty, gpa(BYTES)), "an unmapped chunk");
	cr_assert_eq(dirty_count(&m.dirty), 1);
	dirty_stop(&m.dirty);
	cr_assert(dirty_write_fault(&m.dirty, gpa(0x3123)), "the violation was under way when tracking stopped");
	cr_assert_not(dirty_write_fault(&m.dirty, gpa(0xfee00000)));
	machine_end();
}

DIRTY_TEST(the_pml_index_tells_how_much_of_the_log_is_valid)
{
	static const struct { uint16_t index; unsigned pages; } cases[] = {
		{ 511, 0 }, { 510, 1 }, { 509, 2 }, { 0, 511 }, { 0xffff, 512 }, { 512, 512 },
	};
	static uint64_t log[512];

	for (unsigned i = 0; i < 512; i++)
		log[i] = (uint64_t)i << PAGE_SHIFT;
	machine(DIRTY_PML);
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t row[DIRTY_ROW_WORDS] = { 0 };

		start(DIRTY_PML);
		cr_assert(dirty_wants_pml(&m.dirty));
		dirty_pml_drain(&m.dirty, log, cases[i].index);
		cr_assert_eq(dirty_count(&m.dirty), cases[i].pages, "index %u", cases[i].index);
		dirty_harvest(&m.dirty, 0, row);
		cr_assert_eq(bit(row, 511), cases[i].pages > 0, "the oldest entry is the highest");
		cr_assert_eq(bit(row, 0), cases[i].pages == 512);
		dirty_stop(&m.dirty);
		cr_assert_not(dirty_wants_pml(&m.dirty));
		dirty_pml_drain(&m.dirty, log, 0xffff);	/* a log that comes late is dropped */
	}
	start(DIRTY_PML);
	log[511] = BYTES;
	log[510] = 0xfee00000;
	log[509] = 0xfffffffffffff000;
	dirty_pml_drain(&m.dirty, log, 508);
	cr_assert_eq(dirty_count(&m.dirty), 0, "addresses outside memory are no page of it");
	dirty_stop(&m.dirty);
	machine_end();
}

DIRTY_TEST(every_vcpu_logs_before_the_first_leaf_is_armed)
{
	machine(DIRTY_PML);
	for (unsigned p = 0; p < 100; p++)
		fake_mmu_write(&m, 0, p);
	start(DIRTY_PML);
	for (unsigned v = 0; v < FAKE_VCPUS; v++)
		cr_assert(m.vcpu[v].pml);
	cr_assert_eq(m.flushes, 2);
	dirty_stop(&m.dirty);
	machine_end();
}

Test(dirty, a_start_that_fails_says_why_and_changes_nothing)
{
	struct why why = { "" };
	unsigned flushes;

	machine(DIRTY_WRITE_PROTECT);
	flushes = m.flushes;
	cr_assert_eq(dirty_start(&m.dirty, &m.gpt, DIRTY_PML, BYTES, &why), ERR_UNSUPPORTED);
	cr_assert(strstr(why.text, "PML"), "%s", why.text);
	cr_assert_eq(dirty_start(&m.dirty, &m.gpt, DIRTY_WRITE_PROTECT, 3 << 20, &why), ERR_RANGE);
	cr_assert(strstr(why.text, "3072 KiB"), "%s", why.text);
	cr_assert_eq(dirty_start(&m.dirty, &m.gpt, DIRTY_WRITE_PROTECT, DIRTY_MAX_BYTES + CHUNK_SIZE, &why), ERR_RANGE);
	cr_assert(strstr(why.text, "64 GiB"), "%s", why.text);
	for (long left = 0; left < 2 + (long)CHUNKS; left++) {
		fake_pages_left = left;
		cr_assert_eq(dirty_start(&m.dirty, &m.gpt, DIRTY_WRITE_PROTECT, BYTES, &why), ERR_NOMEM, "%ld", left);
		histogram_is_whole();
	}
	fake_pages_left = -1;
	cr_assert_eq(m.flushes, flushes);
	start(DIRTY_WRITE_PROTECT);
	cr_assert_eq(dirty_start(&m.dirty, &m.gpt, DIRTY_WRITE_PROTECT, BYTES, &why), ERR_STATE);
	dirty_stop(&m.dirty);
	dirty_stop(&m.dirty);
	histogram_is_whole();
	machine_end();
}

Test(dirty, the_best_tracker_is_picked_unless_one_is_forced)
{
	static const struct { bool ad, pml; enum dirty_kind forced; enum err err; enum dirty_kind kind; } cases[] = {
		{ true, true, DIRTY_AUTO, ERR_OK, DIRTY_PML },
		{ true, false, DIRTY_AUTO, ERR_OK, DIRTY_AD },
		{ false, false, DIRTY_AUTO, ERR_OK, DIRTY_WRITE_PROTECT },
		{ false, true, DIRTY_AUTO, ERR_OK, DIRTY_WRITE_PROTECT },
		{ true, true, DIRTY_WRITE_PROTECT, ERR_OK, DIRTY_WRITE_PROTECT },
		{ true, true, DIRTY_AD, ERR_OK, DIRTY_AD },
		{ true, false, DIRTY_PML, ERR_UNSUPPORTED, DIRTY_AUTO },
		{ false, false, DIRTY_AD, ERR_UNSUPPORTED, DIRTY_AUTO },
		{ false, true, DIRTY_PML, ERR_UNSUPPORTED, DIRTY_AUTO },
	};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum dirty_kind kind = DIRTY_AUTO;
		struct why why = { "" };

		cr_assert_eq(dirty_kind_pick(cases[i].ad, cases[i].pml, cases[i].forced, &kind, &why), cases[i].err);
		cr_assert_eq(kind, cases[i].kind, "case %u", i);
		cr_assert_eq(why.text[0] == 0, cases[i].err == ERR_OK);
	}
}
