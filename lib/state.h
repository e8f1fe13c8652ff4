/* SPDX-License-Identifier: MIT */
/* state.h: guest-visible state as tables: one list of rows yields the struct, save, load and range check. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "lib/err.h"
#include "lib/why.h"

/* One field of a record. Written only through STATE_ROW. Encoded as tag u16, width u16, count u16, then
 * count values of width bytes, little-endian. */
struct state_field {
	uint16_t tag;		/* wire identity within the record, never reused */
	uint16_t since;		/* first record version that carries it */
	uint16_t width;		/* bytes of one element: 1, 2, 4 or 8 */
	uint16_t count;		/* elements; 1 for a scalar */
	uint32_t offset;	/* in the record structure */
	uint64_t max;		/* largest value accepted from a stream */
	const char *name;
	const char *doc;
};

/* One kind of record, for example "pit". */
struct state_desc {
	const char *name;
	uint16_t type;		/* wire identity of the record, see docs/wire/protocol.md */
	uint16_t version;	/* what this build writes */
	uint32_t size;		/* of the record structure */
	const struct state_field *field;
	uint32_t field_count;	/* at most 64 */
	uint16_t plain;		/* what it writes while no newer field is in use, that is not 0; 0: @version */
};

/* A tag with this bit may be skipped by a receiver that does not know it. */
#define STATE_OPTIONAL 0x8000u

/* Writes @rec as @version knew it into @out; *length gets the bytes. ERR_SPACE: @room is too small;
 * ERR_VERSION: a field newer than @version is in use. */
enum err state_save(const struct state_desc *d, const void *rec, uint16_t version,
		    void *out, size_t room, size_t *length, struct why *why) NODISCARD;
/* Parses into @rec, which must hold @d->size zeroed bytes. ERR_SHORT, ERR_UNKNOWN (tag), ERR_INVALID (shape or
 * a tag twice), ERR_RANGE, ERR_VERSION (a mandatory field is missing); @why names record and field. */
enum err state_load(const struct state_desc *d, void *rec, uint16_t version,
		    const void *in, size_t length, struct why *why) NODISCARD;

/* A VM image is a run of records: type u16, instance u16, version u16, zero u16, length u32, then fields. */
#define STATE_RECORD_HEADER 12u

struct state_header { uint16_t type, instance, version; uint32_t length; };

/* The version of @rec when it is put: @d->plain if it says all that is in use. */
uint16_t state_record_version(const struct state_desc *d, const void *rec);
/* Appends one whole record at @out. Errors as state_save. */
enum err state_record_put(const struct state_desc *d, uint16_t instance, const void *rec,
			  void *out, size_t room, size_t *length, struct why *why) NODISCARD;
/* Reads the header at @in; ERR_SHORT if it or its body does not fit @length, ERR_INVALID if the zero isn't. */
enum err state_record_get(const void *in, size_t length, struct state_header *out) NODISCARD;

/*
 * TABLE(F, A) lists the rows, widths falling so that there is no padding. F is a scalar, A an array.
 *   F(tag, since, type, name, max, doc)
 *   A(tag, since, type, name, count, max, doc)
 */
#define STATE_STRUCT_F(t, s, type, name, max, doc)	type name;
#define STATE_STRUCT_A(t, s, type, name, n, max, doc)	type name[n];
#define STATE_SUM_F(t, s, type, name, max, doc)		+ sizeof(type)
#define STATE_SUM_A(t, s, type, name, n, max, doc)	+ sizeof(type) * (n)
#define STATE_TAG_F(t, s, type, name, max, doc)		case t:
#define STATE_TAG_A(t, s, type, name, n, max, doc)	case t:

/* Defines struct @rec from its table; padding (but at the end) and duplicate tags don't compile. */
#define STATE_STRUCT(rec, TABLE)					\
	struct rec { TABLE(STATE_STRUCT_F, STATE_STRUCT_A) };		\
	_Static_assert(sizeof(struct rec) - (0 TABLE(STATE_SUM_F, STATE_SUM_A)) < _Alignof(struct rec), \
		       #rec " has padding between its fields");		\
	static inline void rec##_tags_are_unique(unsigned t)		\
	{ switch (t) { TABLE(STATE_TAG_F, STATE_TAG_A) default: break; } }

#define STATE_FIELD(rec_, t, s, type_, name_, n, max_, doc_)		\
	{ .tag = t, .since = s, .width = sizeof(type_), .count = n,	\
	  .offset = (uint32_t)offsetof(rec_, name_),			\
	  .max = max_, .name = #name_, .doc = doc_ },
#define STATE_ROW(rec_, t, s, type, name, n, max, doc)	STATE_FIELD(struct rec_, t, s, type, name, n, max, doc)
#define STATE_DESC_F(t, s, type, name, max, doc)	STATE_FIELD(state_described, t, s, type, name, 1, max, doc)
#define STATE_DESC_A(t, s, type, name, n, max, doc)	STATE_FIELD(state_described, t, s, type, name, n, max, doc)

/* Defines @desc by the table of struct @rec, once in a file. What follows are its other members: .name, .type,
 * .version. */
#define STATE_DESC(desc, rec, TABLE, ...)							\
	typedef struct rec state_described;							\
	static const struct state_field desc##_field[] = { TABLE(STATE_DESC_F, STATE_DESC_A) };	\
	static const struct state_desc desc = {							\
		.size = sizeof(struct rec), .field = desc##_field,				\
		.field_count = sizeof(desc##_field) / sizeof(desc##_field[0]), __VA_ARGS__	\
	}
