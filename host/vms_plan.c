/* SPDX-License-Identifier: MIT */
#include "host/vms_plan.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "arch/x86_64/virt.h"
#include "host/host.h"
#include "host/vms.h"
#include "lib/fmt.h"

static const struct boot_info *boot_info;
static struct blob *files[BOOT_FILES];	/* as in boot_info; NULL: not read */

void vms_plan_init(const struct boot_info *boot)
{
	boot_info = boot;
	for (uint32_t i = 0; i < boot->files; i++)
		files[i] = blob_file(boot->file[i].data, boot->file[i].bytes);
}

const struct config_vm *vms_plan_config(const char *name)
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
static enum err of_config(const struct config_vm *d, struct vm_plan *plan, struct vm_boot *boot,
			  struct cpuid_policy *policy, struct why *why)
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

enum err vms_plan(const struct vm *vm, struct vm_plan *plan, struct vm_boot *boot, struct cpuid_policy *policy,
		  struct why *why)
{
	const struct config_vm *d = vms_plan_config(vm->name);

	if (!virt_available()) {
		why_set(why, "%s", host_info()->why_not);
		return ERR_UNSUPPORTED;
	}
	*plan = (struct vm_plan){ .name = vm->name, .memory_bytes = vm->memory_bytes, .vcpus = vm->vcpus,
				  .tsc_khz = (uint32_t)vm->machine.tsc_khz, .cpuid = policy,
				  .tracker = host_info()->tracker };
	*boot = vms_plan_boot(vm);
	memcpy(plan->uuid, vm->uuid, sizeof(plan->uuid));
	if (d)
		return of_config(d, plan, boot, policy, why);
	*policy = vm->cpuid;
	if (boot->kernel)
		return ERR_OK;
	why_set(why, "%s came from another host, which did not say what it is started from; tern.conf here doesn't "
		"define it", vm->name);
	return ERR_NOTFOUND;
}

bool vms_images(const struct vm *vm, bool anew, struct mig_images *out)
{
	static struct cpuid_policy policy;
	struct vm_boot boot = vms_plan_boot(vm);
	struct vm_plan plan;
	struct why why;

	if (anew && vms_plan(vm, &plan, &boot, &policy, &why) != ERR_OK)
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
	enum err e = vms_plan(vm, plan, &boot, policy, why);

	if (e == ERR_OK && vm->state == VM_RUNNING &&
	    (plan->memory_bytes != vm->memory_bytes || plan->vcpus != vm->vcpus)) {
		why_set(why, "%s came back from another host with %llu MiB and %u vCPUs, tern.conf here gives it "
			"%llu MiB and %u", vm->name, (unsigned long long)(vm->memory_bytes >> 20), vm->vcpus,
			(unsigned long long)(plan->memory_bytes >> 20), plan->vcpus);
		return ERR_STATE;
	}
	return e;
}
