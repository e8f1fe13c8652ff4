/* SPDX-License-Identifier: MIT */
#include "host/vms.h"
#include <string.h>
#include "host/host.h"
#include "host/moves.h"
#include "host/vms_plan.h"
#include "lib/fmt.h"
#include "lib/uuid.h"

static void uuid_of(const struct config_vm *d, uint8_t out[16])
{
	if (uuid_parse(d->uuid, out) != ERR_OK)
		uuid_derive(host_info()->uuid, d->name, out);
}

bool vms_defines(const uint8_t uuid[16])
{
	const struct config *c = host_info()->config;
	uint8_t own[16];

	for (unsigned i = 0; i < c->vms; i++) {
		uuid_of(&c->vm[i], own);
		if (!memcmp(own, uuid, sizeof(own)))
			return true;
	}
	return false;
}

void vms_forget(uint64_t now_ns)
{
	/* What came with a guest is kept as long as there is a place for another. */
	for (unsigned i = 0; i < VM_MAX; i++)
		vm_forget(&vms[i], vms_plan_config(vms[i].name) || (vms[i].definition.kernel && vm_slot()), now_ns);
}

static void define(const struct config_vm *d)
{
	struct vm *vm = vm_slot();

	if (!vm)
		return;		/* config_parse keeps at most as many as there are slots */
	memset(vm, 0, sizeof(*vm));
	fmt(vm->name, sizeof(vm->name), "%s", d->name);
	vm->memory_bytes = d->memory_bytes;
	vm->vcpus = d->vcpus;
	uuid_of(d, vm->uuid);
	vm_life(vm, VM_EVENT_DEFINE);
	if (d->broken)
		why_set(&vm->why, "[vm %s] (line %u of tern.conf) has mistakes", d->name, d->line);
}

bool vms_gives_way(const struct vm *vm, const uint8_t uuid[16])
{
	if (!vm_life_allows(vm, VM_EVENT_FORGET))
		return false;
	return !vms_plan_config(vm->name) || (!memcmp(vm->uuid, uuid, sizeof(vm->uuid)) && moves_vm_away(uuid));
}

void vms_redefine(const char *name)
{
	const struct config_vm *d = vms_plan_config(name);

	if (d && !vm_find(d->name))
		define(d);
}

void vms_give_up(const uint8_t uuid[16])
{
	struct vm *vm = vm_find_uuid(uuid);
	char name[sizeof(vm->name)];

	if (!vm || !vm_life_allows(vm, VM_EVENT_START))
		return;
	memcpy(name, vm->name, sizeof(name));
	if (vm_life(vm, VM_EVENT_FORGET))
		vms_redefine(name);
}

void vms_init(const struct boot_info *boot)
{
	vms_plan_init(boot);
	for (unsigned i = 0; i < boot->config.vms; i++)
		define(&boot->config.vm[i]);
}
