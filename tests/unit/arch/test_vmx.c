/* SPDX-License-Identifier: MIT */
/* unit: fake_pages fake_vmcs */
#include "arch/x86_64/vmx/vmx.h"
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/gpt.h"
#include "arch/x86_64/intr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/svm/svm.h"
#include "arch/x86_64/virt.h"
#include "arch/x86_64/vmx/mitigate.h"
#include "arch/x86_64/vmx/vcpu_vmx.h"
#include "arch/x86_64/vmx/vmcs.h"
#include "tests/fake/fake_pages.h"
#include "tests/fake/fake_vmcs.h"

#define RDTSCP		(1u << 27)
#define EXTENDED	(RDTSCP | 1u << 29 | 1u << 20 | 1u << 11)	/* LM, NXE, SYSCALL */

static struct cpu cpu;

/* The other family that virt.c asks. */
static bool not_here(void) { return false; }
const struct virt_ops svm_ops = { .here = not_here };

char vmx_exit_point[1];
uint64_t intr_idt_base(void) { return 0; }
void vmx_dump(void) { }
void vmx_check(const struct vcpu_state *in, struct why_list *found) { (void)in, (void)found; }
enum vmx_status vmx_enter(uint64_t gpr[16], bool launched);
enum vmx_status vmx_enter(uint64_t gpr[16], bool launched) { (void)gpr, (void)launched; return VMX_FAIL_INVALID; }

/* The processor has @raw. */
static void has(const struct vmx_raw *raw)
{
	fake_cpu = (struct fake_cpu){
		.gs_first = &cpu, .cr0 = 0x80000011, .cr4 = 0x20, .cpuids = 5,
		.cpuid = { { 0, 0, { 7, 0x756e6547, 0x6c65746e, 0x49656e69 } }, { 1, 0, { 0, 0, 1u << 5 | 1u << 26, 0x078bfbff } },
			   { 7, 0, { 0, raw->cpuid_7_ebx | 1u << 10, 1u << 22, 1u << 29 } }, { 0x80000001, 0, { 0, 0, 0, EXTENDED } },
			   { 0x80000008, 0, { 46 | 48 << 8 } } },
	};
#define SET(name, member) msr_write(MSR_IA32_##name, raw->member);
	VMX_CAPS_MSRS(SET)
#undef SET
	msr_write(MSR_IA32_VMX_PROCBASED_CTLS, raw->true_proc);	/* says which of the others exist */
	msr_write(MSR_IA32_ARCH_CAPABILITIES, 1 << 6);
}

static void fresh(void)
{
	struct vmx_raw raw = fake_vmcs_cpu();

	cpu = (struct cpu){ .self = &cpu };
	has(&raw);
}

TestSuite(vmx, .init = fresh);

static bool init(void)
{
	static struct why_list missing;

	memset(&missing, 0, sizeof(missing));
	if (virt_init(&missing)) {
		cr_expect_eq(missing.count, 0);
		return true;
	}
	cr_expect_gt(missing.count, 0, "a refusal without a reason");
	return false;
}

Test(vmx, the_table_of_the_family_has_no_gap)
{
	const void *const *member = (const void *const *)(const void *)&vmx_ops;

	for (size_t i = 0; i < sizeof(vmx_ops) / sizeof(*member); i++)
		cr_expect(member[i], "member %zu", i);
}

Test(vmx, a_cpu_that_has_all_is_used)
{
	cr_expect_not(virt_available());
	cr_assert(init());
	cr_expect(virt_available() && virt_has_ad() && virt_has_pml() && virt_has_tsc_scaling());
	cr_expect_not(virt_wants_small_code(), "IF_PSCHANGE_MC_NO");
}

Test(vmx, what_the_cpu_lacks_is_not_had)
{
	struct vmx_raw raw = fake_vmcs_cpu();

	raw.ept_vpid &= ~(1ull << 21);
	raw.proc2 &= ~(1ull << (32 + 25));
	has(&raw);
	msr_write(MSR_IA32_ARCH_CAPABILITIES, 0);
	cr_assert(init());
	cr_expect_not(virt_has_ad());
	cr_expect_not(virt_has_pml(), "the log is of dirty flags");
	cr_expect_not(virt_has_tsc_scaling());
	cr_expect(virt_wants_small_code());
	raw.ept_vpid = 0;
	has(&raw);
	cr_expect_not(init());
	cr_expect_not(virt_available());
}

Test(vmx, a_cpu_is_switched_on_with_its_lock_and_its_region)
{
	struct vmx_raw raw = fake_vmcs_cpu();

	raw.feature_control = 0;
	has(&raw);
	cr_assert(init());
	cr_assert(virt_cpu_on());
	cr_expect_eq(msr_read(MSR_IA32_FEATURE_CONTROL), FEATURE_CONTROL_LOCK | FEATURE_CONTROL_VMX);
	cr_expect(fake_cpu.cr4 & CR4_VMXE);
	cr_expect(fake_cpu.cr0 & CR0_NE, "fixed to 1");
	cr_expect(cpu.vmx_on && fake_vmx.vmxons == 1);
	cr_expect_eq(*(const uint32_t *)cpu.vmxon_region, vmx_caps()->revision);
}

Test(vmx, a_cpu_that_the_firmware_locked_off_is_left_alone)
{
	cr_assert(init());
	msr_write(MSR_IA32_FEATURE_CONTROL, FEATURE_CONTROL_LOCK);
	cr_expect_not(virt_cpu_on());
	cr_expect(!cpu.vmx_on && fake_vmx.vmxons == 0);
}

Test(vmx, a_cpu_without_memory_or_whose_vmxon_fails_is_not_on)
{
	cr_assert(init());
	fake_pages_left = 0;
	cr_expect_not(virt_cpu_on());
	fake_pages_left = -1;
	fake_vmx.next = VMX_FAIL_INVALID;
	cr_expect_not(virt_cpu_on());
	cr_expect_not(cpu.vmx_on);
	cr_expect_eq(fake_pages_out, 0);
}

Test(vmx, guests_are_not_told_of_instructions_that_would_fault_for_them)
{
	struct vmx_raw raw = fake_vmcs_cpu();
	uint32_t r[4];

	cr_assert(init());
	host_cpuid(0x80000001, 0, r);
	cr_expect_eq(r[3], EXTENDED);
	host_cpuid(7, 0, r);
	cr_expect(r[1] & 1u << 10 && r[2] & 1u << 22);
	raw.proc2 &= ~(1ull << (32 + 3) | 1ull << (32 + 12));
	has(&raw);
	cr_assert(init());
	host_cpuid(0x80000001, 0, r);
	cr_expect_eq(r[3], EXTENDED & ~RDTSCP);
	host_cpuid(7, 0, r);
	cr_expect(!(r[1] & 1u << 10) && r[1] & 1u << 11, "INVPCID, and nothing else");
	cr_expect_not(r[2] & 1u << 22, "RDPID");
	host_cpuid(0, 0, r);
	cr_expect_eq(r[0], 7);
}

Test(vmx, a_flush_is_one_invept)
{
	struct gpt gpt = { .root = { 0x5000 } };

	gpt_flush(&gpt);
	cr_expect_eq(fake_vmx.invepts, 1);
}

Test(vmx, a_flush_that_fails_stops_the_host, .signal = SIGABRT)
{
	struct gpt gpt = { .root = { 0x5000 } };

	fake_vmx.next = VMX_FAIL_VALID;
	gpt_flush(&gpt);
}
