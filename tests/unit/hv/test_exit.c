/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "arch/x86_64/gpt_table.h"
#include "hv/exit.h"
#include "hv/guest_mem.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

#define GP	FAKE_FAULT(13)
#define UD	FAKE_EVENT(EXCEPTION, 6)
#define WRITE	VCPU_MEMORY_WRITE
#define FETCH	VCPU_MEMORY_FETCH
#define OPERAND	VCPU_MEMORY_OPERAND

static struct vm *vm;
static struct vcpu *v;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	v = &vm->vcpu[0];
	v->exit.length = 2;
}

TestSuite(exit, .init = fresh);

static enum exit_action leave(enum vcpu_exit_kind kind)
{
	v->exit.kind = kind;
	return exit_handle(vm, v, 0);
}

static enum exit_action touch(uint64_t at, unsigned how)
{
	v->exit.memory.at = at;
	v->exit.memory.flags = how;
	return leave(VCPU_EXIT_MEMORY);
}

Test(exit, an_exit_that_nothing_is_known_of_stops_the_vm_with_a_report)
{
	v->exit.unknown.name = "TASK_SWITCH";
	cr_expect_eq(leave(VCPU_EXIT_UNKNOWN), EXIT_LEAVE);
	cr_expect_eq(vm->state, VM_CRASHED);
	cr_expect(strstr(vm->why.text, "TASK_SWITCH"), "%s", vm->why.text);
	cr_expect_eq(fake_vcpu.s.rip, 0, "no instruction is skipped");
}

Test(exit, every_kind_has_a_handler)
{
	for (unsigned kind = 0; kind < VCPU_EXIT_KINDS; kind++) {
		fresh();
		v->exit = (struct vcpu_exit){ 0 };
		v->exit.undecoded = kind == VCPU_EXIT_UNDECODED ? VCPU_EXIT_HLT : 0;
		if (kind == VCPU_EXIT_UNKNOWN)
			v->exit.unknown.name = "";
		else if (kind == VCPU_EXIT_IO)
			v->exit.io.size = 1;
		leave(kind);
		cr_expect_eq(vm->exits[kind], 1);
	}
}

Test(exit, an_exception_that_exits_goes_to_the_guest)
{
	fake_vcpu.exception = FAKE_FAULT(17);	/* #AC */
	cr_expect_eq(leave(VCPU_EXIT_EXCEPTION), EXIT_CONTINUE);
	cr_expect_eq(v->event, FAKE_FAULT(17));
	cr_expect_eq(vm->state, VM_RUNNING);
}

static enum exit_action machine_check(enum mce_verdict verdict, uint64_t address)
{
	fake_host.mce = verdict;
	fake_host.mce_report = (struct mce_report){ .bank = 3, .address = address };
	return leave(VCPU_EXIT_MACHINE_CHECK);
}

Test(exit, a_machine_check_that_names_no_host_memory_stops_the_vm_that_ran)
{
	cr_expect_eq(machine_check(MCE_WHAT_RAN, 0), EXIT_LEAVE);
	cr_expect_eq(vm->state, VM_CRASHED);
	cr_expect(strstr(vm->why.text, "bank 3"), "%s", vm->why.text);
}

Test(exit, a_machine_check_of_others_stops_nobody)
{
	cr_expect_eq(machine_check(MCE_NOTHING, 0), EXIT_CONTINUE);
	cr_expect_eq(machine_check(MCE_LATER, 0x1000), EXIT_CONTINUE);
	cr_expect_eq(vm->state, VM_RUNNING);
}

Test(exit, lost_memory_of_a_guest_stops_that_guest_and_is_never_used_again)
{
	char *chunk = vm_chunk(vm, 1, true);

	cr_expect_eq(machine_check(MCE_MEMORY, (uint64_t)chunk + 0x12340), EXIT_LEAVE);
	cr_expect_eq(vm->state, VM_CRASHED);
	cr_expect_null(vm_chunk(vm, 1, false));
	vm_free_resources(vm);
	free(chunk);
}

Test(exit, lost_memory_of_the_host_stops_the_host, .signal = SIGABRT)
{
	machine_check(MCE_MEMORY, 0x1000);
}

Test(exit, a_processor_that_lost_its_state_stops_the_host, .signal = SIGABRT)
{
	machine_check(MCE_FATAL, 0);
}

Test(exit, an_nmi_of_the_host_goes_to_its_owner)
{
	cr_expect_eq(leave(VCPU_EXIT_NMI), EXIT_CONTINUE);
	cr_expect_eq(fake_host.nmis, 1);
	cr_expect_eq(v->event, 0);
}

Test(exit, an_instruction_without_end_stops_the_vm_only_if_its_state_is_lost)
{
	cr_expect_eq(leave(VCPU_EXIT_STUCK), EXIT_CONTINUE);
	v->exit.stuck.state_lost = true;
	cr_expect_eq(leave(VCPU_EXIT_STUCK), EXIT_LEAVE);
	cr_expect_eq(vm->state, VM_CRASHED);
}

Test(exit, a_single_step_over_hlt_does_not_wait)
{
	fake_vcpu.s.rflags = 0x302;
	leave(VCPU_EXIT_HLT);
	cr_expect_not(v->halted);
}

Test(exit, a_triple_fault_is_a_reset)
{
	cr_expect_eq(leave(VCPU_EXIT_TRIPLE_FAULT), EXIT_LEAVE);
	cr_expect_eq(vm->state, VM_RUNNING);
	cr_expect_eq(vm->machine.request, MACHINE_RESET);
}

Test(exit, exits_are_counted_by_kind)
{
	leave(VCPU_EXIT_CPUID);
	leave(VCPU_EXIT_CPUID);
	leave(VCPU_EXIT_WBINVD);
	cr_expect_eq(vm->exits[VCPU_EXIT_CPUID], 2);
	cr_expect_eq(vm->exits_total, 3);
}

Test(exit, virtualisation_is_not_there_for_the_guest)
{
	cr_expect_eq(leave(VCPU_EXIT_UNDEFINED), EXIT_CONTINUE);
	cr_expect_eq(v->event, UD);
	v->event = 0;
	leave(VCPU_EXIT_RDPMC);
	cr_expect_eq(v->event, GP);
}

Test(exit, xsetbv_takes_only_register_0)
{
	v->gpr[GPR_RCX] = 1;
	v->gpr[GPR_RAX] = 7;
	leave(VCPU_EXIT_XSETBV);
	cr_expect_eq(v->event, GP);
	v->event = 0;
	v->gpr[GPR_RCX] = 0xffffffff00000000;
	v->gpr[GPR_RAX] = 0xffffffff00000007;
	leave(VCPU_EXIT_XSETBV);
	cr_expect_eq(v->event, 0);
	cr_expect_eq(v->xcr0, 7);
}

Test(exit, first_touch_of_memory_makes_it_present)
{
	cr_expect_eq(touch(3 * CHUNK_SIZE + 123, OPERAND), EXIT_CONTINUE);
	cr_expect_not_null(vm_chunk(vm, 3, false));
	cr_expect_eq(fake_vcpu.s.rip, 0);
}

Test(exit, code_runs_from_small_pages_where_the_cpu_must_not_have_it_in_large_ones)
{
	unsigned level;
	uint64_t entry;

	fake_vm_reset();
	fake_host.small_code = true;
	vm = fake_vm(8);
	v = &vm->vcpu[0];
	cr_assert_eq(guest_zero(vm, gpa(0), 1), ERR_OK);
	cr_assert(gpt_lookup(&vm->gpt, gpa(0), NULL, &level, &entry) && level == 2);
	cr_assert_not(gpt_is_executable(vm->gpt.format, entry));
	cr_expect_eq(touch(0x5008, FETCH | OPERAND), EXIT_CONTINUE);
	cr_expect(gpt_lookup(&vm->gpt, gpa(0x5008), NULL, &level, &entry) && level == 1);
	cr_expect(gpt_is_executable(vm->gpt.format, entry));
	cr_expect_eq(touch(2 * CHUNK_SIZE, FETCH | OPERAND), EXIT_CONTINUE);	/* never touched before */
	cr_expect_eq(touch(2 * CHUNK_SIZE, FETCH | OPERAND), EXIT_CONTINUE);
	cr_expect(gpt_lookup(&vm->gpt, gpa(2 * CHUNK_SIZE), NULL, &level, &entry) && level == 1);
	cr_expect(gpt_is_executable(vm->gpt.format, entry));
	vm_free_resources(vm);
	cr_expect_eq(fake_pages_out, 0);
}

Test(exit, a_tracked_write_is_let_through_and_marked)
{
	uint64_t bitmap[8] = { 0 };

	cr_assert_eq(guest_zero(vm, gpa(0), 1), ERR_OK);
	cr_assert_eq(dirty_start(&vm->dirty, &vm->gpt, DIRTY_WRITE_PROTECT, vm->memory_bytes, NULL), ERR_OK);
	cr_expect_eq(touch(0x5008, WRITE | OPERAND), EXIT_CONTINUE);
	dirty_harvest(&vm->dirty, 0, bitmap);
	cr_expect_eq(bitmap[0], 1u << 5);
	dirty_stop(&vm->dirty);
}

Test(exit, a_host_without_memory_stops_the_vm)
{
	fake_pages_fail = 1;
	cr_expect_eq(touch(0, OPERAND), EXIT_LEAVE);
	cr_expect_eq(vm->state, VM_CRASHED);
}

Test(exit, paging_structures_in_device_memory_are_not_taken_for_the_instructions_operand)
{
	fake_vm_code(vm, 0x8000, "\xa1\x00\x00\x00\x00\x00\x00\x00\x00", 9);
	cr_expect_eq(touch(LAPIC_GPA, WRITE), EXIT_LEAVE);
	cr_expect_eq(vm->state, VM_CRASHED);
}

Test(exit, an_exception_stack_in_device_memory_is_not_the_instructions_doing)
{
	fake_vm_code(vm, 0x8000, "\x89\x03", 2);
	v->event = FAKE_FAULT(14);
	touch(LAPIC_GPA, WRITE | OPERAND);
	cr_expect_eq(vm->state, VM_CRASHED);
	cr_expect_eq(fake_vcpu.s.rip, 0x8000);
}

Test(exit, hlt_with_interrupts_off_hears_no_interrupt)
{
	fake_vcpu.s.rflags = 2;
	leave(VCPU_EXIT_HLT);
	cr_expect(v->halted && v->deaf);
	fake_vcpu.s.rflags = 0x202;
	leave(VCPU_EXIT_HLT);
	cr_expect(v->halted && !v->deaf);
}
