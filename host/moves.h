/* SPDX-License-Identifier: MIT */
/* moves.h: the migration service of this host, and what it says of a VM. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/channel.h"
#include "lib/err.h"
#include "lib/why.h"

/* After host_init; before the listener. */
void moves_init(void);
void moves_accept(struct channel *ch);
/* True if there is more to do at once; *deadline_ns: when to call again at the latest. */
bool moves_step(uint64_t now_ns, uint64_t *deadline_ns);
/* True while a guest stands for its hand-off: the host should stay awake, and others wait, for it. */
bool moves_stand(void);

struct vm;
struct mig_service;
/* @vm has stopped or crashed: its migration, if there is one, ends with that reason. */
void moves_vm_gone(struct vm *vm);

enum moves_vm { MOVES_VM_STAYS, MOVES_VM_LEAVING, MOVES_VM_IN_DOUBT };
enum moves_vm moves_vm_state(const char *name);
/* True, with a sentence, if @vm must not be started afresh here: it is on its way, in doubt, away or lost with a
 * restart. */
bool moves_vm_held(const struct vm *vm, struct why *why);
/* Did the VM of @uuid leave, by what is known here, and not come back? */
bool moves_vm_away(const uint8_t uuid[16]);
/* Does this host know others that may run what it would start? */
bool moves_knows_peers(void);
/* mig_service_vm_seek for @vm: does none of them run it? */
enum err moves_vm_seek(const struct vm *vm, uint64_t now_ns, struct why *why);
/* mig_service_vm_claim for @vm, which is held here: does the host that it went to give it back? */
enum err moves_vm_claim(const struct vm *vm, struct why *why);
/* Is @vm being powered off, to be moved as it is at power-on? */
bool moves_vm_awaits_off(const struct vm *vm);
/* The address of the host @uuid, if a move or a check has met it since boot. */
bool moves_peer(const uint8_t uuid[16], uint32_t *ipv4);
/* For manage_moves.c. */
struct mig_service *moves_service(void);
/* The unfinished job of the VM @name, 0 if none. */
uint32_t moves_vm_job(const char *name);
