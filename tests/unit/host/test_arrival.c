/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include "host/arrival.h"
#include <criterion/criterion.h>
#include <string.h>
#include "host/host.h"
#include "host/moves.h"
#include "host/vms.h"
#include "hv/vm_boot.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

/* A machine that arrives under a name that is known here. */

static struct boot_info boot;
static struct host_info info;
static struct mig_definition def;
static struct why_list reasons;
static bool away;

const struct host_info *host_info(void)
{
	return &info;
}

bool moves_vm_held(const struct vm *vm, struct why *why)
{
	why_set(why, "%s is away", vm->name);
	return away;
}

bool moves_vm_away(const uint8_t uuid[16])
{
	return away && !memcmp(uuid, def.uuid, 16);
}

enum err vm_boot_linux(struct vm *vm, const struct vm_boot *b, struct why *why)
{
	why_set(why, "%s has no kernel %p here", vm->name, (const void *)b->kernel);
	return ERR_NOTFOUND;
}

enum err vm_reset(struct vm *vm, const struct vm_boot *b, struct why *why)
{
	return vm_boot_linux(vm, b, why);
}

bool moves_vm_awaits_off(const struct vm *vm)
{
	(void)vm;
	return false;
}

static void setup(void)
{
	fake_vm_reset();
	memset(&reasons, 0, sizeof(reasons));
	memset(&boot, 0, sizeof(boot));
	away = false;
	info.config = &boot.config;
	vms_init(&boot);
	fake_vm(8);
	vm_guest(vm_find("web"))->ops->definition(vm_guest(vm_find("web")), &def);
}

TestSuite(arrival, .init = setup, .fini = fake_vm_reset);

/* tern.conf has it with the UUID of the one that arrives, or with another. */
static void define(bool same)
{
	struct config_vm *d = &boot.config.vm[boot.config.vms++];

	strcpy(d->name, "web");
	strcpy(d->uuid, same ? "01020300-0000-0000-0000-000000000000" : "ff020300-0000-0000-0000-000000000000");
	d->memory_bytes = 8 << 20;
	d->vcpus = 1;
}

static void power_off(void)
{
	struct vm *vm = vm_find("web");

	vm_life(vm, VM_EVENT_STOP);
	vm_free_resources(vm);
}

/* The host has restarted: only what tern.conf defines is known. */
static void restart(void)
{
	vm_free_resources(vm_find("web"));
	memset(vms, 0, sizeof(vms));
	vms_init(&boot);
}

static struct mig_guest *arrive(void)
{
	arrival_check(&def, &reasons);
	cr_assert(!vm_find("web") || vm_find("web")->state != VM_INCOMING, "a check has no effect");
	return reasons.count ? NULL : arrival_create(&def, &reasons);
}

static void expect_refusal(const char *words)
{
	cr_expect_null(arrive());
	cr_expect_eq(reasons.count, 1);
	cr_expect(strstr(reasons.why[0].text, words), "%s", reasons.why[0].text);
}

Test(arrival, that_runs_here_lets_no_other_of_its_name_in)
{
	expect_refusal("running");
}

Test(arrival, under_another_name_is_the_same_machine_twice)
{
	strcpy(def.name, "webber");
	expect_refusal("the VM of this UUID is here under the name web (running)");
	cr_expect_null(vm_find("webber"));
}

Test(arrival, that_ended_here_and_is_defined_nowhere_here_makes_room)
{
	power_off();
	cr_assert_not_null(arrive(), "%s", reasons.why[0].text);
	cr_expect_eq(vm_find("web")->state, VM_INCOMING);
}

Test(arrival, that_ended_here_and_is_defined_here_stays)
{
	define(true);
	power_off();
	expect_refusal("exists here already (stopped)");
}

Test(arrival, that_is_defined_here_and_away_comes_home_after_a_restart)
{
	define(true);
	restart();
	away = true;
	cr_assert_not_null(arrive(), "%s", reasons.why[0].text);
	cr_expect_eq(vm_find("web")->state, VM_INCOMING);
}

Test(arrival, that_did_not_come_home_after_all_is_defined_here_again)
{
	struct mig_guest *g;

	define(true);
	restart();
	away = true;
	g = arrive();
	cr_assert_not_null(g, "%s", reasons.why[0].text);
	g->ops->discard(g);
	cr_assert_not_null(vm_find("web"));
	cr_expect_eq(vm_find("web")->state, VM_DEFINED);
	cr_expect(!memcmp(vm_find("web")->uuid, def.uuid, 16));
}

/* It left since this host started, and has been in no list since then. */
Test(arrival, that_fails_leaves_what_was_known_before)
{
	struct mig_guest *g;

	define(true);
	vm_free_resources(vm_find("web"));
	memset(vms, 0, sizeof(vms));
	away = true;
	g = arrive();
	cr_assert_not_null(g, "%s", reasons.why[0].text);
	g->ops->discard(g);
	cr_expect_null(vm_find("web"));
}

Test(arrival, that_is_defined_here_with_another_uuid_is_another_machine)
{
	define(false);
	restart();
	away = true;
	expect_refusal("exists here already (defined)");
}

Test(arrival, is_checked_apart_from_the_room_that_others_may_still_give_up)
{
	fake_host.virt = true;
	power_off();
	for (unsigned i = 0; i < VM_MAX; i++) {
		vms[i].state = VM_RUNNING;
		strcpy(vms[i].name, "x");
		memset(vms[i].uuid, 0xee, sizeof(vms[i].uuid));
	}
	fake_pages_left = 0;
	arrival_check(&def, &reasons);
	cr_assert_eq(reasons.count, 2);
	cr_expect_not_null(strstr(reasons.why[0].text, "no room for another"), "%s", reasons.why[0].text);
	cr_expect_not_null(strstr(reasons.why[1].text, "too little memory"), "%s", reasons.why[1].text);
	memset(&reasons, 0, sizeof(reasons));
	def.room_later = true;
	arrival_check(&def, &reasons);
	cr_expect_eq(reasons.count, 0, "%s", reasons.why[0].text);
	memset(vms, 0, sizeof(vms));
	fake_pages_left = -1;
}
