/* SPDX-License-Identifier: MIT */
/* machine_state.c: the machine as a run of state records: save, check, load. */
#include <string.h>
#include "hv/machine.h"

/* One kind of record: where its instances are in a machine and in an image. */
struct kind {
	const struct state_desc *desc;
	enum err (*check)(const void *record, unsigned instance, struct why *why);
	uint16_t instances;		/* 0: one per vCPU */
	uint32_t machine_at, machine_stride;
	uint32_t image_at;
};

#define ONE(chip) { &chip##_desc, chip##_check, 1, offsetof(struct machine, chip.s), 0, \
		    offsetof(struct machine_image, chip) }
#define SOME(chip, n) { &chip##_desc, chip##_check, n, offsetof(struct machine, chip.s), \
			sizeof(struct chip##_state), offsetof(struct machine_image, chip) }

static const struct kind kinds[MACHINE_RECORDS] = {
	{ &lapic_desc, lapic_check, 0, offsetof(struct machine, lapic[0].s), sizeof(struct lapic),
	  offsetof(struct machine_image, lapic) },
	ONE(ioapic), SOME(pic, 2), SOME(pit, 3), ONE(rtc), ONE(uart), ONE(pm), ONE(pci), ONE(console),
};

static unsigned instances(const struct kind *k, const struct machine *m)
{
	return k->instances ? k->instances : m->vcpus;
}

static size_t in_machine(const struct kind *k, unsigned instance)
{
	return k->machine_at + (size_t)instance * k->machine_stride;
}

static size_t in_image(const struct kind *k, unsigned instance)
{
	return k->image_at + (size_t)instance * k->desc->size;
}

bool machine_state_owns(uint16_t type)
{
	return type >= MACHINE_STATE_FIRST && type <= MACHINE_STATE_LAST;
}

const struct state_desc *machine_state_desc(unsigned index)
{
	return index < MACHINE_RECORDS ? kinds[index].desc : NULL;
}

enum err machine_state_save(const struct machine *m, void *out, size_t room, size_t *length, struct why *why)
{
	*length = 0;
	for (unsigned i = 0; i < MACHINE_RECORDS; i++) {
		const struct kind *k = &kinds[i];

		for (unsigned n = 0; n < instances(k, m); n++) {
			size_t bytes = 0;
			enum err e = state_record_put(k->desc, (uint16_t)n, (const char *)m + in_machine(k, n),
						      (char *)out + *length, room - *length, &bytes, why);

			if (e != ERR_OK)
				return e;
			*length += bytes;
		}
	}
	return ERR_OK;
}

enum err machine_state_check(struct machine_image *image, const struct machine *m, uint16_t type, uint16_t instance,
			     uint16_t version, const void *body, size_t length, struct why *why)
{
	const struct kind *k = NULL;
	unsigned i;
	void *record;
	enum err e;

	for (i = 0; i < MACHINE_RECORDS && !k; i++)
		if (kinds[i].desc->type == type)
			k = &kinds[i];
	if (!k) {
		why_set(why, "unknown machine record type 0x%04x", type);
		return ERR_UNKNOWN;
	}
	i = (unsigned)(k - kinds);
	if (instance >= instances(k, m)) {
		why_set(why, "record %s %u: this machine has %u of them", k->desc->name, instance, instances(k, m));
		return ERR_UNKNOWN;
	}
	if (image->seen[i] >> instance & 1) {
		why_set(why, "record %s %u came twice", k->desc->name, instance);
		return ERR_EXISTS;
	}
	record = (char *)image + in_image(k, instance);
	memset(record, 0, k->desc->size);
	e = state_load(k->desc, record, version, body, length, why);
	if (e == ERR_OK)
		e = k->check(record, instance, why);
	if (e == ERR_OK)
		image->seen[i] |= (uint16_t)(1u << instance);
	return e;
}

enum err machine_state_complete(const struct machine_image *image, const struct machine *m, struct why *why)
{
	for (unsigned i = 0; i < MACHINE_RECORDS; i++)
		for (unsigned n = 0; n < instances(&kinds[i], m); n++)
			if (!(image->seen[i] >> n & 1)) {
				why_set(why, "record %s %u is missing", kinds[i].desc->name, n);
				return ERR_SHORT;
			}
	for (unsigned n = 0; n < m->vcpus; n++)
		if ((image->lapic[n].apic_base & LAPIC_BASE_X2APIC) && !m->x2apic) {
			why_set(why, "lapic %u is in x2APIC mode, which this VM's CPU policy does not show", n);
			return ERR_UNSUPPORTED;
		}
	return ERR_OK;
}

void machine_state_load(struct machine *m, const struct machine_image *image)
{
	for (unsigned i = 0; i < MACHINE_RECORDS; i++)
		for (unsigned n = 0; n < instances(&kinds[i], m); n++)
			memcpy((char *)m + in_machine(&kinds[i], n), (const char *)image + in_image(&kinds[i], n),
			       kinds[i].desc->size);
	console_rebuild(m);
	m->changes++;
	m->timer_changes++;
}
