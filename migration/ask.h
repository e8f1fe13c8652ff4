/* SPDX-License-Identifier: MIT */
/* ask.h: asking the peer of an attempt, for ever, on new connections: a source QUERY in doubt, and ABORT and DONE until
 * they are known; a destination that is prepared for its source's VERDICT. */
#pragma once
#include "core.h"
#include "stream.h"

enum mig_ask_place { MIG_ASK_WAIT, MIG_ASK_CONNECT, MIG_ASK_HELLO, MIG_ASK_ANSWER };

enum mig_ask_result {
	MIG_ASK_AGAIN,		/* no answer yet */
	MIG_ASK_RUNNING, MIG_ASK_REFUSED, MIG_ASK_PREPARED, MIG_ASK_NONE,
	MIG_ASK_REBOOTED,	/* D's boot id changed and it keeps no records: it has forgotten the attempt */
	MIG_ASK_VERDICT,	/* of the source that was asked back, in verdict; a further step asks again later */
	MIG_ASK_LOST,		/* RUNNING, from a D whose boot id changed: it took over, and what ran there is gone */
};

struct mig_ask {
	const struct mig_core *core;
	struct mig_note note;		/* who is asked about what */
	enum mig_type type;		/* MIG_QUERY, MIG_ABORT, MIG_DONE, or MIG_VERDICT to be told; 0: unused */
	char text[WHY_TEXT];		/* for ABORT */
	bool cancelled;			/* likewise */
	uint32_t job;			/* that the outcome is told in; 0 none */
	bool proven;			/* who answers on this connection is D: it alone may decide anything */
	bool refused;			/* the peer said in last why it does not answer; cleared by the caller */
	struct mig_verdict verdict;
	bool rebooted;			/* D's boot id on this connection is not the attempt's */
	enum mig_ask_place place;
	struct mig_stream stream;	/* open in MIG_ASK_ANSWER: the caller may put COMMIT */
	uint64_t deadline_ns, wait_ns;
	uint64_t give_up_ns;		/* set by the caller for a notification that ends then by itself; 0: never */
	struct why last;		/* why the last try failed, "" before */
};

/* The caller sets type, and text and job where they matter. The first try begins at once. */
void mig_ask_init(struct mig_ask *a, const struct mig_core *core, const struct mig_note *note, uint64_t now_ns);
/* Works on. After MIG_ASK_PREPARED the stream stays open and the next step waits for the answer to what was put
 * there; after MIG_ASK_NONE, REBOOTED and LOST a further step asks again later. */
enum mig_ask_result mig_ask_step(struct mig_ask *a, uint64_t now_ns);
/* Asks again, with @type from now on. */
void mig_ask_again(struct mig_ask *a, enum mig_type type, uint64_t now_ns);
uint64_t mig_ask_deadline(const struct mig_ask *a);
void mig_ask_fini(struct mig_ask *a);
