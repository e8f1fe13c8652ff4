/* SPDX-License-Identifier: MIT */
/* source_parts.h: what source.c, source_open.c, source_rounds.c and source_handoff.c owe each other. */
#pragma once
#include "source.h"

/* A step or record handler has no result: it moves s->place, or ends in one of the failures below. */
typedef void source_step_fn(struct mig_source *s, uint64_t now_ns);
typedef void source_record_fn(struct mig_source *s, const struct mig_record *r, uint64_t now_ns);

/* source.c */
void source_go(struct mig_source *s, enum mig_source_place place, enum mig_phase phase, uint64_t deadline_ns,
	       uint64_t now_ns);
/* Something failed: @format says what; the hand-off table says what follows. */
__attribute__((format(printf, 4, 5)))
void source_fail(struct mig_source *s, uint64_t now_ns, enum err e, const char *format, ...);
/* As source_fail, for what the peer or the link did: "ADDRESS port N: @text". */
void source_fail_link(struct mig_source *s, uint64_t now_ns, enum err e, const char *text);
/* Puts a control record, failing the attempt if there is no room for it. */
void source_put(struct mig_source *s, uint16_t type, const void *rec, uint64_t now_ns);
/* Parses a record, failing the attempt if it is malformed. */
bool source_parse(struct mig_source *s, const struct mig_record *r, void *rec, uint64_t now_ns);

/* source_resume.c */
/* @e ended the connection, in the way that @text says: before STOP it is tried to get another one, else the attempt
 * fails. */
void source_lost(struct mig_source *s, uint64_t now_ns, enum err e, const char *text);
source_step_fn source_lost_step, source_reconnect_step;
source_record_fn source_on_resume_hello, source_on_resume_reject, source_on_resumed;
/* True if D may still hold a part of the guest after ABORT was sent, or could not be (@told false). */
bool source_peer_may_wait(const struct mig_source *s, bool told);

/* source_images.c */
void source_images_begin(struct mig_source *s);
/* The link is back: what was not finished begins again, as far as D still lacks it. */
void source_images_again(struct mig_source *s);
void source_images_step(struct mig_source *s, uint64_t now_ns);
bool source_images_busy(const struct mig_source *s);
/* True: they are not there yet, and the attempt waits for them before anything that leads to STOP. */
bool source_images_wait(struct mig_source *s, uint64_t now_ns);
void source_images_fini(struct mig_source *s);
source_record_fn source_on_want;

/* source_open.c */
source_step_fn source_start_step, source_connect_step;
source_record_fn source_on_hello, source_on_accept, source_on_reject;

/* source_rounds.c */
source_step_fn source_pass_step, source_dry_run_step, source_state_step;
source_record_fn source_on_round_ack, source_on_state_report;
void source_begin_pass(struct mig_source *s, uint64_t now_ns);
/* Another pass, or the stop, or the end: what follows a round or the dry run. */
void source_decide(struct mig_source *s, uint64_t now_ns);
/* Gives the guest an allowance of pages it may dirty a second; 0 takes it back. */
void source_throttle(struct mig_source *s, uint64_t pages_per_s);
/* Brings bytes left, rates and expected downtime of the job up to date. */
void source_measure(struct mig_source *s, uint64_t now_ns, struct mig_budget *budget);

/* source_restart.c */
/* Asks the guest to power off, and goes on when it has or when it took too long. */
void source_quiet(struct mig_source *s, uint64_t now_ns);
source_step_fn source_quiet_step;
/* True: the guest is being powered off, so that @event has to wait. */
bool source_quiet_event(struct mig_source *s, enum handoff_event event, uint64_t now_ns);
/* The guest goes on here, or begins again if it was restarted. */
void source_resume(struct mig_source *s);

/* source_handoff.c */
void source_event(struct mig_source *s, enum handoff_event event, uint64_t now_ns);
source_step_fn source_ready_step;
source_record_fn source_on_ready, source_on_running, source_on_refused, source_on_answer;

/* source_doubt.c */
source_step_fn source_doubt_step;
/* Ends the job; one that was ended by force before is told @text. */
void source_tell(struct mig_source *s, enum mig_job_state state, uint16_t error_code, const char *text,
		 uint64_t now_ns);
/* Drops the connection and asks on new ones. */
void source_ask(struct mig_source *s, uint64_t now_ns);
