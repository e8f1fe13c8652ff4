/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/guest_mem.h"
#include "hv/linux.h"
#include "hv/linux_header.h"
#include "hv/vm_boot.h"
#include "hv/walk.h"
#include "lib/bytes.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

static uint8_t kernel[1024 + 4096];
static struct vm_boot boot;
static struct blob file;
static struct vm *vm;

static void fresh(void)
{
	struct vm_plan plan;

	fake_vm_reset();
	plan = fake_vm_plan(64);
	vm = vm_slot();
	cr_assert_eq(vm_create(vm, &plan, NULL), ERR_OK);
	memset(kernel, 0x90, sizeof(kernel));
	memset(kernel, 0, 1024);
	kernel[HDR_SETUP_SECTS] = 1;
	le32_put(kernel + HDR_SYSSIZE, 4096 / 16);
	le16_put(kernel + HDR_BOOT_FLAG, 0xaa55);
	kernel[HDR_JUMP] = 0xeb;
	kernel[HDR_JUMP + 1] = 0x6a;
	memcpy(kernel + HDR_HEADER, "HdrS", 4);
	le16_put(kernel + HDR_VERSION, 0x020f);
	kernel[HDR_LOADFLAGS] = LOADFLAGS_LOADED_HIGH | LOADFLAGS_CAN_USE_HEAP;
	le32_put(kernel + HDR_INITRD_ADDR_MAX, 0x7fffffff);
	le32_put(kernel + HDR_KERNEL_ALIGNMENT, 0x200000);
	kernel[HDR_RELOCATABLE_KERNEL] = 1;
	le16_put(kernel + HDR_XLOADFLAGS, XLF_KERNEL_64);
	le32_put(kernel + HDR_CMDLINE_SIZE, 2047);
	le64_put(kernel + HDR_PREF_ADDRESS, 16ull << 20);
	le32_put(kernel + HDR_INIT_SIZE, 8u << 20);
	file = (struct blob){ .bytes = sizeof(kernel), .have = sizeof(kernel), .base = kernel };
	boot = (struct vm_boot){ .kernel = &file, .cmdline = "console=ttyS0" };
}

TestSuite(vm_boot, .init = fresh);

Test(vm_boot, the_processor_stands_at_the_kernel_in_64_bit_mode)
{
	uint8_t code[4];
	gpa_t at;

	cr_assert_eq(vm_boot_linux(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(walk_code_bits(&vm->vcpu[0]), 64);
	cr_expect_eq(fake_vcpu.s.rflags, 2, "interrupts are off");
	cr_expect_eq(walk_read_code(vm, &vm->vcpu[0], code, 4), 4);
	cr_expect_eq(code[0], 0x90);
	cr_expect_eq(walk_translate(vm, &vm->vcpu[0], fake_vcpu.s.gdtr_base, &at), ERR_OK);
	cr_expect_eq(walk_translate(vm, &vm->vcpu[0], vm->vcpu[0].gpr[GPR_RSI], &at), ERR_OK, "of the zero page");
	cr_expect(fake_vcpu.s.segment_access[SEG_LDTR] & VCPU_ACCESS_UNUSABLE, "no LDT");
}

Test(vm_boot, its_clock_starts_at_zero_and_only_then)
{
	fake_host.tsc += 900;
	cr_expect_not(vm->clock.running);
	cr_assert_eq(vm_boot_linux(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(vm_guest_tsc(vm), 0);
	fake_host.tsc += 5;
	cr_expect_eq(vm_guest_tsc(vm), 5);
}

Test(vm_boot, the_acpi_tables_lie_where_the_memory_map_says)
{
	char sign[9] = { 0 };
	bool found = false;

	cr_assert_eq(vm_boot_linux(vm, &boot, NULL), ERR_OK);
	for (uint64_t at = MACHINE_ACPI_GPA; at < MACHINE_ACPI_GPA + MACHINE_ACPI_BYTES && !found; at += 16) {
		cr_assert_eq(guest_read(vm, gpa(at), sign, 8), ERR_OK);
		found = !strcmp(sign, "RSD PTR ");
	}
	cr_expect(found);
}

Test(vm_boot, a_file_that_is_no_kernel_leaves_the_clock_standing)
{
	struct why why = { "" };

	kernel[HDR_HEADER] = 'X';
	cr_expect_neq(vm_boot_linux(vm, &boot, &why), ERR_OK);
	cr_expect_neq(why.text[0], 0);
	cr_expect_not(vm->clock.running);
	vm_free_resources(vm);
	cr_expect_eq(fake_pages_out, 0);
}

Test(vm_boot, a_host_whose_memory_runs_out_says_so)
{
	struct why why = { "" };

	fake_pages_fail = 1;
	cr_expect_eq(vm_boot_linux(vm, &boot, &why), ERR_NOMEM);
	cr_expect_neq(why.text[0], 0);
}

/* One that has run for a while, and is to be reset. */
static void run_for(uint64_t ns)
{
	cr_assert_eq(vm_boot_linux(vm, &boot, NULL), ERR_OK);
	cr_assert(vm_life(vm, VM_EVENT_DEFINE) && vm_life(vm, VM_EVENT_START));
	fake_host.tsc += ns;
	machine_request(&vm->machine, MACHINE_RESET, "a test");
}

Test(vm_boot, a_reset_starts_the_kernel_again_and_asks_for_nothing_more)
{
	uint64_t rip;

	run_for(1000);
	rip = fake_vcpu.s.rip;
	fake_vcpu.s.rip = 0x1234;
	vm->vcpu[0].halted = true;
	cr_assert_eq(vm_reset(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(fake_vcpu.s.rip, 16ull << 20 | 0x200);
	cr_expect_not(vm->vcpu[0].halted);
	cr_expect_eq(vm->machine.request, MACHINE_RUN);
	cr_expect_eq(vm->state, VM_RUNNING);
	cr_expect_eq(rip, fake_vcpu.s.rip);
}

Test(vm_boot, a_reset_writes_the_kernel_anew_and_a_tracker_sees_it)
{
	const uint64_t page = (16ull << 20) / PAGE_SIZE;
	uint64_t bitmap[8] = { 0 };
	uint8_t byte = 0, other = 7;

	run_for(1000);
	cr_assert_eq(guest_write(vm, gpa(16ull << 20), &byte, 1), ERR_OK);
	cr_assert_eq(guest_write(vm, gpa(40ull << 20), &other, 1), ERR_OK);
	cr_assert_eq(dirty_start(&vm->dirty, &vm->gpt, DIRTY_WRITE_PROTECT, vm->memory_bytes, NULL), ERR_OK);
	cr_assert_eq(vm_reset(vm, &boot, NULL), ERR_OK);
	cr_assert_eq(guest_read(vm, gpa(16ull << 20), &byte, 1), ERR_OK);
	cr_expect_eq(byte, 0x90);
	dirty_harvest(&vm->dirty, page / CHUNK_PAGES, bitmap);
	cr_expect(bitmap[0] & 1);
	cr_assert_eq(guest_read(vm, gpa(40ull << 20), &other, 1), ERR_OK);
	cr_expect_eq(other, 7, "a warm reset leaves memory alone");
	vm_free_resources(vm);
	cr_expect_eq(fake_pages_out, 0);
}

Test(vm_boot, a_reset_does_not_turn_the_chips_time_back)
{
	uint64_t before;

	run_for(5000);
	vm->vcpu[0].tsc_adjust = 1ull << 40;
	vm_clock_move(vm, 1ull << 40);
	before = machine_time_ns(&vm->machine);
	cr_assert_eq(vm_reset(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(vm->vcpu[0].tsc_adjust, 0);
	cr_expect_eq(machine_time_ns(&vm->machine), before);
}

Test(vm_boot, a_guest_that_does_nothing_but_reset_waits_for_its_second)
{
	run_for(1000);
	cr_assert_eq(vm_reset(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(vm->hold_until_ns, 0, "the first one is free");
	fake_host.tsc += 1000;
	cr_assert_eq(vm_reset(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(vm->hold_until_ns, fake_host.tsc - 1000 + 1000000000);
	fake_host.tsc = vm->hold_until_ns + 1000;
	cr_assert_eq(vm_reset(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(vm->hold_until_ns, fake_host.tsc - 1000 + 1000000000);
	fake_host.tsc = vm->hold_until_ns + 2000000000;
	cr_assert_eq(vm_reset(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(vm->hold_until_ns, 0);
}

static const char *command_line(void)
{
	static char words[64];

	cr_assert_eq(vm_boot_linux(vm, &boot, NULL), ERR_OK);
	cr_assert_eq(guest_read(vm, gpa(LINUX_CMDLINE), words, sizeof(words)), ERR_OK);
	return words;
}

Test(vm_boot, linux_is_told_the_tscs_frequency_where_it_does_not_ask_cpuid)
{
	cr_expect_str_eq(command_line(), "console=ttyS0");
	memcpy(vm->cpuid.vendor, "AuthenticAMD", sizeof(vm->cpuid.vendor));
	vm->machine.tsc_khz = 2500000;
	cr_expect_str_eq(command_line(), "tsc_early_khz=2500000 console=ttyS0");
}
