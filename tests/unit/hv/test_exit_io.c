/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/exit.h"
#include "hv/guest_mem.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

#define IN	VCPU_IO_IN
#define STRING	VCPU_IO_STRING
#define REP	VCPU_IO_REP
#define PF	FAKE_FAULT(14)
#define GP	FAKE_FAULT(13)
#define CODE	0x8000ull
#define COM1	0x3f8u
#define SCRATCH	0x3ffu		/* the UART's scratch register */

static struct vm *vm;
static struct vcpu *v;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	v = &vm->vcpu[0];
}

TestSuite(exit_io, .init = fresh);

static enum exit_action io(unsigned port, unsigned size, unsigned flags)
{
	v->exit.io.port = (uint16_t)port;
	v->exit.io.size = (uint8_t)size;
	v->exit.io.flags = (uint8_t)flags;
	return exit_io(vm, v, 0);
}

/* The instruction @code runs; its bytes are at CODE. */
static enum exit_action string(const char *code, unsigned port, unsigned size, unsigned flags)
{
	fake_vm_code(vm, CODE, code, (unsigned)strlen(code));
	return io(port, size, flags | STRING);
}

static size_t sent(char *out, size_t room)
{
	uint64_t offset = 0;

	return machine_console_read(&vm->machine, &offset, out, room);
}

Test(exit_io, in_of_each_size_leaves_what_the_cpu_leaves)
{
	v->exit.length = 2;
	v->gpr[GPR_RAX] = 0x1122334455667788;
	io(0x1234, 1, IN);
	cr_expect_eq(v->gpr[GPR_RAX], 0x11223344556677ff);
	io(0x1234, 2, IN);
	cr_expect_eq(v->gpr[GPR_RAX], 0x112233445566ffff);
	io(0x1234, 4, IN);
	cr_expect_eq(v->gpr[GPR_RAX], 0xffffffff);
	cr_expect_eq(fake_vcpu.s.rip, 6);
}

Test(exit_io, out_sends_the_low_bytes_only)
{
	v->gpr[GPR_RAX] = 0x1122334455667741;
	io(SCRATCH, 1, 0);
	io(SCRATCH, 1, IN);
	cr_expect_eq(v->gpr[GPR_RAX] & 0xff, 0x41);
}

Test(exit_io, a_wide_access_at_the_last_port_wraps_harmlessly)
{
	io(0xffff, 4, IN);
	cr_expect_eq(v->gpr[GPR_RAX], 0xffffffff);
	io(0xfffe, 4, 0);
	cr_expect_eq(vm->state, VM_RUNNING);
}

Test(exit_io, outs_sends_a_string)
{
	char text[8] = { 0 };

	fake_vm_map(vm, 0x20000, 0x30000, 1);
	cr_assert_eq(guest_write(vm, gpa(0x30000), "hello", 5), ERR_OK);
	v->gpr[GPR_RSI] = 0x20000;
	v->gpr[GPR_RCX] = 5;
	string("\xf3\x6e", COM1, 1, REP);
	cr_expect_eq(sent(text, sizeof(text)), 5);
	cr_expect_str_eq(text, "hello");
	cr_expect_eq(v->gpr[GPR_RSI], 0x20005);
	cr_expect_eq(v->gpr[GPR_RCX], 0);
	cr_expect_eq(fake_vcpu.s.rip, CODE + 2);
}

Test(exit_io, a_long_repetition_is_done_in_parts_with_rip_staying)
{
	fake_vm_map(vm, 0x20000, 0x30000, 3);
	v->gpr[GPR_RDI] = 0x20000;
	v->gpr[GPR_RCX] = 100;
	string("\xf3\x6c", 0x1234, 1, REP | IN);
	cr_expect_eq(v->gpr[GPR_RCX], 36);
	cr_expect_eq(fake_vcpu.s.rip, CODE);
	io(0x1234, 1, REP | IN | STRING);
	cr_expect_eq(v->gpr[GPR_RCX], 0);
	cr_expect_eq(v->gpr[GPR_RDI], 0x20000 + 100);
	cr_expect_eq(fake_vcpu.s.rip, CODE + 2);
}

Test(exit_io, no_repetitions_skip_the_instruction_and_touch_nothing)
{
	v->gpr[GPR_RDI] = 0x77770000;
	string("\xf3\x6c", 0x1234, 1, REP | IN);
	cr_expect_eq(v->event, 0);
	cr_expect_eq(fake_vcpu.s.rip, CODE + 2);
}

Test(exit_io, backwards_is_backwards)
{
	fake_vm_map(vm, 0x20000, 0x30000, 3);
	fake_vcpu.s.rflags |= 1u << 10;
	v->gpr[GPR_RDI] = 0x20008;
	v->gpr[GPR_RCX] = 2;
	string("\xf3\x6d", 0x1234, 4, REP | IN);
	cr_expect_eq(v->gpr[GPR_RDI], 0x20000);
}

Test(exit_io, a_missing_page_is_a_page_fault_before_the_port_is_read)
{
	uint8_t lost = 0;

	/* One byte waits in the UART: it must still wait afterwards. */
	cr_assert_eq(machine_console_write(&vm->machine, "x", 1), 1);
	v->gpr[GPR_RDI] = 0x20000;
	string("\x6c", COM1, 1, IN);
	cr_expect_eq(v->event, PF);
	cr_expect_eq(v->event_error, 2);
	cr_expect_eq(fake_vcpu.s.cr2, 0x20000);
	cr_expect_eq(fake_vcpu.s.rip, CODE);
	v->event = 0;
	fake_vm_map(vm, 0x20000, 0x30000, 3);
	io(COM1, 1, IN | STRING);
	cr_assert_eq(guest_read(vm, gpa(0x30000), &lost, 1), ERR_OK);
	cr_expect_eq(lost, 'x');
}

Test(exit_io, an_item_across_pages_faults_at_the_missing_one_and_writes_neither)
{
	uint32_t before = 0x55555555, after = 0;

	fake_vm_map(vm, 0x20000, 0x30000, 3);
	cr_assert_eq(guest_write(vm, gpa(0x30ffc), &before, 4), ERR_OK);
	v->gpr[GPR_RDI] = 0x20ffe;
	string("\x6d", 0x1234, 4, IN);
	cr_expect_eq(v->event, PF);
	cr_expect_eq(fake_vcpu.s.cr2, 0x21000);
	cr_assert_eq(guest_read(vm, gpa(0x30ffc), &after, 4), ERR_OK);
	cr_expect_eq(after, before);
	v->event = 0;
	fake_vm_map(vm, 0x21000, 0x50000, 3);
	io(0x1234, 4, IN | STRING);
	cr_assert_eq(guest_read(vm, gpa(0x30ffc), &after, 4), ERR_OK);
	cr_expect_eq(after, 0xffff5555);
	cr_assert_eq(guest_read(vm, gpa(0x50000), &after, 4), ERR_OK);
	cr_expect_eq(after, 0xffff);
}

Test(exit_io, a_read_only_page_is_protected_as_CR0_WP_says)
{
	fake_vm_map(vm, 0x20000, 0x30000, 1);
	v->gpr[GPR_RDI] = 0x20000;
	fake_vcpu.s.cr0 |= 1u << 16;
	string("\x6c", 0x1234, 1, IN);
	cr_expect_eq(v->event, PF);
	cr_expect_eq(v->event_error, 3);
	v->event = 0;
	fake_vcpu.s.cr0 &= ~(1ull << 16);
	io(0x1234, 1, IN | STRING);
	cr_expect_eq(v->event, 0);
}

Test(exit_io, user_code_with_iopl_does_not_reach_kernel_pages)
{
	fake_vm_map(vm, 0x20000, 0x30000, 3);
	fake_vcpu.s.segment_access[SEG_SS] = 3u << 5;
	v->gpr[GPR_RDI] = v->gpr[GPR_RSI] = 0x20000;
	string("\x6c", 0x1234, 1, IN);
	cr_expect_eq(v->event, PF);
	cr_expect_eq(v->event_error, 7);
	v->event = 0;
	string("\x6e", COM1, 1, 0);
	cr_expect_eq(v->event, PF);
	cr_expect_eq(v->event_error, 5);
}

Test(exit_io, the_page_tables_show_the_access)
{
	fake_vm_map(vm, 0x20000, 0x30000, 3);
	v->gpr[GPR_RDI] = v->gpr[GPR_RSI] = 0x20000;
	string("\x6e", COM1, 1, 0);
	cr_expect_eq(fake_vm_pte(vm, 0x20000), 0x30023);
	string("\x6c", 0x1234, 1, IN);
	cr_expect_eq(fake_vm_pte(vm, 0x20000), 0x30063);
}

Test(exit_io, a_32_bit_address_size_uses_the_low_halves)
{
	fake_vm_map(vm, 0x20000, 0x30000, 3);
	v->gpr[GPR_RDI] = 0xdeadbeef00020000;
	v->gpr[GPR_RCX] = 0x1234567800000002;
	string("\x67\xf3\x6c", 0x1234, 1, IN | REP);
	cr_expect_eq(v->event, 0);
	cr_expect_eq(v->gpr[GPR_RDI], 0x20002);
	cr_expect_eq(v->gpr[GPR_RCX], 0);
	cr_expect_eq(fake_vcpu.s.rip, CODE + 3);
}

Test(exit_io, only_fs_and_gs_have_a_base_in_64_bit_code)
{
	char text[4] = { 0 };

	fake_vm_map(vm, 0x20000, 0x30000, 1);
	cr_assert_eq(guest_write(vm, gpa(0x30000), "ab", 2), ERR_OK);
	fake_vcpu.s.segment_base[SEG_DS] = 0x5000;
	fake_vcpu.s.segment_base[SEG_CS] = 0x5000;
	fake_vcpu.s.segment_base[SEG_GS] = 0x1fff0;
	v->gpr[GPR_RSI] = 0x20000;
	string("\x6e", COM1, 1, 0);
	v->gpr[GPR_RSI] = 0x11;
	string("\x65\x6e", COM1, 1, 0);
	cr_expect_eq(sent(text, sizeof(text)), 2);
	cr_expect_str_eq(text, "ab");
}

Test(exit_io, compatibility_mode_has_segment_bases_and_wraps_at_4_gib)
{
	fake_vm_map(vm, 0x20000, 0x30000, 3);
	fake_vcpu.s.segment_access[SEG_CS] = 0xc09b;
	fake_vcpu.s.segment_base[SEG_ES] = 0xfffff000;
	v->gpr[GPR_RDI] = 0x21000;
	string("\x6c", 0x1234, 1, IN);
	cr_expect_eq(v->event, 0);
	cr_expect_eq(v->gpr[GPR_RDI], 0x21001);
}

Test(exit_io, an_address_that_is_not_canonical_is_a_gp)
{
	v->gpr[GPR_RDI] = 0x0000800000000000;
	string("\x6c", 0x1234, 1, IN);
	cr_expect_eq(v->event, GP);
	v->event = 0;
	v->gpr[GPR_RDI] = 0x00007ffffffffffe;
	string("\x6d", 0x1234, 4, IN);
	cr_expect_eq(v->event, GP);
}

Test(exit_io, a_string_into_device_memory_stops_the_vm_instead_of_looping)
{
	fake_vm_map(vm, 0x20000, LAPIC_GPA, 3);
	v->gpr[GPR_RDI] = 0x20000;
	string("\x6c", 0x1234, 1, IN);
	cr_expect_eq(vm->state, VM_CRASHED);
	cr_expect(strstr(vm->why.text, "not in RAM"), "%s", vm->why.text);
}

Test(exit_io, a_paging_mode_that_is_not_known_stops_the_vm)
{
	fake_vm_map(vm, 0x20000, 0x30000, 3);
	fake_vcpu.s.efer = 0;
	fake_vcpu.s.segment_access[SEG_CS] = 0xc09b;
	fake_vm_code(vm, CODE, "\x6c", 1);
	io(0x1234, 1, IN | STRING);
	cr_expect_eq(vm->state, VM_CRASHED);
}

Test(exit_io, a_request_of_the_guest_ends_the_slice)
{
	v->gpr[GPR_RAX] = 0x06;
	cr_expect_eq(io(0xcf9, 1, 0), EXIT_LEAVE);
	cr_expect_eq(vm->machine.request, MACHINE_RESET);
}
