/* SPDX-License-Identifier: MIT */
/* manage.h: what management (CIM) may see and do. Snapshots are copies; nothing here blocks.
 * Implemented where VMs, migration and network are all in sight (host/), faked in tests/fake. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/err.h"
#include "lib/why.h"

/* What becomes of a migration whose guest writes faster than the link carries. */
enum manage_stuck { MANAGE_STUCK_DEFAULT, MANAGE_STUCK_STOP, MANAGE_STUCK_FAIL, MANAGE_STUCK_THROTTLE };
#define MANAGE_DOWNTIME_MAX_MS 600000u

struct manage_host {
	char name[64];			/* [host] name */
	char uuid[37];			/* text form */
	char version[32];		/* of Tern */
	char address[16];		/* IPv4 dotted decimal, "" while the network is down */
	char boot_id[37];		/* new at each boot */
	uint64_t memory_bytes, free_bytes;
	uint32_t cpus;
	uint32_t max_downtime_ms;	/* defaults of a migration */
	enum manage_stuck when_stuck;
	uint64_t unused_bytes;		/* of RAM, and processors, that Tern does not use: manage_host_limit says why */
	uint32_t unused_cpus;
	bool random_strong;		/* ids and sequence numbers of this boot can't be guessed */
	bool can_run_vms;		/* VT-x with all Tern requires */
	char why_not[WHY_TEXT];		/* set when !can_run_vms */
	bool records_kept;		/* an earlier boot's records of hand-offs were found and more are taken, so they survive a restart */
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
	MANAGE_VM_AWAY,			/* handed over to another host, or lost with a restart: not to be started here; why says it */
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
/* ERR_AGAIN: another host is being asked to give it back, call again; bounded by deadlines. Who doesn't call again leaves it off. */
enum err manage_vm_start(const char *name, struct why *why) NODISCARD;
enum err manage_vm_stop(const char *name, struct why *why) NODISCARD;	/* power off */
/* Lifts the hold on a VM that is AWAY, which may then be started afresh. ERR_NOTFOUND: nothing holds it; ERR_STATE: a job is to
 * be forced instead; ERR_REFUSED without @accept_risk, with what it would risk in @why. */
enum err manage_vm_reclaim(const char *name, bool accept_risk, struct why *why) NODISCARD;

/* The VM's serial console. Reads what it sent from absolute byte offset *offset on (moved to the oldest byte that is
 * kept, advanced past what was read); types into it. 0 also when there is no such VM. */
size_t manage_console_read(const char *name, uint64_t *offset, void *out, size_t room);
size_t manage_console_write(const char *name, const void *data, size_t length);

/* Finds the host that tern.conf names as [peer @name] (case does not matter, RFC 4343), or the one with the UUID @name in text
 * form among those that virtual systems were moved to, or checks asked, since boot. */
bool manage_peer_find(const char *name, char address[16]);

enum manage_verify { MANAGE_VERIFY_DEFAULT, MANAGE_VERIFY_OFF, MANAGE_VERIFY_FULL };

struct manage_move {
	char vm[32];
	char destination[64];		/* IPv4 dotted decimal */
	uint16_t type;			/* CIM MigrationType: 2 Live, 3 Resume, 4 Restart */
	uint16_t priority;
	uint16_t bandwidth_percent;	/* 0 = default */
	uint32_t max_downtime_ms;	/* 0 = default */
	enum manage_stuck when_stuck;
	enum manage_verify verify;
};

/* Starts asking the destination; *check is then polled. ERR_NOTFOUND no such VM, ERR_INVALID bad
 * destination text, ERR_STATE the VM can't move now, ERR_SPACE too many at once. */
enum err manage_check_start(const struct manage_move *move, uint32_t *check, struct why *why) NODISCARD;
/* ERR_AGAIN while waiting (bounded by a deadline); ERR_OK with the verdict and reasons, and the check is freed. */
enum err manage_check_poll(uint32_t check, bool *migratable, struct why_list *reasons) NODISCARD;
void manage_check_drop(uint32_t check);

/* Starts a migration; *job is its number (> 0). Errors as manage_check_start. */
enum err manage_migrate_start(const struct manage_move *move, uint32_t *job, struct why *why) NODISCARD;

enum manage_job_state {			/* values of CIM_ConcreteJob.JobState */
	MANAGE_JOB_NEW = 2, MANAGE_JOB_STARTING = 3, MANAGE_JOB_RUNNING = 4, MANAGE_JOB_SUSPENDED = 5,
	MANAGE_JOB_COMPLETED = 7, MANAGE_JOB_TERMINATED = 8, MANAGE_JOB_EXCEPTION = 10,
};

#define MANAGE_ROUNDS 32

struct manage_round {
	uint64_t start_ns, end_ns;	/* since the job started */
	uint64_t pages;			/* sent with content */
	uint64_t zero_pages;		/* sent as zero */
	uint64_t bytes;			/* on the wire */
	uint64_t dirty_pages;		/* found dirty by the tracker in this round */
};

struct manage_term { const char *name; uint64_t budget_ns, real_ns; };	/* of the downtime */
#define MANAGE_TERMS 12

struct manage_job {
	uint32_t id;
	char vm[32];
	char vm_uuid[37];
	char peer[16];			/* IPv4 address of the other host: the destination, or the source if incoming */
	char peer_name[64];		/* what it calls itself, "" before HELLO */
	bool incoming;			/* this host is the destination */
	uint16_t type;			/* CIM MigrationType; 0 not known here */
	enum manage_job_state state;
	char phase[16];			/* WAITING HELLO OFFER ROUNDS STOP STATE READY COMMIT RUNNING DONE ... */
	char status[WHY_TEXT];		/* more than the phase says: there is no link, and for how long it is waited; else "" */
	uint32_t reconnects;		/* times that the link was lost and came back */
	char error[WHY_TEXT];		/* when EXCEPTION or TERMINATED */
	uint16_t error_code;		/* 0 none */
	uint16_t percent;
	uint64_t submitted_ns, started_ns, changed_ns, ended_ns;	/* host monotonic, 0 = not yet */
	uint32_t rounds;		/* valid rows of round[], the last MANAGE_ROUNDS of them */
	struct manage_round round[MANAGE_ROUNDS];
	uint64_t bytes_sent, bytes_left, pages_sent, dirty_rate_pages, rate_bytes;
	uint64_t nonzero_bytes;		/* guest memory that was not zero when first sent */
	uint64_t expected_downtime_ns, downtime_ns;
	uint32_t terms;
	struct manage_term term[MANAGE_TERMS];
	bool verified;			/* both hashes below are valid */
	uint64_t hash_source, hash_destination;
};

/* Jobs are kept for five minutes after they end; while too many are kept no further one begins. */
unsigned manage_job_count(void);
bool manage_job_get(unsigned index, struct manage_job *out);
/* ERR_STATE with "too late, committed" after the commit point. */
enum err manage_job_cancel(uint32_t id, struct why *why) NODISCARD;

/* A record of a hand-off that this host keeps (docs/wire/records.md). */
struct manage_record {
	uint64_t id;
	char state[12];			/* PREPARED OWNED ABORTED COMMITTED DONE AWAY LOST UNREADABLE */
	bool source;			/* the machine left from here */
	bool open;			/* a job sees to it */
	bool holds;			/* its machine is not started afresh here, for it */
	char vm[32], vm_uuid[37];	/* "" not known */
	char peer[16], peer_name[64];
	uint64_t when_s;		/* seconds since 1970 UTC, 0 not known */
};
unsigned manage_record_count(void);
bool manage_record_get(unsigned index, struct manage_record *out);
/* An operator drops what the peer will never ask for or be told; a machine that it holds may be started afresh then. ERR_NOTFOUND; ERR_STATE: a job
 * is to be forced instead; ERR_REFUSED without @accept_risk: nothing was done, @why says what it would risk. */
enum err manage_record_drop(uint64_t id, bool accept_risk, struct why *why) NODISCARD;

enum manage_force {			/* values of Tern_MigrationJob.ForceOutcome's Outcome */
	MANAGE_FORCE_RESUME = 2,	/* source in doubt: the copy here runs on */
	MANAGE_FORCE_FORGET = 3,	/* source in doubt, or prepared destination: the copy here is given up */
	MANAGE_FORCE_RUN = 4,		/* prepared destination: the copy here runs */
};
/* An operator decides what the peer can't be asked. ERR_NOTFOUND; ERR_STATE: does not apply, @why says why; ERR_REFUSED without
 * @accept_risk: nothing was done, @why says what it would risk; ERR_IO: it could not be recorded and was not done. */
enum err manage_job_force(uint32_t id, enum manage_force outcome, bool accept_risk, struct why *why) NODISCARD;

/* Host monotonic time, and wall-clock time as seconds since 1970 UTC. */
uint64_t manage_now_ns(void);
uint64_t manage_wall_seconds(void);
