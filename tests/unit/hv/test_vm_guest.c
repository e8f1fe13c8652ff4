/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include "hv/vm_guest.h"
#include <criterion/criterion.h>
#include "tests/fake/fake_vm.h"

/* A VM through the seam of the migration core. */

static struct vm *vm;
static struct mig_guest *guest;
static struct why why;
static uint8_t image[VM_STATE_BYTES];
static size_t length;

enum err vms_restartable(const struct vm *v, struct vm_plan *plan, struct cpuid_policy *policy, struct why *w)
{
	(void)v, (void)plan, (void)policy, (void)w;
	return ERR_NOTFOUND;
}

bool vms_images(const struct vm *v, bool anew, struct mig_images *out)
{
	(void)v, (void)anew, (void)out;
	return false;
}

enum err vms_prepare(struct vm *v, struct why *w)
{
	(void)v, (void)w;
	return ERR_NOTFOUND;
}

static bool redefines;
static const char *redefined;

void vms_redefine(const char *name)
{
	cr_assert(redefines, "%s leaves room for a definition", name);
	redefined = name;
}

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	guest = vm_guest(vm);
}

TestSuite(vm_guest, .init = fresh);

/* The VM stops in the middle of its move, and boots again in the same slot. */
static void boots_anew(bool told)
{
	vm_clock_stop(vm);
	cr_assert(vm_life(vm, VM_EVENT_STOP));
	vm_free_resources(vm);
	if (told)
		vm_guest_ended(vm);
	cr_assert(vm_life(vm, VM_EVENT_FORGET));
	vm = fake_vm(8);
	cr_assert_eq(vm_guest(vm), guest);
}

static enum err save(void)
{
	return guest->ops->state_save(guest, image, sizeof(image), &length, &why);
}

Test(vm_guest, another_boot_than_the_tracked_one_does_not_give_its_state_away)
{
	cr_assert_eq(guest->ops->track_start(guest, &why), ERR_OK, "%s", why.text);
	cr_assert_eq(save(), ERR_OK, "%s", why.text);
	boots_anew(false);
	cr_expect_eq(save(), ERR_STATE);
	cr_expect_str_eq(why.text, "it is a new boot of that VM");
}

Test(vm_guest, that_ended_while_it_was_tracked_can_stand_still_and_move_after_its_next_start)
{
	cr_assert_eq(guest->ops->track_start(guest, &why), ERR_OK, "%s", why.text);
	boots_anew(true);
	cr_expect_eq(save(), ERR_OK, "%s", why.text);
}

Test(vm_guest, that_left_leaves_room_for_what_tern_conf_says_of_it)
{
	redefines = true;
	guest->ops->stop(guest);
	cr_assert_eq(vm->state, VM_FROZEN);
	guest->ops->release(guest);
	cr_expect_eq(vm->state, VM_FREE);
	cr_expect_not_null(redefined);
}

Test(vm_guest, is_tracked_as_its_plan_says)
{
	vm->tracker = DIRTY_WRITE_PROTECT;
	cr_assert_eq(guest->ops->track_start(guest, &why), ERR_OK, "%s", why.text);
	cr_expect_eq(vm->dirty.ops, &dirty_write_protect);
}
