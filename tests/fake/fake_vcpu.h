/* SPDX-License-Identifier: MIT */
/* fake_vcpu.h: arch/x86_64/vcpu.h, virt.h and time.h over plain memory: one vCPU at a time, time by hand. */
#pragma once
#include "arch/x86_64/vcpu.h"
#include "arch/x86_64/vcpu_state.h"
#include "arch/x86_64/mce.h"

/* Events as v->event has them; a fault has an error code. */
#define FAKE_EVENT(type, vector)	(VCPU_EVENT_VALID | (uint32_t)VCPU_EVENT_##type << 8 | (vector))
#define FAKE_FAULT(vector)		(FAKE_EVENT(EXCEPTION, vector) | VCPU_EVENT_ERROR)

struct fake_vcpu {
	struct vcpu_state s;		/* registers of the loaded vCPU that struct vcpu does not hold */
	uint32_t exception;		/* the event that vcpu_reflect_exception gives back */
	uint64_t tsc_offset, timer;	/* as last given */
	uint64_t tsc_aux_msr;		/* what the CPU's register holds */
	bool window, nmi_window;	/* an exit was asked for at which an interrupt, an NMI can go in */
	bool loaded;
	unsigned created, destroyed, resets, runs, flushes;
	/* The guest: called by vcpu_run, sets v->exit. */
	void (*guest)(struct vcpu *v);
	enum err run_result;
	bool nmi_blocked;
	uint16_t pml_index;
	bool refuse_writes;		/* control registers take no value */
};

struct fake_host {
	enum mce_verdict mce;		/* of the next machine check, and what it reports */
	struct mce_report mce_report;
	unsigned nmis;			/* handed to their owner */
	bool virt, ad, pml, scaling, small_code;
	uint64_t tsc;			/* 1 GHz: also nanoseconds */
	uint32_t tsc_khz, tsc_ppm;
	bool tsc_unknown;		/* the TSC's frequency is not to be trusted */
	unsigned create_fails;		/* calls of vcpu_create until one fails; 0: none does */
};

extern struct fake_vcpu fake_vcpu;
extern struct fake_host fake_host;

/* A host with VT-x, A/D and PML at TSC 1000000; a vCPU in flat 64-bit mode without paging structures. */
void fake_vcpu_reset(void);
