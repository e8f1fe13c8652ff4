/* SPDX-License-Identifier: MIT */
/* manage.h: what management (CIM) may see and do; nothing here blocks. Moves, their jobs and what they leave are told
 * in migration's own structures. tests/fake has another implementation. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/err.h"
#include "lib/why.h"
#include "migration/force.h"
#include "migration/job.h"
#include "migration/leftover.h"
#include "migration/move.h"

struct manage_host {
	char name[64];			/* [host] name */
	char uuid[37];			/* text form */
	char version[32];		/* of Tern */
	uint32_t ipv4;			/* host byte order, 0 while the network is down */
	char boot_id[37];		/* new at each boot */
	uint64_t memory_bytes, free_bytes;
	uint32_t cpus;
	uint32_t max_downtime_ms;	/* defaults of a migration */
	enum mig_stuck when_stuck;
	uint64_t unused_bytes;		/* of RAM, and processors, that Tern does not use: manage_host_limit says why */
	uint32_t unused_cpus;
	bool random_strong;		/* ids and sequence numbers of this boot can't be guessed */
	bool can_run_vms;		/* virtualization with all Tern requires */
	char why_not[WHY_TEXT];		/* set when !can_run_vms */
	/* An earlier boot's records of hand-offs were found and more are taken, so they survive a restart. */
	bool records_kept;
	char records[320];		/* where records are, as a sentence */
};

/* CIM_ComputerSystem.EnabledState is derived from this. */
enum manage_vm_state {
	MANAGE_VM_DEFINED,		/* known, not running */
	MANAGE_VM_RUNNING,
	MANAGE_VM_STOPPED,		/* by the guest (S5, shutdown) or an operator */
	MANAGE_VM_CRASHED,		/* unknown exit, failed entry: why says it */
	MANAGE_VM_EMIGRATING,		/* running here, on its way out */
	MANAGE_VM_IMMIGRATING,		/* being received; does not run here yet */
	MANAGE_VM_IN_DOUBT,		/* committed, outcome not yet known */
	/* Handed over to another host, or lost with a restart: not to be started here; why says it. */
	MANAGE_VM_AWAY,
};

struct manage_vm {
	char name[32];
	char uuid[37];
	enum manage_vm_state state;
	char why[WHY_TEXT];		/* why it crashed, could not start or may not, "" otherwise */
	uint64_t memory_bytes;
	uint32_t vcpus;
	uint64_t uptime_ns;		/* guest time since boot, 0 if it never ran */
	uint64_t exits;			/* VM exits here */
	uint32_t job;			/* job that moves it, 0 none */
};

/* Names are case-sensitive. Index runs over 0..count-1 and is stable until the next call that changes VMs. */
void manage_host_get(struct manage_host *out);
/* What the host does not use or lacks, one sentence each, from 0 on; false: that was all. */
bool manage_host_limit(unsigned index, struct why *out);
/* Since boot. */
struct manage_net {
	uint64_t frames_sent, frames_received, receive_errors, receive_no_memory, link_changes;
	uint64_t tcp_retransmits, tcp_drops, tcp_checksum_errors, ip_drops;
	uint64_t contained;		/* connections ended by a state of TCP that can't be */
	uint64_t memory_bytes, memory_failures;	/* of TCP/IP, now; times that there was none */
	uint32_t connections;		/* now */
};
void manage_net_get(struct manage_net *out);
unsigned manage_vm_count(void);
bool manage_vm_get(unsigned index, struct manage_vm *out);
bool manage_vm_find(const char *name, struct manage_vm *out);
/* ERR_AGAIN: another host is being asked to give it back, call again; bounded by deadlines. Who doesn't call again
 * leaves it off. */
enum err manage_vm_start(const char *name, struct why *why) NODISCARD;
enum err manage_vm_stop(const char *name, struct why *why) NODISCARD;	/* power off */
/* Lifts the hold on a VM that is AWAY, which may then be started afresh. ERR_NOTFOUND: nothing holds it; ERR_STATE: a
 * job is to be forced instead; ERR_REFUSED without @accept_risk, with what it would risk in @why. */
enum err manage_vm_reclaim(const char *name, bool accept_risk, struct why *why) NODISCARD;

/* The VM's serial console. Reads what it sent from absolute byte offset *offset on (moved to the oldest byte that is
 * kept, advanced past what was read); types into it. 0 also when there is no such VM. */
size_t manage_console_read(const char *name, uint64_t *offset, void *out, size_t room);
size_t manage_console_write(const char *name, const void *data, size_t length);

/* Finds the host that tern.conf names as [peer @name] (case does not matter, RFC 4343), or the one with the UUID
 * @name in text form among those that virtual systems were moved to, or checks asked, since boot. */
bool manage_peer_find(const char *name, uint32_t *ipv4);

#define MANAGE_DOWNTIME_MAX_MS 600000u	/* that may be asked for */
/* Starts asking the destination; *check is then polled. ERR_NOTFOUND: no such VM; ERR_INVALID: it is this host;
 * ERR_REFUSED: tern.conf moves nothing there; ERR_STATE: the VM can't move now; ERR_SPACE: too many at once. */
enum err manage_check_start(const struct mig_move *move, uint32_t *check, struct why *why) NODISCARD;
/* ERR_AGAIN while waiting (bounded by a deadline); ERR_OK with the verdict and reasons, and the check is freed. */
enum err manage_check_poll(uint32_t check, bool *migratable, struct why_list *reasons) NODISCARD;
void manage_check_drop(uint32_t check);

/* Starts a migration; *job is its number (> 0). Errors as manage_check_start. */
enum err manage_migrate_start(const struct mig_move *move, uint32_t *job, struct why *why) NODISCARD;
/* Jobs are kept for five minutes after they end; while too many are kept no further one begins. Index as for VMs; NULL:
 * there is none. What is returned is the job itself: to be looked at at once. */
unsigned manage_job_count(void);
const struct mig_job *manage_job_get(unsigned index);
/* ERR_STATE with "too late, committed" after the commit point. */
enum err manage_job_cancel(uint32_t id, struct why *why) NODISCARD;
/* An operator decides what the peer can't be asked. ERR_NOTFOUND; ERR_STATE: does not apply, @why says why; ERR_REFUSED
 * without @accept_risk: nothing was done, @why says what it would risk; ERR_IO: it could not be recorded and was not
 * done. */
enum err manage_job_force(uint32_t id, enum mig_force outcome, bool accept_risk, struct why *why) NODISCARD;

/* Records of hand-offs that this host keeps. */
unsigned manage_record_count(void);
bool manage_record_get(unsigned index, struct mig_leftover *out);
/* An operator drops what the peer will never ask for or be told; a machine that it holds may be started afresh then.
 * ERR_NOTFOUND; ERR_STATE: a job is to be forced instead; ERR_REFUSED without @accept_risk: nothing was done, @why says
 * what it would risk. */
enum err manage_record_drop(uint64_t id, bool accept_risk, struct why *why) NODISCARD;

/* Host monotonic time, and wall-clock time as seconds since 1970 UTC. */
uint64_t manage_now_ns(void);
uint64_t manage_wall_seconds(void);
