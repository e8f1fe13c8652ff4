/* SPDX-License-Identifier: MIT */
/* fake_guest.c: the guest-memory seam over plain bytes. */
#include "fake_guest.h"
#include <stdlib.h>
#include <string.h>
#include "lib/fmt.h"
#include "lib/log.h"

#define PAGE_CREDIT 1000000000ull
#define G(g) ((struct fake_guest *)(g))
#define STATE_MAGIC 0x45544154534b4146ull

static uint8_t *page_at(struct fake_guest *g, uint64_t pfn)
{
	uint8_t *chunk = g->chunk[pfn / CHUNK_PAGES];

	return chunk ? chunk + pfn % CHUNK_PAGES * PAGE_SIZE : NULL;
}

static uint8_t *touch(struct fake_guest *g, uint64_t pfn)
{
	if (!g->chunk[pfn / CHUNK_PAGES])
		g->chunk[pfn / CHUNK_PAGES] = calloc(1, CHUNK_SIZE);
	return page_at(g, pfn);
}

static void must_be(const struct fake_guest *g, bool right, const char *call)
{
	if (!right)
		panic("fake guest %s: %s in life %d", g->def.name, call, g->life);
}

static void op_definition(struct mig_guest *g, struct mig_definition *out)
{
	*out = G(g)->def;
}

static enum err op_track_start(struct mig_guest *g, struct why *why)
{
	(void)why;
	must_be(G(g), G(g)->life == FAKE_RUNNING && !G(g)->tracking, "track_start");
	memset(G(g)->dirty, 0, G(g)->chunks * 8 * sizeof(*G(g)->dirty));
	G(g)->tracking = true;
	G(g)->tracked++;
	return ERR_OK;
}

static void op_track_stop(struct mig_guest *g)
{
	must_be(G(g), G(g)->life == FAKE_RUNNING && !G(g)->allowance, "track_stop");
	G(g)->tracking = false;
}

static bool op_chunk_present(struct mig_guest *g, uint64_t chunk)
{
	return G(g)->chunk[chunk] != NULL;
}

static void op_harvest(struct mig_guest *g, uint64_t chunk, uint64_t bitmap[8])
{
	must_be(G(g), G(g)->tracking, "harvest");
	for (int w = 0; w < 8; w++) {
		bitmap[w] |= G(g)->dirty[chunk * 8 + w];
		G(g)->dirty[chunk * 8 + w] = 0;
	}
}

static void op_peek(struct mig_guest *g, uint64_t chunk, uint64_t bitmap[8])
{
	must_be(G(g), G(g)->tracking, "peek");
	for (int w = 0; w < 8; w++)
		bitmap[w] |= G(g)->dirty[chunk * 8 + w];
}

static uint64_t op_dirty_pages(struct mig_guest *g)
{
	uint64_t n = 0;

	for (uint64_t w = 0; w < G(g)->chunks * 8; w++)
		n += (unsigned)__builtin_popcountll(G(g)->dirty[w]);
	return n;
}

static const void *op_page(struct mig_guest *g, uint64_t pfn)
{
	return page_at(G(g), pfn);
}

static void op_throttle(struct mig_guest *g, uint64_t pages_per_s)
{
	must_be(G(g), G(g)->life == FAKE_RUNNING && G(g)->tracking, "throttle");
	G(g)->allowance = pages_per_s;
	G(g)->credit = 0;
}

static void op_stop(struct mig_guest *g)
{
	must_be(G(g), !G(g)->allowance, "stop with an allowance");
	must_be(G(g), G(g)->life == FAKE_RUNNING, "stop");
	G(g)->life = FAKE_STOPPED;
	G(g)->stops++;
}

static void op_resume(struct mig_guest *g)
{
	must_be(G(g), G(g)->life == FAKE_STOPPED, "resume");
	G(g)->life = FAKE_RUNNING;
	G(g)->resumes++;
}

static enum err op_state_save(struct mig_guest *g, void *out, size_t room, size_t *length, struct why *why)
{
	uint64_t head[2] = { STATE_MAGIC, G(g)->counter };

	if (room < G(g)->state_bytes) {
		why_set(why, "%u bytes of state in a buffer of %u", G(g)->state_bytes, (unsigned)room);
		return ERR_SPACE;
	}
	memset(out, 0x5a, G(g)->state_bytes);
	memcpy(out, head, sizeof(head));
	*length = G(g)->state_bytes;
	return ERR_OK;
}

static void op_power_button(struct mig_guest *g)
{
	must_be(G(g), G(g)->life == FAKE_RUNNING, "power_button");
	G(g)->buttons++;
}

static bool op_is_off(struct mig_guest *g)
{
	return G(g)->life == FAKE_OFF;
}

/* Fresh memory with a "kernel" in its second page. */
static enum err op_prepare(struct mig_guest *g, struct why *why)
{
	must_be(G(g), (G(g)->life == FAKE_RUNNING || G(g)->life == FAKE_OFF) && !G(g)->tracking, "prepare");
	for (uint64_t c = 0; c < G(g)->chunks; c++) {
		free(G(g)->chunk[c]);
		G(g)->chunk[c] = NULL;
	}
	G(g)->life = FAKE_OFF;
	if (G(g)->broken) {
		why_set(why, "its kernel is gone");
		return ERR_NOTFOUND;
	}
	G(g)->prepares++;
	memset(touch(G(g), 1), 'K', PAGE_SIZE);
	G(g)->counter = 0;
	G(g)->life = FAKE_STOPPED;
	return ERR_OK;
}

static void op_release(struct mig_guest *g)
{
	must_be(G(g), G(g)->life == FAKE_STOPPED, "release");
	G(g)->life = FAKE_RELEASED;
	G(g)->tracking = false;
}

static void *op_page_for_load(struct mig_guest *g, uint64_t pfn)
{
	must_be(G(g), G(g)->life == FAKE_EMPTY && pfn < G(g)->chunks * CHUNK_PAGES, "page_for_load");
	return touch(G(g), pfn);
}

static enum err op_state_check(struct mig_guest *g, const void *in, size_t length, struct why *why)
{
	uint64_t magic;

	must_be(G(g), G(g)->life == FAKE_EMPTY, "state_check");
	if (G(g)->corrupt)
		*touch(G(g), 0) = 0xee;
	memcpy(&magic, in, length < 8 ? length : 8);
	if (length >= 16 && magic == STATE_MAGIC && !G(g)->state_refused)
		return ERR_OK;
	why_set(why, "the state image is not a fake guest's");
	return ERR_INVALID;
}

static void op_state_load(struct mig_guest *g, const void *in, size_t length)
{
	must_be(G(g), G(g)->life == FAKE_EMPTY, "state_load");
	memcpy(&G(g)->counter, (const uint8_t *)in + 8, 8);
	G(g)->state_bytes = (uint32_t)length;
	G(g)->life = FAKE_LOADED;
}

static void op_run(struct mig_guest *g, uint64_t stopped_ns)
{
	must_be(G(g), G(g)->life == FAKE_LOADED, "run");
	G(g)->life = FAKE_RUNNING;
	G(g)->stopped_ns = stopped_ns;
	G(g)->runs++;
}

static void op_discard(struct mig_guest *g)
{
	if (G(g)->life == FAKE_STOPPED && G(g)->prepares) {
		G(g)->life = FAKE_OFF;
		return;
	}
	must_be(G(g), G(g)->life == FAKE_EMPTY || G(g)->life == FAKE_LOADED, "discard");
	G(g)->life = FAKE_DISCARDED;
}

static bool op_images(struct mig_guest *g, bool anew, struct mig_images *out)
{
	(void)anew;
	*out = G(g)->images;
	return out->kernel;
}

static void op_images_set(struct mig_guest *g, const struct mig_images *in)
{
	must_be(G(g), G(g)->life == FAKE_EMPTY && !G(g)->images.kernel, "images_set");
	G(g)->images = *in;
	blob_use(in->kernel);
	blob_use(in->initrd);
}

static const struct mig_guest_ops ops = {
	.definition = op_definition, .track_start = op_track_start, .track_stop = op_track_stop,
	.chunk_present = op_chunk_present, .harvest = op_harvest, .peek = op_peek, .dirty_pages = op_dirty_pages, .page = op_page,
	.throttle = op_throttle, .power_button = op_power_button, .is_off = op_is_off, .prepare = op_prepare,
	.stop = op_stop, .resume = op_resume, .state_save = op_state_save, .release = op_release,
	.page_for_load = op_page_for_load, .state_check = op_state_check, .state_load = op_state_load,
	.run = op_run, .discard = op_discard, .images = op_images, .images_set = op_images_set,
};

struct fake_guest *fake_guest_empty(const struct mig_definition *def)
{
	struct fake_guest *g = calloc(1, sizeof(*g));

	g->guest.ops = &ops;
	g->def = *def;
	g->chunks = def->memory_bytes / CHUNK_SIZE;
	g->chunk = calloc(g->chunks, sizeof(*g->chunk));
	g->dirty = calloc(g->chunks * 8, sizeof(*g->dirty));
	g->life = FAKE_EMPTY;
	g->state_bytes = 10000;
	g->random = 88172645463325252ull;
	return g;
}

struct fake_guest *fake_guest_new(const char *name, uint64_t memory_bytes)
{
	struct mig_definition def = { .memory_bytes = memory_bytes, .vcpus = 1, .tsc_khz = 1000000 };
	struct fake_guest *g;

	fmt(def.name, sizeof(def.name), "%s", name);
	memset(def.uuid, 0x77, sizeof(def.uuid));
	def.cpu_policy_bytes = 64;
	memset(def.cpu_policy, 0x33, 64);
	g = fake_guest_empty(&def);
	g->life = FAKE_RUNNING;
	return g;
}

void fake_guest_free(struct fake_guest *g)
{
	for (uint64_t c = 0; c < g->chunks; c++)
		free(g->chunk[c]);
	free(g->chunk);
	free(g->dirty);
	blob_drop(g->images.kernel);
	blob_drop(g->images.initrd);
	free(g);
}

static void mark(struct fake_guest *g, uint64_t pfn)
{
	g->dirty[pfn / 64] |= 1ull << pfn % 64;
	g->counter++;
}

static uint64_t shuffle(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	return x ^ x << 17;
}

/* What no compressor shrinks. */
static void noise(uint8_t *page, uint64_t seed)
{
	for (unsigned n = 0; n < PAGE_SIZE; n += 8) {
		seed = shuffle(seed);
		memcpy(page + n, &seed, 8);
	}
}

void fake_guest_time(struct fake_guest *g, uint64_t ns)
{
	uint64_t most = g->allowance * PAGE_CREDIT / 10 + PAGE_CREDIT;

	g->credit += g->allowance * ns;
	if (g->credit > most)
		g->credit = most;
}

void fake_guest_work(struct fake_guest *g, unsigned count, uint64_t pages)
{
	while (g->life == FAKE_RUNNING && !g->idle && count--) {
		uint64_t pfn;

		g->random = shuffle(g->random);
		pfn = g->random % pages;
		if (g->allowance && !(g->dirty[pfn / 64] >> pfn % 64 & 1)) {
			if (g->credit < PAGE_CREDIT)
				return;		/* the writer waits */
			g->credit -= PAGE_CREDIT;
		}
		if (pfn & 1)
			noise(touch(g, pfn), g->random);
		else
			memcpy(touch(g, pfn) + (g->random >> 40) % 512 * 8, &g->random, 8);
		mark(g, pfn);
	}
}

void fake_guest_fill(struct fake_guest *g, uint64_t pfn, uint8_t byte)
{
	if (byte & 1)
		noise(touch(g, pfn), pfn << 8 | byte);
	else
		memset(touch(g, pfn), byte, PAGE_SIZE);
	mark(g, pfn);
}

bool fake_guest_equal(const struct fake_guest *a, const struct fake_guest *b)
{
	static const uint8_t zero[PAGE_SIZE];

	if (a->chunks != b->chunks || a->counter != b->counter || a->state_bytes != b->state_bytes)
		return false;
	for (uint64_t pfn = 0; pfn < a->chunks * CHUNK_PAGES; pfn++) {
		const uint8_t *x = page_at((struct fake_guest *)a, pfn), *y = page_at((struct fake_guest *)b, pfn);

		if (memcmp(x ? x : zero, y ? y : zero, PAGE_SIZE))
			return false;
	}
	return true;
}
