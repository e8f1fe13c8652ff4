/* SPDX-License-Identifier: MIT */
#include "hv/vm.h"
#include <stdarg.h>
#include <string.h>
#include "arch/x86_64/time.h"
#include "arch/x86_64/virt.h"
#include "lib/fmt.h"
#include "lib/log.h"

#define MEMORY_MIN	(4ull << 20)
#define X2APIC_BIT	21	/* CPUID.01H:ECX */
/* that a guest's clock may go wrong by where the CPU can't scale it: NTP mends twice as much */
#define TSC_APART_PPM	250u
#define TSC_RATIO	1000u	/* up to which one frequency is scaled to another */

struct vm vms[VM_MAX];

struct vm *vm_find(const char *name)
{
	for (unsigned i = 0; i < VM_MAX; i++)
		if (vms[i].state != VM_FREE && !strcmp(vms[i].name, name))
			return &vms[i];
	return NULL;
}

struct vm *vm_find_uuid(const uint8_t uuid[16])
{
	for (unsigned i = 0; i < VM_MAX; i++)
		if (vms[i].state != VM_FREE && !memcmp(vms[i].uuid, uuid, sizeof(vms[i].uuid)))
			return &vms[i];
	return NULL;
}

struct vm *vm_slot(void)
{
	for (unsigned i = 0; i < VM_MAX; i++)
		if (vms[i].state == VM_FREE)
			return &vms[i];
	return NULL;
}

static void check_tsc(const struct vm_plan *plan, struct why_list *reasons)
{
	uint32_t host = time_tsc_khz(), guest = plan->tsc_khz;
	uint64_t apart = host > guest ? host - guest : guest - host, ppm = guest ? apart * 1000000 / guest : UINT64_MAX;
	struct why why;

	if (!time_trusted(&why))
		why_add(reasons, "%s", why.text);
	else if (!guest || guest / TSC_RATIO > host || host / TSC_RATIO > guest)
		why_add(reasons, "TSC frequency: %s needs %u kHz, this host's TSC runs at %u kHz", plan->name, guest,
			host);
	else if (ppm > TSC_APART_PPM && !virt_has_tsc_scaling())
		why_add(reasons,
			"TSC frequency: %s needs %u kHz, this host's TSC runs at %u kHz (give or take %u ppm) and its "
			"CPU has no TSC scaling: %llu ppm apart, at most %u are taken",
			plan->name, guest, host, time_tsc_ppm(), (unsigned long long)ppm, TSC_APART_PPM);
}

void vm_plan_check(const struct vm_plan *plan, struct why_list *reasons)
{
	if (!virt_available())
		why_add(reasons, "this host has no usable %s, so it can't run %s", virt_name(), plan->name);
	if (!plan->name[0] || strlen(plan->name) >= sizeof(vms[0].name))
		why_add(reasons, "VM name: expected 1 to %zu characters", sizeof(vms[0].name) - 1);
	else if (vm_find(plan->name) && vm_find(plan->name)->state != VM_DEFINED &&
		 vm_find(plan->name)->state != VM_STOPPED && vm_find(plan->name)->state != VM_CRASHED)
		why_add(reasons, "a VM named %s is %s here already", plan->name,
			vm_state_name(vm_find(plan->name)->state));
	else if (!plan->room_later && !vm_find(plan->name) && !vm_slot())
		why_add(reasons, "this host has %u VMs, and no room for another", VM_MAX);
	if (plan->memory_bytes % CHUNK_SIZE || plan->memory_bytes < MEMORY_MIN || plan->memory_bytes > VM_MEMORY_MAX)
		why_add(reasons, "memory of %llu bytes: expected a multiple of 2 MiB from 4 MiB to 3 GiB",
			(unsigned long long)plan->memory_bytes);
	else if (!plan->room_later && virt_available() && !vm_memory_fits(plan->memory_bytes))
		why_add(reasons, "too little memory: %s needs %llu MiB, %llu MiB are free", plan->name,
			(unsigned long long)(plan->memory_bytes >> 20),
			(unsigned long long)(vm_memory_unpromised_chunks() * 2));
	if (plan->vcpus != 1)
		why_add(reasons, "%u vCPUs: this version of Tern runs guests with one", plan->vcpus);
	check_tsc(plan, reasons);
}

static enum err make_vcpus(struct vm *vm, struct why *why)
{
	struct vcpu_limits limits = {
		.cr4_mask = cpuid_cr4_mask(&vm->cpuid), .xcr0_mask = cpuid_xcr0_mask(&vm->cpuid),
		.tsc_multiplier = vm->clock.tsc_multiplier,
	};

	for (unsigned i = 0; i < vm->vcpus; i++) {
		enum err e = vcpu_create(&vm->vcpu[i], &vm->gpt, &limits, why);

		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

enum err vm_create(struct vm *vm, const struct vm_plan *plan, struct why *why)
{
	static struct why_list reasons;	/* too large for the stack of a small machine */
	enum err e;

	memset(&reasons, 0, sizeof(reasons));
	vm_plan_check(plan, &reasons);
	if (reasons.count) {
		why_set(why, "%s", reasons.why[0].text);
		return ERR_INVALID;
	}
	fmt(vm->name, sizeof(vm->name), "%s", plan->name);
	memcpy(vm->uuid, plan->uuid, sizeof(vm->uuid));
	vm->memory_bytes = plan->memory_bytes;
	vm->vcpus = plan->vcpus;
	vm->cpuid = *plan->cpuid;
	vm->tracker = plan->tracker;
	vm->why.text[0] = 0;
	vm->reset_ns = vm->hold_until_ns = 0;
	memset(vm->exits, 0, sizeof(vm->exits));
	vm->exits_total = 0;
	memset(&vm->clock, 0, sizeof(vm->clock));
	vm->clock.tsc_multiplier = virt_has_tsc_scaling() ? vm_clock_multiplier(plan->tsc_khz) : 0;
	e = vm_memory_reserve(vm, why);
	if (e != ERR_OK)
		return e;
	e = gpt_init(&vm->gpt, virt_gpt_format(), virt_has_ad() && plan->tracker != DIRTY_WRITE_PROTECT);
	if (e != ERR_OK)
		why_set(why, "no memory for the page tables of %s", vm->name);
	if (e == ERR_OK && virt_wants_small_code())
		e = gpt_small_code(&vm->gpt, vm->memory_bytes, why);
	if (e == ERR_OK)
		e = make_vcpus(vm, why);
	if (e != ERR_OK) {
		vm_free_resources(vm);
		return e;
	}
	machine_init(&vm->machine, &(struct machine_config){
		.vcpus = vm->vcpus, .tsc_khz = plan->tsc_khz, .wall_seconds = time_wall_seconds(),
		.x2apic = cpuid_has(&vm->cpuid, CPUID_1_ECX, X2APIC_BIT),
	});
	return ERR_OK;
}

void vm_free_resources(struct vm *vm)
{
	dirty_stop(&vm->dirty);
	vm->throttle = (struct vm_throttle){ 0 };
	for (unsigned i = 0; i < vm->vcpus; i++)
		vcpu_destroy(&vm->vcpu[i]);
	if (vm->gpt.root.v) {
		gpt_flush(&vm->gpt);
		gpt_fini(&vm->gpt);
		vm->gpt.root.v = 0;
	}
	vm_memory_free(vm);
}

void vm_switch_off(struct vm *vm, const char *format, ...)
{
	struct why why;
	va_list args;

	va_start(args, format);
	fmt_v(why.text, sizeof(why.text), format, args);
	va_end(args);
	vm->why = why;
	vm_clock_stop(vm);
	vm_life(vm, VM_EVENT_STOP);
	vm_free_resources(vm);
}
