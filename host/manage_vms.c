/* SPDX-License-Identifier: MIT */
/* manage_vms.c: manage.h for VMs and their consoles. */
#include "host/manage.h"
#include <string.h>
#include "host/moves.h"
#include "host/vms.h"
#include "lib/fmt.h"
#include "lib/uuid.h"

static enum manage_vm_state state_of(const struct vm *vm)
{
	static const enum manage_vm_state map[VM_STATES] = {
		[VM_DEFINED] = MANAGE_VM_DEFINED, [VM_RUNNING] = MANAGE_VM_RUNNING, [VM_FROZEN] = MANAGE_VM_EMIGRATING,
		[VM_INCOMING] = MANAGE_VM_IMMIGRATING, [VM_STOPPED] = MANAGE_VM_STOPPED,
		[VM_CRASHED] = MANAGE_VM_CRASHED,
	};
	enum moves_vm moving = moves_vm_state(vm->name);

	if (vm->state == VM_FROZEN && moving == MOVES_VM_IN_DOUBT)
		return MANAGE_VM_IN_DOUBT;
	if (vm->state == VM_RUNNING && moving == MOVES_VM_LEAVING)
		return MANAGE_VM_EMIGRATING;
	return map[vm->state];
}

static void snapshot(const struct vm *vm, struct manage_vm *out)
{
	struct why why;

	memset(out, 0, sizeof(*out));
	fmt(out->name, sizeof(out->name), "%s", vm->name);
	uuid_text(vm->uuid, out->uuid);
	out->state = state_of(vm);
	why = vm->why;
	if (vm_life_allows(vm, VM_EVENT_START) && moves_vm_held(vm, &why))
		out->state = moves_vm_state(vm->name) == MOVES_VM_IN_DOUBT ? MANAGE_VM_IN_DOUBT : MANAGE_VM_AWAY;
	fmt(out->why, sizeof(out->why), "%s", why.text);
	out->memory_bytes = vm->memory_bytes;
	out->vcpus = vm->vcpus;
	out->uptime_ns = vm->state == VM_RUNNING || vm->state == VM_FROZEN ? machine_time_ns(&vm->machine) : 0;
	out->exits = vm->exits_total;
	out->job = moves_vm_job(vm->name);
}

unsigned manage_vm_count(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < VM_MAX; i++)
		n += vms[i].state != VM_FREE;
	return n;
}

bool manage_vm_get(unsigned index, struct manage_vm *out)
{
	for (unsigned i = 0; i < VM_MAX; i++)
		if (vms[i].state != VM_FREE && !index--) {
			snapshot(&vms[i], out);
			return true;
		}
	return false;
}

bool manage_vm_find(const char *name, struct manage_vm *out)
{
	const struct vm *vm = vm_find(name);

	if (vm)
		snapshot(vm, out);
	return vm;
}

enum err manage_vm_start(const char *name, struct why *why)
{
	const struct vm *vm = vm_find(name);
	enum err e = ERR_OK;

	/* What went elsewhere is asked for there. */
	if (vm && vm_life_allows(vm, VM_EVENT_START) && moves_vm_away(vm->uuid))
		e = moves_vm_claim(vm, why);
	if (e != ERR_OK)
		return e;
	if (moves_vm_state(name) == MOVES_VM_STAYS)
		return vms_start(name, why);
	why_set(why, "%s can't be started while it is moving", name);
	return ERR_STATE;
}

enum err manage_vm_stop(const char *name, struct why *why)
{
	struct vm *vm = vm_find(name);

	if (!vm) {
		why_set(why, "there is no VM named %s", name);
		return ERR_NOTFOUND;
	}
	if (!vm_life_allows(vm, VM_EVENT_STOP) || moves_vm_state(name) != MOVES_VM_STAYS) {
		why_set(why, "%s can't be stopped while it is %s", name,
			moves_vm_state(name) != MOVES_VM_STAYS ? "moving" : vm_state_name(vm->state));
		return ERR_STATE;
	}
	vm_switch_off(vm, "stopped by an operator");
	return ERR_OK;
}

size_t manage_console_read(const char *name, uint64_t *offset, void *out, size_t room)
{
	const struct vm *vm = vm_find(name);

	return vm && vm->machine.vcpus ? machine_console_read(&vm->machine, offset, out, room) : 0;
}

size_t manage_console_write(const char *name, const void *data, size_t length)
{
	struct vm *vm = vm_find(name);

	/* What is typed at a VM that does not run has nowhere to go. */
	return vm && vm->state == VM_RUNNING ? machine_console_write(&vm->machine, data, length) : length;
}
