/* SPDX-License-Identifier: MIT */
/* content.c: what is in the guest's memory: images of real guests, or pages of known kinds. */
#include "bench.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

typedef void fill_fn(uint8_t *page, uint64_t pfn);

static uint64_t seed = 88172645463325252ull;

static uint64_t noise(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	return seed ^= seed << 17;
}

static void fill_noise(uint8_t *page, uint64_t pfn)
{
	(void)pfn;
	for (unsigned n = 0; n < PAGE_SIZE; n += 8) {
		uint64_t v = noise();

		memcpy(page + n, &v, 8);
	}
}

/* Records of 64 bytes as programs keep them: a counter, a pointer into a few pages, small numbers and flags, some
 * words of a vocabulary, and @noisy bytes that nothing predicts. */
static void fill_records(uint8_t *page, uint64_t pfn, unsigned noisy)
{
	static const char words[16][9] = { "example ", "request ", "session ", "address ", "network ", "storage ", "monitor ",
					   "service ", "virtual ", "machine ", "account ", "invoice ", "product ", "project ",
					   "message ", "journal " };

	for (unsigned n = 0; n < PAGE_SIZE; n += 64) {
		uint64_t record[8] = { pfn * 64 + n / 64, 0x00007f0000000000ull | (noise() & 0xffff) << 6, noise() & 7 };
		uint64_t word = noise();

		memcpy(&record[3], words[word & 15], 8);
		memcpy(&record[4], words[word >> 4 & 15], 8);
		for (unsigned k = 0; k < noisy; k += 8)
			record[5 + k / 8] = noise() >> (noisy - k < 8 ? 64 - (noisy - k) * 8 : 0);
		memcpy(page + n, record, sizeof(record));
	}
}

static void fill_semi(uint8_t *page, uint64_t pfn)
{
	fill_records(page, pfn, 24);
}

static void fill_records16(uint8_t *page, uint64_t pfn)
{
	fill_records(page, pfn, 16);
}

/* zstd shrinks it to 39 %. */
static void fill_records39(uint8_t *page, uint64_t pfn)
{
	fill_records(page, pfn, 12 + pfn / 32 % 2);
}

/* Shrinks to as much: noise in one piece, as of what is compressed or enciphered, and a short pattern. */
static void fill_block39(uint8_t *page, uint64_t pfn)
{
	static const char pattern[] = "an entry that is not in use yet;";
	unsigned noisy = 1552, at = (unsigned)(noise() % (PAGE_SIZE - noisy)) & ~7u;

	for (unsigned n = 0; n < PAGE_SIZE; n++)
		page[n] = (uint8_t)pattern[n % 32];
	for (unsigned n = 0; n < noisy; n += 8) {
		uint64_t v = noise();

		memcpy(page + at + n, &v, 8);
	}
	memcpy(page, &pfn, 8);
}

/* And to as much: bytes of few values without any order, as of samples. */
static void fill_bytes39(uint8_t *page, uint64_t pfn)
{
	(void)pfn;
	for (unsigned n = 0; n < PAGE_SIZE; n++)
		page[n] = (uint8_t)(120 + (noise() >> 32) % 9);
}

/* Text with few words: shrinks to an eighth or so. */
static void fill_text(uint8_t *page, uint64_t pfn)
{
	static const char *const line[4] = { "GET /index.html HTTP/1.1 200 ", "kernel: eth0: link becomes ready ",
					     "systemd[1]: Started Session ", "nginx: worker process is running " };
	unsigned at = 0;

	while (at < PAGE_SIZE) {
		int n = snprintf((char *)page + at, PAGE_SIZE - at, "%llu %s%llu\n", (unsigned long long)pfn, line[noise() & 3],
				 (unsigned long long)(noise() & 1023));

		at += (unsigned)n;
	}
}

static void fill_zero(uint8_t *page, uint64_t pfn)
{
	(void)page;
	(void)pfn;
}

/* Half of it exists eight times over. */
static void fill_same(uint8_t *page, uint64_t pfn)
{
	uint64_t before = seed;

	seed = 0x9e3779b97f4a7c15ull * (pfn / 8 + 1);
	fill_noise(page, pfn);
	seed = before;
}

/* About what a Linux guest holds after some work. */
static void fill_mix(uint8_t *page, uint64_t pfn)
{
	static fill_fn *const kind[16] = { fill_semi, fill_semi, fill_semi, fill_semi, fill_semi, fill_text, fill_text, fill_same,
					   fill_same, fill_noise, fill_noise, fill_noise, fill_zero, fill_zero, fill_zero, fill_zero };

	kind[pfn / 16 * 7 % 16](page, pfn);
}

static const struct { const char *name; fill_fn *fill; } kinds[] = {
	{ "incompressible", fill_noise }, { "semi", fill_semi }, { "records", fill_records16 }, { "records39", fill_records39 },
	{ "block39", fill_block39 }, { "bytes39", fill_bytes39 },
	{ "text", fill_text }, { "zero", fill_zero }, { "same", fill_same }, { "mix", fill_mix }, { "idle", NULL },
};

struct segment { fill_fn *fill; uint64_t bytes; };

static unsigned parse(const char *text, struct segment *out)
{
	unsigned count = 0;

	while (*text && count < BENCH_SEGMENTS) {
		size_t name = strcspn(text, ":");
		unsigned k = 0;
		const char *end;

		while (k < sizeof(kinds) / sizeof(kinds[0]) && (strlen(kinds[k].name) != name || strncmp(kinds[k].name, text, name)))
			k++;
		if (k == sizeof(kinds) / sizeof(kinds[0]) || !text[name])
			bench_fail("--synthetic: \"%s\" begins with no kind of page and size", text);
		out[count].fill = kinds[k].fill;
		if (!bench_number(text + name + 1, BENCH_MOST / BENCH_SEGMENTS, &end, &out[count].bytes) ||
		    (*end && *end != ',') || !out[count].bytes || out[count].bytes % CHUNK_SIZE)
			bench_fail("--synthetic: a size is not a multiple of 2M, or over 1024G, in \"%s\"", text);
		text = *end ? end + 1 : end;
		count++;
	}
	if (*text || !count)
		bench_fail("--synthetic has 1 to %u parts", BENCH_SEGMENTS);
	return count;
}

/* Its size in whole chunks; what a file lacks of its last one is zero. */
static uint64_t image_bytes(const char *name)
{
	struct stat st;

	if (stat(name, &st))
		bench_fail("%s can't be read: %s", name, strerror(errno));
	if (!S_ISREG(st.st_mode) || !st.st_size)
		bench_fail("%s is empty or not a file", name);
	if (access(name, R_OK))
		bench_fail("%s can't be read: %s", name, strerror(errno));
	return ((uint64_t)st.st_size + CHUNK_SIZE - 1) & ~(uint64_t)(CHUNK_SIZE - 1);
}

uint64_t content_bytes(const struct options *o)
{
	struct segment s[BENCH_SEGMENTS];
	uint64_t bytes = 0;

	if (!o->images) {
		for (unsigned n = parse(o->synthetic, s); n; n--)
			bytes += s[n - 1].bytes;
		return bytes;
	}
	bytes = image_bytes(o->image[0]);
	/* Each of them now: otherwise a run would end early, or leave a part out, when its turn comes. */
	for (unsigned n = 1; n < o->images; n++)
		if (image_bytes(o->image[n]) != bytes)
			bench_fail("%s has another size than %s", o->image[n], o->image[0]);
	return bytes;
}

static void read_at(int fd, void *to, uint64_t at, const char *name)
{
	ssize_t n = pread(fd, to, CHUNK_SIZE, (off_t)at);

	if (n < 0)
		bench_fail("%s can't be read", name);
	memset((uint8_t *)to + n, 0, CHUNK_SIZE - (size_t)n);
}

static int open_image(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		bench_fail("%s can't be opened", name);
	return fd;
}

bool content_zero(const uint8_t *p, uint64_t bytes)
{
	return !p[0] && !memcmp(p, p + 1, bytes - 1);
}

void content_then(struct memory *m, const struct options *o, unsigned index)
{
	static uint8_t chunk[CHUNK_SIZE];
	int fd = open_image(o->image[index]);

	for (uint64_t at = 0; at < m->pages * PAGE_SIZE; at += CHUNK_SIZE) {
		read_at(fd, chunk, at, o->image[index]);
		for (uint64_t p = 0; p < CHUNK_SIZE; p += PAGE_SIZE)
			if (memcmp(m->bytes + at + p, chunk + p, PAGE_SIZE))
				memory_write(m, at + p, chunk + p, PAGE_SIZE);
	}
	close(fd);
}

void content_fill(struct memory *m, const struct options *o)
{
	struct segment s[BENCH_SEGMENTS];
	uint64_t pfn = 0;

	if (o->images) {
		content_then(m, o, 0);
	} else {
		for (unsigned n = 0, count = parse(o->synthetic, s); n < count; n++) {
			uint64_t end = pfn + s[n].bytes / PAGE_SIZE;

			if (s[n].fill)
				memset(m->present + pfn / CHUNK_PAGES, 1, s[n].bytes / CHUNK_SIZE);
			for (; pfn < end; pfn++)
				if (s[n].fill)
					s[n].fill(m->bytes + pfn * PAGE_SIZE, pfn);
		}
	}
	memory_populate(m, m->present);
	memset(m->dirty, 0, m->chunks * 8 * sizeof(*m->dirty));
	m->dirty_pages = 0;
	while (m->hot_pages < m->pages && !content_zero(m->bytes + m->hot_pages * PAGE_SIZE, PAGE_SIZE))
		m->hot_pages++;
	if (o->dirty_set && o->dirty_set < m->hot_pages)
		m->hot_pages = o->dirty_set;
}

/* What was never touched is a hole in the file. */
void content_save(const struct memory *m, const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	bool failed = fd < 0 || ftruncate(fd, (off_t)(m->pages * PAGE_SIZE));

	for (uint64_t chunk = 0; !failed && chunk < m->chunks; chunk++)
		failed = m->present[chunk] && pwrite(fd, m->bytes + chunk * CHUNK_SIZE, CHUNK_SIZE, (off_t)(chunk * CHUNK_SIZE)) != CHUNK_SIZE;
	if (failed || close(fd))
		bench_fail("%s can't be written: %s", name, strerror(errno));
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

void content_measure(const struct memory *m, struct content *out)
{
	uint64_t *hash = malloc(m->pages * sizeof(*hash)), count = 0, distinct = 0;

	if (!hash)
		bench_fail("no memory to count distinct pages");
	for (uint64_t pfn = 0; pfn < m->pages; pfn++)
		if (!content_zero(m->bytes + pfn * PAGE_SIZE, PAGE_SIZE))
			hash[count++] = XXH64(m->bytes + pfn * PAGE_SIZE, PAGE_SIZE, 0);
	qsort(hash, count, sizeof(*hash), by_value);
	for (uint64_t n = 0; n < count; n++)
		distinct += !n || hash[n] != hash[n - 1];
	free(hash);
	out->bytes = m->pages * PAGE_SIZE;
	out->nonzero_bytes = count * PAGE_SIZE;
	out->distinct_bytes = distinct * PAGE_SIZE;
}
