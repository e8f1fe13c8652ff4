/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include "hv/exit.h"
#include "hv/guest_mem.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

#define GP FAKE_FAULT(13)

static struct vm *vm;
static struct vcpu *v;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	v = &vm->vcpu[0];
	v->exit.length = 2;
}

TestSuite(exit_cr, .init = fresh);

/* False: #GP, and RIP stays. */
static bool access(enum vcpu_cr_access type, unsigned cr, unsigned gpr, unsigned source)
{
	bool gp;

	v->exit.cr.number = (uint8_t)cr;
	v->exit.cr.gpr = (uint8_t)gpr;
	v->exit.cr.access = type;
	v->exit.cr.source = (uint16_t)source;
	exit_control_register(vm, v, 0);
	gp = v->event == GP;
	cr_expect_eq(fake_vcpu.s.rip, gp ? 0 : 2);
	v->event = 0;
	fake_vcpu.s.rip = 0;
	return !gp;
}

Test(exit_cr, mov_writes_the_register_that_is_named)
{
	v->gpr[GPR_RBX] = 0x80000033;
	cr_expect(access(VCPU_CR_WRITE, 0, GPR_RBX, 0));
	cr_expect_eq(fake_vcpu.s.cr0, 0x80000033);
	v->gpr[15] = 0x6a0;
	cr_expect(access(VCPU_CR_WRITE, 4, 15, 0));
	cr_expect_eq(fake_vcpu.s.cr4, 0x6a0);
	fake_vcpu.s.gpr[GPR_RSP] = 0x6b0;
	cr_expect(access(VCPU_CR_WRITE, 4, GPR_RSP, 0));
	cr_expect_eq(fake_vcpu.s.cr4, 0x6b0);
}

Test(exit_cr, what_the_vcpu_refuses_is_a_gp)
{
	fake_vcpu.refuse_writes = true;
	cr_expect_not(access(VCPU_CR_WRITE, 0, GPR_RAX, 0));
	cr_expect_not(access(VCPU_CR_WRITE, 4, GPR_RAX, 0));
	cr_expect_not(access(VCPU_CR_CLTS, 0, 0, 0));
	cr_expect_not(access(VCPU_CR_LMSW, 0, 0, 1));
}

Test(exit_cr, cr8_is_the_task_priority)
{
	v->gpr[GPR_RDX] = 9;
	cr_expect(access(VCPU_CR_WRITE, 8, GPR_RDX, 0));
	cr_expect(access(VCPU_CR_READ, 8, GPR_RSI, 0));
	cr_expect_eq(v->gpr[GPR_RSI], 9);
	v->gpr[GPR_RDX] = 16;
	cr_expect_not(access(VCPU_CR_WRITE, 8, GPR_RDX, 0));
}

Test(exit_cr, other_registers_do_not_exit_and_are_refused)
{
	cr_expect_not(access(VCPU_CR_WRITE, 3, GPR_RAX, 0));
	cr_expect_not(access(VCPU_CR_READ, 3, GPR_RAX, 0));
	cr_expect_not(access(VCPU_CR_WRITE, 15, GPR_RAX, 0));
}

Test(exit_cr, clts_clears_ts_alone)
{
	fake_vcpu.s.cr0 = 0x80000039;
	cr_expect(access(VCPU_CR_CLTS, 0, 0, 0));
	cr_expect_eq(fake_vcpu.s.cr0, 0x80000031);
}

Test(exit_cr, lmsw_changes_four_bits_and_never_leaves_protected_mode)
{
	fake_vcpu.s.cr0 = 0x80000031;
	cr_expect(access(VCPU_CR_LMSW, 0, 0, 0xfffe));
	cr_expect_eq(fake_vcpu.s.cr0, 0x8000003f);
	cr_expect(access(VCPU_CR_LMSW, 0, 0, 0));
	cr_expect_eq(fake_vcpu.s.cr0, 0x80000031);
}

Test(exit_cr, outside_64_bit_code_a_register_has_32_bits)
{
	fake_vcpu.s.segment_access[SEG_CS] = 0xc09b;
	v->gpr[GPR_RBX] = 0xdeadbeef80000033;
	cr_expect(access(VCPU_CR_WRITE, 0, GPR_RBX, 0));
	cr_expect_eq(fake_vcpu.s.cr0, 0x80000033);
}

/* A table of PDPTEs at 0x3020, and a guest in protected mode that has it in CR3. */
static void pae(const uint64_t pdpte[4])
{
	fresh();
	cr_assert_eq(guest_write(vm, gpa(0x3020), pdpte, 32), ERR_OK);
	fake_vcpu.s.segment_access[SEG_CS] = 0xc09b;
	fake_vcpu.s.cr0 = 0x11;
	fake_vcpu.s.cr3 = 0x3020;
	fake_vcpu.s.cr4 = 0x20;
	fake_vcpu.s.efer = 0;
}

Test(exit_cr, pdptes_are_loaded_when_the_cpu_would_have_loaded_them)
{
	static const uint64_t pdpte[4] = { 0x5001, 0, 0x7001, 0x8001 };
	static const struct { unsigned cr; uint64_t cr0, cr4, efer, value; bool loads; } row[] = {
		{ 0, 0x11, 0x20, 0, 0x80000031, true },			/* paging on, and NE with it */
		{ 0, 0x80000031, 0x20, 0, 0xe0000031, true },		/* CD and NW */
		{ 0, 0x80000031, 0x20, 0, 0x80000033, false },		/* MP */
		{ 0, 0x11, 0, 0, 0x80000031, false },			/* 32-bit paging */
		{ 0, 0x11, 0x20, 0x100, 0x80000031, false },		/* IA-32e mode */
		{ 0, 0x80000031, 0x20, 0, 0x31, false },		/* paging off */
		{ 4, 0x80000031, 0, 0, 0x20, true },			/* PAE */
		{ 4, 0x80000031, 0x20, 0, 0xa0, true },			/* PGE */
		{ 4, 0x80000031, 0x20, 0, 0x220, false },		/* OSFXSR */
		{ 4, 0x11, 0, 0, 0x20, false },				/* without paging */
	};

	for (unsigned n = 0; n < sizeof(row) / sizeof(row[0]); n++) {
		pae(pdpte);
		fake_vcpu.s.cr0 = row[n].cr0;
		fake_vcpu.s.cr4 = row[n].cr4;
		fake_vcpu.s.efer = row[n].efer;
		v->gpr[GPR_RBX] = row[n].value;
		cr_expect(access(VCPU_CR_WRITE, row[n].cr, GPR_RBX, 0), "row %u", n);
		cr_expect_eq(fake_vcpu.s.pdpte[3], row[n].loads ? 0x8001 : 0, "row %u", n);
		cr_expect_eq(row[n].cr ? fake_vcpu.s.cr4 : fake_vcpu.s.cr0, row[n].value, "row %u", n);
	}
}

Test(exit_cr, paging_with_pdptes_that_no_cpu_takes_is_a_gp_and_changes_nothing)
{
	static const uint64_t pdpte[4] = { 0x5003, 0, 0, 0 };

	pae(pdpte);
	v->gpr[GPR_RBX] = 0x80000031;
	cr_expect_not(access(VCPU_CR_WRITE, 0, GPR_RBX, 0));
	cr_expect_eq(fake_vcpu.s.cr0, 0x11);
	cr_expect_eq(fake_vcpu.s.pdpte[0], 0);
	fake_vcpu.s.cr3 = vm->memory_bytes;
	cr_expect_not(access(VCPU_CR_WRITE, 0, GPR_RBX, 0), "a table outside of memory");
}

Test(exit_cr, cr4_is_read_as_the_guest_wrote_it)
{
	fake_vcpu.s.cr4 = 0x6a0;
	cr_expect(access(VCPU_CR_READ, 4, GPR_RDI, 0));
	cr_expect_eq(v->gpr[GPR_RDI], 0x6a0);
}
