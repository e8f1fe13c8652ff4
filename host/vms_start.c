/* SPDX-License-Identifier: MIT */
/* vms_start.c: starting VMs, and starting them again. */
#include "arch/x86_64/time.h"
#include "host/moves.h"
#include "host/vms.h"
#include "host/vms_plan.h"
#include "lib/log.h"

static enum err build(struct vm *vm, struct why *why)
{
	static struct cpuid_policy policy;
	struct vm_plan plan;
	struct vm_boot boot;
	enum err e = vms_plan(vm, &plan, &boot, &policy, why);

	if (e == ERR_OK)
		e = vm_create(vm, &plan, why);
	if (e == ERR_OK) {
		e = vm_boot_linux(vm, &boot, why);
		if (e != ERR_OK)
			vm_free_resources(vm);
	}
	if (e != ERR_OK) {
		log_limited(time_ns(), LOG_ERROR, "vm", "%s does not start: %s", vm->name, why->text);
		vm->why = *why;
		return e;
	}
	vm_define(vm, boot.cmdline, boot.kernel, boot.initrd);
	return ERR_OK;
}

enum err vms_prepare(struct vm *vm, struct why *why)
{
	enum err e;

	if (vm->state == VM_RUNNING) {
		vm_clock_stop(vm);
		vm_life(vm, VM_EVENT_STOP);
		vm_free_resources(vm);
	}
	e = build(vm, why);
	if (e != ERR_OK)
		return e;
	vm_clock_stop(vm);
	vm_life(vm, VM_EVENT_PREPARE);
	return ERR_OK;
}

enum err vms_start(const char *name, struct why *why)
{
	struct vm *vm = vm_find(name);
	enum err e;

	if (!vm) {
		why_set(why, "there is no VM named %s", name);
		return ERR_NOTFOUND;
	}
	if (!vm_life_allows(vm, VM_EVENT_START)) {
		why_set(why, "%s can't be started while it is %s", name, vm_state_name(vm->state));
		return ERR_STATE;
	}
	if (moves_vm_held(vm, why)) {
		log_limited(time_ns(), LOG_WARN, "vm", "%s is not started: %s", name, why->text);
		return ERR_STATE;
	}
	e = build(vm, why);
	if (e == ERR_OK)
		vm_life(vm, VM_EVENT_START);
	return e;
}

void vms_reset(struct vm *vm)
{
	const char *reason = vm->machine.request_reason;
	static struct cpuid_policy policy;
	struct vm_plan plan;
	struct vm_boot boot;
	struct why why;
	enum err e;

	/* A Restart waits for the end of what runs; that is it. */
	if (moves_vm_awaits_off(vm)) {
		vm_switch_off(vm, "the guest asked for reset (%s) while it was to power off", reason);
		return;
	}
	/* What runs here starts again as it is, whatever tern.conf says by now. */
	boot = vms_plan_boot(vm);
	e = boot.kernel ? ERR_OK : vms_plan(vm, &plan, &boot, &policy, &why);
	if (e == ERR_OK)
		e = vm_reset(vm, &boot, &why);
	if (e == ERR_OK) {
		log_limited(time_ns(), LOG_INFO, "vm", "%s starts again", vm->name);
		return;
	}
	log_limited(time_ns(), LOG_ERROR, "vm", "%s does not start again: %s", vm->name, why.text);
	vm_switch_off(vm, "after a reset (%s) it does not start again: %s", reason, why.text);
}
