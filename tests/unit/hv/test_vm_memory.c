/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/guest_mem.h"
#include "lib/pages.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

TestSuite(vm_memory, .init = fake_vm_reset);

/* The allocator of tests tells free chunks by the allocations that still succeed. */
static void let_free(uint64_t chunks)
{
	fake_pages_left = (long)(chunks * CHUNK_PAGES);
}

Test(vm_memory, untouched_memory_is_promised_not_taken)
{
	uint64_t before = vm_memory_unpromised_chunks();
	struct vm *vm = fake_vm(64);

	cr_expect_eq(vm->chunks_reserved, 32);
	cr_expect_eq(vm->chunks_present, 0);
	cr_expect_eq(fake_chunks_out, 0);
	cr_expect_eq(vm_memory_unpromised_chunks(), before - 32);
}

Test(vm_memory, a_touched_chunk_moves_from_promised_to_taken)
{
	struct vm *vm = fake_vm(64);
	uint64_t before = vm_memory_unpromised_chunks();

	cr_expect(vm_memory_touch(vm, 5 * CHUNK_SIZE + 7));
	cr_expect_eq(vm->chunks_reserved, 31);
	cr_expect_eq(vm->chunks_present, 1);
	cr_expect_not_null(vm_chunk(vm, 5, false));
	cr_expect_null(vm_chunk(vm, 4, false));
	cr_expect(vm_memory_touch(vm, 5 * CHUNK_SIZE));
	cr_expect_eq(vm->chunks_reserved, 31);
	/* The fake's free memory is endless: only the promise is gone. */
	cr_expect_eq(vm_memory_unpromised_chunks(), before + 1);
}

Test(vm_memory, nothing_exists_beyond_the_end)
{
	struct vm *vm = fake_vm(64);

	cr_expect_not(vm_memory_touch(vm, 64ull << 20));
	cr_expect_not(vm_memory_touch(vm, UINT64_MAX));
	cr_expect_null(vm_chunk(vm, 32, true));
	cr_expect_null(vm_chunk(vm, UINT64_MAX, true));
}

Test(vm_memory, promises_are_not_given_twice)
{
	struct vm vm = { .memory_bytes = 64ull << 20 }, other = { .memory_bytes = 64ull << 20 };
	struct why why = { "" };

	let_free(32 + 4 + 31);
	cr_expect_eq(vm_memory_reserve(&vm, &why), ERR_OK);
	cr_expect_eq(vm_memory_unpromised_chunks(), 31);
	cr_expect_eq(vm_memory_reserve(&other, &why), ERR_NOMEM);
	cr_expect(strstr(why.text, "62 MiB are free"), "%s", why.text);
	cr_expect_eq(other.chunks_reserved, 0);
	vm_memory_free(&vm);
	cr_expect_eq(vm_memory_reserve(&other, &why), ERR_OK);
	vm_memory_free(&other);
}

Test(vm_memory, large_guests_leave_room_for_their_split_tables)
{
	struct vm vm = { .memory_bytes = 3ull << 30 };

	let_free(1536 + 4 + 2);
	cr_expect_not(vm_memory_fits(vm.memory_bytes));
	cr_expect_eq(vm_memory_reserve(&vm, NULL), ERR_NOMEM);
	let_free(1536 + 4 + 3);
	cr_expect_eq(vm_memory_reserve(&vm, NULL), ERR_OK);
	cr_expect_eq(vm_memory_unpromised_chunks(), 0);
	let_free(1536 + 4 + 3 + 1);
	cr_expect_eq(vm_memory_unpromised_chunks(), 1);
	vm_memory_free(&vm);
}

Test(vm_memory, a_chunk_that_can_not_be_had_changes_nothing)
{
	struct vm *vm = fake_vm(64);

	for (long left = 0; left < 3; left++) {
		fake_pages_left = left;
		cr_expect_null(vm_chunk(vm, 1, true), "with %ld allocations", left);
		cr_expect_eq(vm->chunks_reserved, 32);
		cr_expect_eq(fake_chunks_out, 0);
	}
	fake_pages_left = -1;
	cr_expect_not_null(vm_chunk(vm, 1, true));
}

Test(vm_memory, an_access_crosses_chunks)
{
	struct vm *vm = fake_vm(8);
	char out[16] = { 0 };

	cr_expect_eq(guest_write(vm, gpa(CHUNK_SIZE - 5), "0123456789", 10), ERR_OK);
	cr_expect_eq(guest_read(vm, gpa(CHUNK_SIZE - 5), out, 10), ERR_OK);
	cr_expect_str_eq(out, "0123456789");
	cr_expect_eq(memcmp(vm_chunk(vm, 1, false), "56789", 5), 0);
	cr_expect_eq(guest_zero(vm, gpa(CHUNK_SIZE - 1), 2), ERR_OK);
	cr_expect_eq(guest_read(vm, gpa(CHUNK_SIZE - 5), out, 10), ERR_OK);
	cr_expect_eq(memcmp(out, "0123\0\0" "6789", 10), 0);
}

Test(vm_memory, an_access_past_the_end_has_no_effect)
{
	struct vm *vm = fake_vm(4);
	char c[8] = "abcdefg";

	cr_expect_eq(guest_write(vm, gpa((4ull << 20) - 4), c, 8), ERR_RANGE);
	cr_expect_eq(guest_write(vm, gpa(UINT64_MAX - 3), c, 8), ERR_RANGE);
	cr_expect_eq(guest_read(vm, gpa(0), c, UINT64_MAX), ERR_RANGE);
	cr_expect_eq(vm->chunks_present, 0);
}

Test(vm_memory, what_the_host_writes_is_dirty_and_what_it_reads_is_not)
{
	struct vm *vm = fake_vm(8);
	uint64_t bitmap[8] = { 0 };
	char c;

	cr_assert_eq(guest_zero(vm, gpa(0), 1), ERR_OK);
	cr_assert_eq(dirty_start(&vm->dirty, &vm->gpt, DIRTY_WRITE_PROTECT, vm->memory_bytes, NULL), ERR_OK);
	cr_assert_eq(guest_read(vm, gpa(0x7000), &c, 1), ERR_OK);
	dirty_harvest(&vm->dirty, 0, bitmap);
	cr_expect_eq(bitmap[0], 0);
	cr_assert_eq(guest_write(vm, gpa(0x3fff), "ab", 2), ERR_OK);
	dirty_harvest(&vm->dirty, 0, bitmap);
	cr_expect_eq(bitmap[0], 1u << 3 | 1u << 4);
	vm_free_resources(vm);
	cr_expect_eq(fake_pages_out, 0, "the tracker's pages come back too");
}
