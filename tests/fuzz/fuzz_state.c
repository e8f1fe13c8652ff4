/* SPDX-License-Identifier: MIT */
/* fuzz: lib */
#include "lib/state.h"
#include <stdlib.h>
#include <string.h>

#define PROBE_TABLE(F, A)						\
	F(1, 1, uint64_t, wide,      UINT64_MAX, "any value")		\
	A(2, 1, uint32_t, words, 3,  0xffff,     "checked elements")	\
	F(3, 2, uint16_t, newer,     100,        "since version 2")	\
	A(4, 1, uint8_t,  bytes, 17, 0xff,       "an odd count")	\
	F(5 | STATE_OPTIONAL, 1, uint8_t, flag, 1, "may be missing")
STATE_STRUCT(probe_state, PROBE_TABLE)
#define F(t, s, type, name, max, doc)    STATE_ROW(probe_state, t, s, type, name, 1, max, doc)
#define A(t, s, type, name, n, max, doc) STATE_ROW(probe_state, t, s, type, name, n, max, doc)
static const struct state_field probe_field[] = { PROBE_TABLE(F, A) };
static const struct state_desc probe = {
	.name = "probe", .type = 1, .version = 2, .size = sizeof(struct probe_state),
	.field = probe_field, .field_count = sizeof(probe_field) / sizeof(probe_field[0]),
};

static void must(int holds)
{
	if (!holds)
		abort();
}

/* Whatever loads must be in range, and must come back from a save. */
static void one(const uint8_t *data, size_t size, uint16_t version)
{
	struct probe_state rec = { 0 }, again = { 0 };
	uint8_t image[256];
	struct why why;
	size_t length;

	if (state_load(&probe, &rec, version, data, size, &why))
		return;
	must(rec.newer <= 100 && rec.flag <= 1);
	for (unsigned i = 0; i < 3; i++)
		must(rec.words[i] <= 0xffff);
	must(!state_save(&probe, &rec, 2, image, sizeof(image), &length, &why));
	must(!state_load(&probe, &again, 2, image, length, &why));
	must(!memcmp(&rec, &again, sizeof(rec)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct state_header h;

	if (!state_record_get(data, size, &h))
		must(h.length <= size - STATE_RECORD_HEADER);
	one(data, size, 1);
	one(data, size, 2);
	return 0;
}
