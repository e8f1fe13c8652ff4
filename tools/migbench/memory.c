/* SPDX-License-Identifier: MIT */
/* memory.c: the guest-memory seam over one mapping, and the writer that keeps changing it. */
#include "bench.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define M(g) ((struct memory *)(g))
#define STATE_BYTES 16384

static void op_definition(struct mig_guest *g, struct mig_definition *out)
{
	*out = M(g)->def;
}

static enum err op_track_start(struct mig_guest *g, struct why *why)
{
	(void)why;
	M(g)->tracking = true;
	return ERR_OK;
}

static void op_track_stop(struct mig_guest *g)
{
	M(g)->tracking = false;
}

static bool op_chunk_present(struct mig_guest *g, uint64_t chunk)
{
	return M(g)->present[chunk];
}

static void op_harvest(struct mig_guest *g, uint64_t chunk, uint64_t bitmap[8])
{
	uint64_t *dirty = M(g)->dirty + chunk * 8;

	for (int w = 0; w < 8; w++) {
		M(g)->dirty_pages -= (unsigned)__builtin_popcountll(dirty[w]);
		bitmap[w] |= dirty[w];
		dirty[w] = 0;
	}
}

static void op_peek(struct mig_guest *g, uint64_t chunk, uint64_t bitmap[8])
{
	for (int w = 0; w < 8; w++)
		bitmap[w] |= M(g)->dirty[chunk * 8 + (unsigned)w];
}

static uint64_t op_dirty_pages(struct mig_guest *g)
{
	return M(g)->dirty_pages;
}

static const void *op_page(struct mig_guest *g, uint64_t pfn)
{
	return M(g)->present[pfn / CHUNK_PAGES] ? M(g)->bytes + pfn * PAGE_SIZE : NULL;
}

/* Every page that the writer writes counts: it takes them in turn. */
static void op_throttle(struct mig_guest *g, uint64_t pages_per_s)
{
	M(g)->allowance = pages_per_s;
}

static void op_stop(struct mig_guest *g)
{
	M(g)->runs = false;
}

static void op_resume(struct mig_guest *g)
{
	M(g)->runs = true;
}

static enum err op_state_save(struct mig_guest *g, void *out, size_t room, size_t *length, struct why *why)
{
	(void)g;
	if (room < STATE_BYTES) {
		why_set(why, "no room for the state");
		return ERR_SPACE;
	}
	memset(out, 0x5a, STATE_BYTES);
	*length = STATE_BYTES;
	return ERR_OK;
}

static void op_release(struct mig_guest *g)
{
	M(g)->tracking = false;
}

static void *op_page_for_load(struct mig_guest *g, uint64_t pfn)
{
	M(g)->present[pfn / CHUNK_PAGES] = 1;
	return M(g)->bytes + pfn * PAGE_SIZE;
}

static enum err op_state_check(struct mig_guest *g, const void *in, size_t length, struct why *why)
{
	(void)g;
	if (length == STATE_BYTES && *(const uint8_t *)in == 0x5a)
		return ERR_OK;
	why_set(why, "this is not the state of a guest of migbench");
	return ERR_INVALID;
}

static void op_state_load(struct mig_guest *g, const void *in, size_t length)
{
	(void)g;
	(void)in;
	(void)length;
}

static void op_run(struct mig_guest *g, uint64_t stopped_ns)
{
	(void)stopped_ns;
	M(g)->runs = true;
}

static void op_discard(struct mig_guest *g)
{
	M(g)->runs = false;
}

static const struct mig_guest_ops ops = {
	.definition = op_definition, .track_start = op_track_start, .track_stop = op_track_stop,
	.chunk_present = op_chunk_present, .harvest = op_harvest, .peek = op_peek, .dirty_pages = op_dirty_pages, .page = op_page,
	.throttle = op_throttle, .stop = op_stop, .resume = op_resume, .state_save = op_state_save, .release = op_release,
	.page_for_load = op_page_for_load, .state_check = op_state_check, .state_load = op_state_load,
	.run = op_run, .discard = op_discard,
};

void memory_populate(struct memory *m, const uint8_t *present)
{
	for (uint64_t chunk = 0; chunk < m->chunks; chunk++)
		if (present[chunk] && madvise(m->bytes + chunk * CHUNK_SIZE, CHUNK_SIZE, MADV_POPULATE_WRITE))
			bench_fail("no memory for what the guest has touched");
}

uint8_t *memory_map(uint64_t bytes)
{
	uint8_t *p = mmap(NULL, bytes + CHUNK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p += -(uintptr_t)p & (CHUNK_SIZE - 1);
	/* Without them (EINVAL: a kernel that has none) it is slower and else the same. */
	if (madvise(p, bytes, MADV_HUGEPAGE) && errno != EINVAL)
		return NULL;
	return madvise(p, bytes, MADV_DONTFORK) ? NULL : p;
}

void memory_init(struct memory *m, uint64_t bytes)
{
	memset(m, 0, sizeof(*m));
	m->guest.ops = &ops;
	m->pages = bytes >> PAGE_SHIFT;
	m->chunks = bytes >> CHUNK_SHIFT;
	m->bytes = memory_map(bytes);
	m->present = calloc(m->chunks, 1);
	m->dirty = calloc(m->chunks * 8, sizeof(*m->dirty));
	if (!m->bytes || !m->present || !m->dirty)
		bench_fail("no memory for a guest of %llu MiB", (unsigned long long)(bytes / MIB));
	strcpy(m->def.name, "bench");
	m->def.memory_bytes = bytes;
	m->def.vcpus = 1;
	m->random = 0x9e3779b97f4a7c15ull;
}

static void mark(struct memory *m, uint64_t pfn)
{
	uint64_t bit = 1ull << pfn % 64;

	m->present[pfn / CHUNK_PAGES] = 1;
	m->dirty_pages += !(m->dirty[pfn / 64] & bit);
	m->dirty[pfn / 64] |= bit;
}

void memory_write(struct memory *m, uint64_t at, const void *from, uint64_t length)
{
	memcpy(m->bytes + at, from, length);
	for (uint64_t pfn = at >> PAGE_SHIFT; pfn <= (at + length - 1) >> PAGE_SHIFT; pfn++)
		mark(m, pfn);
}

static uint64_t random_next(struct memory *m)
{
	m->random ^= m->random << 13;
	m->random ^= m->random >> 7;
	return m->random ^= m->random << 17;
}

void memory_work(struct memory *m, const struct options *o, uint64_t now_ns)
{
	uint64_t noise[PAGE_SIZE / 8], due, rate = m->allowance && m->allowance < o->dirty_rate ? m->allowance : o->dirty_rate;
	double cpu;

	if (!o->dirty_rate || !m->hot_pages || !m->runs)
		return;
	if (m->rate != rate) {
		m->started_ns = now_ns;
		m->written = 0;
		m->rate = rate;
	}
	due = (uint64_t)((double)(now_ns - m->started_ns) * 1e-9 * (double)rate);
	if (due == m->written)
		return;
	cpu = bench_cpu_s();
	for (; m->written < due; m->written++) {
		uint64_t room = (PAGE_SIZE - o->dirty_bytes) / 8 + 1;

		for (unsigned n = 0; n < (o->dirty_bytes + 7) / 8; n++)
			noise[n] = random_next(m);
		memory_write(m, m->next * PAGE_SIZE + random_next(m) % room * 8, noise, o->dirty_bytes);
		m->next = (m->next + 1) % m->hot_pages;
	}
	m->writer_cpu_s += bench_cpu_s() - cpu;
}

uint64_t memory_hash(const struct memory *m)
{
	return XXH64(m->bytes, m->pages * PAGE_SIZE, 0);
}
