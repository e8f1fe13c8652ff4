/* SPDX-License-Identifier: MIT */
/* mig_said.h: a source of which a fuzzer's bytes tell what it says to a host of mig_pair.h. */
#pragma once
#include "fuzz_input.h"
#include "mig_raw.h"

enum said_act {
	SAID_RESUME = 0xf4,	/* round u8: less 128 it is away from the right one */
	SAID_SETTLING,		/* which u8 % 4: QUERY, ABORT, DONE, HEARTBEAT; ABORT is an operator's wish by bit 2 */
	SAID_COMMIT,		/* how u8: bit 0 wrong digest */
	SAID_STATE,		/* how u8: bit 0 dry run, bit 1 in two parts, bit 2 not a guest's */
	SAID_STOP,
	SAID_ROUND_END,		/* how u8: bit 0 wrong counts, bit 1 final if it is not */
	SAID_RAW,		/* page u8, byte u8: one raw page */
	SAID_ZERO,		/* page u8, count u8 */
	SAID_BLOB,		/* how u8: bit 7 of the initrd, else of the kernel; the next bytes of it, at most the rest of how */
	SAID_DEFINITION,	/* kernel u8, initrd u8: bytes of each; how u8: bit 0 wrong hash, else the bytes' pattern */
	SAID_HELLO,		/* capabilities u16, purpose u8, who u8: bit 0 another host, 1 wrong proof, 2 another boot */
	SAID_OFFER,		/* how u8: bits 0 and 1 flags, 2 and 3 the type of the move, 6 and 7 the machine */
};

#define SAID_MEMORY (4u << 20)	/* bytes of the machines that are offered */

struct said {
	struct raw raw;
	bool strict;			/* HELLO and COMMIT can't be said as bytes */
	bool greeted;			/* with @hello, its first */
	struct mig_hello hello;
	uint32_t round, raw_pages, zero_pages;
	bool stopped;
	uint8_t bytes[2], pattern;	/* of kernel and initrd */
	size_t at[2];
};

/* What @s was on is over: a new connection to host @to as @ipv4. */
void said_open(struct said *s, struct pair *p, int to, uint32_t ipv4, const uint8_t attempt[MIG_ATTEMPT]);
/* What a right COMMIT names now, as far as the host holds a guest of the attempt or has a record of it; else 0. */
uint64_t said_digest(const struct said *s);
/* Says one record: of enum said_act, or {type u8, length u16, body}. */
void said_record(struct said *s, struct input *in);
