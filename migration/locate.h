/* SPDX-License-Identifier: MIT */
/* locate.h: one question to one host, on a connection of its own: does the machine run there, or (a claim) may it run
 * here? */
#pragma once
#include "core.h"
#include "stream.h"

struct mig_locate {
	const struct mig_core *core;
	/* the machine, who is asked; of a claim the attempt by which it went there, with its proofs */
	struct mig_note note;
	bool claim;
	bool active;
	enum { MIG_LOCATE_CONNECT, MIG_LOCATE_HELLO, MIG_LOCATE_ANSWER } place;
	struct mig_stream stream;
	uint64_t deadline_ns;
	struct mig_hello hello;		/* the other host's */
	struct mig_located answer;
	struct why why;			/* what it says, or why it can't be asked */
};

/* Begins; may end at once. @note: vm, vm_uuid, peer_ipv4 and peer_port; of a claim all of AWAY. */
void mig_locate_start(struct mig_locate *l, const struct mig_core *core, const struct mig_note *note, bool claim,
		      uint64_t now_ns);
/* ERR_AGAIN: no answer yet. ERR_OK: answer, and why is the host's sentence; of a claim that host has shown that it is
 * the one that the machine went to. ERR_UNSUPPORTED: why says why it can't be asked; ERR_REFUSED: it answers, and can't
 * be believed. */
enum err mig_locate_step(struct mig_locate *l, uint64_t now_ns) NODISCARD;
uint64_t mig_locate_deadline(const struct mig_locate *l);
void mig_locate_fini(struct mig_locate *l);
