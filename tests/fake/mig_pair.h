/* SPDX-License-Identifier: MIT */
/* mig_pair.h: two hosts with a migration service each, joined by pipes, in virtual time. */
#pragma once
#include "fake_guest.h"
#include "fake_store.h"
#include "migration/service.h"
#include "pipe.h"

#define PAIR_GUESTS 24
#define PAIR_PIPES  64

struct pair_host {
	struct mig_service *service;
	struct mig_host host;
	struct pair *pair;
	int number;			/* 0: a (10.77.0.2), 1: b (10.77.0.3) */
	struct fake_guest *guest[PAIR_GUESTS];	/* every one that ever was here */
	unsigned guests;
	bool refuse_all;		/* accept_from says no */
	const char *no_room;		/* guest_create's reason to refuse */
	bool state_refused;		/* its guests refuse state */
	bool corrupt;			/* its guests' memory is damaged */
	struct fake_store *store;	/* NULL: it keeps no records */
	bool proven;			/* the store is known to keep */
	uint64_t random;		/* of its numbers, which are the same after each start with the same boot id */
	uint64_t secret;		/* kept with the store, and lost with it */
	bool dead;			/* crashed, to be restarted */
	bool waits;			/* web1 waits here to be started by itself */
	uint32_t peer;			/* that its tern.conf names; 0: none */
	unsigned given_up;
	bool idle;			/* guests that come here stay idle, to be compared */
	bool absent;			/* set by prepare: it has no service, the test says what it would */
};

struct pair {
	struct pair_host host[2];
	struct pipe_options link;
	struct pipe *pipe[PAIR_PIPES];	/* in the order of their connections */
	unsigned pipes;
	int opener[PAIR_PIPES];		/* the host that opened it */
	bool unplugged;			/* new connections get no answer */
	/* Called before each start of a host: it may change what the service is told, and set the store. */
	void (*prepare)(struct pair_host *h);
	/* Called with each new connection before any byte moves. */
	void (*on_connect)(struct pair *p, unsigned number, struct pipe *pipe);
	enum mig_stuck stuck;		/* asked for by pair_migrate */
	unsigned work, work_pages;	/* the guests' writes per millisecond, and where */
	uint64_t step_ns;		/* virtual time per idle step */
	enum mig_move_type type;	/* of the migrations that pair_migrate starts, 0: live */
	unsigned boots;			/* restarts so far */
	unsigned most_running;		/* guests seen running at once */
	unsigned option[4];		/* for the test's on_connect */
};

/* Host a runs guest web1 of @memory_bytes. */
void pair_init(struct pair *p, uint64_t memory_bytes);
/* The same; @prepare as in struct pair. */
void pair_init_by(struct pair *p, uint64_t memory_bytes, void (*prepare)(struct pair_host *h));
void pair_fini(struct pair *p);
/* Starts host @number's service again after its memory was lost: a new boot id, no records. */
void pair_reboot(struct pair *p, int number);
/* Host @number sends by these encodings (bit per enum mig_encoding) only; it starts again for it, with nothing under way. */
void pair_encodings(struct pair *p, int number, uint32_t encodings);
/* Both hosts keep their records in @store[2] from now on (they start again for it, with nothing under way). */
void pair_keep_records(struct pair *p, struct fake_store store[2]);
/* What tests of records begin with: the same, web1 of 4 MiB with some pages written, and from then on nothing writes by itself. */
void pair_init_recorded(struct pair *p, struct fake_store store[2]);
/* Host @number is dead from this instant on: nothing of it reaches the other or its store. */
void pair_kill(struct pair *p, int number);
/* It starts again: a new boot id, guests gone, its store as @fate left it. */
void pair_restart(struct pair *p, int number, enum fake_store_fate fate);
/* One step of both services and of the guests. */
void pair_step(struct pair *p);
/* Neither host has anything under way. Both must be up. */
bool pair_quiet(const struct pair *p);
/* Steps for @ns of virtual time. */
void pair_run(struct pair *p, uint64_t ns);
/* Starts web1's migration from host @from; returns the job's number. */
uint32_t pair_migrate(struct pair *p, int from, enum mig_verify verify);
/* Steps until the job of host @number ends or @limit_ns pass. */
const struct mig_job *pair_wait(struct pair *p, int number, uint32_t job, uint64_t limit_ns);
/* Asks host 1 from host 0; true: migratable. */
bool pair_check(struct pair *p, struct why_list *reasons);
/* The guest running on host @number, NULL if none. */
struct fake_guest *pair_running(struct pair *p, int number);
/* Guests on both hosts in @life. */
unsigned pair_count(const struct pair *p, enum fake_guest_life life);
