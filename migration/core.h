/* SPDX-License-Identifier: MIT */
/* core.h: what all attempts of one host share: the host, its records, its jobs. */
#pragma once
#include "host.h"
#include "job.h"
#include "records.h"

#define MIG_MOVES_DEFAULT 4	/* guests on their way at once, each way, where the host says nothing */
#define MIG_MOVES_MAX	  8

#define MIG_MET 16	/* hosts remembered by their UUIDs */
struct mig_dest;

#define MIG_CONNECTIONS		(MIG_MOVES_MAX + 12)	/* incoming ones at once */
#define MIG_CONNECTIONS_PEER	(MIG_MOVES_MAX + 2)	/* of them from one address */
#define MIG_IN			(MIG_CONNECTIONS + MIG_RECORDS_IN)	/* with the prepared guests that wait for one */

#define MIG_PROMISES 16	/* machines that others were told they may start: no more than a host defines */

struct mig_promise { uint8_t vm_uuid[16], peer_uuid[16]; char peer_name[64]; uint64_t until_ns; };

struct mig_core {
	struct mig_host host;
	struct mig_dest *in[MIG_IN];
	struct mig_records records;
	struct mig_job job[MIG_JOBS];
	uint32_t last_job;
	unsigned coming;		/* guests being received, or held with a connection; kept by the service */
	struct { uint8_t uuid[16]; uint32_t ipv4; } met[MIG_MET];	/* other hosts; ipv4 0: free */
	unsigned met_next;		/* where the next one goes */
	struct mig_promise promise[MIG_PROMISES];
};

/* The host's limits, each way. */
unsigned mig_core_max_out(const struct mig_core *c);
unsigned mig_core_max_in(const struct mig_core *c);
/* A cleared job with a new id; NULL if there is no room, since ended ones are kept for MIG_JOB_KEEP_NS. */
struct mig_job *mig_core_job(struct mig_core *c, bool incoming, uint64_t now_ns);
/* False with @why if mig_core_job has no room. */
bool mig_core_job_room(const struct mig_core *c, bool incoming, uint64_t now_ns, struct why *why);
/* Before a move from @ipv4 gets a job: where the places for incoming ones are used up, the oldest job that failed of
 * the host that has the most of them, and more than @ipv4's, is forgotten early. */
void mig_core_job_yield(struct mig_core *c, uint32_t ipv4);
/* Would there be a job for it then? @ending (NULL: none) is one that is about to fail for it. */
bool mig_core_job_would(const struct mig_core *c, uint32_t ipv4, const struct mig_job *ending, uint64_t now_ns);
/* The host at @ipv4, where this one connected to, says that it is @uuid. */
void mig_core_met(struct mig_core *c, const uint8_t uuid[16], uint32_t ipv4);
/* Appends what became known of job @id after its end, if it is still there: it stays visible anew. */
void mig_core_tell(struct mig_core *c, uint32_t id, const char *text);
/* Makes an attempt id that no other attempt has and nobody can guess (wire spec, section 1). */
void mig_core_attempt(struct mig_core *c, uint8_t attempt[MIG_ATTEMPT]);
/* What is known here of @attempt, which came from elsewhere: of the guest that is held, or what is recorded; NULL:
 * nothing. */
const struct mig_note *mig_core_note(const struct mig_core *c, const uint8_t *attempt);
/* Measures: the host's clock. */
uint64_t mig_core_clock(const struct mig_core *c);
/* An attempt that can come to a hand-off is about to say HELLO: how @note is recorded. */
void mig_core_begin(struct mig_core *c, struct mig_note *note);
/* Must it be stored that the machine of @uuid leaves in the attempt of @note, which is in memory alone? Where this host
 * can start it afresh, and has a store. */
bool mig_core_needs_marker(const struct mig_core *c, const struct mig_note *note, const uint8_t uuid[16]);
/* True if that needs no more room than there is, or than is known to be missing. */
bool mig_core_marker_room(const struct mig_core *c, const struct mig_note *note, const uint8_t uuid[16]);
/* mig_records_put; adds what it took to *@took_ns. */
enum err mig_core_record(struct mig_core *c, const struct mig_note *note, enum mig_record_state state,
			 uint64_t *took_ns, struct why *why) NODISCARD;
/* What that will take for @note, by the last one; 0 unknown. */
uint64_t mig_core_record_ns(const struct mig_core *c, const struct mig_note *note);
/* Wall clock in seconds since 1970, 0 unknown. */
uint64_t mig_core_wall(const struct mig_core *c);
/* Chunks of memory that the core may take for caches now. */
uint64_t mig_core_spare(const struct mig_core *c);
/* MIG_CAP_* of this host. */
uint64_t mig_core_capabilities(const struct mig_core *c);
/* This host's HELLO, with @proof (NULL: none). */
void mig_core_hello(const struct mig_core *c, enum mig_purpose purpose, const uint8_t *proof, struct mig_hello *out);
/* A new own proof for the first HELLO of @note's attempt. */
void mig_core_prove(struct mig_core *c, struct mig_note *note);
/* The words about @attempt, which leaves this host, that it can say again after a restart as long as it has its
 * records: the first half is what D asks back with, the second what NEVER comes with (wire spec, section 5). False:
 * this host has no secret. */
bool mig_core_back(const struct mig_core *c, const uint8_t attempt[MIG_ATTEMPT], uint8_t out[2 * MIG_PROOF]);
/* In a time that does not depend on where they differ. */
bool mig_core_same_proof(const uint8_t a[MIG_PROOF], const uint8_t b[MIG_PROOF]);
/* What the peer's first HELLO says is noted. */
void mig_core_note_peer(const struct mig_core *c, struct mig_note *note, const struct mig_hello *hello);
/* Is it the peer of @note's attempt that says @hello on a later connection, from @ipv4? ERR_REFUSED with a reason. */
enum err mig_core_same_peer(const struct mig_note *note, const struct mig_hello *hello, uint32_t ipv4,
			    struct why *why) NODISCARD;
/* The host @peer_uuid may start the machine of @uuid: this one doesn't for MIG_PROMISE_NS. False: another may. */
bool mig_core_promise(struct mig_core *c, const uint8_t uuid[16], const uint8_t peer_uuid[16], const char *peer_name,
		      uint64_t now_ns);
/* Who may start the machine of @uuid now by such a word; NULL: nobody. */
const struct mig_promise *mig_core_promised(const struct mig_core *c, const uint8_t uuid[16], uint64_t now_ns);
/* Checks magic and versions of a peer's HELLO; ERR_INVALID, ERR_VERSION with a reason. */
enum err mig_core_hello_check(const struct mig_hello *hello, struct why *why) NODISCARD;
