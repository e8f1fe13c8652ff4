/* SPDX-License-Identifier: MIT */
/* ept.c: walks, maps and counts. Splitting and merging are in ept_split.c. */
#include "arch/x86_64/ept.h"
#include <stddef.h>
#include "arch/x86_64/ept_table.h"
#include "lib/pages.h"

#define EPTP_WALK_4	(3ull << 3)
#define EPTP_AD		(1ull << 6)

enum err ept_init(struct ept *ept, bool ad)
{
	*ept = (struct ept){ .ad = ad };
	ept->root = hpa((uintptr_t)page_alloc());
	return ept->root.v ? ERR_OK : ERR_NOMEM;
}

uint64_t ept_eptp(const struct ept *ept)
{
	return ept->root.v | 6 | EPTP_WALK_4 | (ept->ad ? EPTP_AD : 0);
}

static void free_tables(uint64_t *table, unsigned level)
{
	for (unsigned i = 0; i < EPT_ENTRIES && level > 1; i++)
		if (ept_is_table(table[i], level))
			free_tables(ept_table(table[i]), level - 1);
	page_free(table);
}

void ept_fini(struct ept *ept)
{
	if (ept->root.v)
		free_tables(ept_table(ept->root.v), EPT_LEVELS);
	ept->kept = 0;
	ept_reserve_drop(ept);
	*ept = (struct ept){ 0 };
}

uint64_t *ept_directory_entry(const struct ept *ept, gpa_t at)
{
	uint64_t *table = ept_table(ept->root.v);

	for (unsigned level = EPT_LEVELS; level > 2; level--) {
		uint64_t e = ept_load(&table[ept_index(at, level)]);

		if (!ept_is_table(e, level))
			return NULL;
		table = ept_table(e);
	}
	return &table[ept_index(at, 2)];
}

/* As ept_directory_entry, but builds the tables on the way. */
static uint64_t *directory_entry_make(struct ept *ept, gpa_t at)
{
	uint64_t *table = ept_table(ept->root.v);

	for (unsigned level = EPT_LEVELS; level > 2; level--) {
		uint64_t *e = &table[ept_index(at, level)];

		if (!ept_is_table(*e, level)) {
			void *page = page_alloc();

			if (!page)
				return NULL;
			ept_store(e, (uintptr_t)page | EPT_RWX);
		}
		table = ept_table(*e);
	}
	return &table[ept_index(at, 2)];
}

enum err ept_map_chunk(struct ept *ept, gpa_t at, hpa_t host)
{
	uint64_t leaf = host.v | (ept->small_code ? EPT_R | EPT_W : EPT_RWX) | EPT_WB | EPT_LARGE;
	enum err err = ERR_NOMEM;
	uint64_t *e;

	spin_lock(&ept->spin);
	e = directory_entry_make(ept, at);
	if (!e)
		goto out;
	err = ERR_EXISTS;
	if (*e)
		goto out;
	if (at.v < ept->split_bytes)
		leaf = ept_split_leaf(leaf, ept_reserve_take(ept), ept->clear);
	ept_store(e, leaf);
	err = ERR_OK;
out:
	spin_unlock(&ept->spin);
	return err;
}

bool ept_lookup(const struct ept *ept, gpa_t at, hpa_t *host, unsigned *level, uint64_t *entry)
{
	const uint64_t *p = ept_directory_entry(ept, at);
	uint64_t e = p ? ept_load(p) : 0, low = CHUNK_SIZE - 1;
	unsigned found = 2;

	if (ept_is_table(e, 2)) {
		e = ept_load(&ept_table(e)[ept_index(at, 1)]);
		low = PAGE_SIZE - 1;
		found = 1;
	}
	if (!e)
		return false;
	if (host)
		host->v = (e & EPT_ADDRESS & ~low) | (at.v & low);
	if (level)
		*level = found;
	if (entry)
		*entry = e;
	return true;
}

uint64_t *ept_leaves(const struct ept *ept, gpa_t at)
{
	const uint64_t *p = ept_directory_entry(ept, at);
	uint64_t e = p ? ept_load(p) : 0;

	return ept_is_table(e, 2) ? ept_table(e) : NULL;
}

static void count_leaf(uint64_t e, unsigned level, struct ept_histogram *out)
{
	*(level == 1 ? &out->l4k : level == 2 ? &out->l2m : &out->l1g) += 1;
	out->r += !!(e & EPT_R);
	out->w += !!(e & EPT_W);
	out->x += !!(e & EPT_X);
	out->accessed += !!(e & EPT_A);
	out->dirty += !!(e & EPT_D);
}

static void count(const uint64_t *table, unsigned level, struct ept_histogram *out)
{
	out->tables++;
	for (unsigned i = 0; i < EPT_ENTRIES; i++) {
		uint64_t e = ept_load(&table[i]);

		if (ept_is_table(e, level))
			count(ept_table(e), level - 1, out);
		else if (e)
			count_leaf(e, level, out);
	}
}

void ept_histogram(const struct ept *ept, struct ept_histogram *out)
{
	*out = (struct ept_histogram){ 0 };
	count(ept_table(ept->root.v), EPT_LEVELS, out);
}

bool ept_same(const struct ept_histogram *a, const struct ept_histogram *b)
{
	return a->l1g == b->l1g && a->l2m == b->l2m && a->l4k == b->l4k && a->tables == b->tables && a->r == b->r &&
	       a->w == b->w && a->x == b->x;
}
