/* SPDX-License-Identifier: MIT */
/* wire_guest.c: state records in place of the fake guest's opaque state. */
#include "wire_guest.h"
#include <stdlib.h>
#include <string.h>
#include "lib/state.h"

#define IMAGE_MAX (256u << 10)

#define WIRE_CPU_TABLE(F, A)						\
	F(1, 1, uint64_t, counter, UINT64_MAX, "writes of the guest")	\
	F(2, 1, uint64_t, blobs, 100, "records of type blob that follow") \
	A(3, 1, uint64_t, gpr, 16, UINT64_MAX, "made of the counter")	\
	F(4, 1, uint16_t, halted, 1, "always 0")

#define WIRE_BLOB_TABLE(F, A)						\
	F(1, 1, uint64_t, number, 100, "of this blob")			\
	A(2, 1, uint64_t, data, 1000, UINT64_MAX, "made of the number")

STATE_STRUCT(wire_cpu, WIRE_CPU_TABLE)
STATE_STRUCT(wire_blob, WIRE_BLOB_TABLE)

#define CPU_F(t, s, type, name, max, doc)	STATE_ROW(wire_cpu, t, s, type, name, 1, max, doc)
#define CPU_A(t, s, type, name, n, max, doc)	STATE_ROW(wire_cpu, t, s, type, name, n, max, doc)
#define BLOB_F(t, s, type, name, max, doc)	STATE_ROW(wire_blob, t, s, type, name, 1, max, doc)
#define BLOB_A(t, s, type, name, n, max, doc)	STATE_ROW(wire_blob, t, s, type, name, n, max, doc)

static const struct state_field cpu_fields[] = { WIRE_CPU_TABLE(CPU_F, CPU_A) };
static const struct state_field blob_fields[] = { WIRE_BLOB_TABLE(BLOB_F, BLOB_A) };
static const struct state_desc cpu_desc = { "wire_cpu", 0x7f01, 1, sizeof(struct wire_cpu), cpu_fields, 4, 0 };
static const struct state_desc blob_desc = { "wire_blob", 0x7f02, 1, sizeof(struct wire_blob), blob_fields, 2, 0 };

#define G(g) ((struct fake_guest *)(g))

static const struct mig_guest_ops *plain;	/* of the fake guest */
static struct mig_guest_ops ops;
static struct mig_guest *(*plain_create)(void *ctx, const struct mig_definition *def, struct why_list *reasons);

/* The fake guest's state_bytes counts blobs here. */
static enum err op_state_save(struct mig_guest *g, void *out, size_t room, size_t *length, struct why *why)
{
	struct wire_cpu cpu = { .counter = G(g)->counter, .blobs = G(g)->state_bytes };
	struct wire_blob blob;
	size_t one;
	enum err e;

	for (unsigned n = 0; n < 16; n++)
		cpu.gpr[n] = cpu.counter * (n + 1);
	e = state_record_put(&cpu_desc, 0, &cpu, out, room, length, why);
	for (unsigned n = 0; n < G(g)->state_bytes && !e; n++) {
		blob.number = n;
		for (unsigned w = 0; w < 1000; w++)
			blob.data[w] = n * 1000 + w;
		e = state_record_put(&blob_desc, (uint16_t)n, &blob, (uint8_t *)out + *length, room - *length, &one, why);
		*length += one;
	}
	return e;
}

/* All of the image; @cpu gets its first record. */
static enum err parse(const uint8_t *in, size_t length, struct wire_cpu *cpu, struct why *why)
{
	struct wire_blob blob;
	struct state_header h;
	unsigned records = 0;
	enum err e = ERR_OK;

	memset(cpu, 0, sizeof(*cpu));
	for (size_t at = 0; at < length && !e; at += STATE_RECORD_HEADER + h.length) {
		const struct state_desc *d = records ? &blob_desc : &cpu_desc;

		why_set(why, "the state image is no run of records");
		e = state_record_get(in + at, length - at, &h);
		if (e)
			return e;
		if (h.type != d->type || h.version != 1 || h.instance != (records ? records - 1 : 0))
			return ERR_UNKNOWN;
		memset(&blob, 0, sizeof(blob));
		e = state_load(d, records++ ? (void *)&blob : cpu, 1, in + at + STATE_RECORD_HEADER, h.length, why);
	}
	if (!e && records != cpu->blobs + 1) {
		why_set(why, "the state image has %u records, not %u", records, (unsigned)cpu->blobs + 1);
		return ERR_INVALID;
	}
	return e;
}

static enum err op_state_check(struct mig_guest *g, const void *in, size_t length, struct why *why)
{
	struct wire_cpu cpu;

	if (!G(g)->state_refused)
		return parse(in, length, &cpu, why);
	why_set(why, "this guest takes no state");
	return ERR_INVALID;
}

static void op_state_load(struct mig_guest *g, const void *in, size_t length)
{
	struct wire_cpu cpu;

	plain->state_load(g, in, length);
	if (parse(in, length, &cpu, NULL))
		abort();
	G(g)->counter = cpu.counter;
	G(g)->state_bytes = (uint32_t)cpu.blobs;
}

static void change(struct mig_guest *g)
{
	if (!plain) {
		plain = g->ops;
		ops = *plain;
		ops.state_save = op_state_save;
		ops.state_check = op_state_check;
		ops.state_load = op_state_load;
	}
	g->ops = &ops;
}

static struct mig_guest *create(void *ctx, const struct mig_definition *def, struct why_list *reasons)
{
	struct mig_guest *g = plain_create(ctx, def, reasons);

	if (g)
		change(g);
	return g;
}

void wire_guests(struct pair *p, unsigned blobs)
{
	struct pair_host *b = &p->host[1];

	change(&p->host[0].guest[0]->guest);
	p->host[0].guest[0]->state_bytes = blobs;
	mig_service_destroy(b->service);
	plain_create = b->host.guest_create;
	b->host.guest_create = create;
	b->service = mig_service_create(&b->host);
	b->idle = true;
}
