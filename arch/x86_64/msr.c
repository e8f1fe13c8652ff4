/* SPDX-License-Identifier: MIT */
/* msr.c: accesses to MSRs that may not exist. */
#include "msr.h"
#include "intr.h"

#define VECTOR_GP 13

extern char msr_at_read[], msr_at_write[], msr_after[];

/* One function each, so that the two instructions have one address each; the #GP's handler goes on behind them with CF
 * set. */
__attribute__((noinline, noclone)) static bool access_msr(uint32_t msr, uint32_t *lo, uint32_t *hi, bool write)
{
	bool failed;

	__asm__ volatile(
		"test %b[write], %b[write]\n\t"		/* clears CF */
		"jnz 1f\n"
		"msr_at_read: rdmsr\n\t"
		"jmp msr_after\n"
		"1: clc\n"
		"msr_at_write: wrmsr\n"
		"msr_after:\n"
		: "=@ccc"(failed), "+a"(*lo), "+d"(*hi) : "c"(msr), [write] "q"(write) : "memory");
	return !failed;
}

bool msr_read_safe(uint32_t msr, uint64_t *v)
{
	uint32_t lo = 0, hi = 0;
	bool done = access_msr(msr, &lo, &hi, false);

	*v = done ? (uint64_t)hi << 32 | lo : 0;
	return done;
}

bool msr_write_safe(uint32_t msr, uint64_t v)
{
	uint32_t lo = (uint32_t)v, hi = (uint32_t)(v >> 32);

	return access_msr(msr, &lo, &hi, true);
}

bool msr_fault(struct intr_frame *frame)
{
	if (frame->vector != VECTOR_GP || (frame->rip != (uint64_t)msr_at_read && frame->rip != (uint64_t)msr_at_write))
		return false;
	frame->rip = (uint64_t)msr_after;
	frame->rflags |= 1;	/* CF */
	return true;
}
