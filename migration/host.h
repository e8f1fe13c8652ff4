/* SPDX-License-Identifier: MIT */
/* host.h: what the migration service needs of the host it runs on; filled in by host/ (or by the tests). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "guest.h"
#include "lib/channel.h"
#include "lib/why.h"
#include "policy.h"
#include "store.h"
#include "type.h"

#define MIG_SHUTDOWN_WAIT_MS 60000u

enum mig_vm_here {
	MIG_VM_ABSENT,		/* not known, or defined and never started */
	MIG_VM_WAITS,		/* for the answers of other hosts, to be started by itself */
	MIG_VM_OFF,		/* it ran here and has ended */
	MIG_VM_RUNS,		/* or any other state in which it has memory */
};

struct mig_host {
	void *ctx;			/* first argument of all functions below */
	char name[64];
	uint8_t uuid[16];
	uint8_t boot_id[16];		/* random, new at each boot */
	uint16_t port;			/* where other hosts listen, 0: MIG_PORT */
	bool can_run_vms;
	char why_not[WHY_TEXT];		/* set when !can_run_vms */

	uint32_t max_downtime_ms;
	uint32_t max_out, max_in;	/* migrations at once, 1 to 8; 0: 4 */
	uint64_t bandwidth_bytes;	/* per second, of all together, while the guest runs, 0 = no limit */
	uint32_t shutdown_wait_ms;	/* that a Restart gives the guest to power off, 0: MIG_SHUTDOWN_WAIT_MS */
	bool verify;			/* compare a hash of all guest memory at each hand-off */
	enum mig_stuck stuck;		/* what to do when a migration does not converge */
	uint64_t resume_grace_ns;	/* a cut before the stop is waited out so long, 0 = not at all */
	uint32_t encodings;		/* bit per enum mig_encoding that a source here may use, 0 = all it knows */

	/* Where records of hand-offs outlive the boot; put NULL: nowhere. */
	struct mig_store store;
	/* Seconds since 1970, 0 unknown; NULL: this host has no wall clock. */
	uint64_t (*wall_s)(void *ctx);
	/* Could this host start the VM of @uuid afresh? NULL: any. Markers of others that left are given up when there
	 * are too many. */
	bool (*defines)(void *ctx, const uint8_t uuid[16]);
	/* 2 MiB chunks of lib/pages.h that no guest has or is promised, now; NULL: none may be used. */
	uint64_t (*spare_chunks)(void *ctx);
	/* Would a guest of @bytes find the memory it needs, now? NULL: any does. */
	bool (*memory_fits)(void *ctx, uint64_t bytes);
	/* Numbers that nobody can guess: attempt ids and proofs. */
	void (*random)(void *ctx, void *out, size_t bytes);
	/* 32 bytes made of @in (HMAC-SHA256) with a secret that is kept where the records are: the same after a
	 * restart, lost with the records, and nobody else's. NULL: this host has no such secret. */
	void (*derive)(void *ctx, const void *in, size_t bytes, uint8_t out[32]);
	/* Monotonic time, for measuring inside a step. The step functions' now_ns is of the same clock. */
	uint64_t (*clock_ns)(void *ctx);
	/* A channel that begins to connect; NULL with a reason if that can't even begin. */
	struct channel *(*connect)(void *ctx, uint32_t ipv4, uint16_t port, struct why *why);
	/* May a host at @ipv4 talk to this one? */
	bool (*accept_from)(void *ctx, uint32_t ipv4);
	/* Where the VM of @uuid is, as far as this host itself runs VMs; NULL: questions about machines are not
	 * answered. */
	enum mig_vm_here (*vm_here)(void *ctx, const uint8_t uuid[16]);
	/* The VM of @uuid, which is off, belongs to another host from now on. */
	void (*vm_give_up)(void *ctx, const uint8_t uuid[16]);
	/* Addresses of other hosts by tern.conf, at most @room; NULL: it names none. */
	unsigned (*peers)(void *ctx, uint32_t *ipv4, unsigned room);
	/* The VM @name if it can be moved now in this way, else NULL with a reason. */
	struct mig_guest *(*guest_find)(void *ctx, const char *name, enum mig_move_type type, struct why *why);
	/* Adds every reason why @def can't run here; without effect. With def->room_later all but what is wrong until
	 * another guest goes: too little free memory, too many VMs. */
	void (*guest_check)(void *ctx, const struct mig_definition *def, struct why_list *reasons);
	/* Reserves all that @def needs and makes an empty guest; NULL with every reason. */
	struct mig_guest *(*guest_create)(void *ctx, const struct mig_definition *def, struct why_list *reasons);
};
