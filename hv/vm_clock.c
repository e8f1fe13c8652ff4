/* SPDX-License-Identifier: MIT */
/* vm_clock.c: guest time is the guest's TSC: one offset for all vCPUs, standing still while the VM is stopped. */
#include "arch/x86_64/time.h"
#include "hv/dev/clock.h"
#include "hv/vm.h"

#define TSC_FRACTION	48		/* bits behind the point of the TSC multiplier */
#define STEP_NS		2000000000ull
#define STEP_EVERY_NS	1000000000ull

#define VM_OF(m) ((const struct vm *)((const char *)(m) - offsetof(struct vm, machine)))

/* SDM Vol. 3 "Use TSC scaling": the product is 128 bits wide, then the offset is added. */
static uint64_t scaled(const struct vm_clock *c, uint64_t host)
{
	return c->tsc_multiplier ? (uint64_t)((unsigned __int128)host * c->tsc_multiplier >> TSC_FRACTION) : host;
}

uint64_t vm_clock_multiplier(uint32_t guest_khz)
{
	uint64_t host = time_tsc_khz(), apart = host > guest_khz ? host - guest_khz : guest_khz - host;

	/* A kHz is what both are rounded to. */
	if (apart <= 1 + (uint64_t)guest_khz * time_tsc_ppm() / 1000000)
		return 0;
	return clock_mul_div(guest_khz, 1ull << TSC_FRACTION, host, 0);
}

uint64_t vm_clock_host_tsc(const struct vm *vm, uint64_t tsc, uint64_t now)
{
	const struct vm_clock *c = &vm->clock;
	uint64_t ahead;

	if (!c->tsc_multiplier)
		return tsc - c->tsc_offset;
	ahead = tsc - (scaled(c, now) + c->tsc_offset);
	if ((int64_t)ahead <= 0)
		return now;
	ahead = clock_mul_div(ahead, 1ull << TSC_FRACTION, c->tsc_multiplier, 0);
	return now + (ahead > INT64_MAX - 1 ? INT64_MAX : ahead + 1);
}

uint64_t vm_guest_tsc(const struct vm *vm)
{
	return vm->clock.running ? scaled(&vm->clock, time_tsc()) + vm->clock.tsc_offset : vm->clock.frozen_tsc;
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

static uint64_t ticks_of(const struct vm *vm, uint64_t ns)
{
	return clock_mul_div(ns, vm->machine.tsc_khz, 1000000, 0);
}

/* Of what the guest is behind, what it gets now: at most @most_tsc. */
static uint64_t next_step(struct vm *vm, uint64_t most_tsc)
{
	struct vm_clock *c = &vm->clock;
	uint64_t most = ticks_of(vm, STEP_NS), step = c->owed_tsc < most_tsc ? c->owed_tsc : most_tsc;

	step = step < most ? step : most;
	c->owed_tsc -= step;
	c->catch_up_ns = time_ns() + STEP_EVERY_NS;
	return step;
}

void vm_clock_run(struct vm *vm, uint64_t advance_ns)
{
	struct vm_clock *c = &vm->clock;
	uint64_t stood = ticks_of(vm, advance_ns);

	if (c->running)
		return;
	c->owed_tsc += stood;
	/* Of what it was behind before nothing yet, if it got some of that just now. */
	c->tsc_offset = c->frozen_tsc + next_step(vm, time_ns() < c->catch_up_ns ? stood : UINT64_MAX) -
			scaled(c, time_tsc());
	c->running = true;
}

void vm_clock_catch_up(struct vm *vm)
{
	struct vm_clock *c = &vm->clock;

	if (!c->running || !c->owed_tsc || time_ns() < c->catch_up_ns)
		return;
	c->tsc_offset += next_step(vm, UINT64_MAX);
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
		vm->clock.tsc_offset = tsc - scaled(&vm->clock, time_tsc());
}
