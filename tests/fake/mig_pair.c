/* SPDX-License-Identifier: MIT */
/* mig_pair.c: two hosts in one process. */
#include "mig_pair.h"
#include <stdlib.h>
#include <string.h>
#include "lib/fmt.h"
#include "lib/log.h"
#include "migration/service_parts.h"

#define MS 1000000ull

static uint64_t clock_ns(void *ctx)
{
	(void)ctx;
	return pipe_now_ns += 100;
}

static struct channel *connect_to(void *ctx, uint32_t ipv4, uint16_t port, struct why *why)
{
	struct pair_host *h = ctx;
	struct pair *p = h->pair;
	int to = ipv4 == 0x0a4d0002 ? 0 : 1;
	struct pipe_options o = p->link;
	struct channel *mine, *theirs;

	if (p->pipes == PAIR_PIPES) {
		why_set(why, "the test allows %u connections", PAIR_PIPES);
		return NULL;
	}
	if (ipv4 == 0x0a4d0009 || p->unplugged || p->host[0].dead || p->host[1].dead)
		o.status = ERR_AGAIN;
	if (port != 5991)
		o.status = ERR_REFUSED;
	p->pipe[p->pipes] = pipe_new(&o);
	p->opener[p->pipes] = h->number;
	mine = pipe_end(p->pipe[p->pipes], 0);
	mine->peer_ipv4 = ipv4;
	mine->peer_port = port;
	if (!o.status) {
		theirs = pipe_end(p->pipe[p->pipes], 1);
		theirs->peer_ipv4 = 0x0a4d0002 + (uint32_t)h->number;
		if (p->on_connect)
			p->on_connect(p, p->pipes, p->pipe[p->pipes]);
		mig_service_accept(p->host[to].service, theirs, pipe_now_ns);
	}
	p->pipes++;
	return mine;
}

static void random_op(void *ctx, void *out, size_t bytes)
{
	struct pair_host *h = ctx;

	for (size_t i = 0; i < bytes; i++) {
		h->random = h->random * 6364136223846793005u + 1442695040888963407u;
		((uint8_t *)out)[i] = (uint8_t)(h->random >> 56);
	}
}

/* Stands for HMAC-SHA256: the same again with the same secret, and unlike without. */
static void derive_op(void *ctx, const void *in, size_t bytes, uint8_t out[32])
{
	uint64_t state = ((struct pair_host *)ctx)->secret;

	for (size_t i = 0; i < bytes; i++)
		state = (state ^ ((const uint8_t *)in)[i]) * 6364136223846793005u + 1442695040888963407u;
	for (int i = 0; i < 32; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		out[i] = (uint8_t)(state >> 56);
	}
}

static bool accept_from(void *ctx, uint32_t ipv4)
{
	(void)ipv4;
	return !((struct pair_host *)ctx)->refuse_all;
}

static struct mig_guest *guest_find(void *ctx, const char *name, enum mig_move_type type, struct why *why)
{
	struct pair_host *h = ctx;

	for (unsigned i = 0; i < h->guests; i++) {
		bool fits = h->guest[i]->life == FAKE_RUNNING || (h->guest[i]->life == FAKE_OFF && type == MIG_MOVE_RESTART);

		if (fits && !strcmp(h->guest[i]->def.name, name))
			return &h->guest[i]->guest;
	}
	why_set(why, "no VM %s runs on %s", name, h->host.name);
	return NULL;
}

static void guest_check(void *ctx, const struct mig_definition *def, struct why_list *reasons)
{
	struct pair_host *h = ctx;

	if (h->no_room)
		why_add(reasons, "%s: %s", def->name, h->no_room);
	for (unsigned i = 0; i < h->guests; i++) {
		enum fake_guest_life life = h->guest[i]->life;

		if (life != FAKE_RELEASED && life != FAKE_DISCARDED && !strcmp(h->guest[i]->def.name, def->name))
			why_add(reasons, "%s has a VM %s already", h->host.name, def->name);
	}
}

static struct mig_guest *guest_create(void *ctx, const struct mig_definition *def, struct why_list *reasons)
{
	struct pair_host *h = ctx;
	struct fake_guest *g;

	guest_check(ctx, def, reasons);
	if (reasons->count)
		return NULL;
	if (h->guests == PAIR_GUESTS) {
		why_add(reasons, "the test allows %u guests", PAIR_GUESTS);
		return NULL;
	}
	g = fake_guest_empty(def);
	g->state_refused = h->state_refused;
	g->idle = h->idle;
	g->corrupt = h->corrupt;
	h->guest[h->guests++] = g;
	return &g->guest;
}

static enum mig_vm_here vm_here(void *ctx, const uint8_t uuid[16])
{
	struct pair_host *h = ctx;
	enum mig_vm_here here = h->waits ? MIG_VM_WAITS : MIG_VM_ABSENT;

	for (unsigned i = 0; i < h->guests; i++) {
		enum fake_guest_life life = h->guest[i]->life;

		if (!memcmp(h->guest[i]->def.uuid, uuid, 16) && life != FAKE_RELEASED && life != FAKE_DISCARDED)
			here = life == FAKE_OFF ? MIG_VM_OFF : MIG_VM_RUNS;
	}
	return here;
}

static void vm_give_up(void *ctx, const uint8_t uuid[16])
{
	struct pair_host *h = ctx;

	for (unsigned i = 0; i < h->guests; i++)
		if (!memcmp(h->guest[i]->def.uuid, uuid, 16) && h->guest[i]->life == FAKE_OFF)
			h->guest[i]->life = FAKE_RELEASED;
	h->given_up++;
}

static unsigned peers(void *ctx, uint32_t *ipv4, unsigned room)
{
	struct pair_host *h = ctx;

	if (!h->peer || !room)
		return 0;
	ipv4[0] = h->peer;
	return 1;
}

static void host_start(struct pair *p, int n, uint8_t boot)
{
	struct pair_host *h = &p->host[n];

	h->pair = p;
	h->number = n;
	h->host = (struct mig_host){
		.ctx = h, .can_run_vms = true, .max_downtime_ms = 300, .clock_ns = clock_ns, .connect = connect_to,
		.accept_from = accept_from, .guest_find = guest_find, .guest_check = guest_check,
		.guest_create = guest_create, .random = random_op, .vm_here = vm_here, .vm_give_up = vm_give_up, .peers = peers,
	};
	h->random = boot;
	fmt(h->host.name, sizeof(h->host.name), "lab-%c", 'a' + n);
	memset(h->host.uuid, 0x10 + n, 16);
	memset(h->host.boot_id, boot, 16);
	if (p->prepare)
		p->prepare(h);
	if (h->store) {
		h->host.store = fake_store_seam(h->store, h->proven);
		h->host.derive = derive_op;
	}
	h->dead = false;
	h->service = h->absent ? NULL : mig_service_create(&h->host);
}

void pair_init_by(struct pair *p, uint64_t memory_bytes, void (*prepare)(struct pair_host *h))
{
	memset(p, 0, sizeof(*p));
	p->prepare = prepare;
	pipe_now_ns = 1000 * MS;
	p->step_ns = MS;
	p->work_pages = 512;
	host_start(p, 0, 0xa0);
	host_start(p, 1, 0xb0);
	p->host[0].guest[p->host[0].guests++] = fake_guest_new("web1", memory_bytes);
}

void pair_init(struct pair *p, uint64_t memory_bytes)
{
	pair_init_by(p, memory_bytes, NULL);
}

static void lose_memory(struct pair_host *h)
{
	mig_service_destroy(h->service);
	for (unsigned i = 0; i < h->guests; i++)
		fake_guest_free(h->guest[i]);
	h->guests = 0;
}

void pair_reboot(struct pair *p, int n)
{
	lose_memory(&p->host[n]);
	host_start(p, n, (uint8_t)(0xc0 + p->boots++));
}

void pair_encodings(struct pair *p, int number, uint32_t encodings)
{
	struct pair_host *h = &p->host[number];

	mig_service_destroy(h->service);
	h->host.encodings = encodings;
	h->service = mig_service_create(&h->host);
}

void pair_keep_records(struct pair *p, struct fake_store store[2])
{
	for (int n = 0; n < 2; n++) {
		memset(&store[n], 0, sizeof(store[n]));
		p->host[n].store = &store[n];
		p->host[n].proven = true;
		p->host[n].secret = 0x5ec4e7 + (uint64_t)n;
		mig_service_destroy(p->host[n].service);
		host_start(p, n, (uint8_t)(0xa0 + 0x10 * n));
	}
}

void pair_init_recorded(struct pair *p, struct fake_store store[2])
{
	pair_init(p, 4u << 20);
	pair_keep_records(p, store);
	p->host[0].idle = p->host[1].idle = true;
	fake_guest_work(p->host[0].guest[0], 100, 50);
	p->host[0].guest[0]->idle = true;
}

void pair_kill(struct pair *p, int n)
{
	for (unsigned c = 0; c < p->pipes; c++)
		pipe_cut(p->pipe[c], false);
	p->host[n].dead = true;
	if (p->host[n].store)
		p->host[n].store->frozen = true;
}

void pair_restart(struct pair *p, int n, enum fake_store_fate fate)
{
	struct pair_host *h = &p->host[n];

	if (!h->dead)
		pair_kill(p, n);
	lose_memory(h);
	if (h->store)
		fake_store_restart(h->store, fate);
	h->proven = h->store && fate != FAKE_STORE_FORGETS;
	if (fate == FAKE_STORE_FORGETS)
		h->secret += 1000;
	host_start(p, n, (uint8_t)(0xc0 + p->boots++));
}

void pair_fini(struct pair *p)
{
	for (int n = 0; n < 2; n++)
		mig_service_destroy(p->host[n].service);
	for (int n = 0; n < 2; n++)
		for (unsigned i = 0; i < p->host[n].guests; i++)
			fake_guest_free(p->host[n].guest[i]);
	for (unsigned i = 0; i < p->pipes; i++)
		pipe_drop(p->pipe[i]);
}

void pair_step(struct pair *p)
{
	bool more[2];
	unsigned running = pair_count(p, FAKE_RUNNING);

	for (int n = 0; n < 2; n++)
		mig_service_step(p->host[n].service, pipe_now_ns, &more[n]);
	if (running > p->most_running)
		p->most_running = running;
	if (more[0] || more[1]) {
		pipe_now_ns += 10000;
		return;
	}
	pipe_now_ns += p->step_ns;
	for (int n = 0; n < 2; n++) {
		for (unsigned i = 0; i < p->host[n].guests && p->work; i++) {
			fake_guest_time(p->host[n].guest[i], p->step_ns);
			fake_guest_work(p->host[n].guest[i], p->work, p->work_pages);
		}
	}
}

void pair_run(struct pair *p, uint64_t ns)
{
	uint64_t end = pipe_now_ns + ns;

	while (pipe_now_ns < end)
		pair_step(p);
}

uint32_t pair_migrate(struct pair *p, int from, enum mig_verify verify)
{
	struct mig_move move = { .vm = "web1", .ipv4 = 0x0a4d0002 + (uint32_t)!from, .port = 5991, .verify = verify,
				 .type = p->type, .stuck = p->stuck };
	struct why why = { "" };
	uint32_t job = 0;

	if (mig_migrate_start(p->host[from].service, &move, &job, pipe_now_ns, &why))
		panic("the migration did not start: %s", why.text);
	return job;
}

const struct mig_job *pair_wait(struct pair *p, int n, uint32_t job, uint64_t limit_ns)
{
	uint64_t end = pipe_now_ns + limit_ns;

	while (pipe_now_ns < end && !mig_job_find(p->host[n].service, job)->ended_ns)
		pair_step(p);
	return mig_job_find(p->host[n].service, job);
}

bool pair_check(struct pair *p, struct why_list *reasons)
{
	struct mig_move move = { .vm = "web1", .ipv4 = 0x0a4d0003, .port = 5991 };
	struct why why = { "" };
	bool migratable = false;
	uint32_t check;
	enum err e;

	if (mig_check_start(p->host[0].service, &move, &check, pipe_now_ns, &why))
		panic("the check did not start: %s", why.text);
	do {
		pair_step(p);
		e = mig_check_poll(p->host[0].service, check, &migratable, reasons);
	} while (e == ERR_AGAIN);
	return e == ERR_OK && migratable;
}

struct fake_guest *pair_running(struct pair *p, int n)
{
	for (unsigned i = 0; i < p->host[n].guests; i++)
		if (p->host[n].guest[i]->life == FAKE_RUNNING)
			return p->host[n].guest[i];
	return NULL;
}

unsigned pair_count(const struct pair *p, enum fake_guest_life life)
{
	unsigned count = 0;

	for (int n = 0; n < 2; n++)
		for (unsigned i = 0; i < p->host[n].guests; i++)
			count += p->host[n].guest[i]->life == life;
	return count;
}

bool pair_quiet(const struct pair *p)
{
	for (int n = 0; n < 2; n++) {
		const struct mig_service *m = p->host[n].service;

		if (m->core.coming || service_notifications(m))
			return false;
		for (unsigned i = 0; i < SERVICE_OUT; i++)
			if (m->out[i].source)
				return false;
	}
	return true;
}
