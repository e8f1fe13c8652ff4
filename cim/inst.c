/* SPDX-License-Identifier: MIT */
#include "inst.h"
#include <stdarg.h>
#include <string.h>
#include "lib/calendar.h"
#include "lib/fmt.h"
#include "lib/ipv4.h"
#include "lib/log.h"
#include "lib/uuid.h"

void inst_init(struct inst *i, const struct cim_class *class, bool keys_only)
{
	const struct cim_member *member = cim_class_members(class, &i->count);

	i->class = class;
	i->keys_only = keys_only;
	i->open = NULL;
	i->text = (struct buf){ 0 };
	for (unsigned n = 0; n < i->count; n++)
		i->slot[n] = (struct inst_slot){ .field = member[n].field, .origin = member[n].origin };
}

void inst_fini(struct inst *i)
{
	buf_free(&i->text);
}

const struct inst_slot *inst_slot(const struct inst *i, const char *name)
{
	int n = cim_class_member(i->class, name);

	return n < 0 ? NULL : &i->slot[n];
}

/* NULL if the caller doesn't want this property. */
static struct inst_slot *slot_open(struct inst *i, const char *name)
{
	struct inst_slot *s = (struct inst_slot *)inst_slot(i, name);

	if (!s)
		panic("cim: class %s has no property %s", i->class->name, name);
	i->open = NULL;
	if (i->keys_only && !(s->field->flags & CIM_F_KEY))
		return NULL;
	s->set = true;
	s->at = (uint32_t)i->text.length;
	return s;
}

static void add(struct inst *i, struct inst_slot *s, const char *text)
{
	buf_add(&i->text, text, strlen(text) + 1);
	s->count++;
}

void inst_str(struct inst *i, const char *name, const char *text)
{
	struct inst_slot *s = slot_open(i, name);

	if (s)
		add(i, s, text);
}

void inst_fmt(struct inst *i, const char *name, const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	fmt_v(text, sizeof(text), format, args);
	va_end(args);
	inst_str(i, name, text);
}

void inst_num(struct inst *i, const char *name, uint64_t value)
{
	inst_fmt(i, name, "%llu", (unsigned long long)value);
}

void inst_bool(struct inst *i, const char *name, bool value)
{
	inst_str(i, name, value ? "TRUE" : "FALSE");
}

void inst_ipv4(struct inst *i, const char *name, uint32_t ipv4)
{
	char text[IPV4_TEXT] = "";

	if (ipv4)
		ipv4_text(ipv4, text);
	inst_str(i, name, text);
}

void inst_uuid(struct inst *i, const char *name, const uint8_t uuid[16])
{
	char text[UUID_TEXT];

	uuid_text(uuid, text);
	inst_str(i, name, text);
}

void inst_ref(struct inst *i, const char *name, struct obj ref)
{
	struct inst_slot *s = slot_open(i, name);

	if (s)
		s->ref = ref;
}

void inst_time(struct inst *i, const char *name, uint64_t wall_us)
{
	struct calendar c = calendar_from(wall_us / 1000000);

	inst_fmt(i, name, "%04u%02u%02u%02u%02u%02u.%06u+000", c.year, c.month, c.day, c.hour, c.minute, c.second,
		 (unsigned)(wall_us % 1000000));
}

void inst_interval(struct inst *i, const char *name, uint64_t ns)
{
	uint64_t seconds = ns / 1000000000;
	unsigned rest = (unsigned)(seconds % 86400);

	inst_fmt(i, name, "%08u%02u%02u%02u.%06u:000", (unsigned)(seconds / 86400), rest / 3600, rest / 60 % 60,
		 rest % 60, (unsigned)(ns / 1000 % 1000000));
}

void inst_array(struct inst *i, const char *name)
{
	struct inst_slot *s = slot_open(i, name);

	i->open = s;
}

void inst_item_str(struct inst *i, const char *text)
{
	if (i->open)
		add(i, i->open, text);
}

void inst_item_num(struct inst *i, uint64_t value)
{
	char text[24];

	fmt(text, sizeof(text), "%llu", (unsigned long long)value);
	inst_item_str(i, text);
}

const char *inst_text(const struct inst *i, const struct inst_slot *s)
{
	return s->set && s->at < i->text.length ? i->text.data + s->at : "";
}

const char *inst_next(const char *value)
{
	return value + strlen(value) + 1;
}
