/* SPDX-License-Identifier: MIT */
/* debug.c: what a debugger in the guest sees of #DB, against SDM Vol. 3 "Debug Exceptions"; and the endless deliveries. */
#include "tests/machine/guest/guest.h"

#define DR6_BD		(1ull << 13)
#define DR6_BS		(1ull << 14)
#define DR6_CAUSES	0xe00full
#define DR7_OFF		0x400ull
#define DR7_L0		1ull
#define DR7_GD		(1ull << 13)
#define DR7_WRITE8	(0x9ull << 16)
#define DR7_ACCESS2	(0x7ull << 16)
#define RFLAGS_RF	(1ull << 16)
#define DATA		0x18ull
#define IST		1ull
#define VECTOR_DB	1u

/* In debug.S. */
extern volatile uint64_t debug_count;
extern struct { uint64_t dr6, rip, dr7, rflags; } volatile debug_log[64];
extern char debug_handler[], debug_pushed[], debug_step_first[], debug_step_cpuid[], debug_step_end[], debug_int1_end[],
	debug_watch_end[], debug_code_at[], debug_detect_at[], debug_mov_ss_end[];
void debug_enter(void);
void debug_step(void);
void debug_int1(void);
void debug_watch(volatile uint64_t *at);
void debug_code(void);
void debug_detect(void);
void debug_mov_ss(volatile uint64_t *selector);
void debug_misaligned(void);

static volatile uint64_t word;

static void arm(volatile void *at, uint64_t dr7)
{
	debug_count = 0;
	__asm__ volatile("mov %0, %%dr0; mov %1, %%dr7" : : "r"(at), "r"(DR7_OFF | dr7) : "memory");
}

static bool event(uint64_t n, uint64_t causes, const char *rip)
{
	return n < debug_count && (debug_log[n].dr6 & DR6_CAUSES) == causes && debug_log[n].rip == (uint64_t)rip;
}

/* Every instruction's end but that of POPF which sets TF; CPUID, at which the host steps in, among them. */
static bool steps(void)
{
	arm(0, 0);
	debug_step();
	return debug_count == 8 && event(0, DR6_BS, debug_step_first + 1) && event(2, DR6_BS, debug_step_cpuid) &&
	       event(3, DR6_BS, debug_step_cpuid + 2) && event(7, DR6_BS, debug_step_end);
}

static bool int1(void)
{
	arm(0, 0);
	debug_int1();
	return debug_count == 1 && event(0, 0, debug_int1_end) && !(debug_log[0].rflags & RFLAGS_RF);
}

static bool watched(void)
{
	bool good;

	arm(&word, DR7_L0 | DR7_WRITE8);
	debug_watch(&word);
	good = debug_count == 1 && event(0, 1, debug_watch_end);
	arm(0, 0);
	return good;
}

/* A fault: RIP is the instruction's own, and it comes once. Whether RF is set in what is pushed is not looked at: Bochs 2.7 sets it
 * for nobody, so the handler does. */
static bool code(void)
{
	bool good;

	arm(debug_code_at, DR7_L0);
	debug_code();
	good = debug_count == 1 && event(0, 1, debug_code_at);
	arm(0, 0);
	return good;
}

/* The handler may read DR7, and finds GD clear. */
static bool detected(void)
{
	bool good;

	arm(0, DR7_GD);
	debug_detect();
	good = debug_count == 1 && event(0, DR6_BD, debug_detect_at) && !(debug_log[0].dr7 & DR7_GD);
	arm(0, 0);
	return good;
}

static bool blocked_by_mov_ss(void)
{
	bool good;

	word = DATA;
	arm(&word, DR7_L0 | DR7_ACCESS2);
	debug_mov_ss(&word);
	good = debug_count == 1 && event(0, 1, debug_mov_ss_end);
	arm(0, 0);
	return good;
}

static bool (*const cases[])(void) = { steps, int1, watched, code, detected, blocked_by_mov_ss };

void debug_order(volatile struct mailbox *box)
{
	static uint64_t idt[2 * (VECTOR_DB + 1)];

	debug_enter();
	guest_gate(idt, VECTOR_DB, debug_handler, IST);
	guest_idt(idt, sizeof(idt));
	box->writes = sizeof(cases) / sizeof(cases[0]);
	box->nested = 0;
	if (box->order == ORDER_DEBUG) {
		for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
			if (!cases[i]()) {
				box->nested |= 1ull << i;
				box->count = debug_count;
				box->first = debug_log[0].dr6;
				box->stride = debug_log[0].rip;
				box->seed = debug_log[0].rflags;
			}
	} else if (box->order == ORDER_DEBUG_LOOP) {
		arm(debug_pushed, DR7_L0 | DR7_WRITE8);
		debug_int1();
	} else {
		debug_misaligned();
	}
}
