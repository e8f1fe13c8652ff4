/* SPDX-License-Identifier: MIT */
#include "host/share.h"
#include <criterion/criterion.h>

/* Who has the boot CPU for how long: a clock, services with pieces of work, guests that want all they can get. */

#define US	1000ull
#define MS	1000000ull

static struct share share;
static uint64_t now, services_ns, guests_ns, longest_ns;	/* in all; the longest that guests waited */

struct load {
	uint64_t piece_ns;		/* of services; 0: they have nothing to do */
	bool managed;			/* it is management's */
	unsigned guests;		/* that want the CPU for ever */
	bool stands;
};

static void turn(const struct load *l)
{
	uint64_t before = now, slice;

	share_begin(&share, now);
	do {
		now += l->piece_ns;
		if (l->managed)
			share_managed(&share, l->piece_ns);
	} while (l->piece_ns && share_services_again(&share, now, l->stands));
	services_ns += now - before;
	longest_ns = now - before > longest_ns ? now - before : longest_ns;
	if (!l->guests)
		return;
	slice = share_slice(&share, now, l->guests, l->stands);
	cr_assert_gt(slice, 0);
	now += slice * l->guests;
	guests_ns += slice * l->guests;
	share_ran(&share, slice * l->guests, true);
}

/* The guests' part of a second, in percent. */
static unsigned percent(const struct load *l)
{
	uint64_t end = now + 1000 * MS;

	services_ns = guests_ns = longest_ns = 0;
	while (now < end)
		turn(l);
	return (unsigned)(guests_ns * 100 / (guests_ns + services_ns));
}

Test(share, guests_have_half_beside_services_that_never_end)
{
	static const uint64_t piece[] = { 50 * US, 1 * MS, 7 * MS, 20 * MS, 60 * MS };

	for (unsigned i = 0; i < sizeof(piece) / sizeof(piece[0]); i++)
		for (unsigned guests = 1; guests <= 8; guests++) {
			struct load l = { .piece_ns = piece[i], .guests = guests };
			unsigned part = percent(&l);

			/* A piece as long as several of the longest slices is repaid as far as the turns go. */
			cr_expect_geq(part, piece[i] < 20 * MS ? 48 : 23, "%u%% for %u guests beside pieces of %llu us", part, guests,
				      piece[i] / US);
			cr_expect_leq(longest_ns, piece[i] + SHARE_SERVICES_NS);
		}
}

Test(share, guests_have_two_thirds_beside_management)
{
	static const uint64_t piece[] = { 50 * US, 1 * MS, 7 * MS, 13 * MS };

	for (unsigned i = 0; i < sizeof(piece) / sizeof(piece[0]); i++) {
		struct load l = { .piece_ns = piece[i], .managed = true, .guests = 1 };

		/* Of 13 ms twice as much doesn't go into a turn's slices. */
		cr_expect_geq(percent(&l), piece[i] <= 7 * MS ? 65 : 59, "%u%% beside pieces of %llu us", percent(&l), piece[i] / US);
	}
}

Test(share, services_keep_their_part_however_many_guests_want_the_cpu)
{
	for (unsigned guests = 1; guests <= 8; guests++) {
		struct load l = { .piece_ns = 100 * US, .guests = guests };

		/* Eight guests can't do with less than two milliseconds a turn. */
		cr_expect_leq(percent(&l), guests <= 4 ? 52 : 67, "%u%% for %u guests", percent(&l), guests);
	}
}

Test(share, a_piece_that_was_too_long_is_repaid_over_several_turns)
{
	struct load slow = { .piece_ns = 80 * MS, .guests = 1 }, quick = { .piece_ns = 100 * US, .guests = 1 };
	uint64_t after;

	turn(&slow);
	cr_expect_eq(guests_ns, SHARE_SLICES_MAX_NS, "services have to wait no longer than that");
	for (after = 0; share.owed_ns; after++) {
		cr_assert_lt(after, 10);
		turn(&quick);
	}
	cr_expect_geq(guests_ns, services_ns);
	cr_expect_eq(after, 4);
}

Test(share, nothing_is_owed_to_guests_that_had_all_they_wanted)
{
	share_begin(&share, 0);
	cr_expect_eq(share_slice(&share, 80 * MS, 1, false), SHARE_SLICES_MAX_NS);
	share_ran(&share, 1 * MS, false);
	share_begin(&share, 81 * MS);
	cr_expect_eq(share_slice(&share, 81 * MS, 1, false), SHARE_SLICES_NS);
}

Test(share, what_a_second_long_write_cost_is_not_all_owed)
{
	share_begin(&share, 0);
	(void)share_slice(&share, 5000 * MS, 1, false);
	cr_expect_leq(share.owed_ns, SHARE_OWED_MAX_NS);
}

Test(share, a_guest_that_stands_waits_for_other_guests_only_briefly)
{
	for (unsigned guests = 1; guests <= 8; guests++) {
		struct load waits = { .guests = guests, .stands = true };
		uint64_t before = now;

		turn(&waits);
		cr_expect_leq(now - before, SHARE_SLICE_NS, "until services look at the link again");
	}
}

Test(share, services_of_a_guest_that_stands_have_two_thirds_and_the_others_a_third)
{
	static const uint64_t piece[] = { 100 * US, 1 * MS, 10 * MS };

	for (unsigned i = 0; i < sizeof(piece) / sizeof(piece[0]); i++)
		for (unsigned guests = 1; guests <= 8; guests++) {
			struct load l = { .piece_ns = piece[i], .guests = guests, .stands = true };
			unsigned part = percent(&l);

			cr_expect(part >= 32 && part <= 34, "%u%% for %u guests beside pieces of %llu us", part, guests, piece[i] / US);
		}
}
