/* SPDX-License-Identifier: MIT */
/* migbench: the migration engine between two processes over loopback TCP, on memory of a known kind, with figures. */
#include "bench.h"
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include "migration/protocol.h"

#define RUNS_MOST	1000
#define LINK_LEAST	4096u
#define DIRTY_RATE_MOST	500000	/* more than a core writes, and the writer would never end */
#define DOWNTIME_MOST	3600000	/* an hour */

uint64_t bench_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

double bench_cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void bench_fail(const char *format, ...)
{
	va_list args;

	fputs("migbench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

void bench_end_with_parent(void)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL))
		bench_fail("no signal at the end of the other process");
}

enum { IMAGE = 256, THEN, SYNTHETIC, LINK, CAP, ENCODING, DIRTY_RATE, DIRTY_BYTES, DIRTY_SET, MAX_DOWNTIME, STUCK, SPARE, VERIFY, JSON, BARE, SAVE, RUNS };

static const struct option names[] = {
	{ "image", required_argument, NULL, IMAGE }, { "then", required_argument, NULL, THEN },
	{ "synthetic", required_argument, NULL, SYNTHETIC }, { "link", required_argument, NULL, LINK },
	{ "cap", required_argument, NULL, CAP }, { "encoding", required_argument, NULL, ENCODING },
	{ "dirty-rate", required_argument, NULL, DIRTY_RATE }, { "dirty-bytes", required_argument, NULL, DIRTY_BYTES },
	{ "dirty-set", required_argument, NULL, DIRTY_SET },
	{ "max-downtime", required_argument, NULL, MAX_DOWNTIME }, { "stuck", required_argument, NULL, STUCK }, { "spare", required_argument, NULL, SPARE }, { "verify", no_argument, NULL, VERIFY },
	{ "json", no_argument, NULL, JSON }, { "no-ceilings", no_argument, NULL, BARE },
	{ "save", required_argument, NULL, SAVE }, { "runs", required_argument, NULL, RUNS }, { 0 },
};

static const char usage[] =
	"usage: tern-migbench (--image FILE [--then FILE...] | --synthetic KIND:SIZE[,KIND:SIZE...])\n"
	"    [--link BYTES_PER_S] [--cap BYTES_PER_S] [--encoding raw|lz4|delta|zstd|auto] [--dirty-rate PAGES_PER_S]\n"
	"    [--dirty-bytes N] [--dirty-set PAGES] [--max-downtime MS] [--stuck stop|fail|throttle] [--spare BYTES] [--verify] [--json] [--no-ceilings]\n"
	"    [--runs N: the quickest of so many] [--save FILE, and nothing else is done]\n"
	"KIND: incompressible, semi, records, records39, block39, bytes39, text, zero, same, mix, idle (never touched); SIZE: a multiple of 2M\n";

bool bench_number(const char *text, uint64_t most, const char **end, uint64_t *out)
{
	unsigned shift;
	char *after;
	uint64_t v;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	v = strtoull(text, &after, 10);
	shift = *after == 'K' ? 10 : *after == 'M' ? 20 : *after == 'G' ? 30 : 0;
	*end = after + (shift != 0);
	*out = v << shift;
	return !errno && v <= most >> shift;
}

static uint64_t number(const char *option, const char *text, uint64_t least, uint64_t most)
{
	const char *end;
	uint64_t v;

	if (!bench_number(text, most, &end, &v) || *end || v < least)
		bench_fail("--%s is a number from %llu to %llu, perhaps with K, M or G, and not \"%s\"", option,
			   (unsigned long long)least, (unsigned long long)most, text);
	return v;
}

static enum mig_stuck stuck(const char *name)
{
	static const char *const known[] = { [MIG_STUCK_STOP] = "stop", "fail", "throttle" };

	for (unsigned n = MIG_STUCK_STOP; n <= MIG_STUCK_THROTTLE; n++)
		if (!strcmp(known[n], name))
			return (enum mig_stuck)n;
	bench_fail("--stuck is stop, fail or throttle");
}

/* Each one holds the ones before it: the bits of enum mig_encoding. */
static uint32_t encodings(const char *name)
{
	static const struct { const char *name; uint32_t mask; } known[] = {
		{ "raw", 1u << MIG_ENC_ZERO | 1u << MIG_ENC_RAW },
		{ "lz4", 1u << MIG_ENC_ZERO | 1u << MIG_ENC_RAW | 1u << MIG_ENC_LZ4 },
		{ "delta", 1u << MIG_ENC_ZERO | 1u << MIG_ENC_RAW | 1u << MIG_ENC_LZ4 | 1u << MIG_ENC_DELTA },
		{ "zstd", 1u << MIG_ENC_ZERO | 1u << MIG_ENC_RAW | 1u << MIG_ENC_LZ4 | 1u << MIG_ENC_BATCH },
		{ "auto", 0 },
	};

	for (unsigned n = 0; n < sizeof(known) / sizeof(known[0]); n++)
		if (!strcmp(known[n].name, name))
			return known[n].mask;
	bench_fail("there is no encoding %s", name);
}

static void parse(int argc, char **argv, struct options *o)
{
	int c;

	while ((c = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (c) {
		case IMAGE:
		case THEN:
			if ((c == IMAGE) != !o->images || o->images > BENCH_THEN)
				bench_fail("--image comes once and first, --then at most %d times", BENCH_THEN);
			o->image[o->images++] = optarg;
			break;
		case SYNTHETIC: o->synthetic = optarg; break;
		case LINK: o->link_bytes = number("link", optarg, 0, BENCH_MOST); break;
		case CAP: o->cap_bytes = number("cap", optarg, 0, BENCH_MOST); break;
		case ENCODING:
			o->encoding = optarg;
			o->encodings = encodings(optarg);
			break;
		case DIRTY_RATE: o->dirty_rate = number("dirty-rate", optarg, 0, DIRTY_RATE_MOST); break;
		case DIRTY_BYTES: o->dirty_bytes = (unsigned)number("dirty-bytes", optarg, 1, PAGE_SIZE); break;
		case DIRTY_SET: o->dirty_set = number("dirty-set", optarg, 0, BENCH_MOST); break;
		case MAX_DOWNTIME: o->max_downtime_ms = (unsigned)number("max-downtime", optarg, 1, DOWNTIME_MOST); break;
		case STUCK: o->stuck = stuck(optarg); break;
		case SPARE: o->spare_bytes = number("spare", optarg, 0, BENCH_MOST); break;
		case VERIFY: o->verify = true; break;
		case JSON: o->json = true; break;
		case BARE: o->no_ceilings = true; break;
		case SAVE: o->save = optarg; break;
		case RUNS: o->runs = (unsigned)number("runs", optarg, 1, RUNS_MOST); break;
		default: fputs(usage, stderr); exit(2);
		}
	}
	if (optind != argc || !o->images == !o->synthetic) {
		fputs(usage, stderr);
		exit(2);
	}
	if (o->runs > 1 && (o->dirty_rate || o->images > 1))
		bench_fail("--runs is for memory that stays as it is: not with --dirty-rate or --then");
	/* A slower one would never have a whole byte to let go. */
	if (o->link_bytes && o->link_bytes < LINK_LEAST)
		bench_fail("--link is 0, which is no limit, or at least %u bytes a second", LINK_LEAST);
}

int main(int argc, char **argv)
{
	struct options o = { .spare_bytes = 1024 * MIB, .encoding = "auto", .dirty_bytes = 256, .max_downtime_ms = 300, .runs = 1 };
	struct ceiling best = { 0 };
	struct memory m;
	struct content content = { 0 };
	struct run r = { 0 };

	parse(argc, argv, &o);
	memory_init(&m, content_bytes(&o));
	content_fill(&m, &o);
	if (o.save) {
		content_save(&m, o.save);
		return 0;
	}
	content_measure(&m, &content);
	if (!o.no_ceilings)
		content.zstd_bytes = shrink_bytes(&m);
	spare_memory(&o);
	/* On a machine that others use too each may be slowed down: in turn, ceilings also at the end, and the quickest of each counts. */
	for (unsigned n = 0; n <= o.runs; n++) {
		struct run now = { 0 };

		if (!o.no_ceilings)
			ceiling_measure(&m, &best);
		if (n == o.runs)
			break;
		run_migration(&m, &o, &now);
		if (!n || now.total_s < r.total_s)
			r = now;
	}
	r.content = content;
	report(&o, &r, &best);
	return 0;
}
