/* SPDX-License-Identifier: MIT */
/* cpu_access.h: the instructions that reach the processor's own registers. The one header of them, so that unit tests
 * can shadow it. */
#pragma once
#include <stdint.h>

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	__asm__ volatile("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(subleaf));
}

static inline uint64_t msr_read(uint32_t msr)
{
	uint32_t lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
	return (uint64_t)hi << 32 | lo;
}

static inline void msr_write(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)) : "memory");
}

/* Control and debug registers: cr0_read(), cr0_write(v) ... dr6_write(v). */
#define CPU_REGISTER(name) \
	static inline uint64_t name##_read(void) \
	{ uint64_t v; __asm__ volatile("mov %%" #name ", %0" : "=r"(v)); return v; } \
	static inline void name##_write(uint64_t v) \
	{ __asm__ volatile("mov %0, %%" #name : : "r"(v) : "memory"); }
CPU_REGISTER(cr0)
CPU_REGISTER(cr2)
CPU_REGISTER(cr3)
CPU_REGISTER(cr4)
CPU_REGISTER(dr0)
CPU_REGISTER(dr1)
CPU_REGISTER(dr2)
CPU_REGISTER(dr3)
CPU_REGISTER(dr6)

static inline uint64_t xcr0_read(void)
{
	uint32_t lo, hi;

	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (uint64_t)hi << 32 | lo;
}

static inline void xcr0_write(uint64_t v)
{
	__asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

static inline void xrstor(const void *area, uint64_t mask)
{
	__asm__ volatile("xrstor64 (%0)" : : "r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)) : "memory");
}

static inline void xsave(void *area, uint64_t mask)
{
	__asm__ volatile("xsave64 (%0)" : : "r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)) : "memory");
}

/* x87 and SSE as after reset, for host services. */
static inline void fpu_reset(void)
{
	static const uint32_t mxcsr = 0x1f80;

	__asm__ volatile("fninit; ldmxcsr %0" : : "m"(mxcsr));
}

/* With a microcode that knows of it (MD_CLEAR) this overwrites the CPU's buffers; only its form with memory does. */
static inline void cpu_verw(void)
{
	static const uint16_t selector = 0x10;

	__asm__ volatile("verw %0" : : "m"(selector) : "cc");
}

/* The first word of the per-CPU area. */
static inline void *cpu_gs_first(void)
{
	void *p;

	__asm__("mov %%gs:0, %0" : "=r"(p));
	return p;
}

/* Interrupts are taken at these points only: those that are pending now; the next that comes, with nothing in between
 * that could miss it (STI takes effect after the instruction that follows it). */
static inline void cpu_sti_cli(void) { __asm__ volatile("sti; nop; cli" : : : "memory"); }
static inline void cpu_sti_hlt_cli(void) { __asm__ volatile("sti; hlt; cli" : : : "memory"); }
/* Runs the handler of NMIs. */
static inline void cpu_int_nmi(void) { __asm__ volatile("int $2" : : : "memory"); }
