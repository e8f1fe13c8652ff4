/* SPDX-License-Identifier: MIT */
/* digest.c: XXH64 over the stream and over guest memory. */
#include "digest.h"
#include "lib/bytes.h"
#include "protocol.h"

#define TRY_PAGES 64u	/* enough to tell, and well below a millisecond on a real machine */

void mig_digest_init(struct mig_digest *d, uint64_t capabilities)
{
	d->by_crc = capabilities & MIG_CAP_DIGEST_CRC;
	XXH64_reset(&d->xxh, 0);
}

static void add(struct mig_digest *d, uint16_t type, size_t length, const void *data, size_t bytes)
{
	uint8_t head[6];

	le16_put(head, type);
	le32_put(head + 2, (uint32_t)length);
	XXH64_update(&d->xxh, head, sizeof(head));
	if (bytes)
		XXH64_update(&d->xxh, data, bytes);
}

void mig_digest_pages(struct mig_digest *d, const void *body, size_t length, uint32_t crc)
{
	uint8_t sum[4];

	le32_put(sum, crc);
	if (d->by_crc)
		add(d, MIG_PAGES, length, sum, sizeof(sum));
	else
		add(d, MIG_PAGES, length, body, length);
}

void mig_digest_add(struct mig_digest *d, uint16_t type, const void *body, size_t length)
{
	add(d, type, length, body, length);
}

uint64_t mig_digest_value(const struct mig_digest *d)
{
	return XXH64_digest(&d->xxh);
}

void mig_memory_hash_init(struct mig_memory_hash *h, struct mig_guest *guest, uint64_t memory_bytes)
{
	h->guest = guest;
	h->page = 0;
	h->pages = memory_bytes >> PAGE_SHIFT;
	XXH64_reset(&h->xxh, 0);
}

/* A whole chunk that was never touched: the constant of a zero page 512 times. */
static void absent_chunk(struct mig_memory_hash *h)
{
	static uint8_t zeros[CHUNK_PAGES * 8];
	static bool ready;

	if (!ready) {
		static const uint8_t page[PAGE_SIZE];

		for (unsigned n = 0; n < CHUNK_PAGES; n++)
			le64_put(zeros + n * 8, XXH64(page, sizeof(page), 0));
		ready = true;
	}
	XXH64_update(&h->xxh, zeros, sizeof(zeros));
	h->page += CHUNK_PAGES;
}

bool mig_memory_hash_step(struct mig_memory_hash *h, unsigned budget, uint64_t *value)
{
	static const uint8_t zero[PAGE_SIZE];
	unsigned chunks = 256;		/* absent ones are cheap, but not free */

	while (h->page < h->pages && budget && chunks) {
		const void *page = h->guest->ops->page(h->guest, h->page);
		uint8_t one[8];

		if (!page && h->page % CHUNK_PAGES == 0 && h->pages - h->page >= CHUNK_PAGES) {
			absent_chunk(h);
			chunks--;
			continue;
		}
		le64_put(one, XXH64(page ? page : zero, PAGE_SIZE, 0));
		XXH64_update(&h->xxh, one, sizeof(one));
		h->page++;
		budget--;
	}
	if (h->page < h->pages)
		return false;
	*value = XXH64_digest(&h->xxh);
	return true;
}

/* Hashes up to TRY_PAGES present pages for nothing but the time it takes; returns how many. */
static unsigned try(struct mig_guest *guest, uint64_t memory_bytes)
{
	volatile uint64_t value = 0;	/* nobody wants it, but it must be made */
	unsigned tried = 0;

	for (uint64_t page = 0; page < memory_bytes >> PAGE_SHIFT && tried < TRY_PAGES; page++) {
		const void *at = guest->ops->page(guest, page);

		if (!at) {
			page |= CHUNK_PAGES - 1;
			continue;
		}
		value = XXH64(at, PAGE_SIZE, 0);
		tried++;
	}
	(void)value;
	return tried;
}

uint64_t mig_memory_hash_cost(const struct mig_host *host, struct mig_guest *guest, uint64_t memory_bytes)
{
	uint64_t start = host->clock_ns(host->ctx), tried = try(guest, memory_bytes), took, pages = 0;

	took = host->clock_ns(host->ctx) - start;
	/* An absent chunk adds 512 hashes of 8 bytes each: as much as one page has. */
	for (uint64_t chunk = 0; chunk < memory_bytes >> CHUNK_SHIFT; chunk++)
		pages += guest->ops->page(guest, chunk * CHUNK_PAGES) ? CHUNK_PAGES : 1;
	return tried ? took * pages / tried : 0;
}
