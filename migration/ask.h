/* SPDX-License-Identifier: MIT */
/* ask.h: a source that asks D again, for ever, on new connections: QUERY in doubt, ABORT and DONE until they are known. */
#pragma once
#include "core.h"
#include "stream.h"

enum mig_ask_place { MIG_ASK_WAIT, MIG_ASK_CONNECT, MIG_ASK_HELLO, MIG_ASK_ANSWER };

enum mig_ask_result {
	MIG_ASK_AGAIN,		/* no answer yet */
	MIG_ASK_RUNNING, MIG_ASK_REFUSED, MIG_ASK_PREPARED, MIG_ASK_NONE,
	MIG_ASK_REBOOTED,	/* D's boot id changed: it has forgotten the attempt */
};

struct mig_ask {
	const struct mig_core *core;
	uint8_t attempt[MIG_ATTEMPT], peer_boot_id[16];
	uint32_t ipv4;
	uint16_t port;
	enum mig_type type;		/* MIG_QUERY, MIG_ABORT or MIG_DONE; 0: unused */
	uint64_t digest;		/* for QUERY */
	char text[WHY_TEXT];		/* for ABORT */
	char vm[32];
	enum mig_ask_place place;
	struct mig_stream stream;	/* open in MIG_ASK_ANSWER: the caller may put COMMIT */
	uint64_t deadline_ns, wait_ns;
	struct why last;		/* why the last try failed, "" before */
};

/* Fills in what comes back the same with each try; the caller sets type, digest, text and vm. The first try begins at once. */
void mig_ask_init(struct mig_ask *a, const struct mig_core *core, const uint8_t *attempt,
		  const uint8_t *peer_boot_id, uint32_t ipv4, uint16_t port, uint64_t now_ns);
/* Works on. After MIG_ASK_PREPARED the stream stays open and the next step waits for the answer to what was put
 * there; after MIG_ASK_NONE and MIG_ASK_REBOOTED a further step asks again later. */
enum mig_ask_result mig_ask_step(struct mig_ask *a, uint64_t now_ns);
uint64_t mig_ask_deadline(const struct mig_ask *a);
void mig_ask_fini(struct mig_ask *a);
