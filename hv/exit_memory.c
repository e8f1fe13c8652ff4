/* SPDX-License-Identifier: MIT */
/* exit_memory.c: accesses that no table allows: first touch, tracked write, code in a large page, or a device. */
#include "arch/x86_64/time.h"
#include "hv/exit.h"
#include "hv/mmio.h"

/* Only an instruction's operand can be emulated: not paging structures or an exception's stack in device memory. */
static void device_access(struct vm *vm, struct vcpu *v, unsigned index, uint64_t at)
{
	if ((v->exit.memory.flags & VCPU_MEMORY_OPERAND) && !v->event)
		mmio_emulate(vm, v, index, at);
	else
		vm_crash(vm,
			 "paging structures or the delivery of an event lead to guest-physical %llx, which is no RAM "
			 "(RIP %llx)",
			 (unsigned long long)at, (unsigned long long)vcpu_rip(v));
}

enum exit_action exit_memory(struct vm *vm, struct vcpu *v, unsigned index)
{
	uint64_t at = v->exit.memory.at;

	if (at >= vm->memory_bytes) {
		device_access(vm, v, index, at);
		return vm->state == VM_RUNNING && vm->machine.request == MACHINE_RUN ? EXIT_CONTINUE : EXIT_LEAVE;
	}
	if ((v->exit.memory.flags & VCPU_MEMORY_WRITE) && dirty_write_fault(&vm->dirty, gpa(at))) {
		if (vm->throttle.pages_per_s)
			throttle_spend(&vm->throttle, 1, time_ns());
		return EXIT_CONTINUE;
	}
	if ((v->exit.memory.flags & VCPU_MEMORY_FETCH) && gpt_fetch(&vm->gpt, gpa(at)))
		return EXIT_CONTINUE;
	/* A chunk that is present already: another access was faster, the CPU's stale entry is gone by now. */
	if (vm_memory_touch(vm, at))
		return EXIT_CONTINUE;
	vm_crash(vm, "host memory ran out at guest-physical %llx", (unsigned long long)at);
	return EXIT_LEAVE;
}
