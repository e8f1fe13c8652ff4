/* SPDX-License-Identifier: MIT */
/* unit: hv/machine.c hv/machine_state.c hv/vm.c hv/vm_life.c hv/vm_memory.c hv/vm_clock.c hv/vm_state.c hv/cpuid.c hv/cpuid_policy.c hv/dev/[a-z]*.c arch/x86_64/vcpu_state.c arch/x86_64/ept.c arch/x86_64/ept_split.c arch/x86_64/dirty.c arch/x86_64/dirty_ad.c arch/x86_64/dirty_pml.c arch/x86_64/dirty_write_protect.c lib/state.c lib/why.c lib/fmt.c tests/fake/fake_vcpu.c tests/fake/fake_vm.c tests/fake/fake_pages.c tests/fake/fake_host_cpuid.c tests/fake/fake_log.c hv/vm_boot.c hv/linux.c hv/linux_check.c hv/walk.c lib/err.c hv/acpi/acpi_tables.c */
#include <criterion/criterion.h>
#include <string.h>
#include "hv/guest_mem.h"
#include "hv/linux_header.h"
#include "hv/vm_boot.h"
#include "hv/walk.h"
#include "lib/bytes.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

static uint8_t kernel[1024 + 4096];
static struct vm_boot boot;
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
	boot = (struct vm_boot){ .kernel = kernel, .kernel_bytes = sizeof(kernel), .cmdline = "console=ttyS0" };
}

TestSuite(vm_boot, .init = fresh);

Test(vm_boot, the_processor_stands_at_the_kernel_in_64_bit_mode)
{
	uint8_t code[4];
	gpa_t at;

	cr_assert_eq(vm_boot_linux(vm, &boot, NULL), ERR_OK);
	cr_expect_eq(walk_code_bits(), 64);
	cr_expect_eq(fake_vcpu.s.rflags, 2, "interrupts are off");
	cr_expect_eq(walk_read_code(vm, code, 4), 4);
	cr_expect_eq(code[0], 0x90);
	cr_expect_eq(walk_translate(vm, fake_vcpu.s.gdtr_base, &at), ERR_OK);
	cr_expect_eq(walk_translate(vm, vm->vcpu[0].gpr[GPR_RSI], &at), ERR_OK, "the zero page is mapped");
	cr_expect(fake_vcpu.s.segment_access[SEG_LDTR] & 1 << 16, "no LDT");
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
