/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/guest_mem.h"
#include "hv/mmio.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

#define CODE	0x8000ull
#define TPR	(LAPIC_GPA + 0x80)
#define ICR2	(LAPIC_GPA + 0x310)	/* keeps bits 31-24 */
#define NOBODY	0xfebf0000ull

static struct vm *vm;
static struct vcpu *v;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	v = &vm->vcpu[0];
}

TestSuite(mmio, .init = fresh);

/* @code, whose operand is in device memory at @at; true if it was emulated to its end. */
static bool run(uint64_t at, const char *code, unsigned bytes)
{
	bool done;

	fake_vm_code(vm, CODE, code, bytes);
	done = mmio_emulate(vm, v, 0, at);
	cr_expect_eq(fake_vcpu.s.rip, done ? CODE + bytes : CODE);
	cr_expect_eq(vm->state, done ? VM_RUNNING : VM_CRASHED);
	return done;
}
#define RUN(at, code) run(at, code, sizeof(code) - 1)

static uint32_t device(uint64_t at)
{
	uint64_t value = 0;

	machine_mmio(&vm->machine, 0, at, 4, false, &value);
	return (uint32_t)value;
}

Test(mmio, a_register_is_stored)
{
	v->gpr[GPR_RCX] = 0xffffffff00000050;
	cr_expect(RUN(TPR, "\x89\x0b"));			/* mov [rbx], ecx */
	cr_expect_eq(device(TPR), 0x50);
	v->gpr[9] = 0x60;
	cr_expect(RUN(TPR, "\x44\x89\x0b"));			/* mov [rbx], r9d */
	cr_expect_eq(device(TPR), 0x60);
	cr_expect(RUN(TPR, "\xc7\x03\x70\x00\x00\x00"));	/* mov dword [rbx], 0x70 */
	cr_expect_eq(device(TPR), 0x70);
	fake_vcpu.s.gpr[GPR_RSP] = 0x30;
	cr_expect(RUN(TPR, "\x89\x23"));			/* mov [rbx], esp */
	cr_expect_eq(device(TPR), 0x30);
}

Test(mmio, a_load_of_each_size_leaves_what_the_cpu_leaves)
{
	v->gpr[GPR_RAX] = v->gpr[GPR_RDX] = v->gpr[GPR_RSI] = 0x1122334455667788;
	cr_expect(RUN(NOBODY, "\x8a\x03"));			/* mov al, [rbx] */
	cr_expect_eq(v->gpr[GPR_RAX], 0x11223344556677ff);
	cr_expect(RUN(NOBODY, "\x8a\x33"));			/* mov dh, [rbx] */
	cr_expect_eq(v->gpr[GPR_RDX], 0x112233445566ff88);
	cr_expect(RUN(NOBODY, "\x40\x8a\x33"));			/* mov sil, [rbx] */
	cr_expect_eq(v->gpr[GPR_RSI], 0x11223344556677ff);
	cr_expect(RUN(NOBODY, "\x66\x8b\x13"));			/* mov dx, [rbx] */
	cr_expect_eq(v->gpr[GPR_RDX], 0x112233445566ffff);
	cr_expect(RUN(NOBODY, "\x8b\x03"));			/* mov eax, [rbx] */
	cr_expect_eq(v->gpr[GPR_RAX], 0xffffffff);
	cr_expect(RUN(NOBODY, "\x4c\x8b\x03"));			/* mov r8, [rbx] */
	cr_expect_eq(v->gpr[8], UINT64_MAX);
}

Test(mmio, loads_extend_as_they_are_told)
{
	cr_expect(RUN(NOBODY, "\x0f\xb6\x03"));			/* movzx eax, byte [rbx] */
	cr_expect_eq(v->gpr[GPR_RAX], 0xff);
	cr_expect(RUN(NOBODY, "\x0f\xbe\x03"));			/* movsx eax, byte [rbx] */
	cr_expect_eq(v->gpr[GPR_RAX], 0xffffffff);
	cr_expect(RUN(NOBODY, "\x48\x63\x03"));			/* movsxd rax, dword [rbx] */
	cr_expect_eq(v->gpr[GPR_RAX], UINT64_MAX);
}

Test(mmio, an_exchange_gives_and_takes)
{
	RUN(TPR, "\xc7\x03\x20\x00\x00\x00");
	v->gpr[GPR_RCX] = 0x90;
	cr_expect(RUN(TPR, "\x87\x0b"));			/* xchg [rbx], ecx */
	cr_expect_eq(device(TPR), 0x90);
	cr_expect_eq(v->gpr[GPR_RCX], 0x20);
}

Test(mmio, bits_change_with_their_flags)
{
	fake_vcpu.s.rflags = 2 | 1 | 1 << 11;
	RUN(ICR2, "\xc7\x03\x00\x00\x00\x81");
	cr_expect(RUN(ICR2, "\x81\x0b\x00\x00\x00\x02"));	/* or dword [rbx], 0x02000000 */
	cr_expect_eq(device(ICR2), 0x83000000);
	cr_expect_eq(fake_vcpu.s.rflags, 2 | 1 << 7 | 1 << 2, "SF and PF, neither CF nor OF");
	cr_expect(RUN(ICR2, "\x83\x23\x00"));			/* and dword [rbx], 0 */
	cr_expect_eq(device(ICR2), 0);
	cr_expect(fake_vcpu.s.rflags & 1 << 6);
}

Test(mmio, a_test_writes_nothing)
{
	RUN(TPR, "\xc7\x03\x20\x00\x00\x00");
	v->gpr[GPR_RCX] = 0xdf;
	cr_expect(RUN(TPR, "\x85\x0b"));			/* test [rbx], ecx */
	cr_expect_eq(device(TPR), 0x20);
	cr_expect(fake_vcpu.s.rflags & 1 << 6);
}

Test(mmio, an_instruction_across_two_pages_is_read_through_both)
{
	fake_vm_code(vm, CODE, "", 1);
	fake_vm_map(vm, CODE + 0x1000, 0x30000, 3);
	cr_assert_eq(guest_write(vm, gpa(CODE + 0xfff), "\x89", 1), ERR_OK);
	cr_assert_eq(guest_write(vm, gpa(0x30000), "\x0b", 1), ERR_OK);
	fake_vcpu.s.rip = CODE + 0xfff;
	v->gpr[GPR_RCX] = 0x40;
	cr_expect(mmio_emulate(vm, v, 0, TPR));
	cr_expect_eq(device(TPR), 0x40);
	cr_expect_eq(fake_vcpu.s.rip, CODE + 0x1001);
}

Test(mmio, an_instruction_that_ends_at_an_unmapped_page_is_read_as_far_as_it_goes)
{
	fake_vm_code(vm, CODE, "", 1);
	fake_vm_map(vm, CODE + 0x1000, 0, 0);
	cr_assert_eq(guest_write(vm, gpa(CODE + 0xffe), "\x89\x0b", 2), ERR_OK);
	fake_vcpu.s.rip = CODE + 0xffe;
	cr_expect(mmio_emulate(vm, v, 0, TPR));
}

Test(mmio, a_segment_register_is_not_a_general_one)
{
	v->gpr[GPR_RBX] = 0x60;
	cr_expect_not(RUN(TPR, "\x8c\x1b"));			/* mov [rbx], ds */
	cr_expect_eq(device(TPR), 0);
}

Test(mmio, an_unknown_instruction_stops_the_vm_with_its_bytes)
{
	cr_expect_not(RUN(TPR, "\xff\x03"));			/* inc dword [rbx] */
	cr_expect(strstr(vm->why.text, "ff 03"), "%s", vm->why.text);
}

Test(mmio, a_vector_load_stops_the_vm)
{
	cr_expect_not(RUN(TPR, "\x0f\x28\x03"));		/* movaps xmm0, [rbx] */
}

Test(mmio, a_string_move_stops_the_vm)
{
	cr_expect_not(RUN(TPR, "\xf3\xa4"));
}

Test(mmio, code_that_is_in_device_memory_stops_the_vm)
{
	fake_vm_map(vm, 0x40000, LAPIC_GPA, 3);
	fake_vcpu.s.rip = 0x40000;
	cr_expect_not(mmio_emulate(vm, v, 0, LAPIC_GPA));
	cr_expect_eq(vm->state, VM_CRASHED);
}

Test(mmio, the_same_bytes_mean_the_other_thing_in_32_bit_code)
{
	fake_vcpu.s.segment_access[SEG_CS] = 0xc09b;
	v->gpr[GPR_RCX] = 0x40;
	cr_expect_not(RUN(TPR, "\x41\x89\x0b"), "inc ecx is not the access");
}

Test(mmio, the_base_of_cs_counts_in_32_bit_code_only)
{
	fake_vcpu.s.segment_base[SEG_CS] = 0x1000;
	v->gpr[GPR_RCX] = 0x40;
	cr_expect(RUN(TPR, "\x89\x0b"));
	fake_vcpu.s.segment_access[SEG_CS] = 0xc09b;
	fake_vm_code(vm, CODE, "\x89\x0b", 2);
	fake_vcpu.s.rip = CODE - 0x1000;
	v->gpr[GPR_RCX] = 0x70;
	cr_expect(mmio_emulate(vm, v, 0, TPR));
	cr_expect_eq(device(TPR), 0x70);
}
