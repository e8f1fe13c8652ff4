/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "lib/pages.h"
#include "migration/encode.h"
#include "migration/load.h"
#include "tests/fake/fake_guest.h"
#include "tests/fake/heap.h"

#define MIB (1ull << 20)
#define MEMORY (16 * MIB)
#define PAGES (MEMORY / PAGE_SIZE)

/* An encoder and a loader that share nothing but the bodies; time passes as the test says. */

static uint64_t now_ns, tick_ns;	/* each look at the clock takes one tick */
static struct mig_core core;
static struct mig_encode encode;
static struct mig_load load;
static struct fake_guest *from, *to;
static uint8_t body[MIG_BODY_MAX];
static struct mig_pages_record batch;
static unsigned batch_pages;
static unsigned given_back;		/* pages */
static unsigned seen[8];		/* pages by encoding */
static uint64_t link_ns;		/* time that a byte takes on the link, times 1000 */

static uint64_t clock_ns(void *ctx)
{
	(void)ctx;
	return now_ns += tick_ns;
}

static uint64_t spare_chunks(void *ctx)
{
	(void)ctx;
	return pages_free_chunks();
}

static void open_both(uint64_t spare_bytes, uint64_t capabilities)
{
	if (spare_bytes)
		pages_add((uint64_t)(uintptr_t)aligned_alloc(CHUNK_SIZE, spare_bytes), spare_bytes);
	core.host.clock_ns = clock_ns;
	core.host.spare_chunks = spare_chunks;
	from = fake_guest_new("web1", MEMORY);
	to = fake_guest_empty(&from->def);
	load = (struct mig_load){ .guest = &to->guest, .pages = PAGES, .capabilities = capabilities };
	cr_assert_eq(mig_encode_init(&encode, &core, MEMORY, capabilities), ERR_OK);
	memset(seen, 0, sizeof(seen));
	given_back = 0;
	batch.body = NULL;
	link_ns = 8000;
	tick_ns = 100;
}

static void close_both(void)
{
	mig_encode_fini(&encode);
	fake_guest_free(from);
	fake_guest_free(to);
}

static void count_entries(void)
{
	for (size_t at = sizeof(struct mig_pages_head); at < batch.length;) {
		struct mig_pages_entry e;

		memcpy(&e, body + at, sizeof(e));
		seen[e.encoding] += e.count;
		at += sizeof(e) + (e.encoding == MIG_ENC_RAW ? e.count * PAGE_SIZE : e.length);
	}
}

static void deliver(void)
{
	struct why why = { "" };

	mig_encode_flush(&encode, &batch);
	given_back += encode.back.of_record;
	mig_encode_end(&encode, batch.length);
	now_ns += batch.length * link_ns / 1000;
	memcpy(body, &(struct mig_pages_head){ load.round, batch.entries }, sizeof(struct mig_pages_head));
	count_entries();
	cr_assert_eq(mig_load_pages(&load, body, batch.length, &why), ERR_OK, "%s", why.text);
	batch.body = NULL;
}

static void begin(void)
{
	batch = (struct mig_pages_record){ .body = body, .length = sizeof(struct mig_pages_head) };
	mig_encode_begin(&encode);
	batch_pages = 0;
}

static void add(uint64_t pfn)
{
	mig_encode_page(&encode, &batch, pfn, from->guest.ops->page(&from->guest, pfn), load.round);
	batch_pages++;
}

/* Begins a record with what earlier ones gave back, or more than one. */
static void begin_with_back(void)
{
	uint64_t pfn;

	for (begin(); mig_encode_next_back(&encode, &pfn);) {
		add(pfn);
		if (mig_encode_fits(&encode, &batch))
			continue;
		deliver();
		begin();
	}
}

/* All that was put goes out. */
static void finish(void)
{
	if (batch.body)
		deliver();
	while (mig_encode_backs(&encode)) {
		begin_with_back();
		deliver();
	}
}

/* Sends page @pfn as it is; the record goes out when it is full or at @flush. */
static void put(uint64_t pfn, bool flush)
{
	if (!batch.body)
		begin_with_back();
	add(pfn);
	if (batch_pages >= 64 || !mig_encode_fits(&encode, &batch))
		deliver();
	if (flush)
		finish();
}

static bool same(uint64_t pfn)
{
	static const uint8_t zero[PAGE_SIZE];
	const void *a = from->guest.ops->page(&from->guest, pfn), *b = to->guest.ops->page(&to->guest, pfn);

	return !memcmp(a ? a : zero, b ? b : zero, PAGE_SIZE);
}

static void poke(uint64_t pfn, unsigned at)
{
	((uint8_t *)(uintptr_t)from->guest.ops->page(&from->guest, pfn))[at]++;
}

/* Whatever a guest does with its pages, and whatever of them is kept, the other side has what was sent last. */
static void storm(uint64_t spare_bytes, unsigned seed)
{
	uint8_t pending[PAGES] = { 0 };

	open_both(spare_bytes, MIG_CAPABILITIES);
	srand(seed);
	for (load.round = 1; load.round < 12; load.round++) {
		for (unsigned n = 0; n < 1500; n++) {
			uint64_t pfn = (unsigned)rand() % (load.round % 3 ? 600 : PAGES);
			unsigned what = (unsigned)rand() % 8;

			if (what == 0)
				fake_guest_fill(from, pfn, 0);
			else if (what == 1)
				fake_guest_fill(from, pfn, (uint8_t)(2 * n + 1));
			else if (what == 2)
				fake_guest_fill(from, pfn, (uint8_t)(2 * n + 2));
			else if (from->guest.ops->page(&from->guest, pfn))
				poke(pfn, (unsigned)rand() % PAGE_SIZE);
			pending[pfn] = 1;
		}
		mig_encode_pause(&encode);
		for (uint64_t pfn = 0; pfn < PAGES; pfn++)
			if (pending[pfn])
				put(pfn, false);
		finish();
		memset(pending, 0, sizeof(pending));
		for (uint64_t pfn = 0; pfn < PAGES; pfn++)
			cr_assert(same(pfn), "page %u in round %u, seed %u", (unsigned)pfn, load.round, seed);
	}
}

Test(encode, memory_is_equal_after_each_round_whatever_is_kept)
{
	storm(64 * MIB, 1);
	cr_expect_gt(seen[MIG_ENC_DELTA], 1000);
	cr_expect_gt(seen[MIG_ENC_DEDUP], 300, "%u", seen[MIG_ENC_DEDUP]);
	cr_expect_gt(seen[MIG_ENC_BATCH], 50);
	cr_expect_gt(seen[MIG_ENC_RAW], 10, "%u", seen[MIG_ENC_RAW]);
	close_both();
}

Test(encode, memory_is_equal_also_when_little_can_be_kept)
{
	storm(12 * MIB, 2);
	cr_expect_eq(encode.sent.limit, 1);
	cr_expect_gt(seen[MIG_ENC_DELTA], 10);
	close_both();
}

Test(encode, gives_back_all_it_kept)
{
	uint64_t before;
	size_t heap;

	open_both(64 * MIB, MIG_CAPABILITIES);
	close_both();
	before = pages_free_chunks();
	heap = __sanitizer_get_current_allocated_bytes();
	storm(0, 3);
	cr_expect_lt(pages_free_chunks(), before);
	cr_expect_not_null(encode.dedup.page);
	close_both();
	cr_expect_eq(pages_free_chunks(), before);
	cr_expect_eq(__sanitizer_get_current_allocated_bytes(), heap);
}

Test(encode, without_spare_memory_or_capability_there_is_no_delta)
{
	storm(0, 4);
	cr_expect_eq(seen[MIG_ENC_DELTA] + seen[MIG_ENC_DEDUP], 0);
	close_both();
	open_both(64 * MIB, 0);
	load.round = 1;
	fake_guest_fill(from, 7, 1);
	for (int n = 0; n < 3; n++) {
		put(7, true);
		poke(7, 9);
	}
	cr_expect_eq(seen[MIG_ENC_DELTA], 0);
	cr_expect_eq(seen[MIG_ENC_RAW], 3);
	close_both();
}

/* Pages that LZ4 halves, @count times. */
static void send_text(unsigned count)
{
	load.round = 1;
	for (unsigned n = 0; n < count; n++) {
		fake_guest_fill(from, n % PAGES, (uint8_t)(2 * (n % 100) + 1));
		memset((uint8_t *)(uintptr_t)from->guest.ops->page(&from->guest, n % PAGES), 1, PAGE_SIZE / 2);
		put(n % PAGES, n + 1 == count);
	}
}

Test(encode, lz4_is_used_on_every_page_where_the_link_is_slow)
{
	open_both(0, 0);
	send_text(4000);
	cr_expect_eq(seen[MIG_ENC_LZ4], 4000);
	close_both();
}

Test(encode, lz4_turns_itself_off_where_it_costs_more_than_it_saves)
{
	open_both(0, 0);
	link_ns = 100;
	tick_ns = 10000;
	send_text(8000);
	cr_expect_leq(seen[MIG_ENC_LZ4], 600, "%u of 8000", seen[MIG_ENC_LZ4]);
	cr_expect_geq(seen[MIG_ENC_LZ4], 100, "it is still tried now and then");
	close_both();
}

Test(encode, lz4_comes_back_when_the_link_gets_slower)
{
	open_both(0, 0);
	link_ns = 100;
	tick_ns = 10000;
	send_text(4000);
	link_ns = 20000;
	seen[MIG_ENC_LZ4] = 0;
	send_text(4000);
	cr_expect_geq(seen[MIG_ENC_LZ4], 3400, "%u of 4000", seen[MIG_ENC_LZ4]);
	close_both();
}

/* A body with one delta for page 7, at @data; it is kept by the loader's guest already. */
static uint8_t *one_delta(void)
{
	open_both(64 * MIB, MIG_CAPABILITIES);
	load.round = 1;
	fake_guest_fill(from, 7, 1);
	put(7, true);
	poke(7, 100);
	batch = (struct mig_pages_record){ .body = body, .length = sizeof(struct mig_pages_head) };
	mig_encode_page(&encode, &batch, 7, from->guest.ops->page(&from->guest, 7), 1);
	memcpy(body, &(struct mig_pages_head){ 1, 1 }, sizeof(struct mig_pages_head));
	cr_assert_eq(batch.length, 8 + 16 + 9);
	return body + 8;
}

static void refused(const char *sentence)
{
	uint8_t before[PAGE_SIZE];
	struct why why = { "" };

	memcpy(before, to->guest.ops->page(&to->guest, 7), PAGE_SIZE);
	cr_expect_neq(mig_load_pages(&load, body, batch.length, &why), ERR_OK);
	cr_expect_not_null(strstr(why.text, sentence), "it said: %s", why.text);
	cr_expect_arr_eq(before, to->guest.ops->page(&to->guest, 7), PAGE_SIZE, "nothing was written");
	close_both();
}

Test(encode, a_delta_is_believed)
{
	struct why why = { "" };

	one_delta();
	cr_assert_eq(mig_load_pages(&load, body, batch.length, &why), ERR_OK, "%s", why.text);
	cr_expect(same(7));
	close_both();
}

Test(encode, a_delta_against_another_version_is_refused)
{
	one_delta()[16]++;
	refused("delta against another version of page 0x7");
}

Test(encode, a_delta_for_a_page_never_sent_is_refused)
{
	one_delta()[1] = 0x0e;
	refused("delta against another version of page 0xe07");
}

Test(encode, a_malformed_delta_is_refused)
{
	one_delta()[16 + 6] = 2;
	refused("malformed delta for page 0x7");
}

Test(encode, a_delta_of_two_pages_is_refused)
{
	one_delta()[8] = 2;
	refused("impossible entry");
}

Test(encode, a_delta_that_hello_did_not_agree_on_is_refused)
{
	one_delta();
	load.capabilities = 0;
	refused("encoding 3, which HELLO did not agree on");
}

/* Page 7 is sent, and the body holds page 8, made equal. */
static uint8_t *one_reference(void)
{
	open_both(64 * MIB, MIG_CAPABILITIES);
	load.round = 1;
	fake_guest_fill(from, 7, 1);
	put(7, true);
	fake_guest_fill(from, 8, 2);
	memcpy((void *)(uintptr_t)from->guest.ops->page(&from->guest, 8), from->guest.ops->page(&from->guest, 7), PAGE_SIZE);
	batch = (struct mig_pages_record){ .body = body, .length = sizeof(struct mig_pages_head) };
	mig_encode_page(&encode, &batch, 8, from->guest.ops->page(&from->guest, 8), 1);
	mig_encode_flush(&encode, &batch);
	memcpy(body, &(struct mig_pages_head){ 1, 1 }, sizeof(struct mig_pages_head));
	return body + 8;
}

Test(encode, a_page_that_the_other_side_has_elsewhere_is_a_reference)
{
	struct why why = { "" };

	cr_expect_eq(one_reference()[12], MIG_ENC_DEDUP);
	cr_assert_eq(batch.length, 8 + 16 + 16);
	cr_assert_eq(mig_load_pages(&load, body, batch.length, &why), ERR_OK, "%s", why.text);
	cr_expect(same(8));
	close_both();
}

Test(encode, a_reference_names_what_was_sent_and_not_what_is)
{
	one_reference();
	/* Page 9 equals what page 7 is now; the other side has an older page 7. */
	poke(7, 5);
	fake_guest_fill(from, 9, 2);
	memcpy((void *)(uintptr_t)from->guest.ops->page(&from->guest, 9), from->guest.ops->page(&from->guest, 7), PAGE_SIZE);
	batch.body = NULL;
	put(9, true);
	cr_expect_eq(seen[MIG_ENC_DEDUP], 0);
	cr_expect(same(9));
	/* Once page 7 is sent too, it may be named. */
	put(7, true);
	fake_guest_fill(from, 10, 2);
	memcpy((void *)(uintptr_t)from->guest.ops->page(&from->guest, 10), from->guest.ops->page(&from->guest, 7), PAGE_SIZE);
	put(10, true);
	cr_expect_eq(seen[MIG_ENC_DEDUP], 1);
	cr_expect(same(10));
	close_both();
}

Test(encode, pages_that_were_kept_no_longer_are_not_named)
{
	one_reference();
	mig_sent_forget(&encode.sent, 7);
	mig_sent_forget(&encode.sent, 8);
	batch.body = NULL;
	put(8, true);
	cr_expect_eq(seen[MIG_ENC_DEDUP], 0);
	cr_expect(same(8));
	close_both();
}

static void reference_refused(const char *sentence)
{
	struct why why = { "" };

	cr_expect_neq(mig_load_pages(&load, body, batch.length, &why), ERR_OK);
	cr_expect_not_null(strstr(why.text, sentence), "it said: %s", why.text);
	cr_expect(!to->guest.ops->page(&to->guest, 8) || *(const uint64_t *)to->guest.ops->page(&to->guest, 8) == 0);
	close_both();
}

Test(encode, a_reference_to_another_version_is_refused)
{
	one_reference()[16 + 8]++;
	reference_refused("reference to another version of page 0x7");
}

Test(encode, a_reference_to_a_page_never_named_is_one_to_zeros)
{
	one_reference()[16] = 6;
	reference_refused("reference to another version of page 0x6");
}

Test(encode, malformed_references_are_refused)
{
	one_reference()[16 + 7] = 1;
	reference_refused("malformed reference for page 0x8");
	one_reference()[16 + 12] = 1;
	reference_refused("malformed reference for page 0x8");
	one_reference()[14] = 15;
	batch.length--;
	reference_refused("malformed reference for page 0x8");
}

Test(encode, a_reference_that_hello_did_not_agree_on_is_refused)
{
	one_reference();
	load.capabilities = MIG_CAP_DELTA;
	reference_refused("encoding 4, which HELLO did not agree on");
}

/* Pages 100, 101 and 104 in one body, compressed together; nothing of them is at the other side. */
static uint8_t *one_batch(void)
{
	open_both(0, MIG_CAP_BATCH);
	load.round = 1;
	batch = (struct mig_pages_record){ .body = body, .length = sizeof(struct mig_pages_head) };
	mig_encode_begin(&encode);
	for (uint64_t pfn = 100; pfn < 105; pfn += pfn == 101 ? 3 : 1) {
		fake_guest_fill(from, pfn, 1);
		memset((uint8_t *)(uintptr_t)from->guest.ops->page(&from->guest, pfn), (int)pfn, PAGE_SIZE / 2);
		mig_encode_page(&encode, &batch, pfn, from->guest.ops->page(&from->guest, pfn), 1);
	}
	mig_encode_flush(&encode, &batch);
	cr_assert_eq(batch.entries, 1);
	memcpy(body, &(struct mig_pages_head){ 1, 1 }, sizeof(struct mig_pages_head));
	return body + 8;
}

static void batch_refused(const char *sentence)
{
	struct why why = { "" };

	cr_expect_neq(mig_load_pages(&load, body, batch.length, &why), ERR_OK);
	cr_expect_not_null(strstr(why.text, sentence), "it said: %s", why.text);
	cr_expect_null(to->guest.ops->page(&to->guest, 100), "nothing was made present");
	close_both();
}

Test(encode, pages_that_are_apart_are_compressed_together)
{
	struct why why = { "" };

	cr_expect_eq(one_batch()[12], MIG_ENC_BATCH);
	cr_expect_lt(batch.length, 3 * PAGE_SIZE * 6 / 10);
	cr_assert_eq(mig_load_pages(&load, body, batch.length, &why), ERR_OK, "%s", why.text);
	cr_expect(same(100) && same(101) && same(104));
	cr_expect_eq(load.raw_pages, 3);
	close_both();
}

Test(encode, where_batches_are_used_lz4_is_looked_at_and_not_sent)
{
	open_both(0, MIG_CAP_BATCH);
	encode.price.way[MIG_WAY_LZ4].cost_ns = 7777;
	send_text(2000);
	cr_expect_eq(seen[MIG_ENC_BATCH], 2000);
	cr_expect_neq(encode.price.way[MIG_WAY_LZ4].cost_ns, 7777);
	close_both();
}

Test(encode, a_batch_of_noise_goes_raw)
{
	open_both(0, MIG_CAP_BATCH);
	load.round = 1;
	for (uint64_t pfn = 0; pfn < 200; pfn++) {
		fake_guest_fill(from, pfn, 1);
		put(pfn, pfn == 199);
	}
	cr_expect_eq(seen[MIG_ENC_RAW], 200);
	for (uint64_t pfn = 0; pfn < 200; pfn++)
		cr_expect(same(pfn));
	close_both();
}

/* Pages that shrink well are followed by ones that do so by @noise bytes less. */
static void worse_than_foretold(size_t noise)
{
	open_both(0, MIG_CAP_BATCH);
	load.round = 1;
	for (uint64_t pfn = 0; pfn < 400; pfn++) {
		fake_guest_fill(from, pfn, 1);
		if (pfn < 200)
			memset((uint8_t *)(uintptr_t)from->guest.ops->page(&from->guest, pfn), (int)pfn | 1, PAGE_SIZE);
		else
			memset((uint8_t *)(uintptr_t)from->guest.ops->page(&from->guest, pfn) + noise, 0, PAGE_SIZE - noise);
		put(pfn, pfn == 399);
	}
	cr_expect_gt(given_back, 0);
	for (uint64_t pfn = 0; pfn < 400; pfn++)
		cr_expect(same(pfn), "page %u", (unsigned)pfn);
	close_both();
}

Test(encode, a_batch_too_large_for_its_record_becomes_two)
{
	worse_than_foretold(PAGE_SIZE * 5 / 8);
	cr_expect_eq(seen[MIG_ENC_RAW], 0);
	cr_expect_gt(seen[MIG_ENC_BATCH], 380, "a few are tried alone");
}

Test(encode, a_batch_of_noise_too_large_for_its_record_goes_raw_in_several)
{
	worse_than_foretold(PAGE_SIZE);
	cr_expect_gt(seen[MIG_ENC_RAW], 150);
	cr_expect_eq(seen[MIG_ENC_RAW] + seen[MIG_ENC_LZ4] + seen[MIG_ENC_BATCH], 400);
}

Test(encode, a_damaged_batch_is_refused_before_a_page_of_it_is_loaded)
{
	one_batch()[16 + 4 + 3000] ^= 0x10;
	/* What noise the frame holds as it is may be changed unseen: the record's CRC is for that. So cut it, too. */
	batch.length -= 40;
	*(uint16_t *)(void *)(body + 8 + 14) = (uint16_t)(*(uint16_t *)(void *)(body + 8 + 14) - 40);
	batch_refused("damaged batch of 3 pages from page 0x64 on");
}

Test(encode, a_batch_of_another_count_is_refused)
{
	one_batch()[8] = 2;
	batch_refused("malformed batch of 2 pages from page 0x64 on");
	one_batch()[8] = 33;
	batch_refused("impossible entry: 33 pages, encoding 5");
}

Test(encode, a_batch_past_the_end_of_memory_is_refused)
{
	one_batch()[16 + 3] = 0xff;
	batch_refused("names page 0x64 and 65284 on");
}

Test(encode, a_batch_that_hello_did_not_agree_on_is_refused)
{
	one_batch();
	load.capabilities = MIG_CAP_DELTA | MIG_CAP_DEDUP;
	batch_refused("encoding 5, which HELLO did not agree on");
}

Test(encode, an_lz4_match_at_offset_zero_is_refused)
{
	static const uint8_t block[] = { 0x1f, 'A', 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
					 236, 0x50, 'A', 'A', 'A', 'A', 'A' };
	struct mig_pages_entry e = { .page = 100, .count = 1, .encoding = MIG_ENC_LZ4, .length = sizeof(block) };

	open_both(0, 0);
	load.round = 1;
	memcpy(body, &(struct mig_pages_head){ 1, 1 }, 8);
	memcpy(body + 8, &e, sizeof(e));
	memcpy(body + 24, block, sizeof(block));
	batch.length = 24 + sizeof(block);
	batch_refused("match at offset 0 in the LZ4 block for page 0x64");
}
