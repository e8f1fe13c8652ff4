/* SPDX-License-Identifier: MIT */
/* dest.h: one incoming connection, and the guest that is received on it. */
#pragma once
#include "ask.h"
#include "core.h"
#include "digest.h"
#include "force.h"
#include "handoff.h"
#include "load.h"
#include "stream.h"

enum mig_dest_place {
	MIG_DEST_HELLO, MIG_DEST_OFFER,
	MIG_DEST_LOCATE,	/* a question where a machine is must come */
	MIG_DEST_ROUNDS,	/* pages, the dry run */
	MIG_DEST_LOST,		/* the link was lost before STOP; a new one is waited for */
	MIG_DEST_RESUME,	/* there is one, RESUME must come */
	MIG_DEST_STATE,		/* after the final ROUND_END */
	MIG_DEST_HASH,		/* all is here, memory is being hashed */
	MIG_DEST_SETTLED,	/* PREPARED or later, or a connection that only asks: records decide */
	MIG_DEST_CLOSING,	/* the last record is on its way */
	MIG_DEST_END,
};

/* What the guest is to be started from. */
struct dest_images {
	enum {
		DEST_IMAGES_NONE,	/* nothing was said of it */
		DEST_IMAGES_NAME,	/* files here that may be it get their names */
		DEST_IMAGES_LOAD,
		DEST_IMAGES_REFUSED,
		DEST_IMAGES_DONE,	/* the guest has it */
	} place;
	bool told;			/* on this connection */
	struct mig_definition_record rec;
	struct blob *blob[2];		/* kernel, initrd; as far as they are here */
};

struct mig_dest {
	struct mig_core *core;
	struct mig_job *job;		/* NULL before ACCEPT and for checks */
	struct mig_stream stream;	/* closed while PREPARED without a link */
	enum mig_dest_place place;
	enum mig_purpose purpose;
	enum handoff_state handoff;
	uint64_t deadline_ns;
	uint64_t progress_ns;		/* when the last record but HEARTBEAT came */
	uint32_t peer_ipv4;
	char peer_name[64];
	struct mig_hello hello;		/* the peer's; of the attempt's first connection once that holds a guest */
	/* a settling connection that asks, or a resuming one: the service looks for the guest it is about; or one that
	 * asks this host back about a guest that left */
	bool wants_attach;
	bool given_back;		/* the source has the machine back by an operator's word */
	bool alone;			/* it looked: this host holds no guest that the next record is about */

	struct mig_note note;		/* what is recorded, but for its state */
	struct mig_guest *guest;	/* NULL: nothing is held for this attempt here */
	struct mig_definition def;
	uint32_t flags;			/* of OFFER */
	uint64_t capabilities;		/* of both sides */
	struct mig_digest digest;
	struct mig_load load;
	struct dest_images images;
	bool stopped;			/* STOP came */
	bool cancelled;			/* the source says that its operator cancelled the move */
	uint64_t pages_records;		/* loaded */
	uint64_t lost_until_ns;		/* LOST, RESUME: then the grace time ends */
	struct why cause;		/* how the link was lost */
	struct mig_image image;
	struct mig_memory_hash hash;
	uint64_t round_start_ns, round_bytes, round_work_ns, load_ns, hash_start_ns;
	struct mig_ready ready;
	uint64_t prepared_ns;		/* when PREPARED was recorded, host's clock */
	uint64_t record_ns;		/* recording took so far */
	uint64_t ready_ns;		/* when READY went, host's clock */
	uint64_t commit_ns;		/* when COMMIT came */
	struct mig_commit commit;
	struct mig_ask ask;		/* back to S, while the guest is prepared and no connection is left */
	struct why why;
};

/* Takes @ch over. ERR_NOMEM: closed. */
enum err mig_dest_init(struct mig_dest *d, struct mig_core *core, struct channel *ch, uint64_t now_ns) NODISCARD;
/* Works on, boundedly; true if it could go on at once. Ended when place is MIG_DEST_END. */
bool mig_dest_step(struct mig_dest *d, uint64_t now_ns);
/* The guest stands at S for a live migration's hand-off, and S is connected and has not taken too long to decide. */
bool mig_dest_stands(const struct mig_dest *d);
uint64_t mig_dest_deadline(const struct mig_dest *d);
/* Moves the settling connection of @from to @to, which holds the guest of the same attempt; @from ends. */
void mig_dest_attach(struct mig_dest *to, struct mig_dest *from, uint64_t now_ns);
/* The service's answer to a resuming connection @from: @to, which holds the guest of its attempt and may be NULL, takes
 * it over, or it is refused. */
void mig_dest_resume(struct mig_dest *to, struct mig_dest *from, uint64_t now_ns);
/* An operator ends a reception that isn't PREPARED yet. ERR_STATE with a reason afterwards. */
enum err mig_dest_cancel(struct mig_dest *d, uint64_t now_ns, struct why *why) NODISCARD;
/* MIG_FORCE_* on a prepared copy. ERR_STATE: does not apply; ERR_REFUSED: @why is what it would risk. */
enum err mig_dest_force(struct mig_dest *d, enum mig_force force, bool accept_risk, uint64_t now_ns,
			struct why *why) NODISCARD;
/* The connection, or what is left of it, that holds the guest of @attempt; NULL: there is none. */
struct mig_dest *mig_dest_holder(const struct mig_core *c, const uint8_t *attempt);
void mig_dest_fini(struct mig_dest *d);
