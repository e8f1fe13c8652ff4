/* SPDX-License-Identifier: MIT */
/* writer.c: the demo guest's program: rewrites checkable pages at a set rate and reports in numbered ticks. */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include "region.h"

#define NS_PER_S	1000000000ll
#define SLOT_NS		20000000ll	/* writes are spread over slots of this length */
#define FAULT_LINES	16		/* faults described in full; all are counted */

struct option { const char *name; uint64_t value, min, max; };

/* Words NAME=VALUE of the command line (in the guest: the kernel's). */
enum { REGION, RATE, TICK_MS, SWEEP_TICKS, TICKS, OPTIONS };
static struct option option[OPTIONS] = {
	[REGION]      = { "tern.region",      16 << 20, REGION_PAGE, 1ull << 40 },	/* bytes, K M G allowed */
	[RATE]        = { "tern.rate",        2000,     0, 10000000 },			/* pages a second */
	[TICK_MS]     = { "tern.tick_ms",     100,      1, 60000 },
	[SWEEP_TICKS] = { "tern.sweep_ticks", 40,       1, 100000 },	/* all pages verified in so many ticks */
	[TICKS]       = { "tern.ticks",       0,        0, 1ull << 40 },	/* end after so many, 0 = never */
};

struct writer {
	struct region region;
	uint64_t writes, sum, bad, ticks, swept;
	int64_t monotonic_ns, realtime_ns;	/* newest seen */
	char boot[40];
};

static volatile sig_atomic_t quiet;

static void on_signal(int number)
{
	quiet = number == SIGUSR1;
}

static void options_parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		for (struct option *o = option; o < option + OPTIONS; o++) {
			size_t length = strlen(o->name);
			char *end;
			uint64_t value;

			if (strncmp(argv[i], o->name, length) != 0 || argv[i][length] != '=')
				continue;
			value = strtoull(argv[i] + length + 1, &end, 10);
			if (*end == 'K' || *end == 'M' || *end == 'G')
				value <<= *end == 'K' ? 10 : *end == 'M' ? 20 : 30, end++;
			if (end == argv[i] + length + 1 || *end || value < o->min || value > o->max)
				printf("writer: %s: expected a number from %llu to %llu, kept %llu\n", argv[i],
				       (unsigned long long)o->min, (unsigned long long)o->max,
				       (unsigned long long)o->value);
			else
				o->value = value;
		}
}

static void *memory_get(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("writer: mmap");
		exit(1);
	}
	return p;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Reads both clocks and says so when one went back. */
static void clocks_read(struct writer *w)
{
	int64_t monotonic_ns = clock_ns(CLOCK_MONOTONIC), realtime_ns = clock_ns(CLOCK_REALTIME);

	if (monotonic_ns < w->monotonic_ns)
		printf("TIME WENT BACK monotonic from %lld to %lld\n", (long long)w->monotonic_ns,
		       (long long)monotonic_ns);
	if (realtime_ns < w->realtime_ns)
		printf("TIME WENT BACK real from %lld to %lld\n", (long long)w->realtime_ns,
		       (long long)realtime_ns);
	w->monotonic_ns = monotonic_ns;
	w->realtime_ns = realtime_ns;
}

static void sleep_until(int64_t when_ns)
{
	struct timespec t = { .tv_sec = when_ns / NS_PER_S, .tv_nsec = when_ns % NS_PER_S };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;	/* a signal only changes quiet */
}

/* Verifies @page; returns the sum of its words as they are in memory. */
static uint64_t check(struct writer *w, uint64_t page)
{
	struct region_fault fault;
	uint64_t sum;

	if (!region_verify(&w->region, page, &sum, &fault) && w->bad++ < FAULT_LINES)
		printf("BAD page %llu word %llu expected %016llx found %016llx\n",
		       (unsigned long long)fault.page, (unsigned long long)fault.word,
		       (unsigned long long)fault.expected, (unsigned long long)fault.found);
	return sum;
}

/* The next write of the known order: what the page holds goes into the checksum before it is replaced. */
static void write_next(struct writer *w)
{
	uint64_t page = region_pick(w->writes, w->region.pages);

	w->sum = region_fold(w->sum, check(w, page));
	region_write(&w->region, page);
	w->writes++;
}

static void sweep_slice(struct writer *w)
{
	uint64_t sweep = option[SWEEP_TICKS].value;
	uint64_t slice = (w->region.pages + sweep - 1) / sweep;

	for (uint64_t i = 0; i < slice; i++) {
		check(w, w->swept);
		w->swept = (w->swept + 1) % w->region.pages;
	}
}

/* Read again for each tick, so that a restarted guest can't show the old one. */
static void boot_read(char boot[40])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, boot, 39);

	if (fd >= 0)
		close(fd);
	boot[n > 0 ? n : 0] = '\0';
	boot[strcspn(boot, "\n")] = '\0';
}

static void tick(struct writer *w)
{
	char line[256];
	int length;

	sweep_slice(w);
	boot_read(w->boot);
	clocks_read(w);
	length = snprintf(line, sizeof(line), "tick %llu time %lld real %lld writes %llu sum %016llx bad %llu boot %s\n",
			  (unsigned long long)++w->ticks, (long long)w->monotonic_ns,
			  (long long)w->realtime_ns, (unsigned long long)w->writes, (unsigned long long)w->sum,
			  (unsigned long long)w->bad, w->boot);
	if (!quiet)
		fwrite(line, 1, (size_t)length, stdout);	/* one write(2): the line stays whole */
}

static void run(struct writer *w)
{
	int64_t tick_ns = (int64_t)option[TICK_MS].value * 1000000;
	int64_t slots = (tick_ns + SLOT_NS - 1) / SLOT_NS;
	int64_t next_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t due = 0;	/* writes times 10^9 that the rate still owes */

	while (!option[TICKS].value || w->ticks < option[TICKS].value) {
		for (int64_t slot = 1; slot <= slots; slot++) {
			for (due += option[RATE].value * (uint64_t)(tick_ns / slots); due >= NS_PER_S; due -= NS_PER_S)
				write_next(w);
			sleep_until(next_ns + tick_ns * slot / slots);
			clocks_read(w);
		}
		next_ns += tick_ns;
		/* Far behind (the machine stood still, or is too slow): go on from here, never in a burst. */
		if (w->monotonic_ns > next_ns + tick_ns)
			next_ns = w->monotonic_ns;
		tick(w);
	}
}

int main(int argc, char **argv)
{
	struct writer w = { 0 };
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	setvbuf(stdout, NULL, _IOLBF, 4096);
	options_parse(argc, argv);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	w.region.pages = option[REGION].value / REGION_PAGE;
	w.region.words = memory_get(w.region.pages * REGION_PAGE);
	w.region.generation = memory_get(w.region.pages * sizeof(*w.region.generation));
	region_fill(&w.region);
	printf("writer pages %llu rate %llu tick_ms %llu sweep_ticks %llu\n", (unsigned long long)w.region.pages,
	       (unsigned long long)option[RATE].value, (unsigned long long)option[TICK_MS].value,
	       (unsigned long long)option[SWEEP_TICKS].value);
	run(&w);
	return w.bad ? 1 : 0;
}
