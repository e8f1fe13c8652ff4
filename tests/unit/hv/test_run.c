/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/exit.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

#define MS 1000000ull
#define NMI FAKE_EVENT(NMI, 2)

static struct vm *vm;
static struct vcpu *v;

/* A guest that computes until its timer or the slice ends. */
static void busy(struct vcpu *c)
{
	fake_host.tsc += fake_vcpu.timer;
	c->event = 0;
	c->exit.kind = VCPU_EXIT_TIMER;
}

static void halts(struct vcpu *c)
{
	fake_host.tsc += 100;
	c->event = 0;
	c->exit.kind = VCPU_EXIT_HLT;
	c->exit.length = 1;
}

static void interrupted(struct vcpu *c)
{
	c->exit.kind = VCPU_EXIT_INTERRUPT;
}

static void unheard_of(struct vcpu *c)
{
	c->exit = (struct vcpu_exit){ .kind = VCPU_EXIT_UNKNOWN, .unknown.name = "?" };
}

static void asks_for_reset(struct vcpu *c)
{
	c->exit.kind = VCPU_EXIT_IO;
	c->exit.io.port = 0xcf9;
	c->exit.io.size = 1;
	c->gpr[GPR_RAX] = 6;
}

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	v = &vm->vcpu[0];
	fake_vcpu.guest = busy;
	fake_vcpu.s.rflags = 0x202;
}

TestSuite(run, .init = fresh);

/* The 8259 pair with IRQ 0 at vector 0x30 through LINT0, and a PIT that ticks every ms or so. */
static void ticking(void)
{
	static const struct { uint16_t port; uint8_t value; } writes[] = {
		{ 0x20, 0x11 }, { 0x21, 0x30 }, { 0x21, 4 }, { 0x21, 1 }, { 0x21, 0xfe }, { 0x43, 0x34 }, { 0x40, 0xa9 }, { 0x40, 4 },
	};
	uint64_t lint0 = 0x700;
	uint64_t svr = 0x1ff;

	machine_mmio(&vm->machine, 0, LAPIC_GPA + 0xf0, 4, true, &svr);
	machine_mmio(&vm->machine, 0, LAPIC_GPA + 0x350, 4, true, &lint0);
	for (unsigned i = 0; i < sizeof(writes) / sizeof(writes[0]); i++)
		machine_port_out(&vm->machine, 0, writes[i].port, 1, writes[i].value);
}

Test(run, a_busy_guest_uses_its_slice_and_no_more)
{
	uint64_t start = fake_host.tsc;

	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_BUSY);
	cr_expect_geq(fake_host.tsc, start + MS);
	cr_expect_leq(fake_host.tsc, start + MS + 100);
	cr_expect_not(fake_vcpu.loaded);
	cr_expect_eq(vm_wake_ns(vm), 0);
}

Test(run, a_host_interrupt_ends_the_slice_early)
{
	fake_vcpu.guest = interrupted;
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_BUSY);
	cr_expect_eq(fake_vcpu.runs, 1);
}

Test(run, a_halted_guest_is_idle_until_its_next_timer)
{
	uint64_t wake;

	ticking();
	fake_vcpu.guest = halts;
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_IDLE);
	wake = vm_wake_ns(vm);
	cr_expect_gt(wake, fake_host.tsc);
	cr_expect_lt(wake, fake_host.tsc + 2 * MS);
	fake_host.tsc = wake;
	cr_expect_eq(vm_wake_ns(vm), 0);
	fake_vcpu.runs = 0;
	vm_run_slice(vm, MS);
	cr_expect_geq(fake_vcpu.runs, 1);
}

Test(run, a_halted_guest_that_is_behind_is_woken_to_catch_up)
{
	uint64_t wake;

	fake_vcpu.guest = halts;
	vm_clock_stop(vm);
	vm_clock_run(vm, 8000 * MS);
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_IDLE);
	for (unsigned step = 1; step < 4; step++) {
		wake = vm_wake_ns(vm);
		cr_expect_leq(wake, fake_host.tsc + 1000 * MS);
		fake_host.tsc = wake;
		vm_run_slice(vm, MS);
	}
	cr_expect_geq(vm_guest_tsc(vm), 8000 * MS);
	cr_expect_eq(vm_wake_ns(vm), UINT64_MAX);
}

Test(run, a_guest_halted_with_interrupts_off_sleeps_through_them)
{
	ticking();
	fake_vcpu.guest = halts;
	fake_vcpu.s.rflags = 2;
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_IDLE);
	fake_host.tsc += 10 * MS;
	fake_vcpu.runs = 0;
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_IDLE);
	cr_expect_eq(fake_vcpu.runs, 0);
	cr_expect(v->halted);
}

static unsigned taken;

static void takes(struct vcpu *c)
{
	if (c->event)
		taken = c->event;
	busy(c);
}

Test(run, a_timer_interrupt_reaches_a_guest_that_is_open)
{
	ticking();
	taken = 0;
	fake_vcpu.guest = takes;
	vm_run_slice(vm, 3 * MS);
	cr_expect_eq(taken, FAKE_EVENT(INTERRUPT, 0x30));
}

Test(run, a_closed_guest_gets_a_window_exit_instead)
{
	ticking();
	taken = 0;
	fake_vcpu.guest = takes;
	fake_vcpu.s.rflags = 2;
	vm_run_slice(vm, 3 * MS);
	cr_expect_eq(taken, 0);
	cr_expect(fake_vcpu.window);
	fake_vcpu.s.rflags = 0x202;
	vm_run_slice(vm, MS);
	cr_expect_eq(taken, FAKE_EVENT(INTERRUPT, 0x30));
	cr_expect_not(fake_vcpu.window);
}

Test(run, an_interrupted_delivery_goes_before_anything_else)
{
	ticking();
	fake_host.tsc += 10 * MS;
	v->event = FAKE_FAULT(14);
	taken = 0;
	fake_vcpu.guest = takes;
	vm_run_slice(vm, 1000);
	cr_expect_eq(taken, FAKE_FAULT(14));
}

Test(run, an_nmi_goes_in_when_it_can)
{
	vm->machine.lapic[0].s.nmi_pending = 1;
	fake_vcpu.nmi_blocked = true;
	taken = 0;
	fake_vcpu.guest = takes;
	vm_run_slice(vm, 1000);
	cr_expect_eq(taken, 0);
	cr_expect(fake_vcpu.nmi_window, "the guest must exit as soon as its handler has ended");
	fake_vcpu.nmi_blocked = false;
	vm_run_slice(vm, 1000);
	cr_expect_eq(taken, NMI);
	cr_expect_not(fake_vcpu.nmi_window);
	cr_expect_not(machine_nmi_pending(&vm->machine, 0));
}

Test(run, a_guest_that_moved_its_tsc_still_gets_its_timers)
{
	ticking();
	v->tsc_adjust = 1ull << 62;
	vm_clock_move(vm, 1ull << 62);
	taken = 0;
	fake_vcpu.guest = takes;
	vm_run_slice(vm, 3 * MS);
	cr_expect_eq(taken, FAKE_EVENT(INTERRUPT, 0x30));
}

Test(run, a_failed_entry_stops_the_vm_and_frees_it)
{
	fake_vcpu.run_result = ERR_INVALID;
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_STOPPED);
	cr_expect_eq(vm->state, VM_CRASHED);
	cr_expect_not(fake_vcpu.loaded);
	vm_serve_request(vm);
	cr_expect_eq(fake_pages_out, 0);
}

Test(run, a_machine_check_at_an_entry_is_told_as_one)
{
	v->exit.kind = VCPU_EXIT_MACHINE_CHECK;
	fake_vcpu.run_result = ERR_INVALID;
	fake_host.mce = MCE_WHAT_RAN;
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_STOPPED);
	cr_expect(strstr(vm->why.text, "machine check"), "%s", vm->why.text);
}

Test(run, a_crashed_guest_holds_nothing_and_starts_again_clean)
{
	uint64_t before = vm_memory_unpromised_chunks();
	struct vm_plan plan = fake_vm_plan(8);

	vm_memory_touch(vm, 0);
	fake_vcpu.guest = unheard_of;
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_STOPPED);
	cr_expect_eq(vm_serve_request(vm), MACHINE_RUN);
	cr_expect_eq(vm->state, VM_CRASHED);
	cr_expect_eq(fake_pages_out, 0);
	cr_expect_eq(fake_chunks_out, 0);
	cr_expect_eq(vm_memory_unpromised_chunks(), before + 4);
	cr_expect_eq(vm_wake_ns(vm), UINT64_MAX);
	cr_expect_eq(vm_create(vm, &plan, NULL), ERR_OK);
	cr_expect_eq(vm_memory_unpromised_chunks(), before);
	cr_expect_eq(vm->why.text[0], 0);
}

Test(run, a_reset_request_is_told_to_who_serves_it_and_nothing_is_lost)
{
	fake_vcpu.guest = asks_for_reset;
	vm_run_slice(vm, MS);
	cr_expect_eq(fake_vcpu.runs, 1);
	cr_expect_eq(vm_serve_request(vm), MACHINE_RESET);
	cr_expect_eq(vm->state, VM_RUNNING);
	cr_expect_neq(fake_pages_out, 0);
	machine_reset(&vm->machine);
	cr_expect_eq(vm_serve_request(vm), MACHINE_RUN, "once");
}

Test(run, that_is_held_waits_and_then_runs)
{
	vm->hold_until_ns = fake_host.tsc + MS;
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_IDLE);
	cr_expect_eq(fake_vcpu.runs, 0);
	cr_expect_eq(vm_wake_ns(vm), fake_host.tsc + MS);
	fake_host.tsc += MS;
	cr_expect_eq(vm_wake_ns(vm), 0);
	cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_BUSY);
}

Test(run, that_is_switched_off_holds_nothing_and_says_why)
{
	vm_switch_off(vm, "%s is %s", vm->name, "not wanted");
	cr_expect_eq(vm->state, VM_STOPPED);
	cr_expect_eq(fake_pages_out, 0);
	cr_expect_str_eq(vm->why.text, "web is not wanted");
}

Test(run, only_a_running_vm_runs)
{
	static const enum vm_state still[] = { VM_FREE, VM_DEFINED, VM_FROZEN, VM_INCOMING, VM_STOPPED, VM_CRASHED };

	for (unsigned i = 0; i < sizeof(still) / sizeof(still[0]); i++) {
		vm->state = still[i];
		cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_STOPPED);
		cr_expect_eq(vm_wake_ns(vm), UINT64_MAX);
	}
	cr_expect_eq(fake_vcpu.runs, 0);
}

Test(run, pml_follows_the_tracker_and_is_drained_at_each_exit)
{
	static uint64_t log[512];
	uint64_t bitmap[8] = { 0 };

	vm_memory_touch(vm, 0);
	cr_assert_eq(dirty_start(&vm->dirty, &vm->gpt, DIRTY_PML, vm->memory_bytes, NULL), ERR_OK);
	log[511] = 0x9000;
	v->pml = log;
	fake_vcpu.pml_index = 510;
	fake_vcpu.guest = interrupted;
	vm_run_slice(vm, MS);
	cr_expect(v->pml_on);
	cr_expect_eq(fake_vcpu.pml_index, 511);
	dirty_harvest(&vm->dirty, 0, bitmap);
	cr_expect_eq(bitmap[0], 1u << 9);
	dirty_stop(&vm->dirty);
	vm_run_slice(vm, MS);
	cr_expect_not(v->pml_on);
}

/* Linux writes such a deadline to say "never". */
Test(run, a_deadline_half_the_tsc_ahead_is_not_due)
{
	static const uint64_t ahead[] = { 1ull << 63, (1ull << 63) + 1, UINT64_MAX / 2 * 3 / 2, UINT64_MAX - 5000000 };

	for (unsigned i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
		fresh();
		vm->machine.lapic[0].s.svr = 0x1ff;
		vm->machine.lapic[0].s.lvt[LVT_TIMER] = 2u << 17 | 0x40;
		vm->machine.lapic[0].s.tsc_deadline = ahead[i];
		fake_vcpu.runs = 0;
		cr_expect_eq(vm_run_slice(vm, MS), VM_SLICE_BUSY);
		cr_expect_eq(fake_vcpu.runs, 1, "deadline %lx: %u entries", ahead[i], fake_vcpu.runs);
		v->halted = true;
		cr_expect_gt(vm_wake_ns(vm), fake_host.tsc + 1000 * MS, "deadline %lx", ahead[i]);
	}
}
