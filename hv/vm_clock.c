/* SPDX-License-Identifier: MIT */
/* vm_clock.c: guest time is the guest's TSC: one offset for all vCPUs, standing still while the VM is stopped. */
#include "arch/x86_64/time.h"
#include "hv/dev/clock.h"
#include "hv/vm.h"

#define STEP_NS		2000000000ull
#define STEP_EVERY_NS	1000000000ull

#define VM_OF(m) ((const struct vm *)((const char *)(m) - offsetof(struct vm, machine)))

uint64_t vm_guest_tsc(const struct vm *vm)
{
	return vm->clock.running ? time_tsc() + vm->clock.tsc_offset : vm->clock.frozen_tsc;
}

uint64_t machine_guest_tsc(const struct machine *m)
{
	return vm_guest_tsc(VM_OF(m));
}

/* What the guest writes to its TSC moves IA32_TSC_ADJUST too, but not the time of its chips. */
uint64_t vm_machine_tsc(const struct vm *vm)
{
	return vm_guest_tsc(vm) - vm->vcpu[0].tsc_adjust;
}

uint64_t machine_time_ns(const struct machine *m)
{
	return clock_mul_div(vm_machine_tsc(VM_OF(m)), 1000000, m->tsc_khz, 0);
}

/* Of what the guest is behind, what it gets now: at most @most_tsc. */
static uint64_t next_step(struct vm_clock *c, uint64_t most_tsc)
{
	uint64_t most = time_ns_to_tsc(STEP_NS), step = c->owed_tsc < most_tsc ? c->owed_tsc : most_tsc;

	step = step < most ? step : most;
	c->owed_tsc -= step;
	c->catch_up_ns = time_ns() + STEP_EVERY_NS;
	return step;
}

void vm_clock_run(struct vm *vm, uint64_t advance_ns)
{
	struct vm_clock *c = &vm->clock;
	uint64_t stood = time_ns_to_tsc(advance_ns);

	if (c->running)
		return;
	c->owed_tsc += stood;
	/* Of what it was behind before nothing yet, if it got some of that just now. */
	c->tsc_offset = c->frozen_tsc + next_step(c, time_ns() < c->catch_up_ns ? stood : UINT64_MAX) - time_tsc();
	c->running = true;
}

void vm_clock_catch_up(struct vm *vm)
{
	struct vm_clock *c = &vm->clock;

	if (!c->running || !c->owed_tsc || time_ns() < c->catch_up_ns)
		return;
	c->tsc_offset += next_step(c, UINT64_MAX);
	vm->machine.timer_changes++;
}

void vm_clock_owe(struct vm *vm, uint64_t tsc)
{
	vm->clock.owed_tsc = tsc;
	vm->clock.catch_up_ns = time_ns() + STEP_EVERY_NS;
}

void vm_clock_stop(struct vm *vm)
{
	vm->clock.frozen_tsc = vm_guest_tsc(vm);
	vm->clock.running = false;
}

void vm_clock_move(struct vm *vm, uint64_t by)
{
	vm->clock.frozen_tsc += by;
	vm->clock.tsc_offset += by;
	vm->machine.timer_changes++;	/* a TSC deadline is another moment now */
}

void vm_clock_set(struct vm *vm, uint64_t tsc)
{
	vm->clock.owed_tsc = 0;
	vm->clock.frozen_tsc = tsc;
	if (vm->clock.running)
		vm->clock.tsc_offset = tsc - time_tsc();
}
