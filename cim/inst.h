/* SPDX-License-Identifier: MIT */
/* inst.h: one CIM instance in the making: a value for each property of its class. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "schema.h"

struct provider;

/* An object that exists now: instance number @index of @provider. Holds only until control returns to the
 * main loop, since machines and jobs come and go. */
struct obj { const struct provider *provider; unsigned index; };

struct inst_slot {
	const struct cim_field *field;
	const struct cim_class *origin;
	uint32_t at;			/* first value in text; values are NUL-terminated and adjacent */
	uint16_t count;
	bool set;			/* false: NULL */
	struct obj ref;			/* of a reference */
};

struct inst {
	const struct cim_class *class;
	bool keys_only;			/* the caller wants keys; other values are dropped */
	unsigned count;
	struct inst_slot slot[CIM_PROPS_MAX];
	struct inst_slot *open;		/* array being filled */
	struct buf text;
};

/* inst_fini frees what the setters allocated. */
void inst_init(struct inst *i, const struct cim_class *class, bool keys_only);
void inst_fini(struct inst *i);

/* Setters: @name must be a property of the class (a bug otherwise: panic). */
void inst_str(struct inst *i, const char *name, const char *text);
__attribute__((format(printf, 3, 4)))
void inst_fmt(struct inst *i, const char *name, const char *format, ...);	/* at most 159 bytes */
void inst_num(struct inst *i, const char *name, uint64_t value);
void inst_bool(struct inst *i, const char *name, bool value);
void inst_ipv4(struct inst *i, const char *name, uint32_t ipv4);		/* 0: "" */
void inst_uuid(struct inst *i, const char *name, const uint8_t uuid[16]);
void inst_ref(struct inst *i, const char *name, struct obj ref);
/* datetime: point in time (wall clock, UTC), interval. */
void inst_time(struct inst *i, const char *name, uint64_t wall_us);
void inst_interval(struct inst *i, const char *name, uint64_t ns);
/* Opens an array; the items that follow are added to it. */
void inst_array(struct inst *i, const char *name);
void inst_item_str(struct inst *i, const char *text);
void inst_item_num(struct inst *i, uint64_t value);

/* The slot called @name (case does not matter), NULL if the class has no such property. */
const struct inst_slot *inst_slot(const struct inst *i, const char *name);
/* The first value of a slot that is set; next value with inst_next. */
const char *inst_text(const struct inst *i, const struct inst_slot *s);
const char *inst_next(const char *value);
