/* SPDX-License-Identifier: MIT */
/* mig_raw.h: a peer of a host of mig_pair.h that sends what a test says, record by record. */
#pragma once
#include "mig_pair.h"
#include "migration/protocol.h"

struct raw {
	struct pair *pair;
	int to;				/* the host that it talks to */
	struct pipe *pipe;
	struct channel *ch, *theirs;	/* this end, and the host's as long as it has it */
	uint32_t ipv4;			/* its own address */
	uint8_t attempt[MIG_ATTEMPT];
	const uint8_t *proof;		/* that raw_hello says; NULL: none */
	uint32_t sequence;
	size_t heard;			/* bytes of the host that raw_next has looked at */
	bool called;			/* the host made the connection: its first record names the attempt */
	const uint8_t *body;		/* of the record that raw_next returned last */
	uint32_t length;
};

/* Connects to host @to as @ipv4. */
void raw_open(struct raw *r, struct pair *p, int to, uint32_t ipv4, const uint8_t attempt[MIG_ATTEMPT]);
/* The far end of a connection that host @to makes; its own one is returned, for connect() to return. */
struct channel *raw_called(struct raw *r, struct pair *p, int to, uint32_t ipv4);
/* A record whose body is @rec by @type's table, or nothing. */
void raw_put(struct raw *r, uint16_t type, const void *rec);
/* One whose body is these bytes. */
void raw_put_bytes(struct raw *r, uint16_t type, const void *body, size_t length);
/* The HELLO of the host @as (its uuid, name and boot id) with its own capabilities, and @purpose. */
void raw_hello(struct raw *r, int as, enum mig_purpose purpose);
/* That host @to has @steps steps of its own, the other none. */
void raw_let(struct raw *r, unsigned steps);
/* The type of the host's next record but HEARTBEAT, 0: there is none. */
uint16_t raw_next(struct raw *r);
/* True if the host has closed or reset the connection. */
bool raw_ended(struct raw *r);
void raw_close(struct raw *r);
