/* SPDX-License-Identifier: MIT */
#include "hv/vm_guest.h"
#include <string.h>
#include "arch/x86_64/time.h"
#include "arch/x86_64/virt.h"
#include "lib/fmt.h"
#include "lib/log.h"

struct vm_guest {
	struct mig_guest guest;
	struct vm *vm;
	uint64_t stopped_at_ns;
	bool tracked;		/* since track_start: a VM that stopped meanwhile has lost its tracker */
	bool displaced;		/* one that was only defined here gave way to it */
};

static struct vm_guest guests[VM_MAX];

static struct vm_guest *self(struct mig_guest *g)
{
	return (struct vm_guest *)g;
}

static struct vm *vm_of(struct mig_guest *g)
{
	return self(g)->vm;
}

static bool is_off(struct mig_guest *g)
{
	enum vm_state s = vm_of(g)->state;

	return s == VM_DEFINED || s == VM_STOPPED || s == VM_CRASHED;
}

static void definition(struct mig_guest *g, struct mig_definition *out)
{
	static struct cpuid_policy policy;
	const struct cpuid_policy *cpuid = &policy;
	struct vm *vm = vm_of(g);
	struct vm_plan plan = { .tsc_khz = 0 };
	struct why why;
	size_t length = 0;

	/* One that is off is what it would be made from; whoever found it has seen that this can be read. */
	if (!is_off(g)) {
		plan = (struct vm_plan){ .memory_bytes = vm->memory_bytes, .vcpus = vm->vcpus,
					 .tsc_khz = (uint32_t)vm->machine.tsc_khz };
		cpuid = &vm->cpuid;
	} else if (vms_restartable(vm, &plan, &policy, &why) != ERR_OK) {
		panic("%s can't be restarted after all: %s", vm->name, why.text);
	}
	memset(out, 0, sizeof(*out));
	fmt(out->name, sizeof(out->name), "%s", vm->name);
	memcpy(out->uuid, vm->uuid, sizeof(out->uuid));
	out->memory_bytes = plan.memory_bytes;
	out->vcpus = plan.vcpus;
	out->tsc_khz = plan.tsc_khz;
	if (cpuid_policy_save(cpuid, out->cpu_policy, sizeof(out->cpu_policy), &length, &why) != ERR_OK)
		panic("the CPU policy of %s can't be saved: %s", vm->name, why.text);
	out->cpu_policy_bytes = (uint32_t)length;
	out->inventory_bytes = (uint32_t)vm_inventory(out->inventory, sizeof(out->inventory));
}

/* A guest may power off, reset or crash while it moves: what is left of it must not run elsewhere. */
static enum err still_there(struct mig_guest *g, struct why *why)
{
	const struct vm *vm = vm_of(g);

	if ((vm->state == VM_RUNNING || vm->state == VM_FROZEN) && (!self(g)->tracked || vm->dirty.pages))
		return ERR_OK;
	why_set(why, "it is %s%s%s", vm->state == VM_RUNNING ? "a new boot of that VM" : vm_state_name(vm->state),
		vm->why.text[0] ? ": " : "", vm->why.text);
	return ERR_STATE;
}

/* A line before tracking and one after it: the leaves must be the same, but for chunks that the guest touched
 * meanwhile. */
static void log_leaves(const struct vm *vm, const char *when)
{
	struct gpt_histogram h;

	if (!vm->gpt.root.v)
		return;		/* it moved as a definition, without memory */
	gpt_histogram(&vm->gpt, &h);
	log_info("gpt", "%s %s: leaves 4K %llu, 2M %llu, 1G %llu; R %llu, W %llu, X %llu; A %llu, D %llu; "
		 "%u chunks, %llu tables", vm->name, when, (unsigned long long)h.l4k, (unsigned long long)h.l2m,
		 (unsigned long long)h.l1g, (unsigned long long)h.r, (unsigned long long)h.w, (unsigned long long)h.x,
		 (unsigned long long)h.accessed, (unsigned long long)h.dirty, vm->chunks_present,
		 (unsigned long long)h.tables);
}

static enum err track_start(struct mig_guest *g, struct why *why)
{
	struct vm *vm = vm_of(g);
	enum dirty_kind kind;
	enum err e;

	self(g)->tracked = false;
	e = still_there(g, why);
	if (e == ERR_OK)
		e = dirty_kind_pick(vm->gpt.ad, virt_has_pml(), vm->tracker, &kind, why);
	if (e == ERR_OK)
		log_leaves(vm, "before tracking");
	if (e == ERR_OK)
		e = dirty_start(&vm->dirty, &vm->gpt, kind, vm->memory_bytes, why);
	self(g)->tracked = e == ERR_OK;
	vm->throttle = (struct vm_throttle){ 0 };
	if (e == ERR_OK)
		log_info("mig", "%s: writes are tracked by %s", vm->name, dirty_kind_name(kind));
	return e;
}

static void track_stop(struct mig_guest *g)
{
	struct vm *vm = vm_of(g);
	bool was = vm->dirty.pages;

	dirty_stop(&vm->dirty);
	self(g)->tracked = false;
	if (was)
		log_leaves(vm, "after tracking");
}

static bool chunk_present(struct mig_guest *g, uint64_t chunk)
{
	return vm_chunk(vm_of(g), chunk, false);
}

static void harvest(struct mig_guest *g, uint64_t chunk, uint64_t bitmap[8])
{
	struct vm *vm = vm_of(g);
	unsigned before = 0, after = 0;

	if (vm->dirty.ops != &dirty_ad) {
		dirty_harvest(&vm->dirty, chunk, bitmap);
		return;
	}
	for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++)
		before += (unsigned)__builtin_popcountll(bitmap[w]);
	dirty_harvest(&vm->dirty, chunk, bitmap);
	for (unsigned w = 0; w < DIRTY_ROW_WORDS; w++)
		after += (unsigned)__builtin_popcountll(bitmap[w]);
	throttle_found(&vm->throttle, chunk, after - before);
}

static void peek(struct mig_guest *g, uint64_t chunk, uint64_t bitmap[8])
{
	dirty_peek(&vm_of(g)->dirty, chunk, bitmap);
}

static void throttle(struct mig_guest *g, uint64_t pages_per_s)
{
	throttle_set(&vm_of(g)->throttle, pages_per_s, time_ns());
}

static uint64_t dirty_pages(struct mig_guest *g)
{
	return dirty_count(&vm_of(g)->dirty);
}

static const void *page(struct mig_guest *g, uint64_t pfn)
{
	const char *chunk = vm_chunk(vm_of(g), pfn / CHUNK_PAGES, false);

	return chunk ? chunk + pfn % CHUNK_PAGES * PAGE_SIZE : NULL;
}

static void stop(struct mig_guest *g)
{
	struct vm *vm = vm_of(g);

	if (!vm_life(vm, VM_EVENT_FREEZE))
		return;
	vm_clock_stop(vm);
	self(g)->stopped_at_ns = time_ns();
	/* No device of today has anything to drain; the first that has needs a move that waits for it. */
	if (!machine_quiesce(&vm->machine))
		panic("%s has stopped, and a device of it is still at work", vm->name);
}

static void resume(struct mig_guest *g)
{
	struct vm *vm = vm_of(g);

	if (vm_life(vm, VM_EVENT_RESUME))
		vm_clock_run(vm, time_ns() - self(g)->stopped_at_ns);
}

static enum err state_save_op(struct mig_guest *g, void *out, size_t room, size_t *length, struct why *why)
{
	enum err e = still_there(g, why);

	return e == ERR_OK ? vm_state_save(vm_of(g), out, room, length, why) : e;
}

static void power_button(struct mig_guest *g)
{
	if (vm_of(g)->state == VM_RUNNING)
		machine_power_button(&vm_of(g)->machine);
}

static enum err prepare(struct mig_guest *g, struct why *why)
{
	enum err e = vms_prepare(vm_of(g), why);

	self(g)->stopped_at_ns = time_ns();
	return e;
}

static bool images(struct mig_guest *g, bool anew, struct mig_images *out)
{
	return vms_images(vm_of(g), anew, out);
}

static void images_set(struct mig_guest *g, const struct mig_images *in)
{
	vm_define(vm_of(g), in->cmdline, in->kernel, in->initrd);
}

static void release(struct mig_guest *g)
{
	self(g)->tracked = false;
	if (!vm_life(vm_of(g), VM_EVENT_RELEASE))
		return;
	vm_free_resources(vm_of(g));
	/* What tern.conf defines stays known, as away: once it has ended elsewhere it can be started here again. */
	vms_redefine(vm_of(g)->name);
}

static void *page_for_load(struct mig_guest *g, uint64_t pfn)
{
	char *chunk = vm_chunk(vm_of(g), pfn / CHUNK_PAGES, true);

	return chunk ? chunk + pfn % CHUNK_PAGES * PAGE_SIZE : NULL;
}

static enum err state_check_op(struct mig_guest *g, const void *in, size_t length, struct why *why)
{
	return vm_state_check(vm_of(g), in, length, why);
}

static void state_load_op(struct mig_guest *g, const void *in, size_t length)
{
	vm_state_load(vm_of(g), in, length);
}

static void run(struct mig_guest *g, uint64_t stopped_ns)
{
	struct vm *vm = vm_of(g);

	if (vm_life(vm, VM_EVENT_ARRIVE))
		vm_clock_run(vm, stopped_ns);
	log_leaves(vm, "has arrived");
}

static void discard(struct mig_guest *g)
{
	struct vm *vm = vm_of(g);

	if (!vm_life(vm, VM_EVENT_DISCARD))
		return;
	vm_free_resources(vm);
	if (self(g)->displaced)
		vms_redefine(vm->name);
}

static const struct mig_guest_ops ops = {
	.definition = definition, .track_start = track_start, .track_stop = track_stop, .chunk_present = chunk_present,
	.harvest = harvest, .peek = peek, .dirty_pages = dirty_pages, .page = page, .throttle = throttle, .stop = stop,
	.resume = resume, .power_button = power_button, .is_off = is_off, .prepare = prepare,
	.state_save = state_save_op, .release = release, .page_for_load = page_for_load,
	.state_check = state_check_op, .images = images, .images_set = images_set, .state_load = state_load_op,
	.run = run, .discard = discard,
};

struct mig_guest *vm_guest(struct vm *vm)
{
	struct vm_guest *g = &guests[vm - vms];

	g->guest.ops = &ops;
	g->vm = vm;
	return &g->guest;
}

struct mig_guest *vm_guest_expect(struct vm *vm, bool displaced)
{
	vm_life(vm, VM_EVENT_EXPECT);
	self(vm_guest(vm))->displaced = displaced;
	return vm_guest(vm);
}

void vm_guest_ended(struct vm *vm)
{
	guests[vm - vms].tracked = false;
}
