/* SPDX-License-Identifier: MIT */
/* state.c: the codec driven by the state tables. */
#include "state.h"
#include <stdbool.h>
#include <string.h>
#include "bytes.h"

#define FIELD_HEADER 6u

/* Elements are little-endian in memory and on the wire alike, so a field is copied as it stands. */
static uint64_t value_get(const uint8_t *p, unsigned width)
{
	uint64_t v = 0;

	memcpy(&v, p, width);
	return v;
}

static size_t field_bytes(const struct state_field *f)
{
	return (size_t)f->width * f->count;
}

static bool is_zero(const uint8_t *p, size_t n)
{
	while (n--)
		if (*p++)
			return false;
	return true;
}

enum err state_save(const struct state_desc *d, const void *rec, uint16_t version,
		    void *out, size_t room, size_t *length, struct why *why)
{
	uint8_t *o = out;

	*length = 0;
	for (uint32_t i = 0; i < d->field_count; i++) {
		const struct state_field *f = &d->field[i];
		const uint8_t *src = (const uint8_t *)rec + f->offset;
		size_t bytes = field_bytes(f);

		if (f->since > version) {
			if (f->tag & STATE_OPTIONAL || is_zero(src, bytes))
				continue;
			why_set(why, "%s.%s is in use, but the peer's version %u of the record lacks it (since %u)",
				d->name, f->name, version, f->since);
			return ERR_VERSION;
		}
		if (room - (size_t)(o - (uint8_t *)out) < FIELD_HEADER + bytes) {
			why_set(why, "%s.%s: no room left for the field", d->name, f->name);
			return ERR_SPACE;
		}
		le16_put(o, f->tag);
		le16_put(o + 2, f->width);
		le16_put(o + 4, f->count);
		memcpy(o + FIELD_HEADER, src, bytes);
		o += FIELD_HEADER + bytes;
	}
	*length = (size_t)(o - (uint8_t *)out);
	return ERR_OK;
}

static const struct state_field *find(const struct state_desc *d, uint16_t tag)
{
	for (uint32_t i = 0; i < d->field_count; i++)
		if (d->field[i].tag == tag)
			return &d->field[i];
	return NULL;
}

/* True of what needs no look at each value: none of that width is over the maximum. */
static bool takes_all(const struct state_field *f)
{
	return f->max >= UINT64_MAX >> (64 - 8 * f->width);
}

/* Checks the values of @f at @in and puts them into the record. */
static enum err load_values(const struct state_desc *d, const struct state_field *f, void *rec,
			    const uint8_t *in, struct why *why)
{
	for (unsigned n = 0; n < f->count && !takes_all(f); n++) {
		uint64_t v = value_get(in + (size_t)n * f->width, f->width);

		if (v <= f->max)
			continue;
		why_set(why, "%s.%s[%u] is 0x%llx, above its maximum 0x%llx", d->name, f->name, n,
			(unsigned long long)v, (unsigned long long)f->max);
		return ERR_RANGE;
	}
	memcpy((uint8_t *)rec + f->offset, in, field_bytes(f));
	return ERR_OK;
}

/* One field at @in; *used gets its bytes, *seen the field's bit. */
static enum err load_field(const struct state_desc *d, void *rec, const uint8_t *in, size_t length,
			   size_t *used, uint64_t *seen, struct why *why)
{
	uint16_t tag, width, count;
	const struct state_field *f;
	uint64_t bit;

	if (length < FIELD_HEADER) {
		why_set(why, "%s: ends inside a field's header", d->name);
		return ERR_SHORT;
	}
	tag = le16_get(in);
	width = le16_get(in + 2);
	count = le16_get(in + 4);
	f = find(d, tag);
	if (!f && !(tag & STATE_OPTIONAL)) {
		why_set(why, "%s: unknown mandatory field with tag %u", d->name, tag);
		return ERR_UNKNOWN;
	}
	if (f && (width != f->width || count != f->count)) {
		why_set(why, "%s.%s is %u x %u bytes, expected %u x %u", d->name, f->name, count, width,
			f->count, f->width);
		return ERR_INVALID;
	}
	*used = FIELD_HEADER + (size_t)width * count;
	if (length < *used) {
		why_set(why, "%s.%s: ends inside the field", d->name, f ? f->name : "(unknown)");
		return ERR_SHORT;
	}
	if (!f)
		return ERR_OK;
	bit = 1ull << (f - d->field);
	if (*seen & bit) {
		why_set(why, "%s.%s comes twice", d->name, f->name);
		return ERR_INVALID;
	}
	*seen |= bit;
	return load_values(d, f, rec, in + FIELD_HEADER, why);
}

enum err state_load(const struct state_desc *d, void *rec, uint16_t version,
		    const void *in, size_t length, struct why *why)
{
	const uint8_t *p = in;
	uint64_t seen = 0;
	size_t used;
	enum err e;

	for (; length; p += used, length -= used) {
		e = load_field(d, rec, p, length, &used, &seen, why);
		if (e)
			return e;
	}
	for (uint32_t i = 0; i < d->field_count; i++) {
		const struct state_field *f = &d->field[i];

		if (f->tag & STATE_OPTIONAL || f->since > version || seen >> i & 1)
			continue;
		why_set(why, "%s.%s is missing from version %u of the record", d->name, f->name, version);
		return ERR_VERSION;
	}
	return ERR_OK;
}

uint16_t state_record_version(const struct state_desc *d, const void *rec)
{
	for (uint32_t i = 0; i < d->field_count; i++) {
		const struct state_field *f = &d->field[i];

		if (f->since > d->plain && !(f->tag & STATE_OPTIONAL) &&
		    !is_zero((const uint8_t *)rec + f->offset, field_bytes(f)))
			return d->version;
	}
	return d->plain ? d->plain : d->version;
}

enum err state_record_put(const struct state_desc *d, uint16_t instance, const void *rec,
			  void *out, size_t room, size_t *length, struct why *why)
{
	uint16_t version = state_record_version(d, rec);
	uint8_t *o = out;
	size_t body;
	enum err e;

	*length = 0;
	if (room < STATE_RECORD_HEADER) {
		why_set(why, "%s: no room left for the record", d->name);
		return ERR_SPACE;
	}
	e = state_save(d, rec, version, o + STATE_RECORD_HEADER, room - STATE_RECORD_HEADER, &body, why);
	if (e)
		return e;
	le16_put(o, d->type);
	le16_put(o + 2, instance);
	le16_put(o + 4, version);
	le16_put(o + 6, 0);
	le32_put(o + 8, (uint32_t)body);
	*length = STATE_RECORD_HEADER + body;
	return ERR_OK;
}

enum err state_record_get(const void *in, size_t length, struct state_header *out)
{
	const uint8_t *p = in;

	if (length < STATE_RECORD_HEADER)
		return ERR_SHORT;
	*out = (struct state_header){
		.type = le16_get(p), .instance = le16_get(p + 2), .version = le16_get(p + 4), .length = le32_get(p + 8),
	};
	if (le16_get(p + 6))
		return ERR_INVALID;
	return out->length > length - STATE_RECORD_HEADER ? ERR_SHORT : ERR_OK;
}
