/* SPDX-License-Identifier: MIT */
#include "host/vms.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "arch/x86_64/virt.h"
#include "host/host.h"
#include "host/moves.h"
#include "hv/vm_boot.h"
#include "lib/fmt.h"
#include "lib/log.h"
#include "lib/uuid.h"

static const struct boot_info *boot_info;
static struct blob *files[BOOT_FILES];	/* as in boot_info; NULL: not read */

static const struct config_vm *definition(const char *name)
{
	for (unsigned i = 0; i < boot_info->config.vms; i++)
		if (!strcmp(boot_info->config.vm[i].name, name))
			return &boot_info->config.vm[i];
	return NULL;
}

/* The file; ERR_NOTFOUND with the reason it could not be read. "" is no file and no error. */
static enum err file_get(const char *path, struct blob **out, struct why *why)
{
	const char *text = "a file that was not read at boot";

	*out = NULL;
	for (uint32_t i = 0; *path && i < boot_info->files; i++)
		if (!strcmp(boot_info->file[i].path, path)) {
			*out = files[i];
			text = boot_info->file[i].data ? "this host keeps too many files" : boot_info->file[i].why.text;
		}
	if (!*path || *out)
		return ERR_OK;
	why_set(why, "%s", text);
	return ERR_NOTFOUND;
}

/* What tern.conf says of a VM. */
static enum err plan_of_config(const struct config_vm *d, struct vm_plan *plan, struct vm_boot *boot, struct cpuid_policy *policy,
			       struct why *why)
{
	enum err e;

	if (d->broken) {
		why_set(why, "[vm %s] (line %u of tern.conf) has mistakes", d->name, d->line);
		return ERR_INVALID;
	}
	if (!d->kernel[0]) {
		why_set(why, "[vm %s] names no kernel", d->name);
		return ERR_INVALID;
	}
	plan->memory_bytes = d->memory_bytes;
	plan->vcpus = d->vcpus;
	plan->tsc_khz = time_tsc_khz();
	boot->cmdline = d->cmdline;
	e = file_get(d->kernel, &boot->kernel, why);
	if (e == ERR_OK)
		e = file_get(d->initrd, &boot->initrd, why);
	return e == ERR_OK ? cpuid_policy_build(policy, d->cpu, d->vcpus, plan->tsc_khz, why) : e;
}

/* What @vm would be made from if it started anew: what tern.conf here says of it, else what came with it. Without effect. */
static enum err plan_of(const struct vm *vm, struct vm_plan *plan, struct vm_boot *boot, struct cpuid_policy *policy,
			struct why *why)
{
	const struct config_vm *d = definition(vm->name);

	if (!virt_available()) {
		why_set(why, "%s", host_info()->why_not);
		return ERR_UNSUPPORTED;
	}
	*plan = (struct vm_plan){ .name = vm->name, .memory_bytes = vm->memory_bytes, .vcpus = vm->vcpus,
				  .tsc_khz = (uint32_t)vm->machine.tsc_khz, .cpuid = policy,
				  .tracker = host_info()->tracker };
	*boot = (struct vm_boot){ .cmdline = vm->definition.cmdline, .kernel = vm->definition.kernel, .initrd = vm->definition.initrd };
	memcpy(plan->uuid, vm->uuid, sizeof(plan->uuid));
	if (d)
		return plan_of_config(d, plan, boot, policy, why);
	*policy = vm->cpuid;
	if (boot->kernel)
		return ERR_OK;
	why_set(why, "%s came from another host, which did not say what it is started from; tern.conf here doesn't define it", vm->name);
	return ERR_NOTFOUND;
}

static enum err build(struct vm *vm, struct why *why)
{
	static struct cpuid_policy policy;
	struct vm_plan plan;
	struct vm_boot boot;
	enum err e = plan_of(vm, &plan, &boot, &policy, why);

	if (e == ERR_OK)
		e = vm_create(vm, &plan, why);
	if (e != ERR_OK)
		return e;
	e = vm_boot_linux(vm, &boot, why);
	if (e != ERR_OK)
		vm_free_resources(vm);
	else
		vm_define(vm, boot.cmdline, boot.kernel, boot.initrd);
	return e;
}

bool vms_images(const struct vm *vm, bool anew, struct mig_images *out)
{
	static struct cpuid_policy policy;
	const struct vm_definition *d = &vm->definition;
	struct vm_boot boot = { .cmdline = d->cmdline, .kernel = d->kernel, .initrd = d->initrd };
	struct vm_plan plan;
	struct why why;

	if (anew && plan_of(vm, &plan, &boot, &policy, &why) != ERR_OK)
		return false;
	memset(out, 0, sizeof(*out));
	fmt(out->cmdline, sizeof(out->cmdline), "%s", boot.cmdline);
	out->kernel = boot.kernel;
	out->initrd = boot.initrd;
	return out->kernel;
}

enum err vms_restartable(const struct vm *vm, struct vm_plan *plan, struct cpuid_policy *policy, struct why *why)
{
	struct vm_boot boot;
	enum err e = plan_of(vm, plan, &boot, policy, why);

	if (e == ERR_OK && vm->state == VM_RUNNING &&
	    (plan->memory_bytes != vm->memory_bytes || plan->vcpus != vm->vcpus)) {
		why_set(why, "%s came back from another host with %llu MiB and %u vCPUs, tern.conf here gives it %llu MiB and %u",
			vm->name, (unsigned long long)(vm->memory_bytes >> 20), vm->vcpus,
			(unsigned long long)(plan->memory_bytes >> 20), plan->vcpus);
		return ERR_STATE;
	}
	return e;
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
	if (e != ERR_OK) {
		log_limited(time_ns(), LOG_ERROR, "vm", "%s does not start: %s", vm->name, why->text);
		vm->why = *why;
		return e;
	}
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
	if (e == ERR_OK) {
		vm_life(vm, VM_EVENT_START);
		return ERR_OK;
	}
	log_limited(time_ns(), LOG_ERROR, "vm", "%s does not start: %s", name, why->text);
	vm->why = *why;
	return e;
}

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
	boot = (struct vm_boot){ .cmdline = vm->definition.cmdline, .kernel = vm->definition.kernel, .initrd = vm->definition.initrd };
	e = boot.kernel ? ERR_OK : plan_of(vm, &plan, &boot, &policy, &why);
	if (e == ERR_OK)
		e = vm_reset(vm, &boot, &why);
	if (e == ERR_OK) {
		log_limited(time_ns(), LOG_INFO, "vm", "%s starts again", vm->name);
		return;
	}
	log_limited(time_ns(), LOG_ERROR, "vm", "%s does not start again: %s", vm->name, why.text);
	vm_switch_off(vm, "after a reset (%s) it does not start again: %s", reason, why.text);
}

void vms_forget(uint64_t now_ns)
{
	/* What came with a guest is kept as long as there is a place for another. */
	for (unsigned i = 0; i < VM_MAX; i++)
		vm_forget(&vms[i], definition(vms[i].name) || (vms[i].definition.kernel && vm_slot()), now_ns);
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
	return !definition(vm->name) || (!memcmp(vm->uuid, uuid, sizeof(vm->uuid)) && moves_vm_away(uuid));
}

void vms_redefine(const char *name)
{
	const struct config_vm *d = definition(name);

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
	boot_info = boot;
	for (uint32_t i = 0; i < boot->files; i++)
		files[i] = blob_file(boot->file[i].data, boot->file[i].bytes);
	for (unsigned i = 0; i < boot->config.vms; i++)
		define(&boot->config.vm[i]);
}
