/* SPDX-License-Identifier: MIT */
/* records.h: what a host must not forget about an attempt until both sides agree, nor about a machine that left
 * (docs/design.md, section 7). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/err.h"
#include "lib/why.h"
#include "protocol.h"
#include "store.h"

#define MIG_RECORDS	32	/* attempts */
/* of them of attempts that came here and are not settled: the others are kept for what leaves */
#define MIG_RECORDS_IN	20
#define MIG_RECORDS_PEER 8	/* of those from one address */
#define MIG_RECORD_AGE_S (7 * 86400ull)	/* from which on one of those may give way */
#define MIG_CAMES	8	/* of them of machines that came here and are settled */
#define MIG_AWAYS	24	/* machines that left */
#define MIG_STRANGE	MIG_STORE_ENTRIES	/* entries that can't be read: each holds its machine */
#define MIG_RECORD_PUTS	4	/* into the store that one attempt takes at most, on either side */
_Static_assert(MIG_RECORDS + MIG_AWAYS <= MIG_STORE_ENTRIES, "all of it can be kept");

/* As stored: numbers are not reused. */
enum mig_record_state {
	MIG_RECORD_NONE,
	MIG_RECORD_PREPARED,	/* D: complete copy, waits for COMMIT */
	MIG_RECORD_OWNED,	/* D: runs, or ran, the guest */
	MIG_RECORD_ABORTED,	/* D: never ran it and never will; S: resumed */
	MIG_RECORD_COMMITTED,	/* S: D may run it */
	MIG_RECORD_DONE,	/* S: D runs it, the copy here is gone */
	MIG_RECORD_AWAY,	/* of a machine, not of an attempt: it went to the peer and has not come back */
	MIG_RECORD_VOID,	/* of either: no longer true, the entry is about to go */
	MIG_RECORD_CAME,	/* settled, kept to know the other host by: the machine came from there */
	MIG_RECORD_STATES
};

struct mig_note {
	uint8_t attempt[MIG_ATTEMPT];	/* of AWAY: the one it left with */
	enum mig_record_state state;
	bool source;			/* this host is S of the attempt */
	uint64_t digest;
	char vm[32];
	uint8_t vm_uuid[16];
	uint32_t peer_ipv4;
	uint16_t peer_port;
	char peer_name[64];
	uint8_t peer_uuid[16], peer_boot[16];	/* the peer's, of the attempt's first HELLO */
	bool peer_keeps;		/* that HELLO said RECORDS_KEPT */
	/* it said RECORDS_FOUND: the peer keeps others, but not those of this attempt */
	bool peer_forgets;
	bool proves;			/* PROOF is in force: who goes on with the attempt shows its first connection */
	uint8_t own_proof[MIG_PROOF];	/* said in this host's first HELLO: the peer says it in each later one */
	uint8_t peer_proof[MIG_PROOF];	/* the other way round */
	bool owes_away;			/* DONE, and AWAY could not be stored: this entry stands for it */
	bool settles;			/* AWAY: its attempt is DONE, whatever the entry of that says */
	uint32_t given;			/* AWAY, CAME: how often the machine was given back since that attempt */
	uint64_t when_s;		/* wall clock when the state was reached, 0 unknown */
	/* set by put */
	uint64_t order;			/* of the puts, through all boots */
	uint8_t own_boot[16];
	/* not stored */
	bool in_memory;			/* the attempt began when the store was spent: nothing of it is stored, ever */
	bool stored;			/* the store has it */
	bool by_away;			/* DONE, and stored is COMMITTED: AWAY says the rest */
	bool restored;			/* of an earlier boot of this host */
	bool orphan;			/* nothing sees to it yet */
	/* OWNED: its machine has left since, which a restart may not know: no CAME comes of it */
	bool left;
	bool untold;			/* DONE could not be stored: a restart will ask, so D is not told yet */
	uint64_t since_ns;		/* when this boot wrote it, by the host's clock; 0: an earlier one did */
};

/* An entry that is kept but not understood. */
struct mig_strange {
	bool used, uuid_known;
	uint8_t key[MIG_STORE_KEY], vm_uuid[16];
};

struct mig_records {
	struct mig_note note[MIG_RECORDS];	/* by attempt */
	struct mig_note away[MIG_AWAYS];	/* by the machine's uuid */
	struct mig_strange strange[MIG_STRANGE];
	uint64_t next;
	struct mig_store store;
	uint8_t boot_id[16];
	uint64_t put_ns, now_ns;	/* what the last put took, 0 unknown, and when it was; kept by core.c */
	bool spent;			/* until the next boot the store is not counted on for new attempts */
	bool (*defines)(void *ctx, const uint8_t *uuid);	/* of host.h, set by the service; NULL: any */
	void *ctx;
};

/* Reads all of @store (put NULL: there is none) into the cleared @r. What can't be read is reported and kept. */
void mig_records_load(struct mig_records *r, const struct mig_store *store, const uint8_t boot_id[16]);
/* True if what earlier boots recorded is known to be here. */
bool mig_records_found(const struct mig_records *r);
/* True if so is, after the boot, what an attempt that begins now records. */
bool mig_records_kept(const struct mig_records *r);
/* An attempt begins, beside @others; before its HELLO. The store is asked for room for all of them; once it had none,
 * or a put failed, new attempts are recorded in memory alone, as where there is no store: that outlives no restart, and
 * nothing of such an attempt is stored, since a part of it would be believed after a restart. Older attempts keep to
 * the store. */
void mig_records_begin(struct mig_records *r, struct mig_note *note, unsigned others);

/* True if one more attempt can be recorded. */
bool mig_records_room(const struct mig_records *r);
/* How many attempts that came here are not settled (PREPARED, OWNED); from @ipv4, or from all addresses (0). */
unsigned mig_records_unsettled(const struct mig_records *r, uint32_t ipv4);
/* The times and the host by which a record is old. */
struct mig_age {
	uint64_t wall_s, now_ns;	/* wall clock, 0 unknown; the host's clock */
	bool (*defines)(void *ctx, const uint8_t *uuid);	/* may be NULL */
	void *ctx;
};
/* The record that gives way to that of an attempt from @ipv4 (0: from anywhere), NULL if none does: of a machine that
 * came here, over MIG_RECORD_AGE_S ago, and that this host can't start afresh. Of the addresses the one that has most,
 * of its records the oldest. Who asks for it then is told that there is none, and stays in doubt. */
const struct mig_note *mig_records_oldest(const struct mig_records *r, uint32_t ipv4, const struct mig_age *age);
/* Stores or replaces the record of note->attempt with @state. ERR_SPACE: all places hold records that may not be
 * forgotten. Other errors are the store's, with a sentence; then PREPARED, COMMITTED and OWNED are not recorded at all.
 * ABORTED and DONE are, in memory: they end a promise; and no COMMITTED is left in the store by what could not be
 * stored, but for DONE. DONE is not written where AWAY is stored that settles the attempt. */
enum err mig_records_put(struct mig_records *r, const struct mig_note *note, enum mig_record_state state,
			 struct why *why) NODISCARD;
/* NULL: no record. */
const struct mig_note *mig_records_get(const struct mig_records *r, const uint8_t *attempt);
/* A COMMITTED record of the machine of @uuid, NULL if there is none: whether it runs elsewhere is open. */
const struct mig_note *mig_records_left(const struct mig_records *r, const uint8_t uuid[16]);
/* True if the machine of @note, a record of how it came here, came by a newer attempt too (OWNED or CAME). */
bool mig_records_newer(const struct mig_records *r, const struct mig_note *note);
void mig_records_remove(struct mig_records *r, const uint8_t *attempt);
/* Nothing sees to it now: the service will when it has a place. */
void mig_records_orphan(struct mig_records *r, const uint8_t *attempt);
/* An operator declares the entries that can't be read and concern the machine of @uuid void. */
void mig_records_drop_strange(struct mig_records *r, const uint8_t uuid[16]);

/* Notes that the machine of @note went to its peer. @defines (may be NULL) tells which machines this host could start
 * afresh: of others the oldest marker gives way, and with it how that machine came. ERR_SPACE: no place; other errors
 * are the store's: then it holds in memory. */
enum err mig_away_put(struct mig_records *r, const struct mig_note *note,
		      bool (*defines)(void *ctx, const uint8_t *uuid), void *ctx, struct why *why) NODISCARD;
bool mig_away_room(const struct mig_records *r, const uint8_t uuid[16], bool (*defines)(void *ctx, const uint8_t *uuid),
		   void *ctx);
const struct mig_note *mig_away_get(const struct mig_records *r, const uint8_t uuid[16]);
/* It is settled that the machine of @note came here by its attempt: unless it has left or come anew since, CAME takes
 * the place of that record, and of older ones of this machine; of all machines the newest MIG_CAMES are kept. What
 * could not be stored holds in memory. */
void mig_came_put(struct mig_records *r, const struct mig_note *note);
/* Before the machine of @uuid leaves for good. Unless AWAY will say so after a restart, nothing stored may say then
 * that it is here still: how it came is kept in memory alone. Takes no room in the store. */
void mig_came_leave(struct mig_records *r, const uint8_t uuid[16]);
/* The CAME of @attempt if that brought the machine of @uuid, else NULL. */
const struct mig_note *mig_came_get(const struct mig_records *r, const uint8_t uuid[16], const uint8_t *attempt);
/* It is back, or may be started afresh. */
void mig_away_home(struct mig_records *r, const uint8_t uuid[16]);
