/* SPDX-License-Identifier: MIT */
#include "cpu.h"
#include <stddef.h>
#include "early.h"
#include "firmware.h"
#include "intr.h"
#include "lib/addr.h"
#include "msr.h"
#include "paging.h"

/* A CPU's area, in pages: below each stack one that is never mapped (cpu_guard), and at the end struct cpu. */
#define STACK_PAGES	4u	/* of a CPU's own stack; an interrupt's has one */
#define AREA_PAGES	(1 + STACK_PAGES + 2 * IST_COUNT + 1)

_Static_assert(sizeof(struct cpu) <= PAGE_SIZE, "fits its page");

extern char boot_stack_guard[];

struct cpu *cpus[CPU_MAX];
uint32_t cpu_count;

struct table_pointer { uint16_t limit; uint64_t base; } __attribute__((packed));

static void load_gdt(struct cpu *c)
{
	uint64_t base = (uint64_t)&c->tss;
	struct table_pointer gdtr = { sizeof(c->gdt) - 1, (uint64_t)c->gdt };

	c->gdt[0] = 0;
	c->gdt[SEL_CODE / 8] = 0x00af9b000000ffffull;
	c->gdt[SEL_DATA / 8] = 0x00cf93000000ffffull;
	c->gdt[SEL_TSS / 8] = (sizeof(c->tss) - 1) | (base & 0xffffff) << 16 | 0x89ull << 40 |
			      (base >> 24 & 0xff) << 56;
	c->gdt[SEL_TSS / 8 + 1] = base >> 32;
	__asm__ volatile("lgdt %0\n\t"
			 "push %1\n\t"
			 "lea 1f(%%rip), %%rax\n\t"
			 "push %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "mov %2, %%ds\n\tmov %2, %%es\n\tmov %2, %%ss\n\t"
			 "mov %3, %%fs\n\tmov %3, %%gs\n\t"
			 "ltr %w4"
			 : : "m"(gdtr), "i"(SEL_CODE), "r"(SEL_DATA), "r"(0), "r"(SEL_TSS) : "rax", "memory");
}

uint64_t cpu_area_bytes(void)
{
	return AREA_PAGES * PAGE_SIZE;
}

struct cpu *cpu_new(uint32_t index, uint32_t apic_id)
{
	char *area = early_alloc(cpu_area_bytes());
	struct cpu *c = (struct cpu *)(area + (AREA_PAGES - 1) * PAGE_SIZE);

	if (!area)
		return NULL;
	c->self = c;
	c->index = index;
	c->apic_id = apic_id;
	c->area = (uint64_t)area;
	for (unsigned i = 0; i < IST_COUNT; i++)
		c->tss.ist[i] = cpu_stack_top(c) + 2 * (i + 1) * PAGE_SIZE;
	c->tss.iomap = sizeof(c->tss);
	cpus[index] = c;
	return c;
}

uint64_t cpu_stack_top(const struct cpu *c)
{
	return c->area + (1 + STACK_PAGES) * PAGE_SIZE;
}

/* The guard of interrupt stack @i, or of the CPU's own stack for -1. */
static uint64_t guard_of(const struct cpu *c, int i)
{
	return i < 0 ? c->area : c->tss.ist[i] - 2 * PAGE_SIZE;
}

void cpu_guard(const struct cpu *c)
{
	for (int i = -1; i < IST_COUNT; i++)
		paging_guard(guard_of(c, i));
	if (c->index)
		return;
	paging_guard((uint64_t)boot_stack_guard);
	paging_guard(firmware_stack_guard());
}

const char *cpu_overflow_text(uint64_t address)
{
	uint64_t page = address & ~(PAGE_SIZE - 1);

	if (page == (uint64_t)boot_stack_guard)
		return "the boot CPU's stack";
	if (page == firmware_stack_guard())
		return "the firmware's stack";
	for (uint32_t n = 0; n < CPU_MAX && cpus[n]; n++)
		for (int i = -1; i < IST_COUNT; i++)
			if (page == guard_of(cpus[n], i))
				return i < 0 ? "a CPU's stack" : "the stack of NMI, double fault or machine check";
	return NULL;
}

void cpu_init(struct cpu *c)
{
	load_gdt(c);
	msr_write(MSR_IA32_GS_BASE, (uint64_t)c);
	intr_load_idt();
	cr4_write(cr4_read() | CR4_MCE);
}

void cpu_init_fpu(void)
{
	uint32_t r[4];

	cr0_write((cr0_read() | CR0_MP | CR0_NE) & ~(CR0_EM | CR0_TS));
	cr4_write(cr4_read() | CR4_OSFXSR | CR4_OSXMMEXCPT);
	cpuid(1, 0, r);
	if (r[2] & 1u << 26) {
		cr4_write(cr4_read() | CR4_OSXSAVE);
		xcr0_write(3);
	}
}
