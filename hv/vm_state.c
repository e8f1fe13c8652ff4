/* SPDX-License-Identifier: MIT */
/* vm_state.c: the whole VM as one run of records: parse all, check all, load all. */
#include <string.h>
#include "hv/vm.h"
#include "lib/bytes.h"
#include "lib/log.h"

#define VM_CLOCK_TABLE(F, A) \
	F(1, 1, uint64_t, tsc, UINT64_MAX, "guest TSC when the VM was stopped, with what it is behind") \
	F(2 | STATE_OPTIONAL, 1, uint64_t, behind, UINT64_MAX, "ticks of that which the guest has not been given yet")
STATE_STRUCT(vm_clock_state, VM_CLOCK_TABLE)

/* Of the chips' clock: no host gets near it, and nothing that is added to it overflows. */
#define TICKS_MAX	0x7fffffffffffffffull

#define F(t, s, type, name, max, doc) STATE_ROW(vm_clock_state, t, s, type, name, 1, max, doc)
static const struct state_field clock_field[] = { VM_CLOCK_TABLE(F, F) };
static const struct state_desc clock_desc = {
	.name = "clock", .type = 0x0210, .version = 1, .size = sizeof(struct vm_clock_state),
	.field = clock_field, .field_count = sizeof(clock_field) / sizeof(clock_field[0]),
};

/* Parsed and not yet in force; services handle one VM at a time. */
static struct {
	struct machine_image machine;
	struct vcpu_state vcpu[1];
	struct vm_clock_state clock;
	uint32_t vcpus_seen;
	bool clock_seen;
} image;

static struct vcpu_state scratch;

enum err vm_state_save(struct vm *vm, void *out, size_t room, size_t *length, struct why *why)
{
	struct vm_clock_state clock = { .tsc = vm_guest_tsc(vm) + vm->clock.owed_tsc, .behind = vm->clock.owed_tsc };
	size_t part;
	enum err e = machine_state_save(&vm->machine, out, room, length, why);

	for (unsigned i = 0; e == ERR_OK && i < vm->vcpus; i++) {
		vcpu_save(&vm->vcpu[i], &scratch);
		e = state_record_put(&vcpu_state_desc, (uint16_t)i, &scratch, (char *)out + *length, room - *length,
				     &part, why);
		*length += e == ERR_OK ? part : 0;
	}
	if (e == ERR_OK)
		e = state_record_put(&clock_desc, 0, &clock, (char *)out + *length, room - *length, &part, why);
	*length += e == ERR_OK ? part : 0;
	return e;
}

static enum err check_vcpu(struct vm *vm, const struct state_header *h, const void *body, struct why *why)
{
	enum err e;

	if (h->instance >= vm->vcpus || image.vcpus_seen >> h->instance & 1) {
		why_set(why, "vCPU state: instance %u is beyond the %u vCPUs of %s or came twice", h->instance,
			vm->vcpus, vm->name);
		return ERR_INVALID;
	}
	image.vcpus_seen |= 1u << h->instance;
	e = state_load(&vcpu_state_desc, &image.vcpu[h->instance], h->version, body, h->length, why);
	return e == ERR_OK ? vcpu_check(&vm->vcpu[h->instance], &image.vcpu[h->instance], why) : e;
}

static enum err check_record(struct vm *vm, const struct state_header *h, const void *body, struct why *why)
{
	if (machine_state_owns(h->type))
		return machine_state_check(&image.machine, &vm->machine, h->type, h->instance, h->version, body,
					   h->length, why);
	if (h->type == vcpu_state_desc.type)
		return check_vcpu(vm, h, body, why);
	if (h->type == clock_desc.type && !h->instance && !image.clock_seen) {
		image.clock_seen = true;
		return state_load(&clock_desc, &image.clock, h->version, body, h->length, why);
	}
	why_set(why, "state record type 0x%04x instance %u is unknown here or came twice", h->type, h->instance);
	return ERR_UNKNOWN;
}

enum err vm_state_check(struct vm *vm, const void *in, size_t length, struct why *why)
{
	const uint8_t *at = in;
	struct state_header h;
	enum err e;

	memset(&image, 0, sizeof(image));
	while (length) {
		e = state_record_get(at, length, &h);
		if (e != ERR_OK) {
			why_set(why, "state of %s: cut off or malformed record header", vm->name);
			return e;
		}
		e = check_record(vm, &h, at + STATE_RECORD_HEADER, why);
		if (e != ERR_OK)
			return e;
		at += STATE_RECORD_HEADER + h.length;
		length -= STATE_RECORD_HEADER + h.length;
	}
	if (image.vcpus_seen != (1u << vm->vcpus) - 1 || !image.clock_seen) {
		why_set(why, "state of %s: %s is missing", vm->name,
			image.clock_seen ? "a vCPU record" : "the clock record");
		return ERR_SHORT;
	}
	if (image.clock.tsc - image.vcpu[0].tsc_adjust > TICKS_MAX) {
		why_set(why, "state of %s: its TSC and IA32_TSC_ADJUST put its clock beyond the end of time", vm->name);
		return ERR_RANGE;
	}
	if (image.clock.behind > image.clock.tsc - image.vcpu[0].tsc_adjust) {
		why_set(why, "state of %s: its clock is behind by so much that it stands before its beginning",
			vm->name);
		return ERR_RANGE;
	}
	return machine_state_complete(&image.machine, &vm->machine, why);
}

void vm_state_load(struct vm *vm, const void *in, size_t length)
{
	if (vm_state_check(vm, in, length, NULL) != ERR_OK)
		panic("state of %s changed between check and load", vm->name);
	machine_state_load(&vm->machine, &image.machine);
	for (unsigned i = 0; i < vm->vcpus; i++)
		vcpu_restore(&vm->vcpu[i], &image.vcpu[i]);
	vm_clock_stop(vm);
	vm_clock_set(vm, image.clock.tsc - image.clock.behind);
	vm_clock_owe(vm, image.clock.behind);
}

const struct state_desc *vm_state_desc(unsigned index)
{
	return index == 0 ? &vcpu_state_desc : index == 1 ? &clock_desc : NULL;
}

/* Every kind of record this build writes. */
static const struct state_desc *desc_at(unsigned n)
{
	unsigned machine = machine_state_kinds();

	return n < machine ? machine_state_desc(n) : vm_state_desc(n - machine);
}

size_t vm_inventory(uint8_t *out, size_t room)
{
	const struct state_desc *d;
	size_t used = 0;

	for (unsigned n = 0; (d = desc_at(n)) && used + 4 <= room; n++, used += 4) {
		le16_put(out + used, d->type);
		le16_put(out + used + 2, d->plain ? d->plain : d->version);
	}
	return used;
}

void vm_inventory_check(const uint8_t *in, size_t length, struct why_list *reasons)
{
	for (size_t at = 0; at + 4 <= length; at += 4) {
		uint16_t type = le16_get(in + at), version = le16_get(in + at + 2);
		const struct state_desc *d = NULL;

		for (unsigned n = 0; (d = desc_at(n)) && d->type != type; n++)
			;
		if (!d)
			why_add(reasons, "device state of type 0x%04x is unknown to this host", type);
		else if (version > d->version)
			why_add(reasons, "state record %s comes in version %u, this host knows version %u", d->name,
				version, d->version);
	}
	if (length % 4)
		why_add(reasons, "device inventory of %zu bytes: expected a multiple of 4", length);
}
