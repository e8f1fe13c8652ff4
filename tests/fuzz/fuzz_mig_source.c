/* SPDX-License-Identifier: MIT */
/* fuzz: migration fake_pages */
#include <stdlib.h>
#include <string.h>
#include "migration/service_parts.h"
#include "tests/fake/mig_answers.h"

/* A source that moves its guest to a destination that answers as the input says. Before COMMIT the guest runs on here whatever
 * comes; COMMIT follows nothing but a right READY, and after it the guest never runs here without REFUSED; it is freed for RUNNING
 * alone; and a move comes to an end, or is in doubt. Byte 0 is the set-up, bytes 1 and 2 are D's capabilities, byte 3 is what an
 * operator does, in the turn that byte 4 says; bytes after that are answers. */

#define SECOND	1000000000ull
#define TURNS	600u
#define AFTER	40u		/* turns that are left for what follows the end of a move */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pair pair;
static struct answers answers;
static struct fake_store store;
static uint8_t setup;
static bool forced_resume, forced_forget;

static void check(bool right)
{
	if (!right)
		abort();
}

static void prepare(struct pair_host *h)
{
	h->absent = h->number;
	h->host.connect = answers_connect;
	h->host.shutdown_wait_ms = 3000;
	h->host.resume_grace_ns = 20 * SECOND;
	h->store = setup & 8 ? &store : NULL;
	h->proven = setup & 16;
}

static struct mig_source *source(void)
{
	for (unsigned i = 0; i < SERVICE_OUT; i++)
		if (pair.host[0].service->out[i].source)
			return pair.host[0].service->out[i].source;
	return NULL;
}

static void ready(struct mig_ready *out)
{
	struct mig_source *s = source();
	struct mig_memory_hash hash;

	if (!s)
		return;
	out->digest = mig_digest_value(&s->digest);
	out->verified = s->options.verify;
	if (!out->verified || !s->guest)
		return;
	mig_memory_hash_init(&hash, s->guest, s->def.memory_bytes);
	while (!mig_memory_hash_step(&hash, 256, &out->memory_hash))
		;
}

static void look(const struct fake_guest *g)
{
	const struct mig_source *s = source();

	answers.committed |= s && s->handoff >= HS_COMMITTED && s->handoff <= HS_DONE;
	check(!answers.committed || answers.loaded);
	check(g->life != FAKE_RELEASED || answers.running || forced_forget);
	check(!answers.committed || g->life != FAKE_RUNNING || answers.refused || forced_resume);
}

static void operate(uint32_t job, uint8_t what)
{
	struct mig_service *m = pair.host[0].service;
	struct why why;

	if (what % 3 == 0)
		(void)!mig_job_cancel(m, job, pipe_now_ns, &why);
	else if (what % 3 == 1)
		forced_resume |= mig_job_force(m, job, MIG_FORCE_RESUME, true, pipe_now_ns, &why) == ERR_OK;
	else
		forced_forget |= mig_job_force(m, job, MIG_FORCE_FORGET, true, pipe_now_ns, &why) == ERR_OK;
}

/* Ended, and perhaps forgotten since. */
static bool ended(uint32_t job)
{
	const struct mig_job *j = mig_job_find(pair.host[0].service, job);

	return !j || j->ended_ns;
}

/* Time goes on to the next deadline, a second at most, when nobody has anything to do. */
static void turn(struct fake_guest *g)
{
	bool more;
	uint64_t when = mig_service_step(pair.host[0].service, pipe_now_ns, &more);

	look(g);
	if (answers_step(&answers) || more) {
		pipe_now_ns += 10000;
		return;
	}
	fake_guest_work(g, 1, 32);
	pipe_now_ns = when > pipe_now_ns && when < pipe_now_ns + SECOND ? when : pipe_now_ns + SECOND;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum mig_move_type types[] = { MIG_MOVE_LIVE, MIG_MOVE_RESUME, MIG_MOVE_RESTART, MIG_MOVE_LIVE };
	static const char kernel_bytes[300] = "a kernel";
	static struct blob *kernel;
	struct input in = { data, size };
	struct fake_guest *g;
	uint8_t operator, when;
	uint32_t job;

	if (!kernel) {
		kernel = blob_use(blob_file(kernel_bytes, sizeof(kernel_bytes)));
		check(blob_name_step(kernel, sizeof(kernel_bytes)));
	}
	memset(&answers, 0, sizeof(answers));
	memset(&store, 0, sizeof(store));
	forced_resume = forced_forget = false;
	setup = input_u8(&in);
	answers.capabilities = input_u16(&in);
	operator = input_u8(&in);
	when = input_u8(&in);
	pair_init_by(&pair, 2u << 20, prepare);
	answers.pair = &pair;
	answers.in = &in;
	answers.ready = ready;
	answers_now = &answers;
	g = pair.host[0].guest[0];
	fake_guest_work(g, 6, 32);
	if (setup & 32)
		g->images.kernel = blob_use(kernel);
	pair.type = types[setup & 3];
	job = pair_migrate(&pair, 0, setup & 4 ? MIG_VERIFY_FULL : MIG_VERIFY_OFF);
	for (unsigned n = 1, after = 0; n < TURNS && after < AFTER; n++) {
		turn(g);
		if (n == when)
			operate(job, operator);
		after += ended(job);
	}
	check(ended(job) || mig_job_find(pair.host[0].service, job)->in_doubt);
	check(answers.committed || g->life == FAKE_RUNNING);
	pair_fini(&pair);
	answers_fini(&answers);
	return 0;
}
