/* SPDX-License-Identifier: MIT */
#include "arch/x86_64/cpu.h"
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/early.h"
#include "arch/x86_64/firmware.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/paging.h"
#include "lib/addr.h"

#define PAGES 64u

char boot_stack_guard[PAGE_SIZE] __attribute__((aligned(4096)));
static char memory[PAGES * PAGE_SIZE] __attribute__((aligned(4096))), firmware_stack[PAGE_SIZE] __attribute__((aligned(4096)));
static uint64_t next, guarded[32];
static unsigned guards;

void *early_alloc(uint64_t bytes)
{
	void *p = memory + next;

	if (bytes > sizeof(memory) - next)
		return NULL;
	next += bytes;
	return p;
}

void paging_guard(uint64_t page) { guarded[guards++] = page; }
uint64_t firmware_stack_guard(void) { return (uint64_t)firmware_stack; }
void intr_load_idt(void) { }

static bool is_guarded(uint64_t page)
{
	for (unsigned i = 0; i < guards; i++)
		if (guarded[i] == page)
			return true;
	return false;
}

/* A stack of @pages that ends at @top: nothing of it is guarded, and what lies below is. */
static void expect_stack(uint64_t top, unsigned pages)
{
	cr_expect_eq(top % 16, 0);
	for (unsigned p = 1; p <= pages; p++)
		cr_expect_not(is_guarded(top - p * PAGE_SIZE));
	cr_expect(is_guarded(top - (pages + 1) * PAGE_SIZE));
}

Test(cpu, below_each_stack_lies_a_page_that_is_never_mapped)
{
	struct cpu *c[2] = { cpu_new(0, 4), cpu_new(1, 9) };

	for (unsigned i = 0; i < 2; i++) {
		cr_assert(cpus[i] == c[i] && c[i]->self == c[i] && c[i]->index == i && c[i]->apic_id == (i ? 9 : 4));
		cpu_guard(c[i]);
	}
	cr_expect_eq(guards, 2 * 4 + 2, "the boot CPU's and the firmware's, too");
	for (unsigned i = 0; i < 2; i++) {
		expect_stack(cpu_stack_top(c[i]), 4);
		for (unsigned s = 0; s < IST_COUNT; s++)
			expect_stack(c[i]->tss.ist[s], 1);
		cr_expect_not(is_guarded((uint64_t)c[i] & ~(PAGE_SIZE - 1)));
		cr_expect_leq((uint64_t)c[i] + sizeof(*c[i]), c[i]->area + cpu_area_bytes());
	}
}

Test(cpu, an_overflow_is_told_by_whose_stack_it_is)
{
	struct cpu *c = cpu_new(0, 0);

	cpu_new(1, 1);
	cr_expect_str_eq(cpu_overflow_text((uint64_t)boot_stack_guard + 4088), "the boot CPU's stack");
	cr_expect_str_eq(cpu_overflow_text((uint64_t)firmware_stack), "the firmware's stack");
	cr_expect_str_eq(cpu_overflow_text(cpus[1]->area + 8), "a CPU's stack");
	cr_expect_str_eq(cpu_overflow_text(c->tss.ist[1] - PAGE_SIZE - 8), "the stack of NMI, double fault or machine check");
	cr_expect_null(cpu_overflow_text(c->area + PAGE_SIZE));
	cr_expect_null(cpu_overflow_text(0));
}

Test(cpu, without_early_memory_there_is_none)
{
	next = sizeof(memory) - cpu_area_bytes() + 1;
	cr_expect_null(cpu_new(0, 0));
	cr_expect_null(cpus[0]);
}

Test(cpu, sse_is_on_and_xsave_where_there_is_xsave)
{
	fake_cpu = (struct fake_cpu){ .cr0 = CR0_PE | CR0_PG | CR0_EM | CR0_TS, .cpuids = 1, .cpuid = { { .leaf = 1 } } };
	cpu_init_fpu();
	cr_expect_eq(fake_cpu.cr0, CR0_PE | CR0_PG | CR0_MP | CR0_NE);
	cr_expect_eq(fake_cpu.cr4, CR4_OSFXSR | CR4_OSXMMEXCPT);
	cr_expect_eq(fake_cpu.xcr0, 0, "XSETBV would be #UD");
	fake_cpu.cpuid[0].out[2] = 1u << 26;
	cpu_init_fpu();
	cr_expect(fake_cpu.cr4 & CR4_OSXSAVE);
	cr_expect_eq(fake_cpu.xcr0, 3);
}
