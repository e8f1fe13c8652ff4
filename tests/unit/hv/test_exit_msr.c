/* SPDX-License-Identifier: MIT */
/* unit: fake_host_cpuid fake_pages fake_vcpu */
#include <criterion/criterion.h>
#include <string.h>
#include "arch/x86_64/msr.h"
#include "hv/exit.h"
#include "tests/fake/fake_vcpu.h"
#include "tests/fake/fake_vm.h"

#define GP FAKE_FAULT(13)

static struct vm *vm;
static struct vcpu *v;

static void fresh(void)
{
	fake_vm_reset();
	vm = fake_vm(8);
	v = &vm->vcpu[0];
	v->exit.length = 2;
}

TestSuite(exit_msr, .init = fresh);

/* True unless the guest got #GP, in which case RIP must not have moved. */
static bool passed(void)
{
	bool gp = v->event == GP;

	cr_expect_eq(fake_vcpu.s.rip, gp ? 0 : 2);
	v->event = 0;
	fake_vcpu.s.rip = 0;
	return !gp;
}

static bool write(uint32_t msr, uint64_t value)
{
	v->gpr[GPR_RCX] = 0xffffffff00000000 | msr;	/* only ECX counts */
	v->gpr[GPR_RAX] = 0xffffffff00000000 | (uint32_t)value;
	v->gpr[GPR_RDX] = 0xffffffff00000000 | value >> 32;
	exit_wrmsr(vm, v, 0);
	return passed();
}

static bool read(uint32_t msr, uint64_t *value)
{
	v->gpr[GPR_RCX] = msr;
	exit_rdmsr(vm, v, 0);
	*value = v->gpr[GPR_RDX] << 32 | v->gpr[GPR_RAX];
	return passed();
}

Test(exit_msr, an_unknown_msr_is_a_gp)
{
	uint64_t value;

	cr_expect_not(read(0x48, &value));
	cr_expect_not(write(0x48, 0));
	cr_expect_not(read(MSR_IA32_VMX_BASIC, &value));
	cr_expect_not(read(MSR_IA32_XSS, &value));
	cr_expect_not(write(0xffffffff, 0));
}

Test(exit_msr, a_constant_takes_only_its_own_value)
{
	uint64_t value;

	cr_expect(read(MSR_IA32_FEATURE_CONTROL, &value));
	cr_expect_eq(value, 1, "locked, VMX off");
	cr_expect(write(MSR_IA32_FEATURE_CONTROL, 1));
	cr_expect_not(write(MSR_IA32_FEATURE_CONTROL, 5));
}

Test(exit_msr, pat_takes_the_types_that_exist)
{
	uint64_t value;

	cr_expect(write(MSR_IA32_PAT, 0x0007040600070401));
	cr_expect(read(MSR_IA32_PAT, &value));
	cr_expect_eq(value, 0x0007040600070401);
	cr_expect_not(write(MSR_IA32_PAT, 0x02));
	cr_expect_not(write(MSR_IA32_PAT, 0x0300));
	cr_expect_not(write(MSR_IA32_PAT, 0x0800000000000000));
}

Test(exit_msr, the_tsc_and_its_adjustment_move_together)
{
	uint64_t value;

	fake_host.tsc += 1000;
	cr_expect(write(MSR_IA32_TSC, 5000));
	cr_expect(read(MSR_IA32_TSC, &value));
	cr_expect_eq(value, 5000);
	cr_expect(read(MSR_IA32_TSC_ADJUST, &value));
	cr_expect_eq(value, 4000);
	cr_expect(write(MSR_IA32_TSC_ADJUST, 0));
	cr_expect(read(MSR_IA32_TSC, &value));
	cr_expect_eq(value, 1000);
	cr_expect_eq(fake_vcpu.tsc_offset, vm->clock.tsc_offset, "the CPU has the new offset");
}

Test(exit_msr, writing_the_tsc_does_not_move_the_time_of_the_chips)
{
	fake_host.tsc += 1000;
	cr_expect(write(MSR_IA32_TSC, 0));
	cr_expect_eq(machine_time_ns(&vm->machine), 1000);
	cr_expect(write(MSR_IA32_TSC, UINT64_MAX));
	cr_expect_eq(machine_time_ns(&vm->machine), 1000);
	cr_expect(write(MSR_IA32_TSC_ADJUST, 1ull << 63));
	fake_host.tsc += 5;
	cr_expect_eq(machine_time_ns(&vm->machine), 1005);
}

Test(exit_msr, tsc_aux_is_there_only_with_rdtscp)
{
	uint64_t value;

	vm->cpuid.word[CPUID_X1_EDX] &= ~(1u << 27);
	fake_vcpu.tsc_aux_msr = 77;
	cr_expect_not(write(MSR_IA32_TSC_AUX, 1));
	cr_expect_not(read(MSR_IA32_TSC_AUX, &value));
	cr_expect_eq(fake_vcpu.tsc_aux_msr, 77, "a CPU without it would fault in the host");
	vm->cpuid.word[CPUID_X1_EDX] |= 1u << 27;
	cr_expect(write(MSR_IA32_TSC_AUX, 5));
	cr_expect_eq(fake_vcpu.tsc_aux_msr, 5);
	cr_expect_not(write(MSR_IA32_TSC_AUX, 1ull << 32));
}

Test(exit_msr, efer_is_checked_by_the_vcpu)
{
	uint64_t value;

	fake_vcpu.refuse_writes = true;
	cr_expect_not(write(MSR_IA32_EFER, 1));
	fake_vcpu.refuse_writes = false;
	cr_expect(write(MSR_IA32_EFER, 0xd01));
	cr_expect(read(MSR_IA32_EFER, &value));
	cr_expect_eq(value, 0xd01);
}

Test(exit_msr, apic_msrs_are_the_machines)
{
	uint64_t value;

	cr_expect(read(MSR_IA32_APIC_BASE, &value));
	cr_expect_eq(value & ~0xfffull, LAPIC_GPA);
	cr_expect_not(read(0x802, &value), "no x2APIC register in xAPIC mode");
}

Test(exit_msr, what_is_ignored_reads_as_before)
{
	uint64_t was, is;

	cr_expect(read(MSR_IA32_MTRR_DEF_TYPE, &was));
	cr_expect(write(MSR_IA32_MTRR_DEF_TYPE, 0));
	cr_expect(read(MSR_IA32_MTRR_DEF_TYPE, &is));
	cr_expect_eq(was, is);
}

Test(exit_msr, what_kernels_read_on_amds_processors_unasked_exists_there_alone)
{
	static const uint32_t msr[] = { 0xc0010010, 0xc0010015, 0xc001001f };
	uint64_t value;

	for (unsigned i = 0; i < 3; i++)
		cr_expect_not(read(msr[i], &value));
	memcpy(vm->cpuid.vendor, "AuthenticAMD", sizeof(vm->cpuid.vendor));
	for (unsigned i = 0; i < 3; i++) {
		cr_expect(read(msr[i], &value));
		cr_expect_eq(value, msr[i] == 0xc0010015 ? 1u << 24 : 0);
		cr_expect(write(msr[i], 1ull << 46));
	}
	cr_expect_not(read(0xc0010011, &value));
}
