/* SPDX-License-Identifier: MIT */
#include "lib/state.h"
#include <criterion/criterion.h>
#include <string.h>
#include "lib/bytes.h"

#define DIAL_TABLE(F, A)						\
	F(1, 1, uint64_t, turned,     UINT64_MAX, "when it was turned")	\
	F(2, 1, uint32_t, position,   0x10000,    "where it stands")	\
	A(3, 2, uint16_t, notch,   2, 0x0fff,     "since version 2")	\
	F(4, 1, uint8_t,  mode,       5,          "mode 0-5")		\
	F(5, 1, uint8_t,  lit,        1,          "light")		\
	F(6 | STATE_OPTIONAL, 2, uint16_t, hint, 0xffff, "may be lost")
STATE_STRUCT(dial_state, DIAL_TABLE)
#define F(t, s, type, name, max, doc)    STATE_ROW(dial_state, t, s, type, name, 1, max, doc)
#define A(t, s, type, name, n, max, doc) STATE_ROW(dial_state, t, s, type, name, n, max, doc)
static const struct state_field dial_field[] = { DIAL_TABLE(F, A) };
static const struct state_desc dial = {
	.name = "dial", .type = 0x4711, .version = 2, .size = sizeof(struct dial_state),
	.field = dial_field, .field_count = sizeof(dial_field) / sizeof(dial_field[0]),
};

static const struct dial_state sample = {
	.turned = 0x1122334455667788, .position = 0x10000, .notch = { 1, 2 }, .mode = 5, .lit = 1, .hint = 9,
};
static uint8_t image[256];
static size_t image_bytes;
static struct why why;

static void save_sample(void)
{
	cr_assert_eq(state_save(&dial, &sample, 2, image, sizeof(image), &image_bytes, &why), ERR_OK);
}
TestSuite(state, .init = save_sample);

static enum err load(struct dial_state *out, size_t bytes)
{
	memset(out, 0, sizeof(*out));
	return state_load(&dial, out, 2, image, bytes, &why);
}

/* Where the field with @tag starts in the image. */
static uint8_t *field(uint16_t tag)
{
	uint8_t *p = image;

	while (p < image + image_bytes && le16_get(p) != tag)
		p += 6 + le16_get(p + 2) * le16_get(p + 4);
	cr_assert_lt(p, image + image_bytes);
	return p;
}

static void cut(uint16_t tag)
{
	uint8_t *p = field(tag);
	size_t n = 6u + le16_get(p + 2) * le16_get(p + 4);

	memmove(p, p + n, (size_t)(image + image_bytes - p) - n);
	image_bytes -= n;
}

Test(state, what_was_saved_is_loaded)
{
	struct dial_state out;

	cr_assert_eq(load(&out, image_bytes), ERR_OK);
	cr_expect_eq(memcmp(&out, &sample, sizeof(out)), 0);
}

Test(state, the_bytes_are_tag_width_count_values)
{
	static const uint8_t first[] = { 1, 0, 8, 0, 1, 0, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11 };

	cr_expect_eq(memcmp(image, first, sizeof(first)), 0);
}

Test(state, every_truncation_is_refused)
{
	struct dial_state out;

	for (size_t n = 0; n < image_bytes; n++) {
		enum err e = load(&out, n);

		/* Only the optional last field may go unnoticed, and only as a whole. */
		if (n == image_bytes - 8)
			cr_expect_eq(e, ERR_OK);
		else
			cr_expect(e == ERR_SHORT || e == ERR_VERSION, "length %zu gave %d", n, e);
	}
}

Test(state, a_value_above_its_maximum_is_refused_by_name)
{
	struct dial_state out;

	field(4)[6] = 6;
	cr_expect_eq(load(&out, image_bytes), ERR_RANGE);
	cr_expect_str_eq(why.text, "dial.mode[0] is 0x6, above its maximum 0x5");
}

Test(state, an_array_is_checked_in_each_element)
{
	struct dial_state out;

	le16_put(field(3) + 8, 0x1000);
	cr_expect_eq(load(&out, image_bytes), ERR_RANGE);
	cr_expect_not_null(strstr(why.text, "dial.notch[1]"));
}

Test(state, an_unknown_mandatory_tag_is_refused_and_an_optional_one_skipped)
{
	struct dial_state out;

	le16_put(field(6 | STATE_OPTIONAL), 77 | STATE_OPTIONAL);
	cr_expect_eq(load(&out, image_bytes), ERR_OK);
	cr_expect_eq(out.hint, 0);
	le16_put(field(77 | STATE_OPTIONAL), 77);
	cr_expect_eq(load(&out, image_bytes), ERR_UNKNOWN);
	cr_expect_not_null(strstr(why.text, "dial: unknown mandatory field with tag 77"));
}

Test(state, a_missing_mandatory_field_is_named)
{
	struct dial_state out;

	cut(5);
	cr_expect_eq(load(&out, image_bytes), ERR_VERSION);
	cr_expect_not_null(strstr(why.text, "dial.lit is missing"));
}

Test(state, a_tag_twice_or_of_another_shape_is_refused)
{
	struct dial_state out;

	memcpy(image + image_bytes, field(5), 7);
	image_bytes += 7;
	cr_expect_eq(load(&out, image_bytes), ERR_INVALID);
	cr_expect_str_eq(why.text, "dial.lit comes twice");
	image_bytes -= 7;
	le16_put(field(2) + 4, 2);
	cr_expect_eq(load(&out, image_bytes), ERR_INVALID);
	cr_expect_str_eq(why.text, "dial.position is 2 x 4 bytes, expected 1 x 4");
}

Test(state, an_old_peer_is_served_while_the_new_field_is_unused)
{
	struct dial_state plain = sample, out = { 0 };

	cr_expect_eq(state_save(&dial, &sample, 1, image, sizeof(image), &image_bytes, &why), ERR_VERSION);
	cr_expect_not_null(strstr(why.text, "dial.notch"));
	memset(plain.notch, 0, sizeof(plain.notch));
	cr_assert_eq(state_save(&dial, &plain, 1, image, sizeof(image), &image_bytes, &why), ERR_OK);
	cr_expect_eq(state_load(&dial, &out, 1, image, image_bytes, &why), ERR_OK);
	cr_expect_eq(load(&out, image_bytes), ERR_VERSION);
}

Test(state, too_little_room_is_refused_at_each_size)
{
	uint8_t out[256];
	size_t n;

	for (size_t room = 0; room < image_bytes; room++) {
		memset(out, 0xa5, sizeof(out));
		cr_expect_eq(state_save(&dial, &sample, 2, out, room, &n, &why), ERR_SPACE);
		cr_expect_eq(out[room], 0xa5);
	}
}

/* So a host that writes version 2 can still send to one that knows version 1 whatever that one would have had. */
Test(state, a_record_is_of_its_plain_version_while_nothing_newer_is_in_use)
{
	struct state_desc plain = dial;
	struct dial_state rec = sample, out = { 0 };
	struct state_header h;
	uint8_t bytes[256];
	size_t n;

	plain.plain = 1;
	cr_assert_eq(state_record_put(&plain, 0, &rec, bytes, sizeof(bytes), &n, &why), ERR_OK);
	cr_assert_eq(state_record_get(bytes, n, &h), ERR_OK);
	cr_expect_eq(h.version, 2);
	rec.notch[0] = rec.notch[1] = 0;
	cr_assert_eq(state_record_put(&plain, 0, &rec, bytes, sizeof(bytes), &n, &why), ERR_OK);
	cr_assert_eq(state_record_get(bytes, n, &h), ERR_OK);
	cr_expect_eq(h.version, 1);
	cr_expect_eq(h.length, image_bytes - 10 - 8, "without notch and hint");
	cr_expect_eq(state_load(&plain, &out, h.version, bytes + STATE_RECORD_HEADER, h.length, &why), ERR_OK, "%s", why.text);
	cr_expect_eq(out.position, rec.position);
	cr_assert_eq(state_record_put(&dial, 0, &rec, bytes, sizeof(bytes), &n, &why), ERR_OK);
	cr_assert_eq(state_record_get(bytes, n, &h), ERR_OK);
	cr_expect_eq(h.version, 2, "that is a rule of the record's own");
}

Test(state, a_record_has_a_header_with_its_length)
{
	struct state_header h;
	uint8_t out[256];
	size_t n;

	cr_assert_eq(state_record_put(&dial, 3, &sample, out, sizeof(out), &n, &why), ERR_OK);
	cr_assert_eq(state_record_get(out, n, &h), ERR_OK);
	cr_expect_eq(h.type, 0x4711);
	cr_expect_eq(h.instance, 3);
	cr_expect_eq(h.version, 2);
	cr_expect_eq(h.length, image_bytes);
	cr_expect_eq(memcmp(out + STATE_RECORD_HEADER, image, image_bytes), 0);
	cr_expect_eq(state_record_get(out, n - 1, &h), ERR_SHORT);
	cr_expect_eq(state_record_get(out, 11, &h), ERR_SHORT);
	out[6] = 1;
	cr_expect_eq(state_record_get(out, n, &h), ERR_INVALID);
	cr_expect_eq(state_record_put(&dial, 3, &sample, out, n - 1, &n, &why), ERR_SPACE);
}
