/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include "host/vms.h"
#include <criterion/criterion.h>
#include <string.h>
#include "host/host.h"
#include "host/moves.h"
#include "hv/vm_boot.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

/* The VMs of a host: defined, started, reset, forgotten. */

static struct boot_info boot;
static struct host_info info;
static bool awaits_off, held;
static unsigned boots, resets;
static enum err boot_result;

const struct host_info *host_info(void)
{
	return &info;
}

bool moves_vm_held(const struct vm *vm, struct why *why)
{
	why_set(why, "%s is away", vm->name);
	return held;
}

bool moves_vm_away(const uint8_t uuid[16])
{
	(void)uuid;
	return held;
}

bool moves_vm_awaits_off(const struct vm *vm)
{
	(void)vm;
	return awaits_off;
}

static enum err booted(struct vm *vm, const struct vm_boot *b, struct why *why)
{
	uint64_t run;

	cr_expect_str_eq(b->cmdline, "quiet");
	cr_expect_eq(b->kernel->bytes, 6);
	cr_expect(!memcmp(blob_at(b->kernel, 0, &run), "kernel", 6));
	why_set(why, "this is no kernel");
	if (boot_result == ERR_OK)
		vm_clock_run(vm, 0);
	return boot_result;
}

enum err vm_boot_linux(struct vm *vm, const struct vm_boot *b, struct why *why)
{
	boots++;
	return booted(vm, b, why);
}

enum err vm_reset(struct vm *vm, const struct vm_boot *b, struct why *why)
{
	resets++;
	machine_reset(&vm->machine);
	return booted(vm, b, why);
}

static void setup(void)
{
	struct config_vm *d = &boot.config.vm[0];

	fake_vm_reset();
	memset(&boot, 0, sizeof(boot));
	awaits_off = held = false;
	boots = resets = 0;
	boot_result = ERR_OK;
	info = (struct host_info){ .config = &boot.config };
	strcpy(d->name, "web");
	strcpy(d->uuid, "01020300-0000-0000-0000-000000000000");
	strcpy(d->kernel, "vmlinuz");
	strcpy(d->cpu, "x86-64-v2");
	strcpy(d->cmdline, "quiet");
	d->memory_bytes = 8 << 20;
	d->vcpus = 1;
	boot.config.vms = 1;
	strcpy(boot.file[0].path, "vmlinuz");
	boot.file[0].data = "kernel";
	boot.file[0].bytes = 6;
	boot.files = 1;
	vms_init(&boot);
}

TestSuite(vms, .init = setup, .fini = fake_vm_reset);

static struct vm *started(void)
{
	struct why why = { "" };

	cr_assert_eq(vms_start("web", &why), ERR_OK, "%s", why.text);
	return vm_find("web");
}

static void reset(struct vm *vm)
{
	machine_request(&vm->machine, MACHINE_RESET, "port 0xcf9");
	vms_reset(vm);
}

Test(vms, that_is_reset_starts_again_though_it_is_not_marked_autostart)
{
	struct vm *vm = started();

	reset(vm);
	cr_expect_eq(vm->state, VM_RUNNING);
	cr_expect_eq(resets, 1);
	cr_expect_eq(boots, 1, "it keeps its memory");
}

Test(vms, that_is_reset_and_can_not_start_again_is_off_and_says_why)
{
	struct vm *vm = started();

	boot_result = ERR_INVALID;
	reset(vm);
	cr_expect_eq(vm->state, VM_STOPPED);
	cr_expect(strstr(vm->why.text, "port 0xcf9") && strstr(vm->why.text, "this is no kernel"), "%s", vm->why.text);
	cr_expect_eq(fake_pages_out, 0);
}

Test(vms, that_is_to_power_off_does_so_by_a_reset)
{
	struct vm *vm = started();

	awaits_off = true;
	reset(vm);
	cr_expect_eq(vm->state, VM_STOPPED);
	cr_expect_eq(resets, 0);
}

/* A guest of another host that came with what it is started from, or without. */
static struct vm *stranger(bool with)
{
	struct vm *vm = fake_vm(8);

	strcpy(vm->name, "db");
	if (with)
		vm_define(vm, "quiet", blob_file("kernel", 6), NULL);
	return vm;
}

Test(vms, that_came_with_its_definition_is_reset_started_again_and_moved_on)
{
	struct vm *vm = stranger(true);
	static struct mig_images images;
	static struct cpuid_policy policy;
	struct vm_plan plan;
	struct why why;

	reset(vm);
	cr_expect_eq(resets, 1);
	cr_expect(vms_images(vm, false, &images));
	cr_expect_str_eq(images.cmdline, "quiet");
	cr_expect_eq(images.kernel, vm->definition.kernel);
	vm_switch_off(vm, "done");
	vms_forget(1);
	vms_forget(1 + 2 * VM_KEEP_NS);
	cr_assert_eq(vm->state, VM_STOPPED, "it can be started at any time");
	cr_expect_eq(vms_restartable(vm, &plan, &policy, &why), ERR_OK);
	cr_expect_eq(plan.memory_bytes, 8 << 20);
	cr_expect(!memcmp(&policy, &vm->cpuid, sizeof(policy)));
	cr_expect_eq(vms_start("db", &why), ERR_OK, "%s", why.text);
	cr_expect_eq(vm->state, VM_RUNNING);
	cr_expect_eq(boots, 1);
}

Test(vms, that_came_without_is_off_after_a_reset_and_forgotten)
{
	struct vm *vm = stranger(false);
	static struct mig_images images;
	struct why why;

	cr_expect_not(vms_images(vm, false, &images));
	reset(vm);
	cr_expect_eq(vm->state, VM_STOPPED);
	cr_expect(strstr(vm->why.text, "did not say what it is started from"), "%s", vm->why.text);
	cr_expect_eq(vms_start("db", &why), ERR_NOTFOUND);
	vms_forget(1);
	vms_forget(1 + VM_KEEP_NS);
	cr_expect_null(vm_find("db"));
}

Test(vms, that_ended_makes_room_when_there_is_no_other)
{
	struct vm *vm = stranger(true);

	vm_switch_off(vm, "done");
	for (unsigned i = 0; i < VM_MAX; i++)
		if (vms[i].state == VM_FREE)
			vms[i].state = VM_INCOMING;
	vms_forget(1);
	vms_forget(1 + VM_KEEP_NS);
	cr_expect_eq(vm->state, VM_FREE);
	cr_expect_null(vm->definition.kernel);
}

Test(vms, of_tern_conf_start_from_what_it_says_whatever_they_came_home_with)
{
	struct vm *vm = started();
	struct why why;

	vm_define(vm, "loud", blob_file("other", 5), NULL);
	vm_switch_off(vm, "done");
	cr_expect_eq(vms_start("web", &why), ERR_OK, "%s", why.text);
	cr_expect_str_eq(vm->definition.cmdline, "quiet");
}

Test(vms, that_is_held_does_not_start)
{
	struct why why;

	held = true;
	cr_expect_eq(vms_start("web", &why), ERR_STATE);
	cr_expect_str_eq(why.text, "web is away");
	cr_expect_eq(boots, 0);
}

Test(vms, whose_kernel_could_not_be_read_does_not_start_and_says_why)
{
	struct why why;

	boot.file[0].data = NULL;
	why_set(&boot.file[0].why, "vmlinuz: not found");
	memset(vms, 0, sizeof(vms));
	vms_init(&boot);
	cr_expect_eq(vms_start("web", &why), ERR_NOTFOUND);
	cr_expect_str_eq(why.text, "vmlinuz: not found");
	cr_expect_eq(vm_find("web")->state, VM_DEFINED);
}

Test(vms, of_tern_conf_that_is_given_up_is_known_as_before_its_first_start)
{
	struct vm *vm = started();
	uint8_t uuid[16];

	memcpy(uuid, vm->uuid, sizeof(uuid));
	vms_give_up(uuid);
	cr_expect_eq(vm->state, VM_RUNNING, "what runs stays");
	vm_switch_off(vm, "off");
	vms_give_up(uuid);
	cr_expect_eq(vm_find("web")->state, VM_DEFINED);
}
