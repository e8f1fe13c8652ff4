/* SPDX-License-Identifier: MIT */
/* cpu_access.h: shadows arch/x86_64/cpu_access.h in unit tests: the processor's registers are memory. */
#pragma once
#include <stdint.h>

#define FAKE_MSRS	64u
#define FAKE_CPUIDS	16u

/* Tests set cpuid and MSRs before, and look at registers and at @writes after. */
struct fake_cpu {
	uint64_t cr0, cr2, cr3, cr4, dr0, dr1, dr2, dr3, dr6, xcr0;
	uint64_t xsaved, xrstored;	/* the last masks */
	void *gs_first;
	unsigned verws, windows, waits, software_nmis;
	unsigned msrs, cpuids;
	struct { uint32_t msr; uint64_t value; unsigned reads, writes; } msr[FAKE_MSRS];
	struct { uint32_t leaf, subleaf, out[4]; } cpuid[FAKE_CPUIDS];
};

/* Weak, so that whoever includes this needs no further source. */
extern struct fake_cpu fake_cpu;
__attribute__((weak)) struct fake_cpu fake_cpu;

/* The row of @msr, made when it is new: 0. */
static inline unsigned fake_cpu_msr(uint32_t msr)
{
	for (unsigned i = 0; i < fake_cpu.msrs; i++)
		if (fake_cpu.msr[i].msr == msr)
			return i;
	fake_cpu.msr[fake_cpu.msrs % FAKE_MSRS].msr = msr;
	return fake_cpu.msrs++ % FAKE_MSRS;
}

static inline uint64_t msr_read(uint32_t msr)
{
	fake_cpu.msr[fake_cpu_msr(msr)].reads++;
	return fake_cpu.msr[fake_cpu_msr(msr)].value;
}

static inline void msr_write(uint32_t msr, uint64_t v)
{
	fake_cpu.msr[fake_cpu_msr(msr)].writes++;
	fake_cpu.msr[fake_cpu_msr(msr)].value = v;
}

static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
	for (unsigned w = 0; w < 4; w++)
		out[w] = 0;
	for (unsigned i = 0; i < fake_cpu.cpuids; i++)
		for (unsigned w = 0; w < 4 && fake_cpu.cpuid[i].leaf == leaf && fake_cpu.cpuid[i].subleaf == subleaf; w++)
			out[w] = fake_cpu.cpuid[i].out[w];
}

#define CPU_REGISTER(name) \
	static inline uint64_t name##_read(void) { return fake_cpu.name; } \
	static inline void name##_write(uint64_t v) { fake_cpu.name = v; }
CPU_REGISTER(cr0)
CPU_REGISTER(cr2)
CPU_REGISTER(cr3)
CPU_REGISTER(cr4)
CPU_REGISTER(dr0)
CPU_REGISTER(dr1)
CPU_REGISTER(dr2)
CPU_REGISTER(dr3)
CPU_REGISTER(dr6)
CPU_REGISTER(xcr0)

static inline void xrstor(const void *area, uint64_t mask) { (void)area, fake_cpu.xrstored = mask; }
static inline void xsave(void *area, uint64_t mask) { (void)area, fake_cpu.xsaved = mask; }
static inline void fpu_reset(void) { }
static inline void cpu_verw(void) { fake_cpu.verws++; }
static inline void cpu_sti_cli(void) { fake_cpu.windows++; }
static inline void cpu_sti_hlt_cli(void) { fake_cpu.waits++; }
static inline void cpu_int_nmi(void) { fake_cpu.software_nmis++; }
static inline void *cpu_gs_first(void) { return fake_cpu.gs_first; }
