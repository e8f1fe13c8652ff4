/* SPDX-License-Identifier: MIT */
/* ceiling.c: what this machine does in the same minute without any protocol: memcpy, and plain TCP over loopback. */
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define COPY_BYTES (32 * MIB)
#define SPAN_NS 400000000ull
#define SEND_BYTES 65536

static double copy_rate(const struct memory *m)
{
	uint64_t span = m->pages * PAGE_SIZE < COPY_BYTES ? m->pages * PAGE_SIZE : COPY_BYTES, start, bytes = 0;
	uint8_t *to = malloc(span);

	if (!to)
		bench_fail("no memory to copy to");
	memset(to, 1, span);
	start = bench_now_ns();
	do {
		memcpy(to, m->bytes + bytes % (m->pages * PAGE_SIZE - span + 1), span);
		__asm__ volatile("" : : "r"(to) : "memory");
		bytes += span;
	} while (bench_now_ns() - start < SPAN_NS);
	free(to);
	return (double)bytes * 1e9 / (double)(bench_now_ns() - start);
}

static double seconds(const struct rusage *used)
{
	return (double)(used->ru_utime.tv_sec + used->ru_stime.tv_sec) +
		(double)(used->ru_utime.tv_usec + used->ru_stime.tv_usec) * 1e-6;
}

/* Sends guest memory as it is for a while; the other process throws it away. */
static void tcp(const struct memory *m, struct ceiling *out)
{
	uint64_t at = 0, bytes = 0, start;
	struct rusage used;
	double cpu;
	uint16_t port;
	int listener = link_listen(&port), fd;
	pid_t child = fork();

	if (child < 0)
		bench_fail("no second process");
	if (!child) {
		static uint8_t sink[2 * SEND_BYTES];

		fd = accept(listener, NULL, NULL);
		/* Woken for each segment a receiver is slower than an engine that comes by now and then. */
		while (recv(fd, sink, sizeof(sink), MSG_WAITALL) > 0)
			;
		_exit(0);
	}
	close(listener);
	fd = link_connect(port);
	start = bench_now_ns();
	cpu = bench_cpu_s();
	do {
		ssize_t n = send(fd, m->bytes + at, SEND_BYTES, MSG_NOSIGNAL);

		if (n <= 0)
			bench_fail("plain TCP ended early");
		bytes += (uint64_t)n;
		at = (at + SEND_BYTES) % (m->pages * PAGE_SIZE);
	} while (bench_now_ns() - start < SPAN_NS);
	shutdown(fd, SHUT_WR);
	wait4(child, NULL, 0, &used);
	out->tcp_rate = (double)bytes * 1e9 / (double)(bench_now_ns() - start);
	out->send_cpu_s_per_gb = (bench_cpu_s() - cpu) * 1e9 / (double)bytes;
	out->recv_cpu_s_per_gb = seconds(&used) * 1e9 / (double)bytes;
	close(fd);
}

void ceiling_measure(const struct memory *m, struct ceiling *out)
{
	out->memcpy_rate = copy_rate(m);
	tcp(m, out);
}
