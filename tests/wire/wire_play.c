/* SPDX-License-Identifier: MIT */
/* wire_play.c: the recorder, and the two players. */
#include "wire_play.h"
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "lib/bytes.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/pages.h"
#include "migration/protocol.h"
#include "tests/fake/mig_wire.h"

#define MS	1000000ull
#define SECOND	(1000 * MS)
#define RECORDS	512
#define FIELD	6u	/* header of a table's field */
#define HELLO_VERSIONS (2 * (FIELD + 8))	/* after magic and capabilities */

/* Scenes with a guest that writes in several rounds. */
static bool writes(enum wire_scene scene)
{
	return scene == WIRE_busy || scene == WIRE_cut || scene == WIRE_resume;
}

/* Both hosts wait for a link that comes back. */
static void let_wait(struct pair *p)
{
	for (int n = 0; n < 2; n++) {
		mig_service_destroy(p->host[n].service);
		p->host[n].host.resume_grace_ns = 30 * SECOND;
		p->host[n].service = mig_service_create(&p->host[n].host);
	}
}

#define KERNEL	100000u
#define INITRD	1000u

static uint64_t some_chunks(void *ctx)
{
	(void)ctx;
	return 8;
}

/* The hosts share one store: what the source alone has is none of it. */
static struct blob only_there(const uint8_t *bytes, uint64_t n)
{
	struct blob *b = blob_file(bytes, n), copy;

	if (!b || !blob_name_step(b, n))
		panic("no name for %llu bytes", (unsigned long long)n);
	copy = *b;
	memset(b, 0, sizeof(*b));
	return copy;
}

/* Kernel and initrd of @g, memory for them at the destination (below 4 GiB, where page_alloc looks), no wish of the link. */
static void give_images(struct pair *p, struct fake_guest *g)
{
	static uint8_t bytes[KERNEL + INITRD];
	static struct blob blob[2];
	static void *memory;

	if (!memory) {
		memory = mmap(NULL, 16 * WIRE_MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		if (memory == MAP_FAILED)
			panic("no memory below 4 GiB");
		pages_add((uint64_t)(uintptr_t)memory, 16 * WIRE_MIB);
	}
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 13 + i / 251);
	blob[0] = only_there(bytes, KERNEL);
	blob[1] = only_there(bytes + KERNEL, INITRD);
	g->images = (struct mig_images){ .cmdline = "console=ttyS0", .kernel = &blob[0], .initrd = &blob[1] };
	mig_service_destroy(p->host[1].service);
	p->host[1].host.spare_chunks = some_chunks;
	p->host[1].service = mig_service_create(&p->host[1].host);
}

static bool dies(enum wire_scene scene)
{
	return scene == WIRE_lost || scene == WIRE_inquire;
}

static void guest_of(struct pair *p, enum wire_scene scene)
{
	static struct fake_store store[2];
	struct fake_guest *g;

	pair_init(p, 2 * WIRE_MIB);
	if (dies(scene))
		pair_keep_records(p, store);
	if (scene == WIRE_cut || scene == WIRE_resume)
		let_wait(p);
	wire_guests(p, scene == WIRE_state ? 10 : writes(scene));
	g = p->host[0].guest[0];
	if (writes(scene)) {
		p->link.rate = 1 * WIRE_MIB;
		p->work = 1;
		p->work_pages = 6;
		fake_guest_work(g, 6, 6);
	}
	for (uint64_t pfn = 0; pfn < 1u + writes(scene); pfn++)
		fake_guest_fill(g, 16 + pfn, (uint8_t)(2 * pfn + 1));
	for (uint64_t pfn = 0; pfn < 6; pfn++)
		fake_guest_fill(g, 20 + 3 * pfn, (uint8_t)(2 * pfn + 2));
	fake_guest_fill(g, 511, 78);
	if (scene == WIRE_reject) {
		p->host[1].no_room = "needs 2 MiB, 1 MiB is free";
		p->host[1].guest[p->host[1].guests++] = fake_guest_new("web1", 2 * WIRE_MIB);
	}
	if (scene == WIRE_images)
		give_images(p, g);
	p->host[1].state_refused = scene == WIRE_abort;
}

/* The first connection dies around the destination's READY. */
static void lose_running(struct pair *p, unsigned number, struct pipe *pipe)
{
	if (number == 0)
		pipe_cut_after(pipe, 1, p->option[0], false);
}

/* Bytes of a destination up to READY's end, which are the same in each run of the idle scene. */
static unsigned until_ready(void)
{
	static struct wire_record record[RECORDS];
	static struct pair p;
	struct wire_recording r;
	unsigned end = 0;

	wire_record(&p, WIRE_idle, &r);
	for (unsigned n = 0, count = wire_records(r.bytes[1], r.length[1], record, RECORDS); n < count; n++)
		if (record[n].type == MIG_READY)
			end = (unsigned)(record[n].at + record[n].length);
	pair_fini(&p);
	free(r.bytes[0]);
	free(r.bytes[1]);
	return end;
}

static void cancel(struct pair *p, int side, uint32_t number)
{
	for (int n = 0; n < 6; n++)
		pair_step(p);
	if (mig_job_cancel(p->host[side].service, number, pipe_now_ns, NULL))
		panic("the cancel came too late");
}

static uint32_t start(struct pair *p, enum wire_scene scene)
{
	struct mig_move move = { .vm = "web1", .ipv4 = 0x0a4d0003, .port = 5991, .verify = MIG_VERIFY_FULL };
	uint32_t number = 0;
	struct why why;

	if (scene == WIRE_plain)
		move.verify = MIG_VERIFY_OFF;
	if (scene == WIRE_still)
		move.type = MIG_MOVE_RESUME;
	move.max_downtime_ms = writes(scene) ? 12 : 0;
	if (scene == WIRE_check ? mig_check_start(p->host[0].service, &move, &number, pipe_now_ns, &why) :
	    mig_migrate_start(p->host[0].service, &move, &number, pipe_now_ns, &why))
		panic("it did not start: %s", why.text);
	return number;
}

/* Host a asks b for the machine, which moved there. */
static void ask(struct pair *p, bool claim)
{
	struct fake_guest *g = pair_running(p, 1);
	enum err e = ERR_AGAIN;
	struct why why;

	if (claim)
		g->life = FAKE_OFF;
	p->host[0].peer = 0x0a4d0003;
	for (int n = 0; n < 1000 && e == ERR_AGAIN; n++, pair_step(p))
		e = claim ? mig_service_vm_claim(p->host[0].service, g->def.uuid, pipe_now_ns, &why) :
			mig_service_vm_seek(p->host[0].service, g->def.uuid, g->def.name, pipe_now_ns, &why);
	if (e != (claim ? ERR_OK : ERR_REFUSED))
		panic("what was asked had another answer: %s", why.text);
}

void wire_record(struct pair *p, enum wire_scene scene, struct wire_recording *out)
{
	struct why_list reasons;
	bool lose = scene == WIRE_settle || scene == WIRE_unsure, asks = scene == WIRE_claim || scene == WIRE_locate;
	bool again = lose || asks || scene == WIRE_resume || scene == WIRE_inquire;
	unsigned lost = lose ? until_ready() + (scene == WIRE_settle) : 0;
	bool verdict;
	uint32_t number;

	guest_of(p, scene);
	if (lose) {
		p->option[0] = lost;
		p->on_connect = lose_running;
	}
	number = start(p, scene);
	/* What was data becomes zero after it was sent; after three rounds the guest calms down. */
	while (writes(scene) && mig_job_find(p->host[0].service, number)->rounds < 3) {
		pair_step(p);
		if (mig_job_find(p->host[0].service, number)->rounds != 2)
			continue;
		fake_guest_fill(p->host[0].guest[0], 20, 0);
		if (scene != WIRE_busy && p->pipes == 1 && !pipe_is_cut(p->pipe[0]))
			pipe_cut(p->pipe[0], false);
	}
	p->work = 0;
	while (dies(scene) && !pair_count(p, FAKE_LOADED))
		pair_step(p);
	if (dies(scene))
		pair_restart(p, 0, FAKE_STORE_KEEPS);
	if (scene == WIRE_cancel || scene == WIRE_giveup)
		cancel(p, scene == WIRE_giveup, number);
	pair_run(p, 5 * SECOND);
	if (asks)
		ask(p, scene == WIRE_claim);
	if (scene == WIRE_check && mig_check_poll(p->host[0].service, number, &verdict, &reasons))
		panic("the check gave no verdict");
	for (int side = 0; side < 2; side++) {
		const uint8_t *sent = pipe_sent(p->pipe[again], side, &out->length[side]);

		out->bytes[side] = malloc(out->length[side] + 1);
		memcpy(out->bytes[side], sent, out->length[side]);
	}
}

/* --- comparing what was said with what was recorded ------------------------------------------------- */

/* The types of @bytes' records without @except and heartbeats. */
static unsigned types(const uint8_t *bytes, size_t length, uint16_t except, uint16_t out[RECORDS])
{
	static struct wire_record r[RECORDS];
	unsigned count = wire_records(bytes, length, r, RECORDS), kept = 0;

	for (unsigned n = 0; n < count; n++)
		if (r[n].type != except && r[n].type != MIG_HEARTBEAT)
			out[kept++] = r[n].type;
	return kept;
}

/* The body of the first record of @type, NULL if there is none. */
static const uint8_t *body_of(const uint8_t *bytes, size_t length, uint16_t type)
{
	static struct wire_record r[RECORDS];

	for (unsigned n = 0, count = wire_records(bytes, length, r, RECORDS); n < count; n++)
		if (r[n].type == type && r[n].length >= MIG_HEADER + 2 * (FIELD + 8))
			return bytes + r[n].at + MIG_HEADER;
	return NULL;
}

static uint64_t field(const uint8_t *body, unsigned number)
{
	return body ? le64_get(body + number * (FIELD + 8) + FIELD) : 0;
}

/* What the live side said about versions, and last, if that was a reason. */
static void listen(const uint8_t *bytes, size_t length, struct wire_verdict *v)
{
	static struct wire_record r[RECORDS];
	const uint8_t *hello = body_of(bytes, length, MIG_HELLO);

	if (hello) {
		v->version_min = le16_get(hello + HELLO_VERSIONS + FIELD);
		v->version_max = le16_get(hello + HELLO_VERSIONS + FIELD + 2 + FIELD);
	}
	for (unsigned n = 0, count = wire_records(bytes, length, r, RECORDS); n < count; n++) {
		const uint8_t *body = bytes + r[n].at + MIG_HEADER;

		if (r[n].type == MIG_ABORT || r[n].type == MIG_REFUSED)
			mig_text_copy(v->text, sizeof(v->text), body + FIELD, WHY_TEXT);
		else if (r[n].type == MIG_REJECT)
			mig_text_copy(v->text, sizeof(v->text), body + FIELD + 4 + FIELD, WHY_TEXT);
	}
}

/* True if @live says the same, by types, as side @side of @r. */
static bool same_types(const struct wire_recording *r, int side, const uint8_t *live, size_t length, uint16_t except)
{
	static uint16_t want[RECORDS], have[RECORDS];
	unsigned wanted = types(r->bytes[side], r->length[side], except, want);

	return types(live, length, except, have) == wanted && !memcmp(want, have, wanted * sizeof(want[0]));
}

/* --- a real destination ------------------------------------------------------------------------------- */

static void feed(struct pair *p, struct channel *mine, int live, const uint8_t *bytes, size_t length)
{
	bool more = true;
	size_t sent = 0;

	for (int idle = 0; idle < 6;) {
		sent += mine->ops->send(mine, bytes + sent, length - sent);
		mig_service_step(p->host[live].service, pipe_now_ns += 10000, &more);
		idle = more ? 0 : idle + 1;
	}
}

void wire_play_source(struct pair *p, const struct wire_recording *r, struct wire_verdict *v)
{
	const uint8_t *said, *ready, *told = body_of(r->bytes[1], r->length[1], MIG_READY);
	static struct wire_record record[RECORDS];
	struct pipe_options o = { .capacity = 1 << 20 };
	struct pipe *pipe = pipe_new(&o);
	struct channel *mine = pipe_end(pipe, 0), *theirs = pipe_end(pipe, 1);
	size_t until = r->length[0], length;
	unsigned count = wire_records(r->bytes[0], r->length[0], record, RECORDS);

	memset(v, 0, sizeof(*v));
	guest_of(p, WIRE_idle);
	theirs->peer_ipv4 = 0x0a4d0002;
	mig_service_accept(p->host[1].service, theirs, pipe_now_ns);
	for (unsigned n = count; n-- > 0;)
		if (record[n].type == MIG_COMMIT)
			until = record[n].at;
	feed(p, mine, 1, r->bytes[0], until);
	said = pipe_sent(pipe, 1, &length);
	ready = body_of(said, length, MIG_READY);
	v->digest = field(ready, 0);
	v->memory_hash = field(ready, 1);
	if (v->digest == field(told, 0) && v->memory_hash == field(told, 1))
		feed(p, mine, 1, r->bytes[0] + until, r->length[0] - until);
	else
		fmt(v->text, sizeof(v->text), ready ? "READY differs from the recorded one" : "no READY");
	said = pipe_sent(pipe, 1, &length);
	listen(said, length, v);
	v->complete = !v->text[0] && same_types(r, 1, said, length, 0);
	mine->ops->close(mine);
	feed(p, mine, 1, NULL, 0);
	pipe_drop(pipe);
}

/* --- a real source ------------------------------------------------------------------------------------ */

static struct pipe *first;
static unsigned connections;

static struct channel *connect_once(void *ctx, uint32_t ipv4, uint16_t port, struct why *why)
{
	struct pair *p = ((struct pair_host *)ctx)->pair;
	struct pipe_options o = { .capacity = 1 << 20 };
	struct channel *ch;

	if (connections++) {
		why_set(why, "the recording holds one connection");
		return NULL;
	}
	first = p->pipe[p->pipes++] = pipe_new(&o);
	ch = pipe_end(first, 0);
	ch->peer_ipv4 = ipv4;
	ch->peer_port = port;
	return ch;
}

void wire_play_destination(struct pair *p, const struct wire_recording *r, struct wire_verdict *v)
{
	static struct wire_record record[RECORDS];
	unsigned count = wire_records(r->bytes[1], r->length[1], record, RECORDS);
	struct pair_host *a = &p->host[0];
	const struct mig_job *job;
	const uint8_t *said;
	struct channel *mine;
	size_t at = 0, length;
	uint32_t number;

	memset(v, 0, sizeof(*v));
	guest_of(p, WIRE_idle);
	connections = 0;
	mig_service_destroy(a->service);
	a->host.connect = connect_once;
	a->service = mig_service_create(&a->host);
	number = start(p, WIRE_idle);
	mig_service_step(a->service, pipe_now_ns, &(bool){ false });
	mine = pipe_end(first, 1);
	feed(p, mine, 0, NULL, 0);
	for (unsigned n = 0; n < count; n++, at += record[n - 1].length)
		feed(p, mine, 0, r->bytes[1] + at, record[n].length);
	feed(p, mine, 0, r->bytes[1] + at, r->length[1] - at);
	/* Long enough to see the silence, and the new connections of a source in doubt. */
	for (int n = 0; n < 10; n++, pipe_now_ns += SECOND)
		mig_service_step(a->service, pipe_now_ns, &(bool){ false });
	job = mig_job_find(a->service, number);
	said = pipe_sent(first, 0, &length);
	v->digest = field(body_of(said, length, MIG_COMMIT), 0);
	v->memory_hash = job->hash_source;
	listen(said, length, v);
	if (job->error[0] || job->in_doubt)
		fmt(v->text, sizeof(v->text), "%s", job->error[0] ? job->error : job->doubt);
	v->complete = job->state == MIG_JOB_COMPLETED && connections == 1 && !v->text[0] &&
		same_types(r, 0, said, length, MIG_PAGES);
	mine->ops->close(mine);
}
