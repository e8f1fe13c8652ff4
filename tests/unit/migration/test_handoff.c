/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>
#include "migration/handoff.h"

/* The guarantees of docs/design.md, section 7, read off the tables. */

static int at(const struct handoff_step *s, enum handoff_action action)
{
	for (int n = 0; n < HANDOFF_ACTIONS; n++)
		if (s->action[n] == action)
			return n;
	return -1;
}

static const struct handoff_step *row;
static unsigned count;

static void setup(void) { row = handoff_rows(&count); }
TestSuite(handoff, .init = setup);

Test(handoff, no_state_and_event_has_two_rows)
{
	for (unsigned i = 0; i < count; i++)
		for (unsigned k = i + 1; k < count; k++)
			cr_expect(row[i].state != row[k].state || row[i].event != row[k].event, "rows %u and %u", i, k);
}

Test(handoff, records_come_before_what_they_promise)
{
	static const enum handoff_action pair[][2] = {
		{ HA_RECORD_PREPARED, HA_SEND_READY }, { HA_RECORD_COMMITTED, HA_SEND_COMMIT },
		{ HA_RECORD_OWNED, HA_RUN }, { HA_RUN, HA_SEND_RUNNING }, { HA_RECORD_ABORTED, HA_FREE_COPY },
		{ HA_RECORD_ABORTED, HA_RESUME }, { HA_MARK_AWAY, HA_FREE_COPY }, { HA_MARK_AWAY, HA_RECORD_DONE },
		{ HA_MARK_AWAY, HA_DROP_RECORD }, { HA_RUN, HA_MARK_HOME }, { HA_FREE_COPY, HA_SEND_REFUSED }, { HA_RECORD_DONE, HA_SEND_DONE },
	};

	for (unsigned i = 0; i < count; i++)
		for (unsigned p = 0; p < sizeof(pair) / sizeof(pair[0]); p++)
			if (at(&row[i], pair[p][0]) >= 0 && at(&row[i], pair[p][1]) >= 0)
				cr_expect_lt(at(&row[i], pair[p][0]), at(&row[i], pair[p][1]), "row %u", i);
}

Test(handoff, a_committed_source_resumes_on_refused_or_by_force_and_on_nothing_else)
{
	for (unsigned i = 0; i < count; i++)
		if (row[i].state == HS_COMMITTED && (at(&row[i], HA_RESUME) >= 0 || row[i].next == HS_ABORTED))
			cr_expect(row[i].event == HE_REFUSED || row[i].event == HE_FORCE_RESUME);
	cr_expect_geq(at(handoff_step(HS_COMMITTED, HE_REFUSED), HA_RESUME), 0);
}

Test(handoff, a_source_resumes_freely_before_commit)
{
	static const enum handoff_event any[] = { HE_FAIL, HE_CANCEL };

	for (unsigned n = 0; n < 2; n++) {
		cr_expect_eq(handoff_step(HS_RUNNING, any[n])->next, HS_ABORTED);
		cr_expect_eq(handoff_step(HS_STOPPED, any[n])->next, HS_ABORTED);
		cr_expect_geq(at(handoff_step(HS_STOPPED, any[n]), HA_RESUME), 0);
	}
}

Test(handoff, a_source_frees_its_copy_only_when_the_guest_runs_there_or_by_force)
{
	for (unsigned i = 0; i < count; i++)
		if (row[i].state <= HS_ABORTED && at(&row[i], HA_FREE_COPY) >= 0)
			cr_expect(row[i].state == HS_COMMITTED &&
				  (row[i].event == HE_RUNNING || row[i].event == HE_FORCE_FORGET));
}

Test(handoff, cancel_after_commit_changes_nothing)
{
	cr_expect_eq(handoff_step(HS_COMMITTED, HE_CANCEL)->next, HS_COMMITTED);
	cr_expect_eq(handoff_step(HS_COMMITTED, HE_CANCEL)->action[0], HA_TOO_LATE);
	cr_expect_null(handoff_step(HS_DONE, HE_CANCEL));
}

Test(handoff, the_guest_runs_only_on_commit_or_by_force_in_prepared_and_only_once)
{
	for (unsigned i = 0; i < count; i++)
		if (at(&row[i], HA_RUN) >= 0)
			cr_expect(row[i].state == HD_PREPARED && row[i].next == HD_OWNED &&
				  (row[i].event == HE_COMMIT || row[i].event == HE_FORCE_RUN));
}

Test(handoff, a_prepared_copy_is_freed_only_after_aborted_is_recorded)
{
	for (unsigned i = 0; i < count; i++) {
		if (row[i].state != HD_PREPARED || at(&row[i], HA_FREE_COPY) < 0)
			continue;
		cr_expect_geq(at(&row[i], HA_RECORD_ABORTED), 0);
		cr_expect_eq(row[i].next, HD_ABORTED);
	}
	cr_expect_eq(handoff_step(HD_PREPARED, HE_FAIL)->next, HD_PREPARED);
}

Test(handoff, refused_is_said_only_where_the_guest_never_runs)
{
	for (unsigned i = 0; i < count; i++)
		if (at(&row[i], HA_SEND_REFUSED) >= 0)
			cr_expect_eq(row[i].next, HD_ABORTED);
}

Test(handoff, every_question_has_an_answer_in_every_state_of_the_destination)
{
	static const enum handoff_event question[] = { HE_COMMIT, HE_COMMIT_BAD, HE_QUERY, HE_ABORT };

	for (int state = HD_LOADING; state <= HD_NONE; state++)
		for (unsigned q = 0; q < 4; q++)
			cr_expect_not_null(handoff_step((enum handoff_state)state, question[q]), "%d %u", state, q);
}

Test(handoff, an_aborted_or_owned_attempt_never_leaves_that_state_but_by_done)
{
	for (unsigned i = 0; i < count; i++)
		if ((row[i].state == HD_ABORTED || row[i].state == HD_OWNED) && row[i].event != HE_DONE)
			cr_expect_eq(row[i].next, row[i].state);
}
