/* SPDX-License-Identifier: MIT */
/* report.c: what a run found, as a table or as JSON. */
#include "bench.h"
#include <stdio.h>

#define ROWS 26

/* The same rows make the table and the JSON. */
struct row { const char *key, *text, *unit; double value; int digits; };

static unsigned rows(const struct options *o, const struct run *r, const struct ceiling *c, struct row *out)
{
	const struct mig_job *job = &r->source.job;
	double wire = (double)job->bytes_sent, gb = (double)r->content.nonzero_bytes * 1e-9, pages = 0;
	unsigned n = 0;

	for (uint32_t k = 0; k < job->rounds && k < MIG_JOB_ROUNDS; k++)
		pages += (double)(job->round[k].pages * PAGE_SIZE);
#define ROW(...) out[n++] = (struct row){ __VA_ARGS__ }
	ROW("memory_mib", "guest memory", "MiB", (double)r->content.bytes / MIB, 0);
	ROW("nonzero_mib", "of it not zero", "MiB", (double)r->content.nonzero_bytes / MIB, 1);
	ROW("distinct_mib", "of it distinct", "MiB", (double)r->content.distinct_bytes / MIB, 1);
	if (!o->no_ceilings)
		ROW("zstd_mib", "zstd of 128 KiB pieces", "MiB", (double)r->content.zstd_bytes / MIB, 1);
	ROW("total_ms", "total time", "ms", r->total_s * 1e3, 1);
	ROW("downtime_ms", "downtime", "ms", (double)job->downtime_ns * 1e-6, 2);
	ROW("budget_ms", "  budgeted", "ms", (double)job->expected_downtime_ns * 1e-6, 2);
	ROW("rounds", "rounds", "", job->rounds, 0);
	ROW("wire_mib", "bytes on the wire", "MiB", wire / MIB, 1);
	ROW("wire_of_raw", "  of all memory", "%", 100 * wire / (double)r->content.bytes, 1);
	ROW("wire_of_nonzero", "  of non-zero memory", "%", gb > 0 ? 100 * wire / (gb * 1e9) : 0, 1);
	ROW("wire_of_distinct", "  of distinct memory", "%", gb > 0 ? 100 * wire / (double)r->content.distinct_bytes : 0, 1);
	ROW("wire_of_pages", "  of the pages sent", "%", pages > 0 ? 100 * wire / pages : 0, 1);
	ROW("source_cpu_ms", "CPU, source", "ms", r->source.cpu_s * 1e3, 1);
	ROW("destination_cpu_ms", "CPU, destination", "ms", r->destination.cpu_s * 1e3, 1);
	ROW("source_cpu_s_per_gb", "  source, per GB of pages", "s/GB", pages > 0 ? r->source.cpu_s * 1e9 / pages : 0, 3);
	ROW("destination_cpu_s_per_gb", "  destination", "s/GB", pages > 0 ? r->destination.cpu_s * 1e9 / pages : 0, 3);
	ROW("pages_mb_s", "pages moved", "MB/s", pages * 1e-6 / r->total_s, 0);
	if (!o->no_ceilings) {
		ROW("memcpy_mb_s", "ceiling: memcpy", "MB/s", c->memcpy_rate * 1e-6, 0);
		ROW("tcp_mb_s", "ceiling: plain TCP", "MB/s", c->tcp_rate * 1e-6, 0);
		ROW("tcp_blocking_mb_s", "  its receiver never polls", "MB/s", c->tcp_blocking_rate * 1e-6, 0);
		ROW("tcp_send_s_per_gb", "  its CPU, sending", "s/GB", c->send_cpu_s_per_gb, 3);
		ROW("tcp_recv_s_per_gb", "  its CPU, receiving", "s/GB", c->recv_cpu_s_per_gb, 3);
		ROW("of_tcp", "pages moved, of plain TCP", "%", 100 * pages / r->total_s / c->tcp_rate, 1);
		ROW("of_tcp_blocking", "  of one that never polls", "%", 100 * pages / r->total_s / c->tcp_blocking_rate, 1);
		ROW("of_tcp_cpu", "  by CPU of the busier side", "%", pages > 0 ? 100 * busier(c->send_cpu_s_per_gb,
		    c->recv_cpu_s_per_gb) * pages * 1e-9 / busier(r->source.cpu_s, r->destination.cpu_s) : 0, 1);
	}
#undef ROW
	return n;
}

void report(const struct options *o, const struct run *r, const struct ceiling *c)
{
	struct row row[ROWS];
	unsigned count = rows(o, r, c, row);
	bool equal = r->source.hash == r->destination.hash;

	if (o->json) {
		printf("{\"encoding\": \"%s\", \"link\": %llu, \"cap\": %llu, \"dirty_rate\": %llu, \"dirty_bytes\": %u",
		       o->encoding, (unsigned long long)o->link_bytes, (unsigned long long)o->cap_bytes,
		       (unsigned long long)o->dirty_rate, o->dirty_bytes);
		for (unsigned n = 0; n < count; n++)
			printf(", \"%s\": %.*f", row[n].key, row[n].digits, row[n].value);
		printf(", \"round\": [");
		for (uint32_t k = 0; k < r->source.job.rounds && k < MIG_JOB_ROUNDS; k++)
			printf("%s{\"ms\": %.1f, \"pages\": %llu, \"mib\": %.2f}", k ? ", " : "",
			       (double)(r->source.job.round[k].end_ns - r->source.job.round[k].start_ns) * 1e-6,
			       (unsigned long long)r->source.job.round[k].pages, (double)r->source.job.round[k].bytes / MIB);
		printf("]");
		printf(", \"equal\": %s}\n", equal ? "true" : "false");
	} else {
		for (unsigned n = 0; n < count; n++)
			printf("%-28s %10.*f %s\n", row[n].text, row[n].digits, row[n].value, row[n].unit);
		printf("%-28s %10s\n", "both memories", equal ? "equal" : "DIFFER");
	}
	if (!equal)
		bench_fail("the hashes of both memories differ");
}
