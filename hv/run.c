/* SPDX-License-Identifier: MIT */
/* run.c: a slice of a VM's time on this CPU: events in, guest, exit out. */
#include "arch/x86_64/time.h"
#include "hv/dev/clock.h"
#include "hv/exit.h"
#include "lib/log.h"

/* One CPU runs services and vCPUs in turn and looks for events before each entry, so nobody needs waking. */
void machine_kick(struct machine *m, unsigned vcpu)
{
	(void)m, (void)vcpu;
}

/* What ends a HLT. */
static bool wakes(struct vm *vm, unsigned index)
{
	return machine_nmi_pending(&vm->machine, index) ||
	       (!vm->vcpu[index].deaf && machine_intr_pending(&vm->machine, index) >= 0);
}

/* Injects the most urgent event, or asks for the exit at which it can go in. False: there was none, and none comes
 * about before the machine changes. */
static bool deliver_events(struct vm *vm, struct vcpu *v, unsigned index)
{
	bool nmi = machine_nmi_pending(&vm->machine, index);
	int vector;

	if (v->event)
		return true;	/* an interrupted delivery goes first */
	if (nmi && vcpu_nmi_possible(v)) {
		machine_nmi_accept(&vm->machine, index);
		vcpu_inject_nmi(v);
		vcpu_want_nmi_window(v, false);
		return true;
	}
	vcpu_want_nmi_window(v, nmi);
	vector = machine_intr_pending(&vm->machine, index);
	if (vector < 0) {
		vcpu_want_interrupt_window(v, false);
		return nmi;
	}
	if (!vcpu_interruptible(v)) {
		vcpu_want_interrupt_window(v, true);
		return true;
	}
	vcpu_want_interrupt_window(v, false);
	machine_intr_accept(&vm->machine, index, vector);
	vcpu_inject_interrupt(v, (uint8_t)vector);
	return true;
}

static void drain_pml(struct vm *vm, struct vcpu *v)
{
	uint16_t at = vcpu_take_pml(v);

	if (at == 511)
		return;
	dirty_pml_drain(&vm->dirty, v->pml, at);
	if (vm->throttle.pages_per_s)
		throttle_spend(&vm->throttle, at < 511 ? 511u - at : 512, time_ns());
}

/* As far ahead as a difference of two TSCs can tell from the past, with room for scaling; a guest may ask for more. */
#define FAR_TSC	(1ull << 60)

/* Serves the timers that are due; the host's TSC at the next one or @end. */
static uint64_t serve_timers(struct vm *vm, uint64_t end)
{
	uint64_t now = 0;

	for (unsigned look = 0; look < 2; look++) {
		uint64_t deadline = machine_deadline_ns(&vm->machine), due;

		/* The clock is read after the deadline: one that has come must not seem to lie ahead. */
		now = time_tsc();
		if (now >= end || deadline == CLOCK_NEVER)
			return end;
		due = clock_mul_div(deadline, vm->machine.tsc_khz, 1000000, 0);
		if (due > FAR_TSC && due - FAR_TSC > vm_machine_tsc(vm))
			return end;
		due = vm_clock_host_tsc(vm, due + vm->vcpu[0].tsc_adjust, now);
		if ((int64_t)(due - now) > 0)
			return due - now < end - now ? due : end;
		machine_poll(&vm->machine, machine_time_ns(&vm->machine));
	}
	return now + 1;
}

/* What the last look at timers and events found; it holds until the machine changes or @until comes. */
struct look {
	uint64_t until;			/* the host's TSC; 0: no look yet */
	uint32_t changes, timer_changes;
	bool stale;			/* an event waits, or was given to the guest just now */
};

static void look_now(struct look *l, struct vm *vm, struct vcpu *v, unsigned index, uint64_t now,
		     uint64_t end)
{
	if (now >= l->until || l->timer_changes != vm->machine.timer_changes) {
		l->until = serve_timers(vm, end);
		l->timer_changes = vm->machine.timer_changes;
	}
	if (v->halted && wakes(vm, index))
		v->halted = false;
	l->changes = vm->machine.changes;
	l->stale = v->halted || deliver_events(vm, v, index);
}

/* Enters the guest until the next exit, with what it has to take and the time it has; false: the slice is over. */
static bool enter(struct look *l, struct vm *vm, struct vcpu *v, unsigned index, uint64_t end)
{
	uint64_t now = time_tsc();

	if (now >= end && !v->halted)
		return false;
	if (l->stale || v->halted || now >= l->until || l->changes != vm->machine.changes ||
	    l->timer_changes != vm->machine.timer_changes) {
		look_now(l, vm, v, index, now, end);
		if (v->halted)
			return false;
		now = time_tsc();
	}
	if (vcpu_run(v, now < l->until ? l->until - now : 1) == ERR_OK)
		return true;
	if (v->exit.kind == VCPU_EXIT_MACHINE_CHECK)
		(void)exit_machine_check(vm, v, index);
	if (vm->state != VM_RUNNING)
		return false;
	vm_crash(vm, "VM entry failed for vCPU %u; the log has the audit", index);
	return false;
}

static enum vm_slice run_vcpu(struct vm *vm, unsigned index, uint64_t end)
{
	struct vcpu *v = &vm->vcpu[index];
	struct look look = { 0 };

	/* Tracking is switched on and off by services, which run on this CPU between slices: one look suffices. A VM
	 * whose vCPUs run elsewhere must look before each entry, as dirty_start says. */
	if (dirty_wants_pml(&vm->dirty) != v->pml_on)
		vcpu_set_pml(v, !v->pml_on);
	vcpu_load(v);
	vcpu_set_tsc_offset(v, vm->clock.tsc_offset);
	while (vm->state == VM_RUNNING && enter(&look, vm, v, index, end)) {
		if (v->pml_on)
			drain_pml(vm, v);
		/* A guest that owes pages waits outside, with its exit behind it. */
		if (exit_handle(vm, v, index) != EXIT_CONTINUE || vm->throttle.until_ns)
			break;
	}
	vcpu_put(v);
	if (vm->state != VM_RUNNING)
		return VM_SLICE_STOPPED;
	return v->halted || vm->throttle.until_ns ? VM_SLICE_IDLE : VM_SLICE_BUSY;
}

enum vm_slice vm_run_slice(struct vm *vm, uint64_t ns)
{
	uint64_t start = time_ns(), end = time_tsc() + time_ns_to_tsc(ns);
	enum vm_slice result = VM_SLICE_STOPPED;

	if (vm->state == VM_RUNNING && (start < vm->hold_until_ns || throttle_waits(&vm->throttle, start)))
		return VM_SLICE_IDLE;
	vm_clock_catch_up(vm);
	for (unsigned i = 0; i < vm->vcpus && vm->state == VM_RUNNING; i++) {
		enum vm_slice r = run_vcpu(vm, i, end);

		if (r < result)
			result = r;
	}
	if (vm->dirty.pages)
		throttle_ran(&vm->throttle, time_ns() - start, time_ns());
	return vm->state == VM_RUNNING ? result : VM_SLICE_STOPPED;
}

uint64_t vm_wake_ns(const struct vm *vm)
{
	uint64_t deadline, guest_now, due = UINT64_MAX;

	if (vm->state != VM_RUNNING)
		return UINT64_MAX;
	if (vm->hold_until_ns && time_ns() < vm->hold_until_ns)
		return vm->hold_until_ns;
	if (vm->throttle.until_ns)
		return vm->throttle.until_ns;
	for (unsigned i = 0; i < vm->vcpus; i++)
		if (!vm->vcpu[i].halted || wakes((struct vm *)(uintptr_t)vm, i))
			return 0;
	deadline = machine_deadline_ns(&vm->machine);
	guest_now = machine_time_ns(&vm->machine);
	if (deadline != CLOCK_NEVER)
		due = deadline <= guest_now ? 0 : clock_add(time_ns(), deadline - guest_now);
	return vm->clock.owed_tsc && vm->clock.catch_up_ns < due ? vm->clock.catch_up_ns : due;
}

enum machine_request vm_serve_request(struct vm *vm)
{
	enum machine_request request = vm->machine.request;

	if (vm->state == VM_CRASHED && vm->gpt.root.v) {
		vm_clock_stop(vm);
		vm_free_resources(vm);
	}
	if (request == MACHINE_RUN || vm->state != VM_RUNNING)
		return MACHINE_RUN;
	log_info("vm", "%s asks for %s: %s", vm->name, request == MACHINE_RESET ? "reset" : "power off",
		 vm->machine.request_reason);
	if (request == MACHINE_POWER_OFF)
		vm_switch_off(vm, "the guest asked for power off (%s)", vm->machine.request_reason);
	return request;
}
