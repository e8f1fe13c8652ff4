/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/stream.h"
#include "tests/fake/pipe.h"

#define SECOND 1000000000ull

static struct pipe *pipe;
static struct mig_stream a, b;
static const uint8_t attempt[16] = { 1, 2, 3 };

static void open_both(const struct pipe_options *o)
{
	pipe = pipe_new(o);
	cr_assert_eq(mig_stream_init(&a, pipe_end(pipe, 0), attempt, pipe_now_ns), ERR_OK);
	cr_assert_eq(mig_stream_init(&b, pipe_end(pipe, 1), NULL, pipe_now_ns), ERR_OK);
}

static void setup(void)
{
	struct pipe_options o = { 0 };

	open_both(&o);
}

static void teardown(void)
{
	mig_stream_fini(&a, false);
	mig_stream_fini(&b, false);
	pipe_drop(pipe);
}

TestSuite(stream, .init = setup, .fini = teardown);

Test(stream, carries_a_table_record_as_it_was)
{
	struct mig_commit in = { .digest = 0x123456789abcdef0, .stopped_ns = 77 }, out;
	struct mig_record r;
	struct why why;

	cr_assert_eq(mig_stream_put(&a, MIG_COMMIT, &in), ERR_OK);
	cr_assert_eq(mig_stream_flush(&a, pipe_now_ns, &why), ERR_OK);
	cr_assert_eq(mig_stream_next(&b, pipe_now_ns, &r, &why), ERR_OK);
	cr_expect_eq(r.type, MIG_COMMIT);
	cr_assert_eq(mig_stream_parse(&r, &out, &why), ERR_OK);
	cr_expect_eq(out.digest, in.digest);
	cr_expect_eq(out.stopped_ns, 77);
	cr_expect_arr_eq(b.attempt, attempt, 16);
	cr_expect_eq(mig_stream_next(&b, pipe_now_ns, &r, &why), ERR_AGAIN);
}

/* The bytes of section 1, by hand: a second implementation would make these. */
Test(stream, writes_the_header_of_the_wire_spec)
{
	static const uint8_t head[12] = { 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
	const uint8_t *sent;
	size_t bytes;

	cr_assert_eq(mig_stream_put(&a, MIG_HEARTBEAT, NULL), ERR_OK);
	cr_assert_eq(mig_stream_flush(&a, pipe_now_ns, NULL), ERR_OK);
	sent = pipe_sent(pipe, 0, &bytes);
	cr_assert_eq(bytes, 32);
	cr_expect_arr_eq(sent, head, 12);
	cr_expect_arr_eq(sent + 16, attempt, 16);
}

Test(stream, holds_one_full_record_and_control_records_and_then_says_again)
{
	struct pipe_options o = { .status = ERR_AGAIN };
	unsigned n = 0;

	teardown();
	open_both(&o);
	memset(mig_stream_begin(&a, MIG_BODY_MAX), 0, MIG_BODY_MAX);
	mig_stream_end(&a, MIG_PAGES, MIG_BODY_MAX);
	cr_expect_null(mig_stream_begin(&a, MIG_BODY_MAX));
	while (mig_stream_put(&a, MIG_HEARTBEAT, NULL) == ERR_OK)
		n++;
	cr_expect_gt(n, 100);
	cr_expect_lt(n, 1000);
}

Test(stream, gives_records_in_order_through_a_pipe_that_chops)
{
	struct pipe_options o = { .chop = 5, .capacity = 1000 };
	struct mig_record r;
	unsigned sent = 0, got = 0;
	struct why why;

	teardown();
	open_both(&o);
	for (int n = 0; n < 2000000 && got < 300; n++) {
		uint8_t *body = sent < 300 ? mig_stream_begin(&a, 3000) : NULL;
		enum err e;

		if (body) {
			memset(body, (int)sent, 3000);
			mig_stream_end(&a, MIG_PAGES, 10 * sent);
			sent++;
		}
		e = mig_stream_flush(&a, pipe_now_ns, &why);
		cr_assert(e == ERR_OK || e == ERR_AGAIN);
		e = mig_stream_next(&b, pipe_now_ns, &r, &why);
		if (e == ERR_AGAIN)
			continue;
		cr_assert_eq(e, ERR_OK, "%s", why.text);
		cr_assert_eq(r.length, 10 * got);
		if (got)
			cr_assert_eq(r.body[r.length - 1], (uint8_t)got);
		got++;
	}
	cr_expect_eq(got, 300);
}

Test(stream, beats_once_a_second_when_there_is_nothing_to_say)
{
	struct mig_record r;
	unsigned beats = 0;
	struct why why;

	cr_assert_eq(mig_stream_put(&a, MIG_HEARTBEAT, NULL), ERR_OK);
	for (int n = 0; n < 100; n++) {
		pipe_now_ns += SECOND / 10;
		cr_assert(mig_stream_flush(&a, pipe_now_ns, &why) == ERR_OK);
		while (mig_stream_next(&b, pipe_now_ns, &r, &why) == ERR_OK)
			beats++;
		a.heard_ns = pipe_now_ns;
		cr_assert_eq(mig_stream_alive(&a, pipe_now_ns, &why), ERR_OK);
		cr_assert_eq(mig_stream_alive(&b, pipe_now_ns, &why), ERR_OK, "%s", why.text);
	}
	cr_expect_geq(beats, 9);
	cr_expect_leq(beats, 11);
}

Test(stream, notices_a_silent_peer_after_6_s)
{
	struct why why;

	pipe_now_ns += 6 * SECOND - 1;
	cr_expect_eq(mig_stream_alive(&b, pipe_now_ns, &why), ERR_OK);
	pipe_now_ns += 1;
	cr_expect_eq(mig_stream_alive(&b, pipe_now_ns, &why), ERR_TIMEOUT);
	cr_expect_str_eq(why.text, "the peer was silent for 6 s");
}

/* Else a host would be woken again and again, to do nothing. */
Test(stream, waits_for_the_peer_alone_while_no_heartbeat_can_be_sent)
{
	struct pipe_options o = { .capacity = 16, .delay_ns = 60 * SECOND };
	uint64_t dead = pipe_now_ns + 6 * SECOND;
	struct why why;

	pipe_now_ns += 2 * SECOND;
	cr_assert_eq(mig_stream_alive(&b, pipe_now_ns, &why), ERR_OK);
	cr_expect_eq(mig_stream_deadline(&b), dead, "it has not said HELLO");
	teardown();
	open_both(&o);
	dead = pipe_now_ns + 6 * SECOND;
	cr_assert_eq(mig_stream_put(&a, MIG_HEARTBEAT, NULL), ERR_OK);
	cr_assert_eq(mig_stream_flush(&a, pipe_now_ns, &why), ERR_AGAIN);
	pipe_now_ns += 2 * SECOND;
	cr_assert_eq(mig_stream_alive(&a, pipe_now_ns, &why), ERR_OK);
	cr_expect_eq(mig_stream_deadline(&a), dead, "the link takes nothing");
}

Test(stream, reads_what_came_before_a_close_and_then_reports_it)
{
	struct mig_record r;
	struct why why;

	cr_assert_eq(mig_stream_put(&a, MIG_HEARTBEAT, NULL), ERR_OK);
	cr_assert_eq(mig_stream_flush(&a, pipe_now_ns, &why), ERR_OK);
	mig_stream_fini(&a, false);
	cr_expect_eq(mig_stream_next(&b, pipe_now_ns, &r, &why), ERR_OK);
	cr_expect_eq(mig_stream_next(&b, pipe_now_ns, &r, &why), ERR_CLOSED);
}

Test(stream, refuses_a_body_with_a_field_missing_or_unknown)
{
	static const uint8_t unknown[14] = { 9, 0, 8, 0, 1, 0 };
	struct mig_query query;
	struct why why;

	cr_expect_eq(mig_stream_parse(&(struct mig_record){ .type = MIG_QUERY, .body = unknown }, &query, &why), ERR_VERSION);
	cr_expect_eq(mig_stream_parse(&(struct mig_record){ .type = MIG_QUERY, .length = 14, .body = unknown }, &query, &why), ERR_UNKNOWN);
	cr_expect_str_eq(why.text, "QUERY: unknown mandatory field with tag 9");
}

Test(stream, every_body_table_fits_its_cap)
{
	static uint8_t rec[8192], out[8192];

	for (uint16_t type = 1; type < MIG_TYPE_END; type++) {
		const struct state_desc *d = mig_type_table(type);
		size_t length;

		cr_assert(mig_type_known(type) || type == 25, "the number is not used");
		if (!d)
			continue;
		cr_assert_eq(state_save(d, rec, d->version, out, sizeof(out), &length, NULL), ERR_OK);
		cr_expect_leq(length, mig_type_cap(type), "%s", d->name);
	}
}
