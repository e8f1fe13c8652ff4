/* SPDX-License-Identifier: MIT */
/* gpt.c: walks, maps and counts. Splitting and merging are in gpt_split.c. */
#include "arch/x86_64/gpt.h"
#include <stddef.h>
#include "arch/x86_64/gpt_table.h"
#include "lib/pages.h"

enum err gpt_init(struct gpt *gpt, const struct gpt_format *format, bool ad)
{
	*gpt = (struct gpt){ .format = format, .ad = ad };
	gpt->root = hpa((uintptr_t)page_alloc());
	return gpt->root.v ? ERR_OK : ERR_NOMEM;
}

static void free_tables(uint64_t *table, unsigned level)
{
	for (unsigned i = 0; i < GPT_ENTRIES && level > 1; i++)
		if (gpt_is_table(table[i], level))
			free_tables(gpt_table(table[i]), level - 1);
	page_free(table);
}

void gpt_fini(struct gpt *gpt)
{
	if (gpt->root.v)
		free_tables(gpt_table(gpt->root.v), GPT_LEVELS);
	gpt->kept = 0;
	gpt_reserve_drop(gpt);
	*gpt = (struct gpt){ 0 };
}

uint64_t *gpt_directory_entry(const struct gpt *gpt, gpa_t at)
{
	uint64_t *table = gpt_table(gpt->root.v);

	for (unsigned level = GPT_LEVELS; level > 2; level--) {
		uint64_t e = gpt_load(&table[gpt_index(at, level)]);

		if (!gpt_is_table(e, level))
			return NULL;
		table = gpt_table(e);
	}
	return &table[gpt_index(at, 2)];
}

/* As gpt_directory_entry, but builds the tables on the way. */
static uint64_t *directory_entry_make(struct gpt *gpt, gpa_t at)
{
	uint64_t *table = gpt_table(gpt->root.v);

	for (unsigned level = GPT_LEVELS; level > 2; level--) {
		uint64_t *e = &table[gpt_index(at, level)];

		if (!gpt_is_table(*e, level)) {
			void *page = page_alloc();

			if (!page)
				return NULL;
			gpt_store(e, (uintptr_t)page | GPT_TABLE);
		}
		table = gpt_table(*e);
	}
	return &table[gpt_index(at, 2)];
}

enum err gpt_map_chunk(struct gpt *gpt, gpa_t at, hpa_t host)
{
	uint64_t leaf = gpt_executable(gpt->format, host.v | gpt->format->leaf | GPT_LARGE, !gpt->small_code);
	enum err err = ERR_NOMEM;
	uint64_t *e;

	spin_lock(&gpt->spin);
	e = directory_entry_make(gpt, at);
	if (!e)
		goto out;
	err = ERR_EXISTS;
	if (*e)
		goto out;
	if (at.v < gpt->split_bytes)
		leaf = gpt_split_leaf(gpt, leaf, gpt_reserve_take(gpt), gpt->clear);
	gpt_store(e, leaf);
	err = ERR_OK;
out:
	spin_unlock(&gpt->spin);
	return err;
}

bool gpt_lookup(const struct gpt *gpt, gpa_t at, hpa_t *host, unsigned *level, uint64_t *entry)
{
	const uint64_t *p = gpt_directory_entry(gpt, at);
	uint64_t e = p ? gpt_load(p) : 0, low = CHUNK_SIZE - 1;
	unsigned found = 2;

	if (gpt_is_table(e, 2)) {
		e = gpt_load(&gpt_table(e)[gpt_index(at, 1)]);
		low = PAGE_SIZE - 1;
		found = 1;
	}
	if (!e)
		return false;
	if (host)
		host->v = (e & GPT_ADDRESS & ~low) | (at.v & low);
	if (level)
		*level = found;
	if (entry)
		*entry = e;
	return true;
}

uint64_t *gpt_leaves(const struct gpt *gpt, gpa_t at)
{
	const uint64_t *p = gpt_directory_entry(gpt, at);
	uint64_t e = p ? gpt_load(p) : 0;

	return gpt_is_table(e, 2) ? gpt_table(e) : NULL;
}

static void count_leaf(const struct gpt_format *f, uint64_t e, unsigned level, struct gpt_histogram *out)
{
	*(level == 1 ? &out->l4k : level == 2 ? &out->l2m : &out->l1g) += 1;
	out->r += !!(e & GPT_R);
	out->w += !!(e & GPT_W);
	out->x += gpt_is_executable(f, e);
	out->accessed += !!(e & f->accessed);
	out->dirty += !!(e & f->dirty);
}

static void count(const struct gpt_format *f, const uint64_t *table, unsigned level, struct gpt_histogram *out)
{
	out->tables++;
	for (unsigned i = 0; i < GPT_ENTRIES; i++) {
		uint64_t e = gpt_load(&table[i]);

		if (gpt_is_table(e, level))
			count(f, gpt_table(e), level - 1, out);
		else if (e)
			count_leaf(f, e, level, out);
	}
}

void gpt_histogram(const struct gpt *gpt, struct gpt_histogram *out)
{
	*out = (struct gpt_histogram){ 0 };
	count(gpt->format, gpt_table(gpt->root.v), GPT_LEVELS, out);
}

bool gpt_same(const struct gpt_histogram *a, const struct gpt_histogram *b)
{
	return a->l1g == b->l1g && a->l2m == b->l2m && a->l4k == b->l4k && a->tables == b->tables && a->r == b->r &&
	       a->w == b->w && a->x == b->x;
}
