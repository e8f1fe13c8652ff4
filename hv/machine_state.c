/* SPDX-License-Identifier: MIT */
/* machine_state.c: the machine as a run of state records: save, check, load. */
#include <string.h>
#include "hv/device.h"
#include "hv/machine.h"

/* How many records of @d there are. */
static unsigned instances(const struct device *d, const struct machine *m)
{
	return d->count ? d->count(m) : d->records;
}

static size_t in_machine(const struct device *d, unsigned instance)
{
	return d->at + (size_t)instance * d->stride;
}

/* Each takes less there than it took in the stream, with its header and those of its fields: so all have room. */
static size_t image_bytes(const struct device *d)
{
	return d->desc ? (d->desc->size + 7u) & ~7u : 0;
}

static size_t in_image(const struct machine *m, unsigned row, unsigned instance)
{
	size_t at = instance * image_bytes(devices[row]);

	while (row--)
		at += instances(devices[row], m) * image_bytes(devices[row]);
	return at;
}

bool machine_state_owns(uint16_t type)
{
	return type >= MACHINE_STATE_FIRST && type <= MACHINE_STATE_LAST;
}

const struct state_desc *machine_state_desc(unsigned index)
{
	for (const struct device *const *d = devices; *d; d++)
		if ((*d)->desc && !index--)
			return (*d)->desc;
	return NULL;
}

unsigned machine_state_kinds(void)
{
	unsigned kinds = 0;

	while (machine_state_desc(kinds))
		kinds++;
	return kinds;
}

enum err machine_state_save(const struct machine *m, void *out, size_t room, size_t *length, struct why *why)
{
	*length = 0;
	for (const struct device *const *d = devices; *d; d++)
		for (unsigned n = 0; n < instances(*d, m); n++) {
			size_t bytes = 0;
			enum err e = state_record_put((*d)->desc, (uint16_t)n, (const char *)m + in_machine(*d, n),
						      (char *)out + *length, room - *length, &bytes, why);

			if (e != ERR_OK)
				return e;
			*length += bytes;
		}
	return ERR_OK;
}

enum err machine_state_check(struct machine_image *image, const struct machine *m, uint16_t type, uint16_t instance,
			     uint16_t version, const void *body, size_t length, struct why *why)
{
	const struct device *d;
	unsigned row = 0;
	void *record;
	enum err e;

	while (devices[row] && (!devices[row]->desc || devices[row]->desc->type != type))
		row++;
	d = devices[row];
	if (!d) {
		why_set(why, "unknown machine record type 0x%04x", type);
		return ERR_UNKNOWN;
	}
	if (instance >= instances(d, m)) {
		why_set(why, "record %s %u: this machine has %u of them", d->desc->name, instance, instances(d, m));
		return ERR_UNKNOWN;
	}
	if (image->seen[row] >> instance & 1) {
		why_set(why, "record %s %u came twice", d->desc->name, instance);
		return ERR_EXISTS;
	}
	record = image->state + in_image(m, row, instance);
	memset(record, 0, d->desc->size);
	e = state_load(d->desc, record, version, body, length, why);
	if (e == ERR_OK && d->check)
		e = d->check(m, record, instance, why);
	if (e == ERR_OK)
		image->seen[row] |= (uint16_t)(1u << instance);
	return e;
}

enum err machine_state_complete(const struct machine_image *image, const struct machine *m, struct why *why)
{
	for (unsigned row = 0; devices[row]; row++)
		for (unsigned n = 0; n < instances(devices[row], m); n++)
			if (!(image->seen[row] >> n & 1)) {
				why_set(why, "record %s %u is missing", devices[row]->desc->name, n);
				return ERR_SHORT;
			}
	return ERR_OK;
}

void machine_state_load(struct machine *m, const struct machine_image *image)
{
	for (unsigned row = 0; devices[row]; row++) {
		const struct device *d = devices[row];

		for (unsigned n = 0; n < instances(d, m); n++)
			memcpy((char *)m + in_machine(d, n), image->state + in_image(m, row, n), d->desc->size);
	}
	for (const struct device *const *d = devices; *d; d++)
		if ((*d)->loaded)
			(*d)->loaded(m);
	m->changes++;
	m->timer_changes++;
}
