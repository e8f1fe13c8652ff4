/* SPDX-License-Identifier: MIT */
/* fake_mmu.c: see fake_mmu.h; follows SDM Vol. 3 "Accessed and Dirty Flags for EPT" and "Page-Modification Logging". */
#include "tests/fake/fake_mmu.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/gpt_table.h"

struct fake_mmu *fake_mmu;

/* The entry that maps @page, where the CPU finds it; NULL if none does. */
static uint64_t *leaf_of(struct fake_mmu *m, unsigned page)
{
	gpa_t at = gpa((uint64_t)page << PAGE_SHIFT);
	uint64_t *table = gpt_leaves(&m->gpt, at), *e = gpt_directory_entry(&m->gpt, at);

	if (table)
		return table[page % 512] ? &table[page % 512] : NULL;
	return e && *e ? e : NULL;
}

static void exit_and_enter(struct fake_mmu *m, struct fake_vcpu *c)
{
	if (c->pml)
		dirty_pml_drain(&m->dirty, c->log, c->index);
	c->index = 511;
	c->pml = dirty_wants_pml(&m->dirty);
}

void fake_mmu_exit_all(struct fake_mmu *m)
{
	for (unsigned v = 0; v < FAKE_VCPUS; v++)
		exit_and_enter(m, &m->vcpu[v]);
}

void gpt_flush(struct gpt *gpt)
{
	struct fake_mmu *m = fake_mmu;

	cr_assert_eq(gpt, &m->gpt);
	m->flushes++;
	m->flushing++;
	if (m->meanwhile)
		m->meanwhile(m);
	m->flushing--;
	fake_mmu_exit_all(m);
	for (unsigned v = 0; v < FAKE_VCPUS && !m->lose_flush; v++)
		memset(m->vcpu[v].tlb, 0, sizeof(m->vcpu[v].tlb));
}

void fake_mmu_init(struct fake_mmu *m, const struct gpt_format *format, bool ad)
{
	memset(m, 0, sizeof(*m));
	cr_assert_eq(gpt_init(&m->gpt, format, ad), ERR_OK);
	for (unsigned v = 0; v < FAKE_VCPUS; v++)
		m->vcpu[v].index = 511;
	fake_mmu = m;
}

void fake_mmu_fini(struct fake_mmu *m)
{
	gpt_fini(&m->gpt);
}

void fake_mmu_map(struct fake_mmu *m, unsigned chunk)
{
	cr_assert_eq(gpt_map_chunk(&m->gpt, gpa(chunk * CHUNK_SIZE), hpa(0x40000000 + chunk * CHUNK_SIZE)), ERR_OK);
	m->mapped[chunk] = true;
}

static void violation(struct fake_mmu *m, struct fake_vcpu *c, unsigned page)
{
	exit_and_enter(m, c);
	c->tlb[page].valid = false;	/* the violation drops what was cached for the address */
	m->faults++;
	if (!m->mapped[page / CHUNK_PAGES])
		fake_mmu_map(m, page / CHUNK_PAGES);
	else
		cr_assert(dirty_write_fault(&m->dirty, gpa((uint64_t)page << PAGE_SHIFT)), "nobody wants page %u", page);
	exit_and_enter(m, c);
}

/* One try to write; false if there was an exit instead. */
static bool try_write(struct fake_mmu *m, struct fake_vcpu *c, unsigned page)
{
	uint64_t *leaf;

	if (c->tlb[page].valid && c->tlb[page].writable && (c->tlb[page].dirty || !m->gpt.ad)) {
		m->memory[page]++;
		return true;
	}
	leaf = leaf_of(m, page);
	if (!leaf || (c->tlb[page].valid && !c->tlb[page].writable) || !(*leaf & GPT_W)) {
		violation(m, c, page);
		return false;
	}
	if (m->gpt.ad && !(*leaf & m->gpt.format->dirty)) {
		if (c->pml && c->index > 511) {
			m->pml_full++;
			exit_and_enter(m, c);
			return false;
		}
		if (c->pml)
			c->log[c->index--] = (uint64_t)page << PAGE_SHIFT;
		*leaf |= m->gpt.format->accessed | m->gpt.format->dirty;
	}
	c->tlb[page].valid = c->tlb[page].writable = c->tlb[page].dirty = true;
	c->tlb[page].executable = gpt_is_executable(m->gpt.format, *leaf);
	m->memory[page]++;
	return true;
}

void fake_mmu_write(struct fake_mmu *m, unsigned v, unsigned page)
{
	unsigned tries = 0;

	while (!try_write(m, &m->vcpu[v], page))
		cr_assert(tries++ < 4, "the guest makes no progress at page %u", page);
}

void fake_mmu_read(struct fake_mmu *m, unsigned v, unsigned page)
{
	struct fake_vcpu *c = &m->vcpu[v];
	uint64_t *leaf = leaf_of(m, page);

	if (!leaf)
		return;
	if (m->gpt.ad)
		*leaf |= m->gpt.format->accessed;
	c->tlb[page].valid = true;
	c->tlb[page].writable = *leaf & GPT_W;
	c->tlb[page].dirty = *leaf & m->gpt.format->dirty;
	c->tlb[page].executable = gpt_is_executable(m->gpt.format, *leaf);
}

/* One try to fetch; false if there was an exit instead. */
static bool try_fetch(struct fake_mmu *m, unsigned v, unsigned page)
{
	struct fake_vcpu *c = &m->vcpu[v];
	uint64_t *leaf = leaf_of(m, page);

	if (!c->tlb[page].valid)
		fake_mmu_read(m, v, page);
	if (c->tlb[page].valid && c->tlb[page].executable) {
		cr_assert(!m->gpt.small_code || !leaf || !(*leaf & GPT_LARGE) ||
			  !gpt_is_executable(m->gpt.format, *leaf), "code in a large leaf, at page %u", page);
		return true;
	}
	exit_and_enter(m, c);
	c->tlb[page].valid = false;
	if (!m->mapped[page / CHUNK_PAGES]) {
		fake_mmu_map(m, page / CHUNK_PAGES);
	} else {
		m->fetch_faults++;
		cr_assert(gpt_fetch(&m->gpt, gpa((uint64_t)page << PAGE_SHIFT)), "page %u can't be executed", page);
	}
	exit_and_enter(m, c);
	return false;
}

void fake_mmu_fetch(struct fake_mmu *m, unsigned v, unsigned page)
{
	unsigned tries = 0;

	while (!try_fetch(m, v, page)) {
		if (m->flushing && tries > 2)
			return;		/* a merge may have the table that it needs: it tries again after that */
		cr_assert(tries++ < 4, "the guest makes no progress at page %u", page);
	}
}

void fake_mmu_host_write(struct fake_mmu *m, unsigned page)
{
	m->memory[page]++;
	dirty_mark(&m->dirty, gpa(((uint64_t)page << PAGE_SHIFT) + 8), 64);
}
