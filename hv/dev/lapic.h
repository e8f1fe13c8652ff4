/* SPDX-License-Identifier: MIT */
/* lapic.h: the local APIC of one vCPU, xAPIC and x2APIC (SDM vol. 3, "Advanced Programmable Interrupt Controller"). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "lib/state.h"

struct device;
struct machine;

#define LAPIC_GPA		0xFEE00000ull
#define LAPIC_BYTES		0x1000ull
#define LAPIC_BASE_BSP		(1ull << 8)
#define LAPIC_BASE_X2APIC	(1ull << 10)
#define LAPIC_BASE_ENABLE	(1ull << 11)

#define MSR_APIC_BASE		0x1Bu
#define MSR_TSC_DEADLINE	0x6E0u
#define MSR_X2APIC_FIRST	0x800u
#define MSR_X2APIC_LAST		0x8FFu

enum lapic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR, LVT_COUNT };

#define LVT_VECTOR	0x000000FFu
#define LVT_MASKED	0x00010000u

enum lapic_mode {
	LAPIC_FIXED = 0, LAPIC_LOWEST = 1, LAPIC_SMI = 2, LAPIC_NMI = 4, LAPIC_INIT = 5, LAPIC_SIPI = 6,
	LAPIC_EXTINT = 7,
};

/* One record per vCPU; the instance is the vCPU's number, which is also its APIC id. */
#define LAPIC_TABLE(F, A) \
	F(1,  1, uint64_t, apic_base, 0xFEE00D00ull, "IA32_APIC_BASE") \
	F(2,  1, uint64_t, icr, UINT64_MAX, "interrupt command as last written; xAPIC destination in 63:56") \
	F(3,  1, uint64_t, tsc_deadline, UINT64_MAX, "IA32_TSC_DEADLINE; 0 is disarmed") \
	F(4,  1, uint64_t, timer_start_ns, UINT64_MAX, "guest time at which the timer began to count down") \
	F(5,  1, uint64_t, timer_expired, UINT64_MAX, "expiries since then that have been accounted for") \
	A(6,  1, uint32_t, irr, 8, UINT32_MAX, "interrupt request register") \
	A(7,  1, uint32_t, isr, 8, UINT32_MAX, "in-service register") \
	A(8,  1, uint32_t, tmr, 8, UINT32_MAX, "trigger mode register") \
	A(9,  1, uint32_t, lvt, LVT_COUNT, 0x7FFFFu, "timer, thermal, performance, LINT0, LINT1, error") \
	F(10, 1, uint32_t, tpr, 0xFF, "task priority") \
	F(11, 1, uint32_t, ldr, UINT32_MAX, "xAPIC logical destination") \
	F(12, 1, uint32_t, dfr, UINT32_MAX, "xAPIC destination format") \
	F(13, 1, uint32_t, svr, 0x1FF, "spurious vector and software enable") \
	F(14, 1, uint32_t, esr, 0xFF, "error status as last latched") \
	F(15, 1, uint32_t, esr_pending, 0xFF, "errors since then") \
	F(16, 1, uint32_t, timer_initial, UINT32_MAX, "initial count") \
	F(17, 1, uint32_t, timer_divide, 0xB, "divide configuration") \
	F(18, 1, uint16_t, nmi_pending, 1, "an NMI waits for the vCPU") \
	F(19, 1, uint16_t, init_pending, 1, "an INIT waits for the vCPU") \
	F(20, 1, uint16_t, sipi_pending, 1, "a start-up IPI waits for the vCPU") \
	F(21, 1, uint16_t, sipi_vector, 0xFF, "its vector: start at vector << 12")
STATE_STRUCT(lapic_state, LAPIC_TABLE)

struct lapic { struct lapic_state s; };

extern const struct device lapic_device;

/* An interrupt message on the system bus. @wide: @dest is a 32-bit x2APIC destination, else 8 bits. */
struct lapic_message {
	uint32_t dest;
	uint8_t vector, mode;		/* enum lapic_mode */
	bool logical, level, wide;
};

/* State after INIT: the base register stays. */
void lapic_init(struct machine *m, unsigned vcpu);

bool lapic_enabled(const struct machine *m, unsigned vcpu);	/* by IA32_APIC_BASE */
bool lapic_x2apic(const struct machine *m, unsigned vcpu);

/* IA32_APIC_BASE, IA32_TSC_DEADLINE and the x2APIC range. false: #GP. */
bool lapic_rdmsr(struct machine *m, unsigned vcpu, uint32_t msr, uint64_t *value);
bool lapic_wrmsr(struct machine *m, unsigned vcpu, uint32_t msr, uint64_t value);

/* lapic_irq.c */
uint32_t lapic_ppr(const struct machine *m, unsigned vcpu);
/* Highest deliverable vector or -1; no side effect. */
int lapic_pending(const struct machine *m, unsigned vcpu);
/* Moves @vector from IRR to ISR. */
void lapic_accept(struct machine *m, unsigned vcpu, unsigned vector);
void lapic_eoi(struct machine *m, unsigned vcpu);
/* LINT0 passes the 8259's request to this vCPU. */
bool lapic_takes_extint(const struct machine *m, unsigned vcpu);
/* Latches @vector in IRR; false when the APIC is off. */
bool lapic_receive(struct machine *m, unsigned vcpu, unsigned vector, bool level);
/* Raises the interrupt of a local vector table entry unless it is masked. */
void lapic_local(struct machine *m, unsigned vcpu, enum lapic_lvt entry);
void lapic_error(struct machine *m, unsigned vcpu, uint32_t bits);
/* true if at least one local APIC took the message. */
bool lapic_deliver(struct machine *m, const struct lapic_message *msg);
/* Carries out the command just written to @vcpu's ICR. */
void lapic_send(struct machine *m, unsigned vcpu);

/* lapic_timer.c */
uint32_t lapic_timer_current(const struct machine *m, unsigned vcpu);
void lapic_timer_set_lvt(struct machine *m, unsigned vcpu, uint32_t value);
void lapic_timer_set_initial(struct machine *m, unsigned vcpu, uint32_t value);
void lapic_timer_set_divide(struct machine *m, unsigned vcpu, uint32_t value);
uint64_t lapic_timer_deadline(const struct machine *m, unsigned vcpu);	/* the MSR's value */
void lapic_timer_set_deadline(struct machine *m, unsigned vcpu, uint64_t value);
/* Of all vCPUs' timers. */
uint64_t lapic_timers_deadline_ns(const struct machine *m);
void lapic_timers_poll(struct machine *m, uint64_t now_ns);
