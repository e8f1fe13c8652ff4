/* SPDX-License-Identifier: MIT */
/* ceiling.c: what this machine does in the same minute without any protocol: memcpy, and plain TCP over loopback. */
#include "bench.h"
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define COPY_BYTES (32 * MIB)
#define SPAN_NS 400000000ull
#define SPAN_CHUNKS 128		/* that a transfer moves */
#define RECV_BYTES (128u << 10)

/* Which way is the quickest depends on the machine. An ordinary program's receiver sleeps until there is something. */
static const struct way { size_t send_bytes; bool polls; } ways[] = {
	{ 64u << 10, false }, { 64u << 10, true }, { 256u << 10, false }, { 256u << 10, true },
	{ 1u << 20, false }, { 1u << 20, true },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

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

/* The chunks that a transfer moves, in turn: those that the guest has touched, some of them more than once if they are few. */
static void walk(const struct memory *m, uint64_t chunk[SPAN_CHUNKS])
{
	unsigned count = 0;

	for (uint64_t n = 0; n < m->chunks && count < SPAN_CHUNKS; n++)
		if (m->present[n])
			chunk[count++] = n;
	if (!count)
		chunk[count++] = 0;
	for (unsigned n = count; n < SPAN_CHUNKS; n++)
		chunk[n] = chunk[n - count];
}

/* The other process: each page to its place in memory like the one that a guest is received into. */
__attribute__((noreturn))
static void receive(int listener, const struct memory *source, const uint64_t chunk[SPAN_CHUNKS])
{
	uint8_t *wanted = calloc(source->chunks, 1);
	struct memory m;

	bench_end_with_parent();
	if (!wanted)
		bench_fail("no memory for plain TCP");
	for (unsigned n = 0; n < SPAN_CHUNKS; n++)
		wanted[chunk[n]] = 1;
	memory_init(&m, source->pages * PAGE_SIZE);
	memory_populate(&m, wanted);
	for (unsigned w = 0; w < WAYS; w++) {
		int fd = accept(listener, NULL, NULL);
		double cpu = bench_cpu_s();

		for (unsigned n = 0; n < SPAN_CHUNKS; n++) {
			for (uint64_t at = 0, room; at < CHUNK_SIZE;) {
				ssize_t got;

				room = CHUNK_SIZE - at < RECV_BYTES ? CHUNK_SIZE - at : RECV_BYTES;
				if (ways[w].polls)
					link_poll(fd, POLLIN, UINT64_MAX);
				got = recv(fd, m.bytes + chunk[n] * CHUNK_SIZE + at, room, 0);
				if (got <= 0)
					_exit(1);
				at += (uint64_t)got;
			}
		}
		cpu = bench_cpu_s() - cpu;
		if (send(fd, &cpu, sizeof(cpu), MSG_NOSIGNAL) != sizeof(cpu))
			_exit(1);
		close(fd);
	}
	_exit(0);
}

/* One transfer on a connection of its own, from the first byte until the last one is known to be in its place. */
static void transfer(const struct memory *m, const uint64_t chunk[SPAN_CHUNKS], const struct way *way, int fd, struct ceiling *out)
{
	const double gb = SPAN_CHUNKS * CHUNK_SIZE * 1e-9;
	double send_cpu = bench_cpu_s(), recv_cpu, rate;
	uint64_t start = bench_now_ns();

	for (unsigned n = 0; n < SPAN_CHUNKS; n++) {
		for (uint64_t at = 0, bytes; at < CHUNK_SIZE;) {
			ssize_t sent;

			bytes = CHUNK_SIZE - at < way->send_bytes ? CHUNK_SIZE - at : way->send_bytes;
			sent = send(fd, m->bytes + chunk[n] * CHUNK_SIZE + at, bytes, MSG_NOSIGNAL);
			if (sent <= 0)
				bench_fail("plain TCP ended early");
			at += (uint64_t)sent;
		}
	}
	if (recv(fd, &recv_cpu, sizeof(recv_cpu), MSG_WAITALL) != sizeof(recv_cpu))
		bench_fail("plain TCP ended early");
	rate = gb * 1e18 / (double)(bench_now_ns() - start);
	send_cpu = (bench_cpu_s() - send_cpu) / gb;
	recv_cpu /= gb;
	close(fd);
	if (rate > out->tcp_rate)
		out->tcp_rate = rate;
	if (!way->polls && rate > out->tcp_blocking_rate)
		out->tcp_blocking_rate = rate;
	/* Its own best: the quickest way need not be the one that spends the least. */
	if (out->send_cpu_s_per_gb && busier(send_cpu, recv_cpu) >= busier(out->send_cpu_s_per_gb, out->recv_cpu_s_per_gb))
		return;
	out->send_cpu_s_per_gb = send_cpu;
	out->recv_cpu_s_per_gb = recv_cpu;
}

static void tcp(const struct memory *m, struct ceiling *out)
{
	uint64_t chunk[SPAN_CHUNKS];
	uint16_t port;
	int listener = link_listen(&port);
	pid_t child;

	walk(m, chunk);
	child = fork();
	if (child < 0)
		bench_fail("no second process");
	if (!child)
		receive(listener, m, chunk);
	close(listener);
	for (unsigned w = 0; w < WAYS; w++)
		transfer(m, chunk, &ways[w], link_connect(port), out);
	waitpid(child, NULL, 0);
}

void ceiling_measure(const struct memory *m, struct ceiling *out)
{
	double rate = copy_rate(m);

	if (rate > out->memcpy_rate)
		out->memcpy_rate = rate;
	tcp(m, out);
}
