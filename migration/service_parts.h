/* SPDX-License-Identifier: MIT */
/* service_parts.h: the service's tables, shared by service.c and service_out.c. */
#pragma once
#include "ask.h"
#include "core.h"
#include "dest.h"
#include "locate.h"
#include "service.h"
#include "source.h"

#define SERVICE_MOVES	 (2 * MIG_MOVES_MAX)	/* migrations of this boot: under way, and waiting for their turn */
#define SERVICE_CHECKS	 8
#define SERVICE_NEW	 (SERVICE_MOVES + SERVICE_CHECKS)
#define SERVICE_RESTORED 16	/* migrations of earlier ones */
#define SERVICE_OUT	 (SERVICE_NEW + SERVICE_RESTORED)
#define SERVICE_IN	 MIG_IN
#define SERVICE_NOTIFICATIONS 16
#define CHECK_KEEP_NS	 (60 * MIG_SECOND)
#define NOTIFICATION_WAIT_NS (5 * MIG_SECOND)

struct service_out {
	struct mig_source *source;	/* NULL: free */
	uint32_t check;			/* its number, 0 for a migration */
	uint64_t since_ns;		/* of the start, then of the verdict */
	bool ended;
};

#define SERVICE_SEARCHES 16	/* machines that others are asked for at once */
#define SERVICE_PEERS	 32	/* hosts that are asked */
#define SEARCH_HOPS	 4	/* of a claim that follows a machine */
#define SEARCH_FIRST_NS	 MIG_SECOND
#define SEARCH_LAST_NS	 (60 * MIG_SECOND)

struct service_peer {
	uint32_t ipv4;
	uint16_t port;
	bool said;			/* NOT_HERE, in this round; */
	uint64_t asked_ns;		/* that holds for MIG_FRESH_NS from the question on */
};
/* Others are asked for a machine: all that are known, whether it may be started, or (claim) the one that it went to. */
struct service_search {
	bool used, claim;
	enum err result;		/* ERR_AGAIN: not known yet */
	uint8_t vm_uuid[16];
	char vm[32];
	uint64_t polled_ns;		/* when its poller last looked */
	uint64_t next_ns, wait_ns;	/* until the next round */
	uint64_t asked_ns;		/* when the one that is asked now was sent the question, or is about to be */
	/* this round: those are asked again whose answer grew old while others were asked */
	bool again;
	enum err round_result;		/* so far */
	struct why bad, why;		/* of this round; of the last */
	unsigned peers, at, hops;
	bool attempt_known;		/* of a claim: what it began with, which must still be so in the end */
	uint32_t given;
	uint8_t attempt[MIG_ATTEMPT];
	struct service_peer peer[SERVICE_PEERS];
	struct mig_locate ask;
};

struct mig_service {
	struct mig_core core;
	struct service_out out[SERVICE_OUT];
	struct mig_ask notification[SERVICE_NOTIFICATIONS];
	uint32_t last_check;
	struct service_search search[SERVICE_SEARCHES];
	bool told_many;			/* that there are more peers than are asked */
};

/* service_out.c */
bool service_out_step(struct mig_service *m, uint64_t now_ns, uint64_t *deadline);
void service_out_free(struct service_out *o);
/* service_queue.c */
/* Migrations that have begun and still need the link. */
unsigned service_running(const struct mig_service *m);
/* True if the migration @o, which has not begun, may begin now. Else its job says what it waits for. */
bool service_may_begin(struct mig_service *m, struct service_out *o, uint64_t now_ns);
/* notification.c */
bool service_notification_step(struct mig_service *m, uint64_t now_ns, uint64_t *deadline);
/* Tells D what @s could not, with its own connections, until D knows. */
void service_notification_start(struct mig_service *m, const struct mig_source *s, uint64_t now_ns);
/* True while an older attempt of the same VM is not settled with the same destination. */
bool service_notification_pending(const struct mig_service *m, const struct mig_source *s);
unsigned service_notifications(const struct mig_service *m);
/* Nothing more is to be settled in this boot. False: the record stays, for the marker of the machine's leaving could
 * not be stored. */
bool service_forget(struct mig_service *m, const uint8_t *attempt);
/* Goes on with the one of an earlier boot; false: no place just now. */
bool service_notification_restore(struct mig_service *m, const struct mig_note *note, uint64_t now_ns);
/* answer_back.c */
/* Answers @from, on which a destination asks what became of its attempt. */
void service_answer_back(struct mig_service *m, struct mig_dest *from, uint64_t now_ns);
/* service_restore.c */
/* Reads the store, and settles what the restart alone settles. */
void service_restore(struct mig_service *m);
/* Goes on with attempts of earlier boots, as places allow. */
void service_restore_step(struct mig_service *m, uint64_t now_ns);
/* service_locate.c */
void service_search_step(struct mig_service *m, uint64_t now_ns, uint64_t *deadline);
void service_search_fini(struct mig_service *m);
