/* SPDX-License-Identifier: MIT */
/* mig_answers.h: a destination of which a fuzzer's bytes tell how it answers host 0 of mig_pair.h; 0 is as it should be. */
#pragma once
#include "fuzz_input.h"
#include "mig_raw.h"

#define ANSWERS_LINKS 4u

/* A byte for each record that wants an answer, % 16; below 6 and 15: the right answer. */
enum answers_act {
	ANSWERS_CHANGED = 6,	/* at u8, mask u8: that byte of the right one's body */
	ANSWERS_OTHER,		/* type u8, value u8: that record instead */
	ANSWERS_BYTES,		/* type u8, length u16, body */
	ANSWERS_NOTHING,
	ANSWERS_CUT,		/* how u8 % 4: silently, reset, closed; 3: and the next u8 % 8 connections are refused */
	ANSWERS_TWICE,
	ANSWERS_LATE,		/* quarters of a second u8 */
	ANSWERS_AND_OTHER,	/* as OTHER, after the right one */
	ANSWERS_HELLO,		/* who u8: bit 0 another host, 1 wrong proof, 2 another boot, 3 keeps no records; to HELLO alone */
};

struct answers_link {
	struct raw raw;
	bool open;
	uint8_t purpose;		/* of the host's HELLO, 0: none yet */
	bool greeted, proven, rebooted, keeps;	/* by the HELLO that was said to it, by what the first one said */
};

struct answers {
	struct pair *pair;
	struct input *in;
	struct answers_link link[ANSWERS_LINKS];
	unsigned links, refuse;
	uint64_t capabilities;		/* of the first HELLO */
	bool met;			/* that was said */
	uint8_t uuid[16], boot[16];	/* by it */
	uint64_t agreed;		/* capabilities of both sides then */
	uint8_t host_proof[MIG_PROOF];	/* said by the host's */
	uint64_t pages, bytes[2], got[2];
	bool committed;			/* COMMIT was heard */
	/* Said where the host may believe it: on the attempt's connection, or on a proven one. */
	bool running, refused, prepared;
	bool running_rebooted;		/* by a boot of D that can't have it any more */
	bool loaded;			/* READY as it must be */
	bool none;			/* said by anyone */
	bool rebooted;			/* HELLO of another boot that keeps no records, likewise */
	/* What a right READY says, asked for when it is due. */
	void (*ready)(struct mig_ready *out);
};

/* For mig_host.connect; answers_now is whom it connects to. */
struct channel *answers_connect(void *ctx, uint32_t ipv4, uint16_t port, struct why *why);
extern struct answers *answers_now;

/* Hears what came on all connections and answers it; true if there was something. */
bool answers_step(struct answers *a);
void answers_fini(struct answers *a);
