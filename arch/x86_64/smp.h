/* SPDX-License-Identifier: MIT */
/* smp.h: starting the other CPUs, and asking them to do something. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "arch/x86_64/boot.h"

/* How far a processor is. It claims its slot itself, by one atomic step from WAITING; the boot CPU gives it up by such
 * a step too, so that one who wakes late finds either its own stack and number, which nobody else ever has, or that it
 * must not go on. */
enum smp_state { SMP_WAITING, SMP_CLAIMED, SMP_ONLINE, SMP_GIVEN_UP };

/* One for each other processor; trampoline.S knows its layout. */
struct smp_slot {
	uint32_t apic_id;
	uint32_t state;			/* enum smp_state */
	uint64_t stack_top;
	struct cpu *cpu;
};

/* Early memory that @processors take. */
uint64_t smp_early_bytes(uint32_t processors);
/* Starts every other processor of @boot by INIT-SIPI-SIPI, all at once; boot->trampoline is a page of Tern's below 640
 * KiB. Each waits with Tern's tables on its own stack for work from smp_on_others. Who is not online a second after the
 * last one came is logged, sent back to wait for a SIPI and never used. Returns the number of CPUs online, the boot CPU
 * included. */
uint32_t smp_start(const struct boot_info *boot);
/* Runs @work on every CPU but the boot CPU, one after the other, 100 ms each at most. Who is late is logged and does it
 * yet; who is still at work given earlier is left at it, and does not do this one. Returns how many did not do it in
 * time. */
uint32_t smp_on_others(void (*work)(void));
/* A CPU's part: does the work that waits for @c, if any; whether there was some. */
bool smp_work(struct cpu *c);
/* A CPU's last step of @slot; false: it was given up meanwhile. */
bool smp_come_online(struct smp_slot *slot);
