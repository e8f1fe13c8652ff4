/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include "hv/exit.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

#define CODE	0x8000ull
#define NOWHERE	0x7f0000000000ull

static struct vm *vm;
static struct vcpu *v;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	v = &vm->vcpu[0];
}

TestSuite(exit_decode, .init = fresh);

/* An exit of @kind for @code, of which the processor has told the @length without prefixes. */
static bool decode(enum vcpu_exit_kind kind, uint32_t length, const char *code, unsigned bytes)
{
	fake_vm_code(vm, CODE, code, bytes);
	v->exit = (struct vcpu_exit){ .kind = VCPU_EXIT_UNDECODED, .undecoded = kind, .length = length };
	return exit_decode(vm, v);
}
#define DECODE(kind, length, code) decode(kind, length, code, sizeof(code) - 1)

Test(exit_decode, the_length_is_read_with_prefixes)
{
	static const struct { enum vcpu_exit_kind kind; const char *code; unsigned bytes; } row[] = {
		{ VCPU_EXIT_CPUID, "\x0f\xa2", 2 },
		{ VCPU_EXIT_CPUID, "\x66\x48\x0f\xa2", 4 },
		{ VCPU_EXIT_HLT, "\xf4", 1 },
		{ VCPU_EXIT_HLT, "\x66\xf4", 2 },
		{ VCPU_EXIT_RDMSR, "\x0f\x32", 2 },
		{ VCPU_EXIT_WRMSR, "\x0f\x30", 2 },
		{ VCPU_EXIT_RDPMC, "\x0f\x33", 2 },
		{ VCPU_EXIT_INVD, "\x0f\x08", 2 },
		{ VCPU_EXIT_WBINVD, "\xf3\x0f\x09", 3 },
		{ VCPU_EXIT_XSETBV, "\x0f\x01\xd1", 3 },
	};

	for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		cr_expect(decode(row[i].kind, 9, row[i].code, row[i].bytes));
		cr_expect_eq(v->exit.kind, row[i].kind);
		cr_expect_eq(v->exit.length, row[i].bytes, "row %u: %u", i, v->exit.length);
	}
}

Test(exit_decode, an_access_to_a_control_register_gets_its_general_register)
{
	cr_expect(DECODE(VCPU_EXIT_CR, 3, "\x0f\x22\xe3"));		/* mov cr4, rbx */
	cr_expect(v->exit.cr.gpr == GPR_RBX && v->exit.length == 3);
	cr_expect(DECODE(VCPU_EXIT_CR, 3, "\x41\x0f\x20\xe1"));		/* mov r9, cr4 */
	cr_expect(v->exit.cr.gpr == 9 && v->exit.length == 4);
	cr_expect(DECODE(VCPU_EXIT_CR, 4, "\x44\x0f\x22\xc6"));		/* mov cr8, rsi */
	cr_expect(v->exit.cr.gpr == GPR_RSI && v->exit.length == 4);
}

Test(exit_decode, where_code_cant_be_read_the_length_without_prefixes_has_to_do)
{
	cr_expect(DECODE(VCPU_EXIT_CPUID, 2, "\x90\x90"));
	cr_expect_eq(v->exit.length, 2, "other code stands there by now");
	fake_vcpu.s.rip = NOWHERE;
	v->exit = (struct vcpu_exit){ .kind = VCPU_EXIT_UNDECODED, .undecoded = VCPU_EXIT_RDMSR, .length = 2 };
	cr_expect(exit_decode(vm, v));
	cr_expect(v->exit.kind == VCPU_EXIT_RDMSR && v->exit.length == 2);
}

Test(exit_decode, an_access_to_a_control_register_that_cant_be_read_stops_the_vm)
{
	cr_expect_not(DECODE(VCPU_EXIT_CR, 3, "\x90\x90\x90"));
	cr_expect_eq(vm->state, VM_CRASHED);
}
