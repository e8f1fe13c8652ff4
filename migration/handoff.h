/* SPDX-License-Identifier: MIT */
/* handoff.h: the hand-off (docs/design.md, section 7) as two transition tables. Pure: who acts on a step is source_*.c
 * and dest_*.c. */
#pragma once
#include "records.h"

enum handoff_state {
	/* the source */
	HS_RUNNING, HS_STOPPED, HS_COMMITTED,
	HS_BARE,		/* COMMITTED, and the copy here is gone: by a restart, or by an operator's word */
	HS_DONE, HS_ABORTED,
	/* the destination */
	HD_LOADING, HD_PREPARED, HD_OWNED,
	HD_LOST,		/* OWNED in an earlier boot: what ran died with that boot */
	HD_ABORTED, HD_NONE,
};

enum handoff_event {
	HE_STOP,		/* S: the stop rule holds */
	HE_READY,		/* S: READY came, digest and hash equal */
	HE_FAIL,		/* error, cut, timeout, what the peer sent was refused */
	HE_CANCEL,		/* S: an operator asks to cancel */
	HE_RUNNING, HE_REFUSED, HE_ANSWER_PREPARED, HE_ANSWER_NONE,	/* S: answers of D */
	HE_LOST,		/* S: RUNNING from a D that has restarted since the attempt began */
	HE_LOADED,		/* D: all loaded and checked */
	HE_COMMIT, HE_COMMIT_BAD,	/* D: digest equal, different */
	HE_QUERY, HE_ABORT, HE_DONE,	/* D: records of S */
	HE_NEVER,		/* D: S says, and proves, that it never committed and never will */
	HE_NO_RECORD,		/* D: the record that the next step needs could not be stored */
	HE_FORCE_RESUME, HE_FORCE_FORGET, HE_FORCE_RUN,	/* an operator's, who was told the risk */
};

/* Carried out in the order of the row. */
enum handoff_action {
	HA_NONE,
	HA_STOP_GUEST, HA_SEND_STOP, HA_RESUME, HA_FREE_COPY,
	HA_RECORD_COMMITTED, HA_RECORD_PREPARED, HA_RECORD_OWNED, HA_RECORD_ABORTED, HA_RECORD_DONE, HA_DROP_RECORD,
	HA_MARK_AWAY, HA_MARK_HOME,	/* the machine went to the peer; it may be started afresh here */
	HA_SEND_READY, HA_SEND_COMMIT, HA_SEND_RUNNING, HA_SEND_REFUSED, HA_SEND_DONE, HA_SEND_ABORT,
	HA_SEND_ANSWER_PREPARED, HA_SEND_ANSWER_NONE,
	HA_RUN,			/* D: the guest runs; its MAC is announced after that */
	HA_ASK,			/* S: ask again on a new connection */
	HA_TOO_LATE,		/* S: tell the operator "too late, committed" */
};

#define HANDOFF_ACTIONS 4	/* of a row, at most */

struct handoff_step {
	enum handoff_state state;
	enum handoff_event event;
	enum handoff_state next;
	enum handoff_action action[HANDOFF_ACTIONS];
};

/* The step for @event in @state; NULL: the event means nothing there and changes nothing. */
const struct handoff_step *handoff_step(enum handoff_state state, enum handoff_event event);
/* D's state as its record alone tells it. */
enum handoff_state handoff_from_record(const struct mig_note *note);
/* All rows, for tests. */
const struct handoff_step *handoff_rows(unsigned *count);
