/* SPDX-License-Identifier: MIT */
/* side.c: the source in this process, the destination in another, and what each took. */
#include "bench.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/pages.h"
#include "migration/service.h"

#define SECOND 1000000000ull
#define WORK_NS 500000		/* the writer's longest pause */

struct ctx {
	const struct options *o;
	struct memory *m;
	struct channel *ch;
	uint16_t port;
};

static uint64_t spare_chunks(void *ctx)
{
	(void)ctx;
	return pages_free_chunks();
}

static uint64_t clock_ns(void *ctx)
{
	(void)ctx;
	return bench_now_ns();
}

/* Each side has a core to itself, and is in no hurry where something else sets the pace. */
static bool polls(const struct options *o)
{
	return !o->link_bytes && !o->cap_bytes;
}

static struct channel *connect_to(void *ctx, uint32_t ipv4, uint16_t port, struct why *why)
{
	struct ctx *c = ctx;

	(void)ipv4;
	(void)why;
	c->ch = link_channel(link_connect(port), c->o->link_bytes, polls(c->o));
	return c->ch;
}

static bool accept_from(void *ctx, uint32_t ipv4)
{
	(void)ctx;
	(void)ipv4;
	return true;
}

static struct mig_guest *guest_find(void *ctx, const char *name, enum mig_move_type type, struct why *why)
{
	(void)name;
	(void)type;
	(void)why;
	return &((struct ctx *)ctx)->m->guest;
}

static void guest_check(void *ctx, const struct mig_definition *def, struct why_list *reasons)
{
	(void)ctx;
	(void)def;
	(void)reasons;
}

static struct mig_guest *guest_create(void *ctx, const struct mig_definition *def, struct why_list *reasons)
{
	(void)def;
	(void)reasons;
	return &((struct ctx *)ctx)->m->guest;
}

static void random_op(void *ctx, void *out, size_t bytes)
{
	(void)ctx;
	if (getrandom(out, bytes, 0) != (ssize_t)bytes)
		bench_fail("no random numbers");
}

static struct mig_service *service(struct ctx *c, const char *name)
{
	struct mig_host host = {
		.ctx = c, .can_run_vms = true, .max_downtime_ms = c->o->max_downtime_ms, .clock_ns = clock_ns,
		.spare_chunks = spare_chunks,
		.connect = connect_to, .accept_from = accept_from, .guest_find = guest_find, .guest_check = guest_check,
		.guest_create = guest_create, .random = random_op, .encodings = c->o->encodings,
	};
	struct mig_service *s;

	strcpy(host.name, name);
	if (getrandom(host.boot_id, sizeof(host.boot_id), 0) < 0)
		bench_fail("no random numbers");
	memcpy(host.uuid, host.boot_id, sizeof(host.uuid));
	s = mig_service_create(&host);
	if (!s)
		bench_fail("no memory for a service");
	return s;
}

static void send_all(int fd, const void *data, size_t length)
{
	if (send(fd, data, length, MSG_NOSIGNAL) != (ssize_t)length)
		bench_fail("the other process is gone");
}

static void recv_all(int fd, void *data, size_t length)
{
	if (recv(fd, data, length, MSG_WAITALL) != (ssize_t)length)
		bench_fail("the other process is gone");
}

/* The other process: receives one guest, tells how that went, and ends. */
__attribute__((noreturn))
static void destination(const struct options *o, const struct memory *source, int parent)
{
	struct memory m;
	struct ctx c = { .o = o, .m = &m };
	struct side side = { 0 };
	struct mig_service *s;
	int listener;
	bool more;

	bench_end_with_parent();
	memory_init(&m, source->pages * PAGE_SIZE);
	memory_populate(&m, source->present);
	s = service(&c, "bench-b");
	listener = link_listen(&c.port);
	send_all(parent, &c.port, sizeof(c.port));
	c.ch = link_channel(accept(listener, NULL, NULL), 0, polls(o));
	mig_service_accept(s, c.ch, bench_now_ns());
	side.cpu_s = -bench_cpu_s();
	for (;;) {
		uint64_t next = mig_service_step(s, bench_now_ns(), &more);
		const struct mig_job *job = mig_job_get(s, 0);

		if (job && job->ended_ns) {
			side.job = *job;
			break;
		}
		if (!more)
			link_wait(c.ch, next);
	}
	side.cpu_s += bench_cpu_s();
	/* The last answers still have to go out. */
	for (uint64_t end = bench_now_ns() + SECOND / 5; bench_now_ns() < end;) {
		mig_service_step(s, bench_now_ns(), &more);
		usleep(2000);
	}
	side.hash = memory_hash(&m);
	send_all(parent, &side, sizeof(side));
	_exit(0);
}

/* Steps the source until its job ends. */
static void drive(struct ctx *c, struct mig_service *s, uint32_t id)
{
	unsigned then = 1;
	bool more;

	for (;;) {
		uint64_t next = mig_service_step(s, bench_now_ns(), &more), now = bench_now_ns();
		const struct mig_job *job = mig_job_find(s, id);

		if (job->ended_ns)
			return;
		if (job->rounds > then && then < c->o->images && c->m->runs) {
			double cpu = bench_cpu_s();

			content_then(c->m, c->o, then++);
			c->m->writer_cpu_s += bench_cpu_s() - cpu;
		}
		memory_work(c->m, c->o, now);
		if (more || !c->ch)
			continue;
		if (c->o->dirty_rate && c->m->runs && next > now + WORK_NS)
			next = now + WORK_NS;
		link_wait(c->ch, next);
	}
}

/* What the hypervisor's page allocator would have free at the source. */
void spare_memory(const struct options *o)
{
	uint64_t bytes = o->spare_bytes;
	uint8_t *p = bytes ? memory_map(bytes) : NULL;

	if (bytes && (!p || madvise(p, bytes, MADV_POPULATE_WRITE)))
		bench_fail("no %llu MiB of spare memory", (unsigned long long)(bytes / MIB));
	if (p)
		pages_add((uint64_t)(uintptr_t)p, bytes);
}

void run_migration(struct memory *m, const struct options *o, struct run *out)
{
	struct mig_move move = { .vm = "bench", .ipv4 = 0x7f000001, .verify = o->verify ? MIG_VERIFY_FULL : MIG_VERIFY_OFF,
				 .bandwidth_bytes = o->cap_bytes, .stuck = o->stuck, .max_downtime_ms = o->max_downtime_ms };
	struct ctx c = { .o = o, .m = m };
	struct why why = { "" };
	struct mig_service *s;
	uint64_t start;
	uint32_t id;
	int pair[2];
	pid_t child;
	bool more;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		bench_fail("no pair of sockets");
	child = fork();
	if (child < 0)
		bench_fail("no second process");
	if (!child)
		destination(o, m, pair[1]);
	close(pair[1]);
	recv_all(pair[0], &move.port, sizeof(move.port));
	s = service(&c, "bench-a");
	m->runs = true;
	out->source.cpu_s = -bench_cpu_s();
	start = bench_now_ns();
	if (mig_migrate_start(s, &move, &id, start, &why))
		bench_fail("%s", why.text);
	drive(&c, s, id);
	out->total_s = (double)(bench_now_ns() - start) * 1e-9;
	out->source.cpu_s += bench_cpu_s() - m->writer_cpu_s;
	out->source.job = *mig_job_find(s, id);
	for (uint64_t end = bench_now_ns() + SECOND / 10; bench_now_ns() < end; usleep(2000))
		mig_service_step(s, bench_now_ns(), &more);
	if (out->source.job.state != MIG_JOB_COMPLETED)
		bench_fail("the migration failed: %s", out->source.job.error);
	recv_all(pair[0], &out->destination, sizeof(out->destination));
	waitpid(child, NULL, 0);
	out->source.hash = memory_hash(m);
	mig_service_destroy(s);
	close(pair[0]);
}
