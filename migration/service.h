/* SPDX-License-Identifier: MIT */
/* service.h: the migration service of one host: all attempts, checks, incoming connections and jobs. */
#pragma once
#include "force.h"
#include "host.h"
#include "job.h"
#include "leftover.h"
#include "move.h"

struct mig_service;

/* @host is copied. NULL: out of memory. */
struct mig_service *mig_service_create(const struct mig_host *host);
/* Frees all; guests at the source are resumed if that is allowed, those being received are discarded. */
void mig_service_destroy(struct mig_service *m);

/* A connection to the migration port; taken over (reset at once when there are too many). */
void mig_service_accept(struct mig_service *m, struct channel *ch, uint64_t now_ns);
/* Does a bounded share of all work. Returns when to call again at the latest (UINT64_MAX: never by itself); *more is
 * set when calling again at once makes sense. Call also after any channel moved. */
uint64_t mig_service_step(struct mig_service *m, uint64_t now_ns, bool *more);
/* A guest stands for a live hand-off until a connected peer's next record comes: a host that sleeps meanwhile adds its
 * way into and out of that sleep to the downtime. Ends with the peer's word, its deadline, or after MIG_READY_NS
 * without a decision. */
bool mig_service_stands(const struct mig_service *m);

/* Asks the destination whether @move could be done; *check > 0 is then polled. ERR_NOTFOUND: no such VM or it can't
 * move; ERR_SPACE: too many at once; ERR_NOMEM. */
enum err mig_check_start(struct mig_service *m, const struct mig_move *move, uint32_t *check, uint64_t now_ns,
			 struct why *why) NODISCARD;
/* ERR_AGAIN: no verdict yet; ERR_OK: *migratable and @reasons are set and the check is freed; ERR_NOTFOUND. A check
 * that nobody polls is dropped a minute after its verdict. */
enum err mig_check_poll(struct mig_service *m, uint32_t check, bool *migratable, struct why_list *reasons) NODISCARD;
void mig_check_drop(struct mig_service *m, uint32_t check);

/* Starts a migration; *job > 0. Errors as mig_check_start; ERR_STATE: the VM is on its way already. */
enum err mig_migrate_start(struct mig_service *m, const struct mig_move *move, uint32_t *job, uint64_t now_ns,
			   struct why *why) NODISCARD;
/* ERR_NOTFOUND; ERR_STATE: "too late, committed", or it has ended. */
enum err mig_job_cancel(struct mig_service *m, uint32_t job, uint64_t now_ns, struct why *why) NODISCARD;
/* Jobs by place 0..count-1 in the order of their numbers, or by number; NULL when there is none. Valid until the next
 * step or start. */
unsigned mig_job_count(const struct mig_service *m);
const struct mig_job *mig_job_get(const struct mig_service *m, unsigned index);
const struct mig_job *mig_job_find(const struct mig_service *m, uint32_t id);
/* The newest job of a VM of that name that has not ended; cheap, since consoles ask for it all the time. NULL: there is
 * none. */
const struct mig_job *mig_job_open(const struct mig_service *m, const char *vm);
/* The address of the host @uuid, if a move or a check from here has met it since boot. */
bool mig_service_peer(const struct mig_service *m, const uint8_t uuid[16], uint32_t *ipv4);

/* True while a Restart waits for @guest to power off: a reset must not start it again. */
bool mig_service_guest_awaits_off(struct mig_service *m, struct mig_guest *guest);
/* @guest is about to be powered off or has stopped: its migration ends with @reason, and @guest is not used again.
 * ERR_STATE after its stop for the hand-off: then it must stay as it is. */
enum err mig_service_guest_gone(struct mig_service *m, struct mig_guest *guest, const char *reason,
				uint64_t now_ns) NODISCARD;

/* True, with a sentence, if the VM must not be started afresh here: it was handed over or its hand-off is open, it is
 * away, it is being received, or it was lost here while its source still has a copy. */
bool mig_service_vm_held(const struct mig_service *m, const uint8_t uuid[16], struct why *why);
/* True if the VM went to another host and has not come back; false also while that is not settled. */
bool mig_service_vm_away(const struct mig_service *m, const uint8_t uuid[16]);
/* Does this host know others, by tern.conf or by its records, that may run what it would start? */
bool mig_service_knows_peers(const struct mig_service *m);
/* Asks them whether the machine @vm runs there; to be called again until it is known, at least every second. ERR_OK: it
 * is nowhere, by word that is MIG_FRESH_NS old at most, and may be started now; ERR_REFUSED: it is on another host,
 * @why says where; ERR_AGAIN: not known yet, @why (if not "") says who can't be asked or what is waited for. */
enum err mig_service_vm_seek(struct mig_service *m, const uint8_t uuid[16], const char *vm, uint64_t now_ns,
			     struct why *why) NODISCARD;
/* Asks the host that the machine went to (and where that sends on) to give it back; to be called again until it is
 * known. ERR_OK: nothing holds it here any more; ERR_AGAIN: no answer yet; ERR_STATE: it stays held, @why says why. */
enum err mig_service_vm_claim(struct mig_service *m, const uint8_t uuid[16], uint64_t now_ns,
			      struct why *why) NODISCARD;
/* An operator's way out of a doubt. ERR_NOTFOUND; ERR_STATE: it does not apply, @why says why; ERR_REFUSED without
 * @accept_risk: @why is what it would risk now; ERR_IO: it could not be recorded and was not done. ERR_OK: done, the
 * job says that it was forced. */
enum err mig_job_force(struct mig_service *m, uint32_t job, enum mig_force force, bool accept_risk, uint64_t now_ns,
		       struct why *why) NODISCARD;
unsigned mig_service_record_count(const struct mig_service *m);
/* The record at place 0, 1, ...; false: there are no more. */
bool mig_service_record_get(const struct mig_service *m, unsigned index, struct mig_leftover *out);
/* An operator drops a record whose peer will never ask or answer; of one that holds a machine as mig_service_vm_reclaim
 * does. ERR_NOTFOUND; ERR_STATE: a job is open, which is to be forced instead; ERR_REFUSED without @accept_risk: @why
 * is what it would risk. */
enum err mig_service_record_drop(struct mig_service *m, uint64_t id, bool accept_risk, struct why *why) NODISCARD;
/* Lifts the hold on a VM, which may be started afresh here then. ERR_NOTFOUND: nothing holds it; ERR_STATE: a job is
 * open, which is to be forced instead; ERR_REFUSED without @accept_risk: @why is what holds it. */
enum err mig_service_vm_reclaim(struct mig_service *m, const uint8_t uuid[16], bool accept_risk,
				struct why *why) NODISCARD;
