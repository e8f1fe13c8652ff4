/* SPDX-License-Identifier: MIT */
/* source.h: one attempt to move a guest away from this host, or one check whether that could be done. */
#pragma once
#include "ask.h"
#include "core.h"
#include "digest.h"
#include "handoff.h"
#include "force.h"
#include "rate.h"
#include "rounds.h"
#include "stream.h"

/* S(name, text): where the attempt is, and what it waits for there. */
#define MIG_SOURCE_PLACES(S)						\
	S(START,	"start")					\
	S(CONNECT,	"connection")					\
	S(HELLO,	"HELLO")					\
	S(OFFER,	"ACCEPT or REJECT")				\
	S(PASS,		"progress")					\
	S(ROUND_ACK,	"ROUND_ACK")					\
	S(DRY_RUN,	"progress")					\
	S(DRY_REPORT,	"STATE_REPORT")					\
	S(IMAGES,	"WANT")						\
	S(LOST,		"a new connection")				\
	S(RECONNECT,	"connection")					\
	S(REHELLO,	"HELLO")					\
	S(RESUME,	"RESUMED")					\
	S(QUIET,	"the guest to power off")			\
	S(FINAL,	"progress")					\
	S(STATE,	"progress")					\
	S(READY,	"READY")					\
	S(COMMIT,	"RUNNING")					\
	S(DOUBT,	"an answer")					\
	S(DONE,		"ANSWER")					\
	S(END,		"nothing")

#define MIG_SOURCE_ENUM(name, text) MIG_AT_##name,
enum mig_source_place { MIG_SOURCE_PLACES(MIG_SOURCE_ENUM) MIG_SOURCE_PLACE_COUNT };
#undef MIG_SOURCE_ENUM

struct mig_source_options {
	enum mig_purpose purpose;	/* migrate or check */
	enum mig_move_type type;
	uint32_t ipv4;
	uint16_t port;
	bool verify;
	enum mig_stuck stuck;
	uint64_t max_downtime_ns, bandwidth_bytes;
	unsigned bandwidth_percent, priority;
};

/* A link that was lost before STOP, and the way back to the destination. */
struct mig_source_link {
	uint64_t grace_ns;		/* D waits so long for a new connection; 0: it doesn't */
	uint64_t lost_ns, until_ns, wait_ns;
	uint64_t sent_bytes;		/* on earlier connections */
	uint64_t confirmed;		/* records of pages, when it was lost */
	uint64_t allowance;		/* the guest's, when it was lost; 0: it had none */
	struct why cause;
};

/* What the guest is started from, on its way to a destination that takes it. */
struct source_images {
	enum {
		SOURCE_IMAGES_NONE,	/* nothing to be done, or no longer */
		SOURCE_IMAGES_NAME,	/* hashes are being computed */
		SOURCE_IMAGES_ASKED,	/* DEFINITION is out, WANT must come */
		SOURCE_IMAGES_SEND,
		SOURCE_IMAGES_SENT,	/* all that was wanted is out, D checks it */
	} place;
	struct mig_images images;
	uint64_t at[2];			/* next byte of kernel, initrd */
	uint64_t deadline_ns;
	bool turn;			/* the last record of either kind was pages */
};

struct mig_source {
	struct mig_core *core;
	struct mig_source_options options;
	struct mig_guest *guest;
	struct mig_definition def;
	struct mig_job *job;		/* of the core, or own_job for a check */
	struct mig_job own_job;
	uint32_t job_id;		/* of the core's job, also after it ended */
	uint8_t attempt[MIG_ATTEMPT];
	struct mig_note note;		/* what is recorded, but for its state */
	enum mig_source_place place;
	enum handoff_state handoff;
	struct mig_stream stream;
	uint64_t deadline_ns;		/* of what place waits for */
	enum err error;			/* of the failure being handled */
	struct why why;

	/* a check's result, valid at END */
	bool migratable;
	struct why_list reasons;

	struct mig_rounds rounds;
	struct mig_digest digest;
	struct mig_rate rate;
	struct mig_measured measured;
	struct mig_progress progress;
	struct mig_source_link link;
	struct source_images images;
	bool throttled;			/* the guest has an allowance */
	bool tracking, dry_reported, final, final_acked;
	bool still;			/* the guest stands from before round 1 on, which is the final one */
	bool prepared;			/* Restart: the machine is as at power-on */
	bool was_off;			/* Restart: it was off before, and stays so if it does not move */
	enum handoff_event given_up;	/* Restart: failed or cancelled while the guest is powering off; 0 no */
	uint64_t quiet_end_ns;		/* Restart: the guest is switched off then */
	bool predicted;			/* the job's budget is that of the first known rate */
	uint64_t hello_capabilities;	/* what the first HELLO said */
	uint64_t capabilities;		/* of both sides */
	uint64_t state_limit;		/* granted by ACCEPT */
	uint64_t asked_ns, ticked_ns, round_start_ns;
	uint8_t *state;			/* image being sent */
	uint32_t state_bytes, state_at;

	/* the hand-off, by the host's clock */
	uint64_t stop_ns, stopped_ns, pages_end_ns, state_end_ns;
	struct mig_memory_hash hash;
	uint64_t hash_start_ns, hash_ns;
	uint64_t record_ns, peer_record_ns;	/* recording COMMITTED took, and the destination's records */
	uint64_t running_ns;			/* D was heard to run it */
	uint64_t ready_ns;		/* when READY came, host's clock */
	bool hash_done, ready_seen, peer_may_be_prepared;
	struct mig_ready ready;
	struct mig_ask ask;		/* in doubt */
	enum mig_ask_result answered;	/* the last answer that left the doubt */
	bool cancelled;			/* by an operator, and D may have to be told so */
	enum mig_type notification;		/* at END: MIG_ABORT or MIG_DONE is still to be told to D, else 0 */
	uint64_t notification_until_ns;	/* and no longer than until then; 0: until it is told */
};

/* Begins; @guest is not touched before ACCEPT. @job may be NULL for a check. */
void mig_source_init(struct mig_source *s, struct mig_core *core, struct mig_guest *guest,
		     const struct mig_source_options *options, struct mig_job *job);
/* Works on, boundedly. Returns true if it could go on at once. Ended when place is MIG_AT_END. */
bool mig_source_step(struct mig_source *s, uint64_t now_ns);
/* The guest stands, as in a live migration's hand-off only, while D is connected. */
bool mig_source_stands(const struct mig_source *s);
uint64_t mig_source_deadline(const struct mig_source *s, uint64_t now_ns);
/* ERR_STATE with "too late, committed" after the commit point. */
enum err mig_source_cancel(struct mig_source *s, uint64_t now_ns, struct why *why) NODISCARD;
/* Goes on with a COMMITTED record of an earlier boot: asks D; there is no copy of the guest here. */
void mig_source_restore(struct mig_source *s, struct mig_core *core, const struct mig_note *note, struct mig_job *job,
			uint64_t now_ns);
/* MIG_FORCE_* of service.h on an attempt in doubt. ERR_STATE: does not apply; ERR_REFUSED: @why is what it would
 * risk. */
enum err mig_source_force(struct mig_source *s, enum mig_force force, bool accept_risk, uint64_t now_ns,
			  struct why *why) NODISCARD;
/* The guest is about to vanish (power off): ends an attempt before its stop without touching the guest again. */
void mig_source_guest_gone(struct mig_source *s, uint64_t now_ns, const char *reason);
/* Frees buffers; the attempt must have ended, or be a check. */
void mig_source_fini(struct mig_source *s);
