/* SPDX-License-Identifier: MIT */
/* vm.h: a virtual machine: its memory, processors, chips, clock and life. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arch/x86_64/dirty.h"
#include "arch/x86_64/gpt.h"
#include "arch/x86_64/vcpu.h"
#include "hv/cpuid.h"
#include "hv/machine.h"
#include "hv/throttle.h"
#include "lib/addr.h"
#include "lib/blob.h"
#include "lib/err.h"
#include "lib/why.h"

#define VM_MAX			8u
#define VM_MEMORY_MAX		(3ull << 30)
#define VM_CHUNKS_MAX		(VM_MEMORY_MAX / CHUNK_SIZE)

/* The life of a VM is a table of state x event in vm_life.c. */
enum vm_state {
	VM_FREE,	/* the slot holds no VM */
	VM_DEFINED,	/* known from tern.conf, has no memory yet */
	VM_RUNNING,
	VM_FROZEN,	/* stopped for the hand-off at the source, or prepared to begin elsewhere: resumable */
	VM_INCOMING,	/* has memory, is being filled by a migration, never ran here */
	VM_STOPPED,	/* power off by the guest or an operator; memory is freed */
	VM_CRASHED,	/* as STOPPED, and why says what happened */
	VM_STATES
};

enum vm_event {
	VM_EVENT_DEFINE, VM_EVENT_START, VM_EVENT_STOP, VM_EVENT_CRASH, VM_EVENT_FREEZE, VM_EVENT_RESUME,
	VM_EVENT_RELEASE, VM_EVENT_EXPECT, VM_EVENT_ARRIVE, VM_EVENT_DISCARD, VM_EVENT_PREPARE, VM_EVENT_FORGET,
	VM_EVENTS
};

struct vm_clock {
	/* guest ticks of a host tick, 48 bits of them behind the point; 0: one, the CPU doesn't scale */
	uint64_t tsc_multiplier;
	uint64_t tsc_offset;	/* guest TSC = host TSC, scaled, + tsc_offset while it runs */
	uint64_t frozen_tsc;	/* guest TSC while it stands */
	uint64_t owed_tsc;	/* that it is behind, after it stood for long */
	uint64_t catch_up_ns;	/* by the host's clock: it may go forward by some of that again */
	bool running;
};

/* What a VM is started from, of tern.conf here or come with it; kernel NULL: not known. It holds a use of each blob. */
#define VM_CMDLINE 2048
struct vm_definition {
	char cmdline[VM_CMDLINE];
	struct blob *kernel, *initrd;	/* initrd may be NULL */
};

struct vm {
	enum vm_state state;
	char name[32];
	uint8_t uuid[16];
	struct why why;			/* of CRASHED, or why it could not be started */
	uint64_t reset_ns;		/* host time of its last reset, 0: none since it was made */
	uint64_t hold_until_ns;		/* host time before which it does not run, after resets in quick succession */
	uint64_t ended_ns;		/* host time when it was first seen STOPPED or CRASHED, 0: it is not */
	uint64_t memory_bytes;
	uint32_t vcpus;
	void *chunk[VM_CHUNKS_MAX];	/* host address of each present 2 MiB, NULL = untouched */
	uint32_t chunks_present;
	uint32_t chunks_reserved;	/* promised and not yet taken */
	bool chunks_mapped_split;
	struct gpt gpt;
	enum dirty_kind tracker;	/* to be used; AUTO: what fits best */
	struct dirty dirty;
	struct vm_throttle throttle;
	struct vcpu vcpu[1];		/* vcpus many */
	struct machine machine;
	struct vm_clock clock;
	struct cpuid_policy cpuid;
	struct vm_definition definition;
	uint64_t exits[VCPU_EXIT_KINDS];
	uint64_t exits_total;
};

/* What a VM is made from; strings are copied. */
struct vm_plan {
	const char *name;
	uint8_t uuid[16];
	uint64_t memory_bytes;
	uint32_t vcpus;
	uint32_t tsc_khz;		/* of the guest */
	const struct cpuid_policy *cpuid;
	/* vm_plan_check: others may still give up the memory and the place that it needs */
	bool room_later;
	enum dirty_kind tracker;	/* of its writes; WRITE_PROTECT: page tables without accessed and dirty flags */
};

extern struct vm vms[VM_MAX];

struct vm *vm_find(const char *name);
struct vm *vm_find_uuid(const uint8_t uuid[16]);
/* Everything vm_create checks, without effect: each reason in @reasons. */
void vm_plan_check(const struct vm_plan *plan, struct why_list *reasons);
/* Reserves memory and builds tables, vCPUs and chips at power-on; state as @event leads to (DEFINE keeps a defined
 * VM's slot). ERR_INVALID: the first reason of vm_plan_check; ERR_NOMEM. */
enum err vm_create(struct vm *vm, const struct vm_plan *plan, struct why *why) NODISCARD;
/* Frees memory, tables and vCPUs; the slot keeps name, state and why. */
void vm_free_resources(struct vm *vm);
struct vm *vm_slot(void);
/* Stops a running VM, because of what @format says (kept in why), and frees what it holds. */
__attribute__((format(printf, 2, 3)))
void vm_switch_off(struct vm *vm, const char *format, ...);

/* The state that @event leads to; false: not possible in this state (logged, nothing changed). */
bool vm_life(struct vm *vm, enum vm_event event);
/* A VM that has ended and is not @defined here can't be started again: it is forgotten VM_KEEP_NS after its end, so
 * that whoever asks until then sees how it ended; earlier if one of its name arrives. To be called now and then; true
 * when its slot has become free. */
#define VM_KEEP_NS 300000000000ull
bool vm_forget(struct vm *vm, bool defined, uint64_t now_ns);
/* Keeps what @vm is to be started from, with uses of its own; NULL kernel: it is not known any more. */
void vm_define(struct vm *vm, const char *cmdline, struct blob *kernel, struct blob *initrd);
const char *vm_state_name(enum vm_state s);
bool vm_life_allows(const struct vm *vm, enum vm_event event);
/* Stops the VM with a report, the guest's or our limits' fault. */
__attribute__((format(printf, 2, 3)))
void vm_crash(struct vm *vm, const char *format, ...);

/* --- memory (vm_memory.c) --- */
enum err vm_memory_reserve(struct vm *vm, struct why *why) NODISCARD;
void vm_memory_free(struct vm *vm);
/* Chunks of host memory that are neither taken nor promised. */
uint64_t vm_memory_unpromised_chunks(void);
/* Whether a VM of that size fits, with the tables it will need while it moves. */
bool vm_memory_fits(uint64_t memory_bytes);
/* Host address of chunk @n, made present if @create; NULL if absent (or out of range). */
void *vm_chunk(struct vm *vm, uint64_t n, bool create);
/* The VM in whose memory @address of the host lies, NULL: none's. */
struct vm *vm_memory_owner(uint64_t address);
/* That memory has failed: it is never given to anybody again. For a VM that doesn't run any more. */
void vm_memory_retire(struct vm *vm, uint64_t address);
/* True: the page-table walk and the access at @gpa are RAM, now mapped. false: no RAM there. */
bool vm_memory_touch(struct vm *vm, uint64_t gpa);

/* --- clock (vm_clock.c) --- */
uint64_t vm_guest_tsc(const struct vm *vm);
/* Starts a standing clock, @advance_ns later than where it stood: of more than 2 s the rest comes in steps of as much,
 * a second apart. A guest whose time jumps by more than its watchdogs wait (Linux: RCU 21 s, soft lockup 20 s) takes
 * itself for stuck; and one that reads the PM timer with 24 bits, which wrap after 4.687 s, sleeps for half of that at
 * most: with 2 s more it still counts right. */
void vm_clock_run(struct vm *vm, uint64_t advance_ns);
/* Takes the next of these steps if it is time. */
void vm_clock_catch_up(struct vm *vm);
/* It is @tsc ticks behind, and has got the last step just now. */
void vm_clock_owe(struct vm *vm, uint64_t tsc);
void vm_clock_stop(struct vm *vm);
/* The tsc_multiplier for a guest of @guest_khz here; 0 if the two frequencies are the same as far as this host knows
 * its own. */
uint64_t vm_clock_multiplier(uint32_t guest_khz);
/* The host's TSC when the running guest's reaches @tsc; @now is the host's. Not before that, at the earliest @now for
 * what lies behind. */
uint64_t vm_clock_host_tsc(const struct vm *vm, uint64_t tsc, uint64_t now);
/* Moves the guest TSC by @by ticks (modulo 2^64), exactly. */
void vm_clock_move(struct vm *vm, uint64_t by);
/* TSC ticks since the VM's boot, whatever the guest wrote to its TSC: the time of its chips. */
uint64_t vm_machine_tsc(const struct vm *vm);
/* Makes the guest TSC read @tsc from now on. */
void vm_clock_set(struct vm *vm, uint64_t tsc);

/* --- running (run.c) --- */
enum vm_slice { VM_SLICE_BUSY, VM_SLICE_IDLE, VM_SLICE_STOPPED };
/* Runs @vm's vCPUs on this CPU until @ns have passed, an external interrupt comes or all wait. */
enum vm_slice vm_run_slice(struct vm *vm, uint64_t ns);
/* Host time at which an idle VM wants to run again; UINT64_MAX never. */
uint64_t vm_wake_ns(const struct vm *vm);
/* After a slice: a guest that asked for power off is stopped, and what a stopped or crashed one held is freed. Returns
 * what the guest asked for: after MACHINE_RESET it must not run before vm_reset, or is to be switched off. */
enum machine_request vm_serve_request(struct vm *vm);

/* --- state (vm_state.c): type, instance and version of every record in vm_inventory --- */
#define VM_STATE_BYTES (64u << 10)	/* room that always suffices */
enum err vm_state_save(struct vm *vm, void *out, size_t room, size_t *length, struct why *why) NODISCARD;
/* Pass 1 and 2: parse all and check all, without effect on the VM. */
enum err vm_state_check(struct vm *vm, const void *in, size_t length, struct why *why) NODISCARD;
/* Pass 3: loads what the last vm_state_check of this VM accepted. */
void vm_state_load(struct vm *vm, const void *in, size_t length);
/* The kinds of records beside machine_state_desc's, for listings and tests; NULL past the last. */
const struct state_desc *vm_state_desc(unsigned index);
/* Record types and versions that this build writes, while nothing newer is in use: type u16, version u16 each. Returns
 * the bytes. */
size_t vm_inventory(uint8_t *out, size_t room);
/* Names each record of @in that this build can't load. */
void vm_inventory_check(const uint8_t *in, size_t length, struct why_list *reasons);
