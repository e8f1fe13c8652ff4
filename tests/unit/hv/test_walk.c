/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/guest_mem.h"
#include "hv/walk.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

static struct vm *vm;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
}

TestSuite(walk, .init = fresh);

static void entry(uint64_t at, uint64_t value)
{
	cr_assert_eq(guest_write(vm, gpa(at), &value, 8), ERR_OK);
}

static uint64_t to(uint64_t linear)
{
	gpa_t out = gpa(0xdead);

	return walk_translate(vm, &vm->vcpu[0], linear, &out) == ERR_OK ? out.v : UINT64_MAX;
}

Test(walk, without_paging_linear_is_physical_in_32_bits)
{
	fake_vcpu.s.cr0 = 0x11;
	cr_expect_eq(to(0x5123456789), 0x23456789);
}

Test(walk, pages_of_all_sizes_translate)
{
	fake_vcpu.s.cr3 = 0x100000 | 0x18;		/* PWT and PCD are no address bits */
	entry(0x100000, 0x101007);
	entry(0x101000, 0x102007);
	entry(0x101008, 0x4000000a7);			/* 1 GiB, with the PAT bit below */
	entry(0x102000, 0x103007);
	entry(0x102008, 0x8000000000601087ull);		/* 2 MiB, NX, PAT bit 12 set */
	entry(0x103008, 0x8000000000205007ull);
	cr_expect_eq(to(0x1abc), 0x205abc);
	cr_expect_eq(to(0x234567), 0x634567);
	cr_expect_eq(to(0x40000000 + 0x12345678), 0x400000000 + 0x12345678);
	cr_expect_eq(to(0x2000), UINT64_MAX);
	cr_expect_eq(to(1ull << 39), UINT64_MAX);
}

Test(walk, five_levels_translate)
{
	fake_vcpu.s.cr3 = 0x100000;
	fake_vcpu.s.cr4 |= 1 << 12;
	entry(0x100000 + 8, 0x101007);
	entry(0x101000, 0x102007);
	entry(0x102000, 0x87);
	cr_expect_eq(to((1ull << 48) + 0x1234), 0x1234);
}

Test(walk, tables_outside_ram_map_nothing)
{
	fake_vcpu.s.cr3 = 0x100000;
	entry(0x100000, LAPIC_GPA | 7);
	cr_expect_eq(to(0), UINT64_MAX);
	fake_vcpu.s.cr3 = 0x000ffffffffff000;
	cr_expect_eq(to(0), UINT64_MAX);
}

Test(walk, legacy_paging_is_refused_not_guessed)
{
	gpa_t out;

	fake_vcpu.s.efer = 0;
	cr_expect_eq(walk_translate(vm, &vm->vcpu[0], 0, &out), ERR_UNSUPPORTED);
}

Test(walk, a_read_stops_at_the_first_hole)
{
	char out[8] = { 0 };

	fake_vm_map(vm, 0x20000, 0x30000, 1);
	fake_vm_map(vm, 0x21000, 0, 0);
	cr_assert_eq(guest_write(vm, gpa(0x30ffd), "abc", 3), ERR_OK);
	cr_expect_eq(walk_read(vm, &vm->vcpu[0], 0x20ffd, out, 8), 3);
	cr_expect_str_eq(out, "abc");
}

Test(walk, code_has_the_width_of_its_segment)
{
	cr_expect_eq(walk_code_bits(&vm->vcpu[0]), 64);
	fake_vcpu.s.segment_access[SEG_CS] = 0xc09b;
	cr_expect_eq(walk_code_bits(&vm->vcpu[0]), 32);
	fake_vcpu.s.segment_access[SEG_CS] = 0x9b;
	cr_expect_eq(walk_code_bits(&vm->vcpu[0]), 16);
	fake_vcpu.s.efer = 0;
	fake_vcpu.s.segment_access[SEG_CS] = 0xa09b;
	cr_expect_neq(walk_code_bits(&vm->vcpu[0]), 64, "L means nothing outside IA-32e mode");
}

Test(walk, an_access_whose_second_page_is_missing_marks_neither)
{
	struct walk_data data;

	fake_vm_map(vm, 0x5000, 0x5000, 3);
	cr_expect_eq(walk_data(vm, &vm->vcpu[0], 0x5ffc, 8, true, &data), ERR_NOTFOUND);
	cr_expect_eq(data.fault_linear, 0x6000);
	cr_expect_eq(fake_vm_pte(vm, 0x5000) & 0x60, 0);
}
