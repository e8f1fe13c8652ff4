/* SPDX-License-Identifier: MIT */
/* dest_parts.h: what dest.c, dest_open.c, dest_load.c and dest_handoff.c owe each other. */
#pragma once
#include "dest.h"

typedef void dest_record_fn(struct mig_dest *d, const struct mig_record *r, uint64_t now_ns);

/* dest.c */
void dest_go(struct mig_dest *d, enum mig_dest_place place, uint64_t deadline_ns);
/* What the peer or this host did wrong: tells the peer by ABORT, then the hand-off table says what follows. */
void dest_fail(struct mig_dest *d, uint64_t now_ns, enum err e, const char *text);
/* ABORT, as far as the connection still carries it. */
void dest_put_abort(struct mig_dest *d, uint64_t now_ns, const char *reason);
void dest_put(struct mig_dest *d, uint16_t type, const void *rec, uint64_t now_ns);
bool dest_parse(struct mig_dest *d, const struct mig_record *r, void *rec, uint64_t now_ns);

/* dest_open.c */
dest_record_fn dest_on_hello, dest_on_offer;
/* True unless the attempt is known here and @d is not from the host with which it began. */
bool dest_peer_may_ask(const struct mig_dest *d, struct why *why);
void dest_reject(struct mig_dest *d, const struct why_list *reasons, uint64_t now_ns);

/* dest_locate.c */
dest_record_fn dest_on_locate;

/* dest_resume.c */
/* @e ended the connection: what came before STOP is kept for a while, anything else fails. */
void dest_lost(struct mig_dest *d, uint64_t now_ns, enum err e, const char *text);
/* What was waited for in LOST or RESUME did not come in time. */
void dest_lost_late(struct mig_dest *d, uint64_t now_ns);
dest_record_fn dest_on_resume;

/* dest_inquire.c */
/* A prepared guest that nobody sees to: asks S back, as far as S can answer. */
void dest_inquire_step(struct mig_dest *d, uint64_t now_ns);

/* dest_images.c */
dest_record_fn dest_on_definition, dest_on_blob;
void dest_images_step(struct mig_dest *d, uint64_t now_ns);
bool dest_images_busy(const struct mig_dest *d);
void dest_images_fini(struct mig_dest *d);

/* dest_load.c */
dest_record_fn dest_on_pages, dest_on_round_end, dest_on_stop, dest_on_state;
/* Round @round begins. */
void dest_next_round(struct mig_dest *d, uint32_t round, uint64_t now_ns);
void dest_hash_step(struct mig_dest *d, uint64_t now_ns);

/* dest_handoff.c */
dest_record_fn dest_on_settling;	/* COMMIT, QUERY, ABORT, DONE */
void dest_event(struct mig_dest *d, enum handoff_event event, uint64_t now_ns);
/* A guest that is asked to power off may take its time before anything more comes. */
bool dest_may_wait(const struct mig_dest *d);
