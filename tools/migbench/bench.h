/* SPDX-License-Identifier: MIT */
/* bench.h: what the parts of migbench owe each other: options, guest memory, content, link, sides, report. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/addr.h"
#include "lib/channel.h"
#include "migration/guest.h"
#include "migration/job.h"

#define BENCH_THEN 8		/* images after the first */
#define BENCH_SEGMENTS 16
#define MIB (1ull << 20)
#define BENCH_MOST (1ull << 44)	/* bytes of a guest, of a second, of spare memory */

struct options {
	const char *image[1 + BENCH_THEN];	/* raw files: what memory is, and what it becomes after each round */
	unsigned images;
	const char *synthetic;			/* KIND:SIZE[,KIND:SIZE...] */
	const char *encoding;
	uint32_t encodings;			/* mask of them, 0: all */
	uint64_t link_bytes;			/* a second on the socket, 0: no limit */
	uint64_t cap_bytes;			/* the migration's own bandwidth limit, 0: none */
	uint64_t dirty_rate;			/* pages a second */
	unsigned dirty_bytes;			/* in a row, in each of them */
	uint64_t dirty_set;			/* of the first so many pages only, 0: of all that are not zero */
	uint64_t spare_bytes;			/* free memory of the source */
	unsigned max_downtime_ms;
	enum mig_stuck stuck;
	bool verify, json, no_ceilings;
	unsigned runs;				/* the quickest counts */
	const char *save;			/* a file for the memory, and nothing else is done; NULL: none */
};

/* memory.c: a guest that is nothing but memory; the same object at both ends. */
struct memory {
	struct mig_guest guest;			/* first */
	struct mig_definition def;
	uint8_t *bytes;
	uint8_t *present;			/* per chunk */
	uint64_t *dirty;			/* bit per page */
	uint64_t pages, chunks, dirty_pages;
	bool runs, tracking;
	/* the writer */
	uint64_t hot_pages;			/* it rewrites pages 0 to hot_pages - 1 in turn */
	uint64_t next, random, started_ns, written, rate;	/* due at @rate since started_ns */
	uint64_t allowance;			/* pages a second; 0: as asked for */
	double writer_cpu_s;
};

/* @bytes (whole chunks) in huge pages, as a hypervisor reaches memory by, and of this process only: after a fork each first write to
 * a page would copy it. NULL: there is no room. */
uint8_t *memory_map(uint64_t bytes);
void memory_init(struct memory *m, uint64_t bytes);
/* Backs the chunks of @present at once: a hypervisor hands out memory without a page fault for each page. */
void memory_populate(struct memory *m, const uint8_t *present);
/* Writes as the guest does: @length bytes at @at. */
void memory_write(struct memory *m, uint64_t at, const void *from, uint64_t length);
/* Rewrites as many pages as are due at @now_ns; nothing while the guest is stopped. */
void memory_work(struct memory *m, const struct options *o, uint64_t now_ns);
uint64_t memory_hash(const struct memory *m);

/* content.c */
struct content { uint64_t bytes, nonzero_bytes, distinct_bytes, zstd_bytes; };
bool content_zero(const uint8_t *p, uint64_t bytes);
/* Bytes of memory that @o asks for; leaves with a sentence if it asks for nonsense. */
uint64_t content_bytes(const struct options *o);
/* Fills @m with the first image or the generator's pages. */
void content_fill(struct memory *m, const struct options *o);
/* Makes @m equal to image @index, marking what changes. */
void content_then(struct memory *m, const struct options *o, unsigned index);
void content_save(const struct memory *m, const char *name);
void content_measure(const struct memory *m, struct content *out);

/* shrink.c: bytes that zstd makes of the pages that are not zero, in pieces of 128 KiB. */
uint64_t shrink_bytes(const struct memory *m);

/* link.c: byte channels over sockets. @link_bytes a second, 0: as fast as it goes. @polls: link_wait polls before it sleeps. */
struct channel *link_channel(int fd, uint64_t link_bytes, bool polls);
/* Polls for poll(2) @events until @until_ns, but not for long; true if one is there. */
bool link_poll(int fd, short events, uint64_t until_ns);
/* Moves what the limit allows; true while bytes wait for it. */
bool link_pump(struct channel *ch);
/* Sleeps until @ch has news, the limit lets bytes go, a full socket takes bytes again, or @until_ns. */
void link_wait(struct channel *ch, uint64_t until_ns);
int link_listen(uint16_t *port);
int link_connect(uint16_t port);

/* side.c */
struct side {
	double cpu_s;				/* of this process, the guest's own writes not counted */
	uint64_t hash;
	struct mig_job job;
};
struct run { struct side source, destination; double total_s; struct content content; };
/* Gives the page allocator what --spare says; once. */
void spare_memory(const struct options *o);
/* Moves @m to another process; leaves with the job's sentence if that fails. */
void run_migration(struct memory *m, const struct options *o, struct run *out);

/* ceiling.c: bytes a second of what no engine can beat, also of TCP whose receiver never polls, and the CPU time of the way that spends the least at its busier end. */
struct ceiling { double memcpy_rate, tcp_rate, tcp_blocking_rate, send_cpu_s_per_gb, recv_cpu_s_per_gb; };
/* Keeps the best of what @out holds and of what is measured now. */
void ceiling_measure(const struct memory *m, struct ceiling *out);

/* report.c */
void report(const struct options *o, const struct run *r, const struct ceiling *c);

static inline double busier(double a, double b)
{
	return a > b ? a : b;
}

uint64_t bench_now_ns(void);
double bench_cpu_s(void);
/* Reads digits and perhaps K, M or G; *@end is what follows. False if there are none, or if that is more than @most. */
bool bench_number(const char *text, uint64_t most, const char **end, uint64_t *out);
/* The other process must not outlive this one, which it may be waiting for. */
void bench_end_with_parent(void);
__attribute__((format(printf, 1, 2), noreturn))
void bench_fail(const char *format, ...);
