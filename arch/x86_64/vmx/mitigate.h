/* SPDX-License-Identifier: MIT */
/* mitigate.h: what this CPU's speculation can leak between guests and Tern, or break, and what of that Tern closes. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* What the CPU says of itself: CPUID.0 and 7, and IA32_ARCH_CAPABILITIES (0 without). */
struct mitigate_cpu { uint32_t leaf7_ebx, leaf7_edx; uint64_t arch; bool intel; };

enum mitigation {
	MITIGATE_IBPB,		/* between two vCPUs: predictions of the one don't steer the other */
	MITIGATE_IBRS,		/* once for all: predictions of a guest don't steer Tern ("enhanced IBRS") */
	MITIGATE_IBRS_AT_EXIT,	/* the same on CPUs that want it anew after each exit */
	MITIGATE_RSB,		/* after an exit: RETs don't follow what the guest left in the return stack buffer */
	MITIGATE_VERW,		/* before an entry: buffers hold nothing of Tern or of another guest */
	MITIGATE_L1D,		/* before the first entry after other code ran: neither does the L1 data cache */
	MITIGATE_SMALL_CODE,	/* gpt_small_code: no guest can stop the host by the size of a page that it executes */
	MITIGATIONS
};

/* Pure. Bit 1 << m: mitigation m is needed and the CPU has the means. */
uint32_t mitigate_choose(const struct mitigate_cpu *cpu);

/* Reads the CPU that calls and chooses for all. */
void mitigate_init(void);
/* On each CPU, after that. */
void mitigate_cpu_on(void);

extern uint32_t mitigate_mask __attribute__((visibility("hidden")));		/* as chosen */
static inline bool mitigate_has(enum mitigation m) { return mitigate_mask >> m & 1; }
