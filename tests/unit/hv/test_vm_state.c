/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "lib/bytes.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

static struct vm *vm;
static uint8_t image[VM_STATE_BYTES], hostile[2 * VM_STATE_BYTES];
static size_t length;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	fake_host.tsc += 5000;
	vm->vcpu[0].gpr[GPR_RAX] = 0x1234;
	fake_vcpu.s.rip = 0x777;
	vm_clock_stop(vm);
	cr_assert_eq(vm_state_save(vm, image, sizeof(image), &length, NULL), ERR_OK);
}

TestSuite(vm_state, .init = fresh);

/* Where the record of @type is, and its bytes with the header. */
static uint8_t *record(uint16_t type, size_t *bytes)
{
	size_t at = 0;
	struct state_header h;

	while (state_record_get(image + at, length - at, &h) == ERR_OK) {
		*bytes = STATE_RECORD_HEADER + h.length;
		if (h.type == type)
			return image + at;
		at += *bytes;
	}
	cr_assert_fail("no record of type %x", type);
	return NULL;
}

static enum err check(const void *in, size_t n, const char *part)
{
	struct why why = { "" };
	enum err e = vm_state_check(vm, in, n, &why);

	cr_expect(strstr(why.text, part), "expected \"%s\", heard: %s", part, why.text);
	return e;
}

Test(vm_state, what_is_saved_loads_and_saves_the_same)
{
	static uint8_t again[VM_STATE_BYTES];
	size_t n;

	cr_assert_eq(vm_state_check(vm, image, length, NULL), ERR_OK);
	vm->vcpu[0].gpr[GPR_RAX] = 0;
	fake_vcpu.s.rip = 0;
	vm_clock_set(vm, 1);
	vm_state_load(vm, image, length);
	cr_expect_eq(vm_guest_tsc(vm), 5000);
	cr_expect_eq(vm->vcpu[0].gpr[GPR_RAX], 0x1234);
	cr_expect_eq(fake_vcpu.s.rip, 0x777);
	cr_assert_eq(vm_state_save(vm, again, sizeof(again), &n, NULL), ERR_OK);
	cr_expect_eq(n, length);
	cr_expect_arr_eq(again, image, length);
}

Test(vm_state, a_loaded_clock_stands_until_it_is_told_to_run)
{
	vm_clock_run(vm, 0);
	vm_state_load(vm, image, length);
	fake_host.tsc += 100;
	cr_expect_eq(vm_guest_tsc(vm), 5000);
}

/* As vm_clock_run does, not at once: what a guest stood for at one host may come to it at the next. */
Test(vm_state, a_clock_that_is_behind_catches_up_where_it_is_loaded)
{
	vm_clock_run(vm, 18000000000ull);
	vm_clock_stop(vm);
	cr_expect_eq(vm_guest_tsc(vm), 5000 + 2000000000ull);
	cr_assert_eq(vm_state_save(vm, image, sizeof(image), &length, NULL), ERR_OK);
	vm_clock_set(vm, 0);
	cr_assert_eq(vm_state_check(vm, image, length, NULL), ERR_OK);
	vm_state_load(vm, image, length);
	cr_expect_eq(vm_guest_tsc(vm), 5000 + 2000000000ull);
	vm_clock_run(vm, 300000000);
	cr_expect_eq(vm_guest_tsc(vm), 5000 + 2300000000ull, "what it has stood now; it may have got the last step just before");
	for (int n = 0; n < 10; n++) {
		fake_host.tsc += 1000000000ull;
		vm_clock_catch_up(vm);
	}
	cr_expect_eq(vm_guest_tsc(vm), 5000 + 18300000000ull + 10000000000ull, "it owes nothing any more");
}

/* A host that does not know of debts reads the clock as it ought to be. */
Test(vm_state, a_clock_that_is_behind_says_first_what_it_ought_to_be)
{
	size_t bytes;

	vm_clock_run(vm, 8000000000ull);
	vm_clock_stop(vm);
	cr_assert_eq(vm_state_save(vm, image, sizeof(image), &length, NULL), ERR_OK);
	cr_expect_eq(le64_get(record(0x0210, &bytes) + STATE_RECORD_HEADER + 6), 5000 + 8000000000ull);
}

Test(vm_state, a_clock_that_is_behind_by_more_than_it_has_is_refused)
{
	vm->clock.owed_tsc = 1000;
	vm->vcpu[0].tsc_adjust = 5001;
	cr_assert_eq(vm_state_save(vm, image, sizeof(image), &length, NULL), ERR_OK);
	cr_expect_eq(check(image, length, "before its beginning"), ERR_RANGE);
}

Test(vm_state, checking_has_no_effect)
{
	vm->vcpu[0].gpr[GPR_RAX] = 9;
	vm->machine.lapic[0].s.tpr = 0x90;
	cr_assert_eq(vm_state_check(vm, image, length, NULL), ERR_OK);
	cr_expect_eq(vm->vcpu[0].gpr[GPR_RAX], 9);
	cr_expect_eq(vm->machine.lapic[0].s.tpr, 0x90);
}

Test(vm_state, every_shorter_image_is_refused)
{
	for (size_t n = 0; n < length; n++)
		cr_expect_neq(vm_state_check(vm, image, n, NULL), ERR_OK, "%zu of %zu bytes", n, length);
}

Test(vm_state, room_that_is_too_small_is_an_error_and_is_not_exceeded)
{
	static uint8_t small[VM_STATE_BYTES];
	size_t n;

	for (size_t room = 0; room < length; room += 61) {
		memset(small + room, 0xa5, 64);
		cr_expect_eq(vm_state_save(vm, small, room, &n, NULL), ERR_SPACE);
		for (unsigned i = 0; i < 64; i++)
			cr_assert_eq(small[room + i], 0xa5);
	}
}

Test(vm_state, a_record_that_comes_twice_is_refused)
{
	static const struct { uint16_t type; const char *part; } twice[] = {
		{ 0x0200, "came twice" }, { 0x0210, "came twice" }, { 0x0105, "came twice" }
	};

	for (unsigned i = 0; i < 3; i++) {
		size_t bytes;
		const uint8_t *r = record(twice[i].type, &bytes);

		memcpy(hostile, image, length);
		memcpy(hostile + length, r, bytes);
		cr_expect_neq(check(hostile, length + bytes, twice[i].part), ERR_OK);
	}
}

Test(vm_state, a_missing_record_is_named)
{
	static const struct { uint16_t type; const char *part; } gone[] = {
		{ 0x0200, "a vCPU record is missing" }, { 0x0210, "the clock record is missing" }, { 0x0105, "uart" }
	};

	for (unsigned i = 0; i < 3; i++) {
		size_t bytes, before;
		const uint8_t *r = record(gone[i].type, &bytes);

		before = (size_t)(r - image);
		memcpy(hostile, image, before);
		memcpy(hostile + before, r + bytes, length - before - bytes);
		cr_expect_eq(check(hostile, length - bytes, gone[i].part), ERR_SHORT);
	}
}

Test(vm_state, unknown_records_and_instances_are_refused)
{
	size_t bytes;
	size_t at = (size_t)(record(0x0200, &bytes) - image);
	size_t clock = (size_t)(record(0x0210, &bytes) - image);

	memcpy(hostile, image, length);
	le16_put(hostile + at + 2, 1);
	cr_expect_neq(check(hostile, length, "instance 1"), ERR_OK);
	le16_put(hostile + at + 2, 0xffff);
	cr_expect_neq(check(hostile, length, "instance 65535"), ERR_OK);
	memcpy(hostile, image, length);
	le16_put(hostile + clock + 2, 3);
	cr_expect_eq(check(hostile, length, "instance 3"), ERR_UNKNOWN);
	memcpy(hostile, image, length);
	le16_put(hostile + clock, 0x0299);
	cr_expect_eq(check(hostile, length, "0x0299"), ERR_UNKNOWN);
}

Test(vm_state, what_the_vcpu_refuses_refuses_the_image)
{
	fake_vcpu.s.rip = 0xbad;
	cr_assert_eq(vm_state_save(vm, image, sizeof(image), &length, NULL), ERR_OK);
	cr_expect_eq(check(image, length, "RIP"), ERR_RANGE);
}

Test(vm_state, a_clock_beyond_the_end_of_time_is_refused)
{
	vm_clock_set(vm, 1ull << 63);
	cr_assert_eq(vm_state_save(vm, image, sizeof(image), &length, NULL), ERR_OK);
	cr_expect_eq(check(image, length, "end of time"), ERR_RANGE);
	vm->vcpu[0].tsc_adjust = 1ull << 63;	/* the guest wrote that itself: its chips' time is 0 */
	cr_assert_eq(vm_state_save(vm, image, sizeof(image), &length, NULL), ERR_OK);
	cr_expect_eq(vm_state_check(vm, image, length, NULL), ERR_OK);
}

Test(vm_state, damage_anywhere_never_gets_past_the_arrays)
{
	/* ASan and UBSan are the judges; what passes the check must load. */
	for (size_t at = 0; at < length; at += 3) {
		memcpy(hostile, image, length);
		hostile[at] ^= (uint8_t)(0x81 + at % 7);
		if (vm_state_check(vm, hostile, length, NULL) == ERR_OK)
			vm_state_load(vm, hostile, length);
	}
}

Test(vm_state, the_inventory_of_this_build_is_known_to_it)
{
	static struct why_list list;
	uint8_t inventory[512];
	size_t n = vm_inventory(inventory, sizeof(inventory));

	cr_expect_eq(n, 4 * (machine_state_kinds() + 2));
	vm_inventory_check(inventory, n, &list);
	cr_expect_eq(list.count, 0);
	cr_expect_eq(vm_inventory(inventory, 10), 8, "whole entries only");
}

/* A host of version 1 takes every guest but one that needs what it does not know. */
Test(vm_state, a_vcpu_record_is_of_version_2_only_with_pdptes)
{
	uint8_t inventory[512];
	size_t bytes, n = vm_inventory(inventory, sizeof(inventory));

	cr_expect_eq(le16_get(record(0x0200, &bytes) + 4), 1);
	for (size_t at = 0; at < n; at += 4)
		cr_expect_eq(le16_get(inventory + at + 2), 1, "type %x", le16_get(inventory + at));
	fake_vcpu.s.pdpte[2] = 0x7001;
	cr_assert_eq(vm_state_save(vm, image, sizeof(image), &length, NULL), ERR_OK);
	cr_expect_eq(le16_get(record(0x0200, &bytes) + 4), 2);
	fake_vcpu.s.pdpte[2] = 0;
	cr_assert_eq(vm_state_check(vm, image, length, NULL), ERR_OK);
	vm_state_load(vm, image, length);
	cr_expect_eq(fake_vcpu.s.pdpte[2], 0x7001);
}

Test(vm_state, what_this_build_can_not_load_is_named)
{
	static struct why_list list;
	uint8_t inventory[] = { 0x99, 0x01, 1, 0,  0x00, 0x02, 3, 0,  7 };

	vm_inventory_check(inventory, sizeof(inventory), &list);
	cr_assert_eq(list.count, 3);
	cr_expect(strstr(list.why[0].text, "0x0199"));
	cr_expect(strstr(list.why[1].text, "vcpu comes in version 3"), "%s", list.why[1].text);
	cr_expect(strstr(list.why[2].text, "9 bytes"));
}
