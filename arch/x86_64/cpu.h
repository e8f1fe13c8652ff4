/* SPDX-License-Identifier: MIT */
/* cpu.h: per-CPU areas (GDT, TSS, stacks), control registers, CPUID. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "arch/x86_64/cpu_access.h"

#define CPU_MAX		1024	/* processors that Tern uses, the boot CPU included */

#define SEL_CODE	0x08
#define SEL_DATA	0x10
#define SEL_TSS		0x18

#define CR0_PE		(1ull << 0)
#define CR0_MP		(1ull << 1)
#define CR0_EM		(1ull << 2)
#define CR0_TS		(1ull << 3)
#define CR0_ET		(1ull << 4)
#define CR0_NE		(1ull << 5)
#define CR0_WP		(1ull << 16)
#define CR0_NW		(1ull << 29)
#define CR0_CD		(1ull << 30)
#define CR0_PG		(1ull << 31)
#define CR4_PAE		(1ull << 5)
#define CR4_MCE		(1ull << 6)
#define CR4_PGE		(1ull << 7)
#define CR4_OSFXSR	(1ull << 9)
#define CR4_OSXMMEXCPT	(1ull << 10)
#define CR4_LA57	(1ull << 12)
#define CR4_VMXE	(1ull << 13)
#define CR4_PCIDE	(1ull << 17)
#define CR4_OSXSAVE	(1ull << 18)
#define CR4_CET		(1ull << 23)

/* 64-bit TSS, SDM Vol. 3 "Task Management in 64-bit Mode". */
struct tss {
	uint32_t reserved0;
	uint64_t rsp[3];
	uint64_t reserved1;
	uint64_t ist[7];
	uint64_t reserved2;
	uint16_t reserved3;
	uint16_t iomap;
} __attribute__((packed));
_Static_assert(sizeof(struct tss) == 104, "the 64-bit TSS has 104 bytes");

enum { IST_NMI = 1, IST_DF = 2, IST_MC = 3, IST_COUNT = 3 };

struct cpu {
	struct cpu *self;		/* at GS:0 */
	uint32_t index;			/* 0 is the boot CPU */
	uint32_t apic_id;
	uint64_t area;			/* where its stacks lie: cpu.c */
	uint64_t gdt[5];
	struct tss tss;
	uint32_t online;		/* it waits for work */
	void (*mailbox)(void);		/* to be called by this CPU, then cleared; smp.c */
	volatile bool vmx_on;
	uint64_t vmxon_region;
	uint64_t svm_host;		/* a page for VMSAVE */
	void *vcpu;			/* whose VMCS is current here */
	uint16_t ran;			/* the VPID of the guest that ran here last */
};

/* By index; those that never came online are there too, but not online. */
extern struct cpu *cpus[CPU_MAX];
extern uint32_t cpu_count;	/* online */

static inline struct cpu *cpu_this(void)
{
	return cpu_gs_first();
}

/* Bytes of early memory that one CPU takes: struct cpu, its stack and those of its interrupts. */
uint64_t cpu_area_bytes(void);
/* Makes cpus[@index], on the boot CPU; NULL when early memory is out. */
struct cpu *cpu_new(uint32_t index, uint32_t apic_id);
/* Its own stack, which the boot CPU does not use: see enter.S. */
uint64_t cpu_stack_top(const struct cpu *c);
/* Unmaps the page below each of @c's stacks; on the boot CPU, before @c runs or while it is the boot CPU. */
void cpu_guard(const struct cpu *c);
/* Whose stack has overflowed when an access of @address faults; NULL: nobody's. */
const char *cpu_overflow_text(uint64_t address);
/* Loads GDT, TSS, IDT and GS of @c on the CPU that calls; machine checks are exceptions from here on. */
void cpu_init(struct cpu *c);
/* Enables SSE and, where there is XSAVE, CR4.OSXSAVE with XCR0 for host services (x87, SSE). */
void cpu_init_fpu(void);

/* Whether @leaf_0, of CPUID, names @vendor: twelve letters. */
static inline bool cpu_vendor_is(const uint32_t leaf_0[4], const char *vendor)
{
	return !memcmp(&leaf_0[1], vendor, 4) && !memcmp(&leaf_0[3], vendor + 4, 4) &&
	       !memcmp(&leaf_0[2], vendor + 8, 4);
}

static inline void cpu_relax(void) { __asm__ volatile("pause" : : : "memory"); }
