/* SPDX-License-Identifier: MIT */
#include "host/arrival.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "host/host.h"
#include "host/vms.h"

/* Fills @plan and @policy from @def, with a reason for what can't be read. */
static void plan_from(const struct mig_definition *def, struct vm_plan *plan, struct cpuid_policy *policy,
		      struct why_list *reasons)
{
	struct why why = { "" };

	*plan = (struct vm_plan){ .name = def->name, .memory_bytes = def->memory_bytes, .vcpus = def->vcpus,
				  .tsc_khz = def->tsc_khz, .cpuid = policy, .room_later = def->room_later,
				  .tracker = host_info()->tracker };
	memcpy(plan->uuid, def->uuid, sizeof(plan->uuid));
	if (cpuid_policy_load(policy, def->cpu_policy, def->cpu_policy_bytes, &why) != ERR_OK)
		why_add(reasons, "CPU policy: %s", why.text);
}

void arrival_check(const struct mig_definition *def, struct why_list *reasons)
{
	static struct cpuid_policy policy, offers;
	struct vm_plan plan;
	struct why why = { "" };
	unsigned before = reasons->count;
	const struct vm *same;

	plan_from(def, &plan, &policy, reasons);
	vm_plan_check(&plan, reasons);
	same = vm_find(def->name);
	if (same && !vms_gives_way(same, def->uuid) && reasons->count == before)
		why_add(reasons, "a VM named %s exists here already (%s)", def->name, vm_state_name(same->state));
	same = vm_find_uuid(def->uuid);
	if (same && strcmp(same->name, def->name))
		why_add(reasons, "the VM of this UUID is here under the name %s (%s)", same->name,
			vm_state_name(same->state));
	if (reasons->count == before) {
		if (cpuid_policy_build(&offers, "host", def->vcpus, time_tsc_khz(), &why) != ERR_OK)
			why_add(reasons, "this host's CPU: %s", why.text);
		else
			cpuid_policy_compare(&policy, &offers, reasons);
	}
	vm_inventory_check(def->inventory, def->inventory_bytes, reasons);
}

struct mig_guest *arrival_create(const struct mig_definition *def, struct why_list *reasons)
{
	static struct cpuid_policy policy;
	struct vm_plan plan;
	struct why why = { "" };
	struct vm *vm;
	unsigned before = reasons->count;
	bool displaced;

	arrival_check(def, reasons);
	vm = vm_find(def->name);
	displaced = vm && vm->state == VM_DEFINED;
	if (reasons->count != before || (vm && !vm_life(vm, VM_EVENT_FORGET)))
		return NULL;
	vm = vm_slot();
	if (!vm)
		return NULL;
	plan_from(def, &plan, &policy, reasons);
	if (vm_create(vm, &plan, &why) != ERR_OK) {
		why_add(reasons, "%s", why.text);
		if (displaced)
			vms_redefine(def->name);
		return NULL;
	}
	return vm_guest_expect(vm, displaced);
}
